#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) The clusterwright maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check a running cluster against its plan."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k8s_checks
author:
  - The clusterwright maintainers (@clusterwright)
version_added: 0.1.0
short_description: Checks machines and the Kubernetes cluster on them against the plan
description:
  - Judges what the machines said about themselves and what Proxmox VE says of them, then asks the
    API for nodes, etcd members, system pods, workloads, addresses, certificates, capacity and what
    was left over, and lets a small Deployment run on every node that is then reached from outside
    through a NodePort.
  - Never fails because of what it finds; the result says what holds and what does not.
requirements:
  - kubernetes and cryptography (Python packages) on the controller
attributes:
  check_mode:
    description: Runs in check mode without the checks that need pods.
    support: partial
    details: Nothing is created, so that the checks which need pods are reported as not run.
  diff_mode:
    description: Nothing is changed for good.
    support: none
  platform:
    description: Where it runs.
    platforms: posix
    support: full
options:
  kubeconfig:
    description: File that names the cluster and holds the credentials; empty without a cluster.
    type: str
    default: ""
  servers:
    description: Names of the servers as planned.
    type: list
    elements: str
    default: []
  agents:
    description: Names of the agents as planned.
    type: list
    elements: str
    default: []
  addresses:
    description: Planned address of each machine, by name.
    type: dict
    required: true
  machines:
    description:
      - What M(clusterwright.proxmox.k3s_host_info) returned on each machine, by name.
      - A machine without an entry is reported as not run.
    type: dict
    default: {}
  simulated_reason:
    description: Why there are no real machines; then nothing is run and nothing gets a score.
    type: str
    default: ""
  vip:
    description: Address of the API that any server can hold; empty for none.
    type: str
    default: ""
  releases:
    description: Helm releases whose workloads have to be ready.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the release.
        type: str
        required: true
      namespace:
        description: Namespace of the release.
        type: str
        required: true
  addon_checks:
    description:
      - What has to hold because of add-ons, as their entries in the catalogue say, each with
        C(addon), C(name), C(kind), C(cause), C(mend) and what its kind needs.
    type: list
    elements: dict
    default: []
  guests:
    description:
      - The machines of the plan, each with C(name), C(vmid), C(node), C(kind), C(ha), C(backup)
        and C(cloud_init). They are looked for in O(snapshot), and fill the commands of the advice.
    type: list
    elements: dict
    default: []
  snapshot:
    description: >-
      Facts of Proxmox VE, as M(clusterwright.proxmox.proxmox_facts) returns them; without them
      nothing is checked there.
    type: dict
  backups:
    description: Whether the plan has backup jobs; then its machines have to be in one.
    type: bool
    default: false
  least_days:
    description: For how many days certificates have to hold at least.
    type: int
    default: 14
  commands:
    description: Commands for the advice, by C(apply) and C(drift).
    type: dict
    default: {}
  prometheus:
    description: A Prometheus in the cluster, all of whose targets have to be up; none by default.
    type: dict
    suboptions:
      namespace:
        description: Namespace of its service.
        type: str
        default: monitoring
      service:
        description: Name of its service.
        type: str
        default: kube-prometheus-stack-prometheus
      port:
        description: Port of the service, which speaks HTTP.
        type: int
        default: 9090
      least_targets:
        description: How many targets there have to be at least.
        type: int
        default: 1
  image:
    description: Image with a busybox for the test pods; empty leaves the test out as not run.
    type: str
    default: ""
  image_pull_policy:
    description: When the image is pulled.
    type: str
    choices: [Always, IfNotPresent, Never]
    default: IfNotPresent
  timeout_seconds:
    description: How long each check is tried.
    type: int
    default: 60
  delay_seconds:
    description: Pause between two tries.
    type: float
    default: 1.0
"""

EXAMPLES = r"""
- name: Check the cluster
  clusterwright.proxmox.k8s_checks:
    kubeconfig: deployments/demo/kubeconfig
    servers: [demo-server-1]
    addresses: {demo-server-1: 192.0.2.21}
    image: docker.io/library/busybox:1.37.0
  delegate_to: localhost
  register: result
