# SPDX-License-Identifier: GPL-3.0-or-later
"""Each check holds on a sound cluster and fails with the reason on a broken one."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes import (
    addons,
    guests,
    suite,
    weights,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.access import (
    quantity,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.errors import (
    ApiError,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.machines import (
    check_machine,
    names_of,
    summarise,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.runner import (
    Runner,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.testapp import (
    TestApp,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _catalogue
from unit.plugins.module_utils._kubernetes.fake_api import (
    APP,
    Data,
    FakeCluster,
    certificate,
    named,
    node,
    pod,
    service,
    target,
    tls,
    workload,
)


def entry(kind: str, **more: t.Any) -> Data:
    return {"addon": "x", "name": kind, "kind": kind, "cause": "", "mend": "", **more}


#: One check of each kind that the catalogue knows.
ADDON_CHECKS = [
    entry("api_group", group="argoproj.io"),
    entry("api_service", object_name="v1beta1.metrics.k8s.io"),
    entry(
        "object",
        api_version="cert-manager.io/v1",
        object_kind="ClusterIssuer",
        object_name="ca",
        condition="Ready",
    ),
    entry(
        "object",
        name="field",
        api_version="velero.io/v1",
        object_kind="BackupStorageLocation",
        object_name="default",
        namespace="velero",
        field="status.phase",
        value="Available",
    ),
    entry("pods_on_nodes", object_name="speaker", namespace="metallb"),
    entry("service", object_name="traefik", namespace="traefik"),
    entry("http", object_name="loki", namespace="logging", port=3100, path="/health"),
]
MACHINES = [
    {"name": "s1", "vmid": 101, "node": "pve1", "ha": {"enabled": True}, "backup": True},
    {"name": "a1", "vmid": 102, "node": "pve2", "ha": {"enabled": False}, "backup": True},
]


def options(cluster: FakeCluster) -> Data:
    return {
        "kubeconfig": "kubeconfig",
        "servers": ["s1"],
        "agents": ["a1"],
        "addresses": {"s1": "10.0.0.1", "a1": "10.0.0.2"},
        "machines": cluster.said,
        "simulated_reason": "",
        "vip": "10.0.0.80",
        "releases": [{"namespace": "monitoring", "name": "prometheus"}],
        "addon_checks": ADDON_CHECKS,
        "guests": MACHINES,
        "snapshot": cluster.snapshot,
        "backups": True,
        "least_days": 14,
        "prometheus": {
            "namespace": "monitoring", "service": "stack", "port": 9090, "least_targets": 2,
        },
        "image": "busybox:1",
        "image_pull_policy": "IfNotPresent",
    }  # fmt: skip


def outcome(cluster: FakeCluster, **changed: t.Any) -> dict[str, Data]:
    runner, fake = Runner(0), t.cast(t.Any, cluster)
    params = options(cluster) | changed
    suite.check_all(runner, cluster.at, fake, params, may_create=True)
    return {result["name"]: result for result in runner.results}


def set_condition(item: Data, kind: str, status: str) -> None:
    states = item["status"]["conditions"]
    states[:] = [state for state in states if state["type"] != kind]
    states.append({"type": kind, "status": status})


def on_node(number: int, kind: str, status: str) -> t.Callable[[FakeCluster], None]:
    return lambda c: set_condition(c.objects["Node"][number], kind, status)


def put(kind: str, *items: Data) -> t.Callable[[FakeCluster], None]:
    return lambda c: c.objects.__setitem__(kind, list(items))


def also(kind: str, item: Data) -> t.Callable[[FakeCluster], None]:
    return lambda c: c.objects[kind].append(item)


def without_pod(name: str) -> t.Callable[[FakeCluster], None]:
    def harm(cluster: FakeCluster) -> None:
        pods = cluster.objects["Pod"]
        pods[:] = [item for item in pods if item["metadata"]["name"] != name]

    return harm


def with_jobs(**job: t.Any) -> t.Callable[[FakeCluster], None]:
    return lambda c: c.snapshot["backup_jobs"][0].update(job)


Harm = t.Callable[[FakeCluster], object]
BROKEN: list[tuple[str, Harm, str]] = [
    ("machine a1", lambda c: c.said.update(a1={"unreachable": True}), "does not answer by SSH"),
    ("guests", lambda c: c.snapshot["guests"].pop(), r"a1 \(102\) does not exist"),
    (
        "guests",
        lambda c: c.snapshot["guests"][0].update(status="stopped"),
        "s1 is stopped on pve1",
    ),
    ("guests", lambda c: c.snapshot["guests"][1].update(node="pve3"), "a1 is on pve3, not on pve2"),
    ("guests", lambda c: c.snapshot["guests"].clear(), "s1 .* does not exist; a1"),
    (
        "high availability",
        lambda c: c.snapshot["guests"][0].update(ha="error"),
        "s1 is in state error",
    ),
    (
        "high availability",
        lambda c: c.snapshot["guests"][0].update(ha=None),
        "s1 is not managed",
    ),
    ("backup", with_jobs(enabled=False), "switched on has s1, a1"),
    ("backup", with_jobs(selection="vmid:101"), "switched on has a1"),
    ("backup", with_jobs(selection="all-except:102"), "switched on has a1"),
    ("backup", with_jobs(selection="pool:web"), "switched on has s1, a1"),
    ("api", lambda c: setattr(c, "ready", False), "not ready"),
    ("vip", lambda c: setattr(c, "vip_answers", False), r"10\.0\.0\.80:6443 does not answer"),
    ("nodes", lambda c: c.objects["Node"].pop(), "a1 is missing"),
    ("nodes", on_node(0, "Ready", "Unknown"), "s1 is not Ready"),
    ("nodes", on_node(1, "DiskPressure", "True"), "a1 has DiskPressure"),
    (
        "nodes",
        lambda c: c.objects["Node"][1]["status"]["addresses"][0].update(address="10.0.0.7"),
        r"a1 is not at 10\.0\.0\.2 but at 10\.0\.0\.7",
    ),
    ("nodes", put("Node"), "s1 is missing; a1|a1 is missing; s1"),
    ("etcd", on_node(0, "EtcdIsVoter", "False"), "Nobody votes"),
    ("etcd", on_node(1, "EtcdIsVoter", "True"), "a1 votes but is no server"),
    (
        "system pods",
        lambda c: c.objects["Pod"][0]["status"].update(phase="Pending"),
        "coredns-1 is Pending",
    ),
    ("system pods", put("Pod"), "kube-system has no pods at all"),
    (
        "system pods",
        lambda c: c.objects["Pod"][0]["status"].update(phase="Failed"),
        "kube-system has no pods at all",
    ),
    (
        "system pods",
        lambda c: c.objects["Pod"][0]["status"]["containerStatuses"][0].update(ready=False),
        "coredns-1 is not ready",
    ),
    (
        "add-on prometheus",
        put("Deployment", workload("prometheus", "monitoring", "prometheus", ready=0)),
        "Deployment prometheus 0/1",
    ),
    ("add-on prometheus", put("Deployment"), "Nothing of prometheus is in monitoring"),
    (
        "load balancers",
        put("Service", service("traefik", "traefik", "LoadBalancer")),
        "Nothing gave the service traefik/traefik an address",
    ),
    (
        "load balancers",
        lambda c: c.closed.add("10.0.0.90"),
        r"does not answer at 10\.0\.0\.90, port 80",
    ),
    ("certificates", lambda c: setattr(c, "served", certificate(-3)), "the API at 10.* ended"),
    (
        "certificates",
        lambda c: setattr(c, "own_certificate", certificate(2)),
        "the kubeconfig ends in 2 days",
    ),
    ("certificates", put("Secret", tls("shop", 5)), "default/shop ends in 5 days"),
    (
        "certificates",
        put("Secret", {**tls("shop", 5), "data": {}}),
        "default/shop holds no certificate",
    ),
    ("capacity", also("Pod", pod("big", "a1", cpu="1900m")), "a1 95% of its cpu"),
    ("capacity", put("Node"), "There are no nodes"),
    ("leftovers", also("Node", node("x", "10.0.0.9", server=False)), "not planned: x"),
    (
        "leftovers",
        also("Pod", pod("old", "a1") | named("old", "shop", "Failed")),
        "in phase Failed: shop/old",
    ),
    ("leftovers", also("Namespace", named("gone", phase="Terminating")), "do not end: gone"),
    ("leftovers", put("PersistentVolume", named("pv1", phase="Released")), "volumes: pv1"),
    ("test pods", lambda c: [on_node(n, "Ready", "False")(c) for n in (0, 1)], "takes pods"),
    ("reached from outside", lambda c: c.closed.add("10.0.0.2"), "on a1 does not answer"),
    (
        "reached from outside",
        lambda c: setattr(c, "local_only", True),
        "s1 never reached a pod of another node",
    ),
    ("dns", lambda c: c.pages.update({"/dns": "can't resolve"}), "cannot resolve kubernetes"),
    ("dns", put("Service"), "The cluster has no name server"),
    (
        "prometheus",
        lambda c: c.up.append(target("node", "10.0.0.2:9100", up="0")),
        r"does not reach 1 of 3: node at 10\.0\.0\.2:9100\.",
    ),
    ("prometheus", lambda c: c.up.pop(), "scrapes 1 targets, not the 2 expected"),
    ("prometheus", lambda c: c.proxied.clear(), "no endpoints"),
    ("clean-up", lambda c: setattr(c, "undeletable", True), "forbidden"),
    ("add-on x: api_group", lambda c: c.api_groups.remove("argoproj.io"), "API group argoproj.io"),
    ("add-on x: api_service", put("APIService"), "no APIService"),
    (
        "add-on x: api_service",
        lambda c: c.objects["APIService"][0]["status"]["conditions"][0].update(
            status="False", message="no endpoints"
        ),
        "not available: no endpoints",
    ),
    ("add-on x: object", put("ClusterIssuer"), "There is no ClusterIssuer ca"),
    (
        "add-on x: object",
        lambda c: set_condition(c.objects["ClusterIssuer"][0], "Ready", "False"),
        "ClusterIssuer ca is not Ready",
    ),
    (
        "add-on x: field",
        put("BackupStorageLocation", named("default", "velero", "Unavailable")),
        "status.phase of .* is Unavailable, not Available",
    ),
    (
        "add-on x: field",
        put("BackupStorageLocation", named("default", "velero")),
        "is , not Available",
    ),
    ("add-on x: pods_on_nodes", put("DaemonSet"), "no DaemonSet metallb/speaker"),
    ("add-on x: pods_on_nodes", without_pod("speaker-2"), "speaker is not ready on a1"),
    ("add-on x: pods_on_nodes", put("Node"), "There are no nodes"),
    ("add-on x: service", put("Service"), "no service traefik/traefik"),
    ("add-on x: service", put("EndpointSlice"), "No ready pod is behind"),
    (
        "add-on x: service",
        put("Service", service("traefik", "traefik", "LoadBalancer")),
        "Nothing gave the service traefik/traefik an address",
    ),
    ("add-on x: http", lambda c: c.proxied.pop("/health"), "no endpoints"),
]


def test_sound_cluster_passes_everything_with_full_score() -> None:
    found = outcome(FakeCluster())
    assert {r["name"]: r["detail"] for r in found.values() if r["status"] != "passed"} == {}
    assert summarise(list(found.values()))["score"] == 100


@pytest.mark.parametrize(("name", "harm", "reason"), BROKEN)
def test_broken_cluster_fails_with_the_reason_and_the_mend(
    name: str, harm: Harm, reason: str
) -> None:
    cluster = FakeCluster()
    harm(cluster)
    found = outcome(cluster)
    assert found[name]["status"] == "failed"
    assert re.search(reason, found[name]["detail"]), found[name]["detail"]
    summary = summarise(list(found.values()))
    told = next(item for item in summary["advice"] if item["check"] == name)
    assert told["cause"] or "x:" in name
    assert "{" not in told["mend"]
    assert summary["status"] != "healthy"


def test_every_check_was_seen_to_pass_and_to_fail() -> None:
    passed = {weights.kind_of(name) for name in outcome(FakeCluster())}
    failed = {weights.kind_of(name) for name, _harm, _reason in BROKEN}
    assert passed | {"clean-up"} == failed == set(weights.WEIGHTS)
    kinds = {name.partition(": ")[2] for name, _harm, _reason in BROKEN if ": " in name}
    assert set(addons.KINDS) <= kinds
    assert set(addons.KINDS) == set(t.get_args(_catalogue.Check.model_fields["kind"].annotation))


CATALOGUE = [
    (name, check.model_dump(mode="json"))
    for name, found in _catalogue.load_catalogue().entries.items()
    for check in found.checks
]


@pytest.mark.parametrize(("addon", "check"), CATALOGUE, ids=lambda v: str(v) if v is str else None)
def test_checks_of_the_catalogue_hold_on_what_they_name_and_fail_without_it(
    addon: str, check: Data
) -> None:
    cluster = FakeCluster()
    around = addons.Around(t.cast(t.Any, cluster), t.cast(t.Any, cluster), {"s1": "10.0.0.1"})
    cluster.objects = {"Node": cluster.objects["Node"], "Pod": []}
    cluster.api_groups, cluster.proxied = set(), {}
    runner = Runner(0)
    assert not runner.run("add-on", lambda: addons.check_addon(around, check))
    assert "understood" not in runner.results[0]["detail"]

    where, name = check["namespace"] or "", check["object_name"]
    condition = check["condition"] or "Available"
    made: Data = named(name or "", where) | {
        "status": {"conditions": [{"type": condition, "status": "True"}]},
        "spec": {"selector": {"matchLabels": {"app": "x"}}, "type": "ClusterIP"},
    }
    if check["field"]:
        first, _dot, last = check["field"].partition(".")
        made[first] = {last: check["value"] or "set"}
    kinds = {"api_service": "APIService", "pods_on_nodes": "DaemonSet", "service": "Service"}
    kind = check["object_kind"] or kinds.get(check["kind"], "")
    cluster.objects |= {kind: [made]} if kind else {}
    cluster.objects["Pod"] = [pod(f"x-{n}", n, where) for n in ("s1", "a1")]
    cluster.objects["EndpointSlice"] = [
        {
            "metadata": {"namespace": where, "labels": {"kubernetes.io/service-name": name}},
            "endpoints": [{"addresses": ["10.42.0.7"]}],
        }
    ]
    cluster.api_groups, cluster.proxied = {check["group"] or ""}, {check["path"]: "ok"}
    assert addons.check_addon(around, check)


def test_what_the_facts_cannot_show_counts_as_not_run() -> None:
    cluster = FakeCluster()
    cluster.snapshot["missing"] = [{"field": "backup_jobs", "message": "403 for /cluster/backup"}]
    found = outcome(cluster)
    assert found["backup"]["status"] == "not_run" and "403" in found["backup"]["detail"]


@pytest.mark.parametrize(
    ("selection", "pool", "wanted"),
    [("all", None, True), ("pool:web", "web", True), ("vmid:7, 8", None, True),
     ("all-except:8", None, False), ("vmid:88", None, False)],
)  # fmt: skip
def test_jobs_and_their_guests(selection: str, pool: str | None, wanted: bool) -> None:
    assert guests.covers({"selection": selection}, 8, pool) is wanted


def test_dead_api_leaves_the_rest_not_run() -> None:
    cluster = FakeCluster()
    cluster.ready = False
    found = outcome(cluster)
    assert {found[name]["status"] for name in suite.NEED_API} == {"not_run"}
    assert summarise(list(found.values()))["score"] is None


def test_commands_are_those_of_this_cluster() -> None:
    cluster = FakeCluster()
    cluster.said["a1"] = {"unreachable": True}
    cluster.snapshot["guests"][0]["status"] = "stopped"
    cluster.objects["Pod"][0]["status"]["phase"] = "Pending"
    machines = [m | {"cloud_init": {"user": "debian"}} for m in MACHINES]
    names = names_of(
        machines, {"s1": "10.0.0.1", "a1": "10.0.0.2"}, "d/kubeconfig", {"drift": "drift!"}
    )
    found = summarise(list(outcome(cluster).values()), "", names)["advice"]
    mends = {item["check"]: item["mend"] for item in found}
    assert mends["machine a1"] == "ssh root@pve2 qm start 102"
    assert mends["guests"] == "ssh root@pve1 qm start 101"
    assert mends["system pods"].startswith("kubectl --kubeconfig d/kubeconfig -n kube-system")
    assert names.filled("{drift} {user}@{address} {.status}", "api") == (
        "drift! debian@10.0.0.1 {.status}"
    )


def started(cluster: FakeCluster) -> TestApp:
    fake = t.cast(t.Any, cluster)
    test = TestApp(fake, fake, "busybox:1")
    test.create()
    return test


def test_waiting_pods_are_named_with_what_the_kubelet_says() -> None:
    cluster = FakeCluster()
    test = started(cluster)
    without_pod(f"{APP}-a1")(cluster)
    cluster.objects["Event"].append(
        {
            "metadata": {"namespace": "test"},
            "type": "Warning",
            "reason": "Failed",
            "message": "no such image",
            "lastTimestamp": "1",
        }
    )
    runner = Runner(0)
    assert not runner.run("test pods", test.check_running)
    assert "pod on a1 (Failed: no such image)" in runner.results[0]["detail"]


def test_test_objects_are_made_once_and_taken_away_with_leftovers() -> None:
    cluster = FakeCluster()
    cluster.objects["Namespace"].append(
        {"metadata": {"name": "old", "labels": {"clusterwright.io/verify": "true"}}, "status": {}}
    )
    test = started(cluster)
    test.create()
    assert cluster.deleted == ["old"]
    test.remove()
    assert cluster.deleted == ["old", "test"]
    assert [item["metadata"]["name"] for item in cluster.objects["Namespace"]] == ["default"]


class Clock:
    """Time that passes only by waiting."""

    def __init__(self) -> None:
        self.now = 0.0

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(
    ("failures", "status", "tries"), [(0, "passed", 1), (3, "passed", 4), (99, "failed", 6)]
)
def test_check_is_tried_until_its_time_is_over(failures: int, status: str, tries: int) -> None:
    clock, calls = Clock(), [0]
    runner = Runner(50, 10, clock=lambda: clock.now, pause=clock.wait)

    def check() -> str:
        calls[0] += 1
        if calls[0] <= failures:
            raise ApiError("not yet")
        return "there"

    assert runner.run("x", check) is (status == "passed")
    assert runner.results[0]["status"] == status and calls[0] == tries


def test_answer_that_makes_no_sense_is_a_failed_check() -> None:
    cluster = FakeCluster()
    del cluster.objects["Pod"][0]["status"]
    assert "could not be understood" in outcome(cluster, image="")["system pods"]["detail"]


@pytest.mark.parametrize(
    ("text", "number"),
    [("1500m", 1.5), ("2Gi", 2 * 2**30), ("128974848", 128974848), ("1k", 1000), ("1e3", 1000)],
)
def test_quantities(text: str, number: float) -> None:
    assert quantity(text) == number


SAID = {"hostname": "s1", "interface": "eth0", "cloud_init": "done"}


@pytest.mark.parametrize(
    ("said", "status", "detail"),
    [
        (SAID, "passed", "Answers at 10.0.0.1 on eth0"),
        (SAID | {"cloud_init": "absent"}, "passed", "cloud-init absent"),
        (SAID | {"interface": ""}, "failed", "no interface carries 10.0.0.1"),
        (SAID | {"hostname": "template"}, "failed", "its host name is template"),
        (SAID | {"cloud_init": "error"}, "failed", "cloud-init says error"),
        ({"unreachable": True, "msg": "timed out"}, "failed", "does not answer by SSH: timed out"),
        ({"msg": "no python"}, "failed", "answers by SSH, but looking at it failed: no python"),
        ({}, "not_run", "Nobody asked"),
    ],
)
def test_machines(said: dict[str, t.Any], status: str, detail: str) -> None:
    found = check_machine("s1", "10.0.0.1", said)
    assert found[0] == status and detail in found[1]


@pytest.mark.parametrize(
    ("states", "simulated", "status", "score"),
    [
        ({"api": "passed", "nodes": "passed"}, "", "healthy", 100),
        # 30 points of 50: what is worth most counts most.
        ({"api": "passed", "nodes": "failed"}, "", "unhealthy", 60),
        ({"api": "passed", "nodes": "passed", "capacity": "minor"}, "", "degraded", 91),
        ({"dns": "passed", "capacity": "minor"}, "", "unhealthy", 75),
        ({"api": "passed", "nodes": "not_run"}, "", "incomplete", None),
        ({"machine a": "not_run"}, "no hosts", "SIMULATED", None),
        ({"machine a": "passed"}, "no hosts", "SIMULATED", None),
        ({}, "", "incomplete", None),
    ],
)
def test_score_only_when_everything_ran(
    states: dict[str, str], simulated: str, status: str, score: int | None
) -> None:
    results = [
        {
            "name": name,
            "detail": "Seen.",
            "status": "failed" if state == "minor" else state,
            "critical": state != "minor",
        }
        for name, state in states.items()
    ]
    found = summarise(results, simulated)
    assert (found["status"], found["score"]) == (status, score)


def test_advice_begins_with_what_is_worth_most() -> None:
    names = ("capacity", "etcd", "add-on traefik")
    results = [
        {"name": name, "detail": "No.", "status": "failed", "critical": True} for name in names
    ]
    found = summarise(results)["advice"]
    assert [item["check"] for item in found] == ["etcd", "add-on traefik", "capacity"]
    assert all(item["cause"] and item["mend"] for item in found)
