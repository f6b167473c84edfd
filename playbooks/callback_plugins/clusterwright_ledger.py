# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Close failed runs of these playbooks in the ledger, whatever callbacks are enabled.

Ansible loads what lies in the folder ``callback_plugins`` beside a playbook by itself.
"""

from __future__ import annotations

from ansible_collections.clusterwright.proxmox.plugins.callback.ledger import (
    CallbackModule as Ledger,
)


class CallbackModule(Ledger):
    """The callback of the collection; further ones of its kind find the run closed."""

    CALLBACK_NAME = "clusterwright_ledger"
    CALLBACK_NEEDS_ENABLED = False
