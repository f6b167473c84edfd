#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) The clusterwright maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Label, cordon, drain and remove nodes, run on a server of their cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_node
author:
  - The clusterwright maintainers (@clusterwright)
version_added: 0.1.0
short_description: Labels, cordons, drains and removes nodes, run on a server of their cluster
description:
  - Runs on a server and uses its own C(k3s kubectl), so that neither the controller nor the host
    needs a client.
  - Removing a server takes its member out of etcd first.
attributes:
  check_mode:
    description: Says what would change.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
  platform:
    description: Hosts it runs on.
    platforms: linux
    support: full
options:
  names:
    description: Names of the nodes.
    type: list
    elements: str
    required: true
  state:
    description:
      - V(ready) waits until all nodes are Ready, V(registered) until they are known.
      - V(cordoned), V(uncordoned), V(drained), V(labelled) and V(absent) change them.
      - V(only) removes all other nodes.
    type: str
    choices: [ready, registered, cordoned, uncordoned, drained, labelled, absent, only]
    required: true
  labels:
    description: Labels as C(key=value), or C(key-) to remove one.
    type: list
    elements: str
    default: []
  taints:
    description: Taints as C(key=value:effect), or C(key:effect-) to remove one.
    type: list
    elements: str
    default: []
  version:
    description: With O(state=ready) or O(state=registered), what their kubelets must report.
    type: str
    default: ""
  binary:
    description: Path of k3s's binary.
    type: path
    default: /usr/local/bin/k3s
  timeout_seconds:
    description: How long each node may take.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Take a node out of the cluster
  clusterwright.proxmox.k3s_node:
    names: [agent-3]
    state: absent
"""

RETURN = r"""
lacking:
  description: Nodes that are not as wanted, with the reason.
  type: list
  elements: str
  returned: when the state is ready or registered
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.clusterwright.proxmox.plugins.module_utils._k3s.api import Api, ApiError
from ansible_collections.clusterwright.proxmox.plugins.module_utils._k3s.membership import (
    Membership,
    NodeError,
)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "names": {"type": "list", "elements": "str", "required": True},
            "state": {
                "type": "str",
                "choices": [
                    "ready",
                    "registered",
                    "cordoned",
                    "uncordoned",
                    "drained",
                    "labelled",
                    "absent",
                    "only",
                ],
                "required": True,
            },
            "labels": {"type": "list", "elements": "str", "default": []},
            "taints": {"type": "list", "elements": "str", "default": []},
            "version": {"type": "str", "default": ""},
            "binary": {"type": "path", "default": "/usr/local/bin/k3s"},
            "timeout_seconds": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    options, check = module.params, module.check_mode
    members = Membership(Api(module.run_command, options["binary"]), options["timeout_seconds"])
    state, changed = options["state"], False
    try:
        if state in ("ready", "registered"):
            registered_only = state == "registered"
            lacking = (
                []
                if check
                else members.wait_ready(options["names"], registered_only, options["version"])
            )
            if lacking:
                module.fail_json(msg="; ".join(lacking), lacking=lacking)
            module.exit_json(changed=False, lacking=[])
        if state == "only":
            module.exit_json(changed=members.only(options["names"], check))
        for name in options["names"]:
            if state in ("cordoned", "uncordoned"):
                changed |= check or members.schedulable(name, state == "uncordoned")
            elif state == "drained":
                changed |= members.drain(name, check)
            elif state == "labelled":
                changed |= members.label(name, options["labels"], options["taints"], check)
            else:
                changed |= check or members.remove(name)
    except (ApiError, NodeError) as error:
        module.fail_json(msg=f"{state} {', '.join(options['names'])}: {error}")
    module.exit_json(changed=changed)


if __name__ == "__main__":
    main()
