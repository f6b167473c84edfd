# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner as a table: hosts, nodes and wishes in, steps out."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s import (
    Cluster,
    Plan,
    plan_cluster,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._config import config_of
from unit.plugins.plugin_utils._k3s.builders import TOKEN, changed, cluster, fresh, node, running


def steps(made: Cluster, only: t.Sequence[str] = ()) -> list[str]:
    found = plan_cluster(made, {}, TOKEN, only)
    assert not found.problems
    return [f"{step.action} {step.host}" for step in found.steps]


def stages(found: Plan) -> list[tuple[str, list[str]]]:
    return [(stage["action"], stage["hosts"]) for stage in found.stages()]


def test_a_new_cluster_starts_its_first_server_and_then_all_others_at_once() -> None:
    found = plan_cluster(cluster(), {}, TOKEN)
    every = ["s1", "s2", "s3", "a1", "a2"]
    assert [stage for stage in stages(found) if stage[0] in ("start", "vip", "verify")] == [
        ("vip", ["s1", "s2", "s3"]),
        ("start", ["s1"]),
        ("start", every[1:]),
        ("verify", ["s1"]),
    ]
    joins = {
        step.host: step.arguments.get("join_url") for step in found.steps if step.action == "start"
    }
    assert joins == {
        "s1": None,
        "s2": "https://10.77.0.11:6443",
        "s3": "https://10.77.0.11:6443",
        "a1": None,
        "a2": None,
    }


@pytest.mark.parametrize("servers", [["s1"], ["s1", "s2", "s3"], ["s1", "s2", "s3", "s4", "s5"]])
@pytest.mark.parametrize(
    "own",
    [{"vip": ""}, {"vip": "10.77.0.100"}, {"vip": "10.77.0.100", "vip_provider": "kube_vip"}],
    ids=["no address", "keepalived", "kube-vip"],
)
def test_a_second_run_has_no_steps(servers: list[str], own: dict[str, t.Any]) -> None:
    assert steps(running(servers, **own)) == []


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (running(changes={"a1": {"services": {}}}), ["start a1", "verify s1"]),
        (
            running(changes={"a2": fresh("a2")}, nodes=[node(n) for n in ("s1", "s2", "s3", "a1")]),
            ["binary a2", "write a2", "start a2", "verify s1"],
        ),
        (
            running(changes={"a2": fresh("a2")}),
            ["forget a2", "binary a2", "write a2", "start a2", "verify s1"],
        ),
        (
            running(changes={"s1": fresh("s1")}),
            ["forget s1", "binary s1", "write s1", "vip s1", "start s1", "verify s2"],
        ),
        (changed(running(), tls_san=["k.example"]), None),
    ],
    ids=["stopped", "new agent", "remade agent", "remade first server", "another name"],
)
def test_only_what_differs_is_done(made: Cluster, expected: list[str] | None) -> None:
    if expected is None:
        servers = ["s1", "s2", "s3"]
        expected = [
            *[f"write {name}" for name in servers],
            *[f"start {name}" for name in servers],
            "verify s1",
        ]
    assert steps(made) == expected


def test_servers_of_a_running_cluster_restart_one_at_a_time() -> None:
    found = plan_cluster(changed(running(), tls_san=["k.example"]), {}, TOKEN)
    assert [stage for stage in stages(found) if stage[0] == "start"] == [
        ("start", ["s1"]),
        ("start", ["s2"]),
        ("start", ["s3"]),
    ]


def test_a_dead_server_is_left_out_while_the_others_vote() -> None:
    made = running(changes={"s2": None}, nodes=[node(n) for n in ("s1", "s3", "a1", "a2")])
    found = plan_cluster(made, {}, TOKEN)
    assert not found.problems and not found.steps and "s2 does not answer" in found.notes[0]
    restart = plan_cluster(changed(made, tls_san=["k.example"]), {}, TOKEN)
    assert "s1 must be restarted" in restart.problems[0]


def test_a_new_cluster_needs_all_of_its_hosts() -> None:
    found = plan_cluster(cluster(facts={"a1": None}), {}, TOKEN)
    assert "all of its hosts" in found.problems[0]