"""

RETURN = r"""
status:
  description:
    - V(healthy) when everything passed, V(degraded) when only something uncritical failed,
      V(unhealthy) when something critical failed or the score is below 80, V(incomplete) when
      something was not run, V(SIMULATED) when there are no real machines.
  type: str
  returned: always
score:
  description:
    - Share of the points of the checks that passed, 0 to 100; none unless every check ran for real.
    - From 90 on it is healthy, below 80 unhealthy.
  type: int
  returned: always
advice:
  description: The failed checks, what is worth most first.
  type: list
  elements: dict
  returned: always
  contains:
    check:
      description: Name of the check.
      type: str
    detail:
      description: Why it does not hold.
      type: str
    cause:
      description: What that comes from most often.
      type: str
    mend:
      description: The command to begin with.
      type: str
checks:
  description: What was checked, in order.
  type: list
  elements: dict
  returned: always
  contains:
    name:
      description: Name of the check.
      type: str
    status:
      description: V(passed), V(failed) or V(not_run).
      type: str
    detail:
      description: What was seen, or why it does not hold.
      type: str
    critical:
      description: Whether the cluster cannot be used while it fails.
      type: bool
    cause:
      description: What it comes from most often, where the check's kind does not say it.
      type: str
    mend:
      description: The command for this very fault, where the check's kind does not say it.
      type: str
    seconds:
      description: How long it took.
      type: float
nodes:
  description: The nodes as the API shows them, with C(name), C(roles), C(ready), C(version) and
    C(address).
  type: list
  elements: dict
  returned: always
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes import (
    prometheus,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.access import (
    Cluster,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.errors import (
    ApiError,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.machines import (
    names_of,
    summarise,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.reach import (
    Network,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.runner import (
    Runner,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.suite import (
    check_all,
)

SPEC: dict[str, t.Any] = {
    "kubeconfig": {"type": "str", "default": ""},
    "servers": {"type": "list", "elements": "str", "default": []},
    "agents": {"type": "list", "elements": "str", "default": []},
    "addresses": {"type": "dict", "required": True},
    "machines": {"type": "dict", "default": {}},
    "simulated_reason": {"type": "str", "default": ""},
    "vip": {"type": "str", "default": ""},
    "releases": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "namespace": {"type": "str", "required": True},
        },
    },
    "addon_checks": {"type": "list", "elements": "dict", "default": []},
    "guests": {"type": "list", "elements": "dict", "default": []},
    "snapshot": {"type": "dict"},
    "backups": {"type": "bool", "default": False},
    "least_days": {"type": "int", "default": 14},
    "commands": {"type": "dict", "default": {}},
    "prometheus": {"type": "dict", "options": prometheus.SPEC},
    "image": {"type": "str", "default": ""},
    "image_pull_policy": {
        "type": "str",
        "choices": ["Always", "IfNotPresent", "Never"],
        "default": "IfNotPresent",
    },
    "timeout_seconds": {"type": "int", "default": 60},
    "delay_seconds": {"type": "float", "default": 1.0},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    params = module.params
    unknown = [
        name for name in params["servers"] + params["agents"] if name not in params["addresses"]
    ]
    if unknown:
        module.fail_json(msg=f"addresses has no address of {', '.join(unknown)}.")

    def connect(server: str) -> Cluster:
        return Cluster(params["kubeconfig"], server=server)

    runner = Runner(params["timeout_seconds"], params["delay_seconds"])
    nodes: list[dict[str, t.Any]] = []
    try:
        nodes = check_all(runner, connect, Network(), params, may_create=not module.check_mode)
    except ApiError as error:
        runner.add("api", "failed", str(error))
    names = names_of(
        params["guests"], params["addresses"], params["kubeconfig"], params["commands"]
    )
    summary = summarise(runner.results, params["simulated_reason"], names)
    module.exit_json(changed=False, checks=runner.results, nodes=nodes, **summary)


if __name__ == "__main__":
    main()
