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
short_description: Checks a running Kubernetes cluster against its plan
description:
  - Asks the API for nodes, etcd members, system pods, workloads and capacity, and lets a small
    Deployment run on every node that is then reached from outside through a NodePort.
  - Never fails because of what it finds; the result says what holds and what does not.
requirements:
  - kubernetes (Python package) on the controller
attributes:
  check_mode:
    description: Nothing is created, so that the checks which need pods are not run.
    support: partial
  diff_mode:
    description: Nothing is changed for good.
    support: none
  platform:
    description: Where it runs.
    platforms: posix
    support: full
options:
  kubeconfig:
    description: File that names the cluster and holds the credentials.
    type: path
    required: true
  nodes:
    description: Nodes as planned.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the node.
        type: str
        required: true
      address:
        description: Address of the node.
        type: str
        required: true
      role:
        description: Part of the node.
        type: str
        choices: [server, agent]
        required: true
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
    nodes:
      - {name: demo-server-1, address: 192.0.2.21, role: server}
    image: docker.io/library/busybox:1.37.0
  delegate_to: localhost
  register: result
"""

RETURN = r"""
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

import functools
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes import checks
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.api import (
    ApiError,
    connect,
    fetch,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.testapp import (
    TestApp,
)

if t.TYPE_CHECKING:
    from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.api import (
        Request,
    )

NEED_API = ("nodes", "etcd", "system pods", "test pods")


def argument_spec() -> dict[str, t.Any]:
    """Return the options."""
    text = {"type": "str", "required": True}
    node = {"name": text, "address": text, "role": {**text, "choices": ["server", "agent"]}}
    return {
        "kubeconfig": {"type": "path", "required": True},
        "nodes": {"type": "list", "elements": "dict", "required": True, "options": node},
        "vip": {"type": "str", "default": ""},
        "releases": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {"name": text, "namespace": text},
        },
        "image": {"type": "str", "default": ""},
        "image_pull_policy": {
            "type": "str",
            "choices": ["Always", "IfNotPresent", "Never"],
            "default": "IfNotPresent",
        },
        "timeout_seconds": {"type": "int", "default": 60},
        "delay_seconds": {"type": "float", "default": 1.0},
    }


def check_cluster(
    runner: checks.Runner, request: Request, at_vip: t.Callable[[], Request], plan: checks.Expected
) -> None:
    """Run the checks that only read."""
    if not runner.run("api", lambda: checks.check_api(request)):
        for name in NEED_API:
            runner.add(name, "not_run", "The API does not answer.")
        return
    runner.run("nodes", lambda: checks.check_nodes(request, plan))
    runner.run("etcd", lambda: checks.check_etcd(request, plan))
    runner.run("system pods", lambda: checks.check_system_pods(request))
    if plan.vip:
        runner.run("vip", lambda: checks.check_vip(at_vip, plan.vip))
    for namespace, release in plan.releases:
        check = functools.partial(checks.check_release, request, namespace, release)
        runner.run(f"add-on {release}", check)
    runner.run("capacity", lambda: checks.check_capacity(request), critical=False)


def check_pods(runner: checks.Runner, app: TestApp, plan: checks.Expected) -> None:
    """Let pods run on all nodes, reach them, and take them away whatever happens."""
    addresses = {node.name: node.address for node in plan.nodes}
    try:
        if not runner.run("test pods", lambda: start(app)):
            return
        runner.run("reached from outside", lambda: app.check_reached(addresses))
        if has_dns(app.request):
            runner.run("dns", lambda: app.check_dns(addresses))
    finally:
        try:
            app.remove()
        except ApiError as error:
            runner.add("clean-up", "failed", str(error), critical=False)


def start(app: TestApp) -> str:
    """Create the test's objects unless they are there, and look whether its pods run."""
    app.create()
    return app.check_running()


def has_dns(request: Request) -> bool:
    """Return whether the cluster has a name server of its own."""
    services = request("GET", "/api/v1/namespaces/kube-system/services", None)["items"]
    return any(item["metadata"]["name"] == "kube-dns" for item in services)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    params = module.params
    plan = checks.Expected(
        nodes=tuple(checks.Node(**node) for node in params["nodes"]),
        vip=params["vip"],
        releases=tuple((item["namespace"], item["name"]) for item in params["releases"]),
    )
    try:
        request = connect(params["kubeconfig"])
    except ApiError as error:
        module.fail_json(msg=str(error))
    runner = checks.Runner(params["timeout_seconds"], params["delay_seconds"])

    def at_vip() -> Request:
        return connect(params["kubeconfig"], server=f"https://{plan.vip}:6443")

    check_cluster(runner, request, at_vip, plan)
    if runner.results[0]["status"] == "passed":
        if module.check_mode or not params["image"]:
            runner.add(
                "test pods", "not_run", "No pods are started in check mode or without image."
            )
        else:
            app = TestApp(request, fetch, params["image"], params["image_pull_policy"])
            check_pods(runner, app, plan)
    nodes = checks.describe_nodes(request) if runner.results[0]["status"] == "passed" else []
    module.exit_json(changed=False, checks=runner.results, nodes=nodes)


if __name__ == "__main__":
    main()
