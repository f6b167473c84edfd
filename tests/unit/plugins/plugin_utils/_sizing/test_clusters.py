# SPDX-License-Identifier: GPL-3.0-or-later
"""Topology, sizes and the cluster part of a plan."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    canonical_json,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import (
    Reserved,
    request_of,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    finding_ids,
    group,
    node,
    plan,
    request,
    site,
    snapshot,
)

#: intent: servers, agents, cores, memory, add-ons, CNI
INTENTS: dict[str, tuple[int, int, int, int, set[str], str]] = {
    "dev cluster": (1, 1, 2, 2048, set(), "flannel"),
    "production cluster with 5 workers": (
        *(1, 5, 4, 8192),
        {"metrics-server", "traefik"},
        "flannel",
    ),
    "ML training cluster with 16GB RAM": (1, 3, 8, 16384, set(), "flannel"),
    "CI/CD runner cluster": (1, 2, 4, 4096, set(), "flannel"),
    "HA cluster with monitoring": (3, 3, 4, 8192, {"prometheus"}, "flannel"),
    "minimal single-node cluster": (1, 0, 2, 2048, set(), "flannel"),
    "staging with calico and ingress": (1, 2, 2, 4096, {"traefik"}, "calico"),
    "5 node cluster with 4 cores 8gb": (1, 4, 4, 8192, set(), "flannel"),
}


@pytest.mark.parametrize("intent", INTENTS)
def test_known_intents(intent: str) -> None:
    servers, agents, cores, memory, addons, cni = INTENTS[intent]
    result = plan(request_of(intent, site(), snapshot())[0])
    assert result.status == "ready"
    assert group(result, "server") == (servers, cores, memory)
    assert group(result, "agent") == ((agents, cores, memory) if agents else (0, 0, 0))
    assert result.cluster is not None
    assert result.cluster.cni == cni
    assert {addon.name for addon in result.addons} == addons
    assert (result.cluster.vip is not None) == (servers > 1)


def test_production_policy_adds_servers_and_says_so() -> None:
    strict = site(environments={"production": {"ha": True}})
    result = plan(request(environment="production", cluster={"agents": 5}), at=strict)
    assert group(result, "server")[0] == 3
    assert group(result, "agent")[0] == 5
    assert "policy.ha" in finding_ids(result, "info")


def test_declined_high_availability_is_kept_and_reported() -> None:
    strict = site(environments={"production": {"ha": True}})
    result = plan(request(environment="production", ha=False), at=strict)
    assert group(result, "server")[0] == 1
    assert "policy.ha" in finding_ids(result, "warning")


@pytest.mark.parametrize("servers", [0, 2, 4, 6, 7])
def test_numbers_of_servers_without_a_majority_are_refused(servers: int) -> None:
    result = plan(request(cluster={"servers": servers}))
    assert result.status == "refused"
    assert finding_ids(result, "error") == {"topology.quorum"}
    assert result.machines == ()


@pytest.mark.parametrize(
    ("cluster", "ha", "expected"),
    [
        ({"total_nodes": 5}, None, (1, 4)),
        ({"total_nodes": 5}, True, (3, 2)),
        ({"total_nodes": 5, "servers": 3}, None, (3, 2)),
        ({"total_nodes": 4, "agents": 3}, None, (1, 3)),
        ({"total_nodes": 1}, None, (1, 0)),
        ({"servers": 5, "agents": 0}, None, (5, 0)),
        ({}, True, (3, 3)),
    ],
)
def test_counts(cluster: dict[str, int], ha: bool | None, expected: tuple[int, int]) -> None:
    result = plan(request(cluster=cluster, ha=ha))
    assert (group(result, "server")[0], group(result, "agent")[0]) == expected


def test_contradicting_totals_are_refused() -> None:
    result = plan(request(cluster={"total_nodes": 5, "servers": 3, "agents": 3}))
    assert finding_ids(result, "error") == {"topology.total"}


def test_high_availability_raises_and_never_multiplies() -> None:
    small = plan(request(environment="development", ha=True))
    large = plan(request(workload="ml-training", ha=True))
    assert group(small, "server") == (3, 4, 8192)
    assert group(large, "server") == (3, 8, 16384)


@pytest.mark.parametrize(
    ("servers", "agents", "expected"),
    [(1, 350, (2, 4096)), (1, 351, (4, 8192)), (3, 525, (2, 4096)), (3, 526, (4, 8192))],
)
def test_servers_follow_the_documented_number_of_agents(
    servers: int, agents: int, expected: tuple[int, int]
) -> None:
    wide = site(
        network={
            "subnet": "10.16.0.0/12",
            "gateway": "10.16.0.1",
            "machine_range": "10.17.0.0/16",
            "vip_range": None,
            "load_balancer_range": None,
            "reserved_ranges": [],
        }
    )
    wanted = request(environment="development", cluster={"servers": servers, "agents": agents})
    result = plan(wanted, snapshot(100), wide)
    assert result.status == "ready"
    assert group(result, "server")[1:] == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            [{"role": "node", "cores": 3, "memory_mib": 5000}],
            {"server": (3, 5000), "agent": (3, 5000)},
        ),
        ([{"role": "agent", "cores": 16}], {"server": (2, 2048), "agent": (16, 2048)}),
        (
            [{"role": "node", "memory_mib": 4096}, {"role": "agent", "memory_mib": 6144}],
            {"server": (2, 4096), "agent": (2, 6144)},
        ),
    ],
)
def test_explicit_sizes_win(
    said: list[dict[str, t.Any]], expected: dict[str, tuple[int, int]]
) -> None:
    result = plan(request(environment="development", machines=said))
    assert {name: group(result, name)[1:] for name in expected} == expected


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ({"role": "server", "cores": 1}, "minimum.cores"),
        ({"role": "server", "memory_mib": 1024}, "minimum.memory_mib"),
    ],
)
def test_sizes_below_the_minimum_are_refused(said: dict[str, t.Any], rule: str) -> None:
    result = plan(request(machines=[said]))
    assert result.status == "refused"
    assert rule in finding_ids(result, "error")


def test_a_rule_of_thumb_warns_and_a_document_refuses_unless_the_person_insists() -> None:
    said = [{"role": "node", "disk_gib": 10}]
    small = plan(request(machines=said))
    assert {machine.disks[0].size_gib for machine in small.machines} == {10}
    assert "minimum.disk_gib" in finding_ids(small, "warning")
    insisted = plan(request(machines=[{"role": "server", "memory_mib": 1024}], insist=True))
    assert group(insisted, "server")[2] == 1024
    assert "minimum.memory_mib" in finding_ids(insisted, "warning")


def test_totals_are_shared() -> None:
    result = plan(request(cluster={"total_nodes": 4}, totals={"cores": 16, "memory_mib": 32768}))
    assert group(result, "server") == (1, 4, 8192)
    assert group(result, "agent") == (3, 4, 8192)


@pytest.mark.parametrize(
    ("version", "found"),
    [(None, "v1.34.12+k3s1"), ("1.36", "v1.36.5+k3s1"), ("v1.33.13+k3s2", "v1.33.13+k3s2")],
)
def test_versions_are_pinned_ones(version: str | None, found: str) -> None:
    result = plan(request(cluster={"version": version}))
    assert result.cluster is not None
    assert result.cluster.version == found


@pytest.mark.parametrize("version", ["1.31", "v9.9.9+k3s1", "1.3", "latest"])
def test_unknown_versions_are_refused_with_the_known_ones(version: str) -> None:
    result = plan(request(cluster={"version": version}))
    assert result.status == "refused"
    assert "v1.34.12+k3s1" in result.summary


def test_addons_that_were_declined_are_left_out() -> None:
    result = plan(request(environment="production", cluster={"addons_excluded": ["traefik"]}))
    assert [addon.name for addon in result.addons] == ["metrics-server"]
    assert result.cluster is not None
    assert "traefik" in result.cluster.disabled_components


def test_retired_ingress_replaces_traefik_with_a_warning() -> None:
    result = plan(request(environment="production", cluster={"addons": ["ingress-nginx"]}))
    assert {addon.name for addon in result.addons} == {"ingress-nginx", "metrics-server"}
    assert "addon.retired" in finding_ids(result, "warning")


@pytest.mark.parametrize("hosts", [3, 4, 5])
def test_servers_never_share_a_host_when_there_are_enough(hosts: int) -> None:
    result = plan(request(ha=True), snapshot(hosts))
    nodes = [machine.node for machine in result.machines if machine.role == "server"]
    assert len(set(nodes)) == 3


def test_too_few_hosts_are_a_warning() -> None:
    result = plan(request(ha=True), snapshot(2))
    assert result.status == "ready"
    assert "placement.spread" in finding_ids(result, "warning")
    nodes = [machine.node for machine in result.machines if machine.role == "server"]
    assert len(set(nodes)) == 2


def test_a_full_host_is_no_excuse_to_stack_servers() -> None:
    hosts = [node("pve1"), node("pve2"), node("pve3", committed_memory_mib=131072)]
    result = plan(request(ha=True), snapshot(hosts))
    assert result.status == "refused"


def test_the_same_input_gives_the_same_bytes() -> None:
    wanted = request(ha=True, environment="production", cluster={"agents": 4})
    assert canonical_json(plan(wanted)) == canonical_json(plan(wanted))


def test_clusters_beside_each_other_share_nothing() -> None:
    first = plan(request(ha=True), deployment="one")
    taken = [
        {
            **{"vmid": m.vmid, "name": m.name, "type": "qemu", "node": m.node},
            **{"status": "running", "tags": m.tags, "addresses": [m.address]},
        }
        for m in first.machines
    ]
    assert first.cluster is not None
    second = plan(
        request(ha=True),
        snapshot(guests=taken),
        deployment="two",
        reserved=Reserved(addresses=frozenset({str(first.cluster.vip)})),
    )
    assert second.cluster is not None
    assert not {m.vmid for m in first.machines} & {m.vmid for m in second.machines}
    assert not {m.address for m in first.machines} & {m.address for m in second.machines}
    assert not {m.name for m in first.machines} & {m.name for m in second.machines}
    assert first.cluster.vip != second.cluster.vip
