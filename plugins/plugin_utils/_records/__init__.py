# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deployment knows: proposed (plans that were made), applied (what is), seen (the cluster).

``Folder`` keeps the first two; ``compare`` tells how any two of the three differ.
"""

from __future__ import annotations

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._claims import (
    claims_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._compare import (
    compare,
    rows,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._folder import (
    Folder,
    RecordError,
    proposal_id,
    refuse_name,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._seen import seen
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._standing import (
    standing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._undo import (
    Undone,
    undone,
)

__all__ = [
    "Folder",
    "RecordError",
    "Undone",
    "claims_of",
    "compare",
    "proposal_id",
    "refuse_name",
    "rows",
    "seen",
    "standing",
    "undone",
]
