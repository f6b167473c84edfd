#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) The clusterwright maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Wait until a Prometheus in the cluster reaches all its targets."""

from __future__ import annotations

DOCUMENTATION = r"""
module: prometheus_targets_info
author:
  - The clusterwright maintainers (@clusterwright)
version_added: 0.1.0
short_description: Waits until a Prometheus in the cluster reaches all its targets
description:
  - Asks the Prometheus behind a service for C(up), by way of the API server's proxy, until every
    target is up.
  - Fails with the names of those that are not.
requirements:
  - kubernetes (Python package) on the controller
attributes:
  check_mode:
    description: Nothing is ever changed.
    support: full
  diff_mode:
    description: Nothing is ever changed.
    support: none
  platform:
    description: Where it runs.
    platforms: posix
    support: full
options:
  kubeconfig:
    description: File that names the cluster and holds the credentials.
    type: str
    required: true
  namespace:
    description: Namespace of the service.
    type: str
    default: monitoring
  service:
    description: Name of the service of Prometheus.
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
  timeout_seconds:
    description: How long it is tried.
    type: int
    default: 120
  delay_seconds:
    description: Pause between two tries.
    type: float
    default: 2.0
"""

EXAMPLES = r"""
- name: See Prometheus reach the cluster
  clusterwright.proxmox.prometheus_targets_info:
    kubeconfig: deployments/demo/kubeconfig
    least_targets: 7
"""

RETURN = r"""
detail:
  description: How many targets are up, and of which jobs.
  type: str
  returned: success
  sample: "All 14 targets are up: apiserver, kubelet, node-exporter, prometheus."
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.access import (
    Cluster,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.errors import (
    ApiError,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.prometheus import (
    SPEC,
    check_targets,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.runner import (
    Runner,
)

OPTIONS: dict[str, t.Any] = {
    "kubeconfig": {"type": "str", "required": True},
    **SPEC,
    "timeout_seconds": {"type": "int", "default": 120},
    "delay_seconds": {"type": "float", "default": 2.0},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    target = {name: module.params[name] for name in SPEC}
    runner = Runner(module.params["timeout_seconds"], module.params["delay_seconds"])
    try:
        cluster = Cluster(module.params["kubeconfig"])
    except ApiError as error:
        module.fail_json(msg=str(error))
    holds = runner.run("prometheus", lambda: check_targets(cluster, **target))
    detail = runner.results[0]["detail"]
    if not holds:
        module.fail_json(msg=detail)
    module.exit_json(changed=False, detail=detail)


if __name__ == "__main__":
    main()
