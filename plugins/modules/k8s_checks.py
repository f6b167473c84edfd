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
  - Judges what the machines said about themselves, then asks the API for nodes, etcd members,
    system pods, workloads and capacity, and lets a small Deployment run on every node that is then
    reached from outside through a NodePort.
  - Never fails because of what it finds; the result says what holds and what does not.
requirements:
  - kubernetes (Python package) on the controller
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

from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes import (
    checks,
    prometheus,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.api import (
    ApiError,
    connect,
    fetch,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.machines import (
    check_machine,
    summarise,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.testapp import (
    TestApp,
)

if t.TYPE_CHECKING:
    from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.api import (
        Request,
    )

NEED_API = ("nodes", "etcd", "system pods", "test pods")
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


def expected(params: dict[str, t.Any]) -> checks.Expected:
    """Return the plan that the options describe."""
    nodes = [(name, "server") for name in params["servers"]]
    nodes += [(name, "agent") for name in params["agents"]]
    return checks.Expected(
        nodes=tuple(checks.Node(name, params["addresses"][name], role) for name, role in nodes),
        vip=params["vip"],
        releases=tuple((item["namespace"], item["name"]) for item in params["releases"]),
    )


def check_machines(runner: checks.Runner, params: dict[str, t.Any]) -> None:
    """Judge what each machine said."""
    for name, address in params["addresses"].items():
        if params["simulated_reason"]:
            status, detail = "not_run", f"SIMULATED: {params['simulated_reason']}"
        else:
            status, detail = check_machine(name, address, params["machines"].get(name) or {})
        runner.add(f"machine {name}", status, detail)


def check_cluster(
    runner: checks.Runner, request: Request, at_vip: t.Callable[[], Request], plan: checks.Expected
) -> bool:
    """Run the checks that only read; return whether the API answers."""
    if not runner.run("api", lambda: checks.check_api(request)):
        for name in NEED_API:
            runner.add(name, "not_run", "The API does not answer.")
        return False
    runner.run("nodes", lambda: checks.check_nodes(request, plan))
    runner.run("etcd", lambda: checks.check_etcd(request, plan))
    runner.run("system pods", lambda: checks.check_system_pods(request))
    if plan.vip:
        runner.run("vip", lambda: checks.check_vip(at_vip, plan.vip))
    for namespace, release in plan.releases:
        check = functools.partial(checks.check_release, request, namespace, release)
        runner.run(f"add-on {release}", check)
    runner.run("capacity", lambda: checks.check_capacity(request), critical=False)
    return True


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


def check_all(
    runner: checks.Runner, params: dict[str, t.Any], *, may_create: bool
) -> list[dict[str, t.Any]]:
    """Run all checks of a cluster; return its nodes.

    Raises:
        ApiError: the kubeconfig cannot be used.
    """
    plan = expected(params)
    request = connect(params["kubeconfig"])

    def at_vip() -> Request:
        return connect(params["kubeconfig"], server=f"https://{plan.vip}:6443")

    if not check_cluster(runner, request, at_vip, plan):
        return []
    if params["prometheus"]:
        targets = functools.partial(prometheus.check_targets, request, **params["prometheus"])
        runner.run("prometheus", targets)
    if may_create and params["image"]:
        app = TestApp(request, fetch, params["image"], params["image_pull_policy"])
        check_pods(runner, app, plan)
    else:
        runner.add("test pods", "not_run", "Pods are not started in check mode or without image.")
    return checks.describe_nodes(request)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    params = module.params
    unknown = [
        name for name in params["servers"] + params["agents"] if name not in params["addresses"]
    ]
    if unknown:
        module.fail_json(msg=f"addresses has no address of {', '.join(unknown)}.")
    runner = checks.Runner(params["timeout_seconds"], params["delay_seconds"])
    check_machines(runner, params)
    nodes: list[dict[str, t.Any]] = []
    if params["kubeconfig"] and not params["simulated_reason"]:
        try:
            nodes = check_all(runner, params, may_create=not module.check_mode)
        except ApiError as error:
            runner.add("api", "failed", str(error))
    summary = summarise(runner.results, params["simulated_reason"])
    module.exit_json(changed=False, checks=runner.results, nodes=nodes, **summary)


if __name__ == "__main__":
    main()
