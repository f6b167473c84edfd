#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: guest_tags
short_description: Add tags to guests and take tags away
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Changes the tags of VMs and containers and nothing else of them.
  - Each guest is read, and written with the digest of what was read, so that a change of somebody
    else in between is refused by Proxmox VE and never overwritten.
  - A token needs C(VM.Audit) and C(VM.Config.Options) on the guests.
options:
  vmids:
    description: The guests. One that is not there is left out.
    type: list
    elements: int
    required: true
  add:
    description: Tags that each of them shall have.
    type: list
    elements: str
    default: []
  remove:
    description: Tags that none of them shall have.
    type: list
    elements: str
    default: []
  carrying:
    description:
      - Tag of the guests that may be changed. One without it is left as it is, and is in
        RV(foreign).
    type: str
    default: ""
extends_documentation_fragment:
  - clusterwright.proxmox.api
attributes:
  check_mode:
    description: Tells what it would change.
    support: full
  diff_mode:
    description: Shows the tags before and after.
    support: full
"""

EXAMPLES = r"""
- name: Let a guest go
  clusterwright.proxmox.guest_tags:
    vmids: [104]
    remove: [clusterwright, cw-shop]
    carrying: cw-shop
"""

RETURN = r"""
receipts:
  description:
    - What was changed of each guest, or would be, for M(clusterwright.proxmox.run). A guest whose
      write got no answer is not among them.
  returned: always
  type: list
  elements: dict
  sample:
    - what: tags
      target: web-prod-01 (VMID 104)
      before: {tags: [clusterwright, cw-shop]}
      after: {tags: []}
      outcome: happened
foreign:
  description: The guests that do not carry O(carrying), by name and VMID.
  returned: success
  type: list
  elements: str
  sample: [nas (VMID 105)]
seen:
  description: The same of every guest, those among them whose tags are as they should be.
  returned: always
  type: list
  elements: dict
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve import tags
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
            "add": {"type": "list", "elements": "str", "default": []},
            "remove": {"type": "list", "elements": "str", "default": []},
            "carrying": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    options = module.params
    if not options["validate_certs"]:
        module.warn(INSECURE)
    seen: list[dict[str, t.Any]] = []
    try:
        client = connect(Connection.from_options(options, "writer"))
        try:
            for receipt in tags.change(
                client,
                options["vmids"],
                add=options["add"],
                remove=options["remove"],
                carrying=options["carrying"],
                check=module.check_mode,
            ):
                seen.append(receipt)
        finally:
            client.close()
    except PveError as error:
        module.fail_json(msg=str(error), receipts=_changes(seen), seen=seen)
    receipts = _changes(seen)
    shown = [
        {
            "before_header": r["target"],
            "after_header": r["target"],
            "before": "\n".join(r["before"]["tags"]) + "\n",
            "after": "\n".join(r["after"]["tags"]) + "\n",
        }
        for r in receipts
    ]
    carrying = options["carrying"]
    foreign = [r["target"] for r in seen if carrying and carrying not in r["before"]["tags"]]
    module.exit_json(
        changed=bool(receipts), receipts=receipts, foreign=foreign, seen=seen, diff=shown
    )


def _changes(seen: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    return [receipt for receipt in seen if receipt["before"] != receipt["after"]]


if __name__ == "__main__":
    main()