def test_growing_touches_nobody_else() -> None:
    nodes = [node(n) for n in ("s1", "s2", "s3", "a1")]
    made = changed(running(changes={"a2": fresh("a2")}, nodes=nodes), tls_san=["k.example"])
    found = plan_cluster(made, {}, TOKEN, ["a2"])
    assert {step.host for step in found.steps if step.action != "verify"} == {"a2"}
    assert "s1 would get other" in found.notes[0]


def test_whoever_joins_gets_the_release_that_runs() -> None:
    nodes = [node(name) for name in ("s1", "s2", "s3", "a1")]
    made = running(changes={"a2": fresh("a2")}, nodes=nodes)
    newer = changed(made, version="v1.34.13+k3s1", binary_sha256="cd" * 32)
    found = plan_cluster(newer, {}, TOKEN)
    assert "a2 would join with v1.34.13+k3s1, but the cluster runs" in found.problems[0]


def test_selinux_stays_on_and_k3s_is_told() -> None:
    made = cluster(facts={"a1": fresh("a1", selinux="enforcing", selinux_policy=True)})
    found = plan_cluster(made, {}, TOKEN)
    assert [step.arguments["packages"] for step in found.steps if step.action == "packages"] == [
        ["container-selinux"]
    ]
    assert config_of(made, made.host("a1"))["selinux"] is True


@pytest.mark.parametrize("cni", ["calico", "cilium"])
def test_a_network_that_comes_later_is_told_until_nodes_are_ready(cni: str) -> None:
    nodes = [node(name, ready=False) for name in ("s1", "s2", "s3", "a1", "a2")]
    made_so = {name: {"config": {"flannel-backend": "none"}} for name in ("s1", "s2", "s3")}
    for made, told in (
        (cluster(cni=cni), True),
        (running(changes=made_so, cni=cni, nodes=nodes), True),
        (running(changes=made_so, cni=cni), False),
    ):
        found = plan_cluster(made, {}, TOKEN)
        assert not found.problems
        assert any(f"addons_enabled: [{cni}]" in note for note in found.notes) is told


def test_a_lost_token_is_read_back_and_nothing_else_happens() -> None:
    lost = dataclasses.replace(running(), token=None)
    found = plan_cluster(lost, {}, None)
    assert [step.action for step in found.steps] == ["token"]
    assert found.steps[0].arguments == {"read_back": True}


def test_whoever_joins_is_let_in_by_all_firewalls_first() -> None:
    walls = {name: {"firewall": "nftables"} for name in ("s1", "s2", "s3", "a1")}
    nodes = [node(name) for name in ("s1", "s2", "s3", "a1")]
    made = running(
        changes=walls | {"a2": fresh("a2", firewall="ufw")}, nodes=nodes, firewall_manage=True
    )
    found = plan_cluster(made, {}, TOKEN, ["a2"])
    opened = [step for step in found.steps if step.action == "firewall"]
    assert [step.host for step in opened] == ["s1", "s2", "s3", "a1", "a2"]
    assert {step.host: bool(step.arguments["unit"]) for step in opened} == dict.fromkeys(
        walls, True
    ) | {"a2": False}
    actions = [step.action for step in found.steps]
    assert actions.index("start") > max(
        number for number, action in enumerate(actions) if action == "firewall"
    )


@pytest.mark.parametrize(
    ("own", "everywhere"),
    [
        ({"vip": "", "vip_provider": "none"}, True),
        ({"vip_provider": "keepalived"}, True),
        ({"vip_provider": "kube_vip"}, False),
    ],
)
def test_kube_vip_goes_where_it_no_longer_holds_the_address(
    own: dict[str, t.Any], everywhere: bool
) -> None:
    made = running(vip_provider="kube_vip")
    path = "/var/lib/rancher/k3s/server/manifests/kube-vip.yaml"
    line = next(line for line in made.host("s1").fact["files"] if line.startswith(path))
    hosts = list(made.hosts)
    facts = dict(hosts[1].facts or {})
    hosts[1] = dataclasses.replace(hosts[1], facts=facts | {"files": [*facts["files"], line]})
    found = plan_cluster(changed(dataclasses.replace(made, hosts=tuple(hosts)), **own), {}, TOKEN)
    dropped = {
        step.host: step.arguments["everywhere"]
        for step in found.steps
        if step.action == "drop_kube_vip"
    }
    assert dropped == dict.fromkeys(["s1", "s2"] if everywhere else ["s2"], everywhere)
