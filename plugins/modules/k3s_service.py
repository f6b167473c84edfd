#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) The clusterwright maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Start, restart or stop k3s and wait until it is part of its cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_service
author:
  - The clusterwright maintainers (@clusterwright)
version_added: 0.1.0
short_description: Starts, restarts or stops k3s and waits until it is part of its cluster
description:
  - Starts the unit and waits for what a person would look at, that it is active, that the server
    votes in etcd, that the kubelet reports the wanted version.
  - A reason that never passes (a wrong token, a name that is taken, a key that the release does not
    know) ends the wait at once and is told in words.
attributes:
  check_mode:
    description: Says that the unit would start, restart or stop.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
  platform:
    description: Hosts it runs on.
    platforms: linux
    support: full
options:
  name:
    description: Name of the unit without suffix.
    type: str
    choices: [k3s, k3s-agent]
    required: true
  state:
    description: What the unit shall do.
    type: str
    choices: [started, restarted, stopped]
    required: true
  binary:
    description: Path of k3s's binary.
    type: path
    default: /usr/local/bin/k3s
  node:
    description: Name of the node.
    type: str
    required: true
  voter:
    description: Wait until the server votes in etcd.
    type: bool
    default: false
  verify_version:
    description: Wait until the kubelet of a server reports the binary's version and is Ready.
    type: bool
    default: false
  join_url:
    description: Server by which the first start joins, where that is not the one it keeps.
    type: str
    default: ""
  join_file:
    description: Drop-in of the configuration that holds O(join_url) during the first start.
    type: path
    default: /etc/rancher/k3s/config.yaml.d/99-clusterwright-join.yaml
  timeout_seconds:
    description: How long all of it may take.
    type: int
    default: 600
"""

EXAMPLES = r"""
- name: Start a server
  clusterwright.proxmox.k3s_service:
    name: k3s
    state: started
    node: server-2
    voter: true
    join_url: https://192.0.2.21:6443
"""

RETURN = r"""
seconds:
  description: How long it took.
  type: float
  returned: success
"""

import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.clusterwright.proxmox.plugins.module_utils._k3s.unit import (
    UnitError,
    Wanted,
    change,
    stop,
)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "choices": ["k3s", "k3s-agent"], "required": True},
            "state": {
                "type": "str",
                "choices": ["started", "restarted", "stopped"],
                "required": True,
            },
            "binary": {"type": "path", "default": "/usr/local/bin/k3s"},
            "node": {"type": "str", "required": True},
            "voter": {"type": "bool", "default": False},
            "verify_version": {"type": "bool", "default": False},
            "join_url": {"type": "str", "default": ""},
            "join_file": {
                "type": "path",
                "default": "/etc/rancher/k3s/config.yaml.d/99-clusterwright-join.yaml",
            },
            "timeout_seconds": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    options = module.params
    begin = time.monotonic()
    if not module.check_mode:
        wanted = Wanted(
            unit=options["name"],
            binary=options["binary"],
            node=options["node"],
            timeout_seconds=options["timeout_seconds"],
            voter=options["voter"],
            verify_version=options["verify_version"],
            join_file=options["join_file"],
            join_url=options["join_url"],
        )
        try:
            if options["state"] == "stopped":
                stop(module.run_command, options["name"])
            else:
                change(module.run_command, wanted, options["state"].removesuffix("ed"))
        except (UnitError, OSError) as error:
            module.fail_json(msg=str(error))
    module.exit_json(changed=True, seconds=round(time.monotonic() - begin, 1))


if __name__ == "__main__":
    main()
