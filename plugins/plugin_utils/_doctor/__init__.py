# SPDX-License-Identifier: GPL-3.0-or-later
"""What the credentials can do on Proxmox VE, beside what they should: one reads, one writes.

The reader looks at everything. The writer looks as well, and writes in the project's pool, on the
storages and bridges of the site profile, and clones its template. On a guest of somebody else it
may do nothing.
"""

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._doctor._examine import (
    Examined,
    examine,
    not_ours_to_change,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._doctor._wanted import (
    commands,
    wanted,
)

__all__ = ["Examined", "commands", "examine", "not_ours_to_change", "wanted"]
