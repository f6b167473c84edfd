# SPDX-License-Identifier: GPL-3.0-or-later
"""All checks in their order, on what a plan says."""

from __future__ import annotations

import datetime
import functools
import ipaddress
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes import (
    addons,
    certificates,
    checks,
    guests,
    prometheus,
    services,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.access import (
    Cluster,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.errors import (
    ApiError,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.machines import (
    check_machine,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.reach import (
    Network,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.runner import (
    Runner,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.testapp import (
    TestApp,
)

Data = dict[str, t.Any]
NEED_API = ("nodes", "etcd", "system pods", "certificates", "test pods")
#: Makes the way to the API, at another address than the kubeconfig's when one is given.
Connect = t.Callable[[str], Cluster]


def expected(params: Data) -> checks.Expected:
    """Return the plan that the options describe."""
    nodes = [(name, "server") for name in params["servers"]]
    nodes += [(name, "agent") for name in params["agents"]]
    return checks.Expected(
        nodes=tuple(checks.Node(name, params["addresses"][name], role) for name, role in nodes),
        vip=params["vip"],
        releases=tuple((item["namespace"], item["name"]) for item in params["releases"]),
    )


def check_machines(runner: Runner, params: Data) -> None:
    """Judge what each machine said."""
    for name, address in params["addresses"].items():
        if params["simulated_reason"]:
            status, detail = "not_run", f"SIMULATED: {params['simulated_reason']}"
        else:
            status, detail = check_machine(name, address, params["machines"].get(name) or {})
        runner.add(f"machine {name}", status, detail)


def check_guests(runner: Runner, params: Data) -> None:
    """Judge what Proxmox VE says of the plan's machines; it is asked once, before."""
    snapshot, planned = params["snapshot"], params["guests"]
    if not snapshot or params["simulated_reason"]:
        return
    if (snapshot.get("source") or {}).get("verified") is False:
        runner.add("guests", "not_run", "Proxmox VE did not answer.")
        return
    runner = Runner(0, runner.delay_seconds, results=runner.results)
    runner.run("guests", lambda: guests.check_guests(planned, snapshot))
    if any((item.get("ha") or {}).get("enabled") for item in planned):
        runner.run(
            "high availability",
            lambda: guests.check_high_availability(planned, snapshot),
            critical=False,
        )
    if params["backups"] and any(item.get("backup") for item in planned):
        runner.run("backup", lambda: guests.check_backup(planned, snapshot), critical=False)


def check_cluster(
    runner: Runner, connect: Connect, network: Network, params: Data
) -> Cluster | None:
    """Run the checks that only read; return the way to the cluster when its API answers."""
    plan, cluster = expected(params), connect("")
    if not runner.run("api", lambda: checks.check_api(cluster)):
        for name in NEED_API:
            runner.add(name, "not_run", "The API does not answer.")
        return None
    runner.run("nodes", lambda: checks.check_nodes(cluster, plan))
    runner.run("etcd", lambda: checks.check_etcd(cluster, plan))
    runner.run("system pods", lambda: checks.check_system_pods(cluster))
    if plan.vip:
        at_vip = functools.partial(connect, f"https://{_in_url(plan.vip)}:6443")
        runner.run("vip", lambda: checks.check_vip(at_vip, plan.vip))
    check_addons(runner, cluster, network, params)
    servers = [plan.addresses[name] for name in plan.servers]

    def look_at_certificates() -> str:
        now = datetime.datetime.now(datetime.UTC)
        found = certificates.certificates(cluster, network, servers, now)
        return certificates.check_certificates(found, params["least_days"])

    # An API whose certificate has ended answers nobody, which is critical by itself.
    runner.run("certificates", look_at_certificates, critical=False)
    runner.run("capacity", lambda: checks.check_capacity(cluster), critical=False)
    runner.run("leftovers", lambda: checks.check_leftovers(cluster, plan), critical=False)
    return cluster


def check_addons(runner: Runner, cluster: Cluster, network: Network, params: Data) -> None:
    """Run what has to hold because of releases and add-ons."""
    plan = expected(params)
    for namespace, release in plan.releases:
        check = functools.partial(checks.check_release, cluster, namespace, release)
        runner.run(f"add-on {release}", check)
    around = addons.Around(cluster, network, plan.addresses)
    for item in params["addon_checks"]:
        runner.run(
            f"add-on {item['addon']}: {item['name']}",
            functools.partial(addons.check_addon, around, item),
            critical=item.get("critical", True),
            cause=item["cause"],
            mend=item["mend"],
        )
    try:
        wanted = bool(services.balanced(cluster))
    except ApiError:
        wanted = True
    if wanted:
        runner.run("load balancers", lambda: services.check_load_balancers(cluster, network))
    if params["prometheus"]:
        targets = functools.partial(prometheus.check_targets, cluster, **params["prometheus"])
        runner.run("prometheus", targets)


def _in_url(address: str) -> str:
    return f"[{address}]" if ipaddress.ip_address(address).version == 6 else address


def check_pods(runner: Runner, app: TestApp, plan: checks.Expected) -> None:
    """Let pods run on all nodes, reach them, and take them away whatever happens."""
    try:
        if not runner.run("test pods", lambda: start(app)):
            for name in ("reached from outside", "dns"):
                runner.add(name, "not_run", "There are no test pods to ask.")
            return
        runner.run("reached from outside", lambda: app.check_reached(plan.addresses))
        runner.run("dns", lambda: app.check_dns(plan.addresses))
    finally:
        try:
            app.remove()
        except ApiError as error:
            runner.add("clean-up", "failed", str(error), critical=False)


def start(app: TestApp) -> str:
    """Create the test's objects unless they are there, and look whether its pods run."""
    app.create()
    return app.check_running()


def check_all(
    runner: Runner,
    connect: Connect,
    network: Network,
    params: Data,
    *,
    may_create: bool,
) -> list[Data]:
    """Run all checks; return the nodes of the cluster.

    Raises:
        ApiError: the kubeconfig cannot be used.
    """
    check_machines(runner, params)
    check_guests(runner, params)
    if not params["kubeconfig"] or params["simulated_reason"]:
        return []
    cluster = check_cluster(runner, connect, network, params)
    if cluster is None:
        return []
    if may_create and params["image"]:
        app = TestApp(cluster, network, params["image"], params["image_pull_policy"])
        check_pods(runner, app, expected(params))
    else:
        runner.add("test pods", "not_run", "Pods are not started in check mode or without image.")
    return checks.describe_nodes(cluster)
