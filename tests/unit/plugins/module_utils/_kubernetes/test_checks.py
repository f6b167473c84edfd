# SPDX-License-Identifier: GPL-3.0-or-later
"""Each check holds on a sound cluster and fails with the reason on a broken one."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes import (
    checks,
    prometheus,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.api import (
    ApiError,
    read_answer,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.machines import (
    check_machine,
    summarise,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.testapp import (
    TestApp,
)
from unit.plugins.module_utils._kubernetes.fake_api import PLAN, FakeCluster, node, pod

ADDRESSES = {item.name: item.address for item in PLAN.nodes}


def app(cluster: FakeCluster) -> TestApp:
    return TestApp(cluster.request, cluster.fetch, "busybox:1")


def started(cluster: FakeCluster) -> TestApp:
    test = app(cluster)
    test.create()
    return test


CHECKS: dict[str, t.Callable[[FakeCluster], str]] = {
    "nodes": lambda cluster: checks.check_nodes(cluster.request, PLAN),
    "etcd": lambda cluster: checks.check_etcd(cluster.request, PLAN),
    "system pods": lambda cluster: checks.check_system_pods(cluster.request),
    "add-on": lambda cluster: checks.check_release(cluster.request, "monitoring", "prometheus"),
    "capacity": lambda cluster: checks.check_capacity(cluster.request),
    "api": lambda cluster: checks.check_api(cluster.request),
    "test pods": lambda cluster: started(cluster).check_running(),
    "reached": lambda cluster: started(cluster).check_reached(ADDRESSES),
    "prometheus": lambda cluster: prometheus.check_targets(
        cluster.request, "monitoring", "stack-prometheus", 9090, 2
    ),
    "dns": lambda cluster: started(cluster).check_dns(ADDRESSES),
}


def condition(cluster: FakeCluster, number: int, kind: str, status: str) -> None:
    states = cluster.nodes[number]["status"]["conditions"]
    states[:] = [item for item in states if item["type"] != kind]
    states.append({"type": kind, "status": status})


def set_phase(cluster: FakeCluster, phase: str) -> None:
    cluster.pods[0]["status"]["phase"] = phase


@pytest.mark.parametrize("name", CHECKS)
def test_sound_cluster_passes(name: str) -> None:
    assert CHECKS[name](FakeCluster())


BROKEN: list[tuple[str, t.Callable[[FakeCluster], object], str]] = [
    ("nodes", lambda c: c.nodes.pop(), "a1 is missing"),
    ("nodes", lambda c: c.nodes.append(node("x", "10.0.0.9", server=False)), "x is not planned"),
    ("nodes", lambda c: condition(c, 0, "Ready", "Unknown"), "s1 is not Ready"),
    ("nodes", lambda c: condition(c, 1, "DiskPressure", "True"), "a1 has DiskPressure"),
    (
        "nodes",
        lambda c: c.nodes[1]["status"]["addresses"][0].update(address="10.0.0.7"),
        r"a1 is not at 10\.0\.0\.2 but at 10\.0\.0\.7",
    ),
    ("etcd", lambda c: condition(c, 0, "EtcdIsVoter", "False"), "s1 does not vote"),
    ("etcd", lambda c: condition(c, 1, "EtcdIsVoter", "True"), "a1 votes but is no server"),
    ("system pods", lambda c: set_phase(c, "Pending"), "coredns-1 is Pending"),
    ("system pods", lambda c: c.pods.clear(), "kube-system has no pods at all"),
    (
        "system pods",
        lambda c: c.pods[0]["status"]["containerStatuses"][0].update(ready=False),
        "coredns-1 is not ready",
    ),
    (
        "add-on",
        lambda c: c.workloads.update(deployments=[c.workload("prometheus", ready=0)]),
        "Deployment prometheus 0/1",
    ),
    ("add-on", lambda c: c.workloads.clear(), "Nothing of prometheus is in monitoring"),
    ("capacity", lambda c: c.pods.append(pod("big", "a1", cpu="1900m")), "a1 95% of its cpu"),
    ("reached", lambda c: c.unreached.add("10.0.0.2"), "on a1 does not answer"),
    ("reached", lambda c: setattr(c, "local_only", True), "s1 never reached a pod of another node"),
    (
        "dns",
        lambda c: c.page.update({"/dns": "can't resolve"}),
        "cannot resolve kubernetes.default",
    ),
    (
        "prometheus",
        lambda c: c.up.append(c.target("node", "10.0.0.2:9100", up="0")),
        r"does not reach 1 of 3: node at 10\.0\.0\.2:9100\.",
    ),
    ("prometheus", lambda c: c.up.pop(), "scrapes 1 targets, not the 2 expected"),
]


@pytest.mark.parametrize(("name", "harm", "reason"), BROKEN)
def test_broken_cluster_fails_with_the_reason(
    name: str, harm: t.Callable[[FakeCluster], object], reason: str
) -> None:
    cluster = FakeCluster()
    harm(cluster)
    with pytest.raises(checks.NotYet, match=reason):
        CHECKS[name](cluster)


def test_waiting_pods_are_named_with_what_the_kubelet_says() -> None:
    cluster = FakeCluster()
    test = started(cluster)
    cluster.pods[:] = [item for item in cluster.pods if item["metadata"]["name"] != "web-a1"]
    cluster.events.append({"reason": "Failed", "message": "no such image", "lastTimestamp": "1"})
    with pytest.raises(checks.NotYet, match=r"pod on a1 \(Failed: no such image\)"):
        test.check_running()


def test_test_objects_are_made_once_and_taken_away_with_leftovers() -> None:
    cluster = FakeCluster()
    cluster.namespaces["old"] = {"metadata": {"name": "old"}}
    test = started(cluster)
    test.create()
    assert cluster.deleted == ["old"]
    test.remove()
    assert cluster.deleted == ["old", "test"] and not cluster.namespaces


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
    runner = checks.Runner(50, 10, clock=lambda: clock.now, pause=clock.wait)

    def check() -> str:
        calls[0] += 1
        if calls[0] <= failures:
            raise ApiError("not yet")
        return "there"

    assert runner.run("x", check) is (status == "passed")
    assert runner.results[0]["status"] == status and calls[0] == tries


def test_answer_that_makes_no_sense_is_a_failed_check() -> None:
    runner = checks.Runner(0)
    assert not runner.run("nodes", lambda: checks.check_nodes(lambda *_: {}, PLAN))
    assert "could not be understood" in runner.results[0]["detail"]


@pytest.mark.parametrize(
    ("text", "number"), [("1500m", 1.5), ("2Gi", 2 * 2**30), ("128974848", 128974848), ("1k", 1000)]
)
def test_quantities(text: str, number: float) -> None:
    assert checks.quantity(text) == number


def test_refusal_of_the_api_is_a_sentence() -> None:
    with pytest.raises(ApiError, match="GET x was answered with 403: pods is forbidden") as caught:
        read_answer(403, b'{"message": "pods is forbidden"}', "GET x")
    assert caught.value.status == 403


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
