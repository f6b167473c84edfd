#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: the backups of guests."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backups_info
short_description: Backups of guests on a Proxmox VE cluster
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Reads the backups of some guests from every storage that holds backups and can be reached.
  - A guest need not exist any more. Nothing is changed.
options:
  vmids:
    description: VMIDs of the guests.
    type: list
    elements: int
    required: true
extends_documentation_fragment:
  - clusterwright.proxmox.api
attributes:
  check_mode:
    description: Can run in check mode and does the same.
    support: full
  diff_mode:
    description: Has no difference to show.
    support: none
"""

EXAMPLES = r"""
- name: What can come back of machine 20001?
  clusterwright.proxmox.backups_info:
    vmids: [20001]
  register: found
"""

RETURN = r"""
backups:
  description: Backups, newest first; C(ctime) are seconds of the Unix epoch, C(at) is RFC 3339.
  returned: success
  type: list
  elements: dict
  sample:
    - vmid: 20001
      volume_id: nas:backup/vzdump-qemu-20001-2026_11_30-02_00_00.vma.zst
      node: pve1
      ctime: 1796004000
      at: "2026-11-30T02:00:00+00:00"
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.backups import backups
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.client import (
    Connection,
    connect,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.errors import PveError
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.options import (
    INSECURE,
    argument_spec,
)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **argument_spec(),
            "vmids": {"type": "list", "elements": "int", "required": True},
        },
        supports_check_mode=True,
    )
    if not module.params["validate_certs"]:
        module.warn(INSECURE)
    try:
        client = connect(Connection.from_options(module.params, "reader"))
        try:
            found = backups(client, module.params["vmids"]) if module.params["vmids"] else []
        finally:
            client.close()
    except PveError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, backups=found)


if __name__ == "__main__":
    main()
