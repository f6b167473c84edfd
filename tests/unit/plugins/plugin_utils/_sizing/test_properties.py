# SPDX-License-Identifier: GPL-3.0-or-later
"""Over random Proxmox clusters: a ready plan keeps every rule, any other says why."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Machine,
    Plan,
    Request,
    Snapshot,
    canonical_json,
    errors,
    parse,
    to_data,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    ClusterThing,
    Machines,
    MachinesThing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import (
    Proposal,
    Reserved,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    finding_ids,
    guest,
    node,
    plan,
    request,
    site,
    snapshot,
    storage,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.rules import (  # noqa: E501
    broken,
)
from hypothesis import given
from hypothesis import strategies as st

SITE = site(vmid_range=(500, 600))
ENVIRONMENTS = st.sampled_from([None, "production", "staging", "development", "test"])


@st.composite
def clusters(draw: st.DrawFn) -> Snapshot:
    """Draw facts: hosts of any size and state, storages local or shared, guests with addresses."""
    names = [f"pve{number}" for number in range(1, draw(st.integers(1, 6)) + 1)]
    hosts = []
    for index, name in enumerate(names):
        memory = draw(st.sampled_from([16384, 32768, 65536, 131072, 262144]))
        hosts.append(
            node(
                name,
                online=index == 0 or draw(st.integers(0, 4)) > 0,
                maintenance=index > 0 and draw(st.integers(0, 9)) == 0,
                cpus=draw(st.sampled_from([4, 8, 16, 32])),
                cpu_load=draw(st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.7])),
                memory_mib=memory,
                memory_used_mib=draw(st.integers(512, memory // 3)),
                committed_memory_mib=draw(st.integers(0, memory // 8) | st.integers(0, memory)),
                committed_cpus=draw(st.integers(0, 40)),
            )
        )
    shared = draw(st.booleans())
    total = draw(st.sampled_from([200.0, 1000.0, 2000.0]))
    free = total * draw(st.floats(0.1, 1.0))
    storages = []
    for name in names:
        own = free if shared else total * draw(st.floats(0.1, 1.0))
        storages.append(storage("tank", name, shared=shared, total_gib=total, available_gib=own))
    guests = [
        guest(
            vmid,
            f"guest-{vmid}",
            draw(st.sampled_from(names)),
            addresses=[f"10.20.0.{draw(st.integers(2, 250))}"],
        )
        for vmid in draw(st.lists(st.integers(500, 540), unique=True, max_size=12))
    ]
    return snapshot(hosts, storages, guests)


@st.composite
def cluster_requests(draw: st.DrawFn) -> Request:
    """Draw requests for clusters with some explicit numbers."""
    cluster: dict[str, t.Any] = {}
    if draw(st.booleans()):
        cluster["servers"] = draw(st.sampled_from([1, 1, 1, 2, 3, 3, 5]))
    if draw(st.booleans()):
        cluster["agents"] = draw(st.integers(0, 5))
    said: dict[str, t.Any] = {"role": draw(st.sampled_from(["node", "server", "agent"]))}
    for number, values in (
        ("cores", [1, 2, 4, 4, 8]),
        ("memory_mib", [512, 2048, 3000, 4096, 8192]),
        ("disk_gib", [5, 20, 30, 50, 500]),
    ):
        if draw(st.integers(0, 3)) == 0:
            said[number] = draw(st.sampled_from(values))
    return request(
        cluster=cluster,
        machines=[said] if len(said) > 1 else [],
        ha=draw(st.sampled_from([None, None, True, False])),
        environment=draw(ENVIRONMENTS),
        workload=draw(st.sampled_from([None, None, "ml-training", "ci-runner"])),
    )


def explicit_kept(wanted: Request, result: Plan) -> bool:
    """Return whether every number that was said is in the plan unchanged."""
    [thing] = wanted.things
    parts: list[tuple[str, tuple[Machines, ...]]]
    if isinstance(thing, ClusterThing):
        parts = [("server", (thing.servers, thing.nodes)), ("agent", (thing.agents, thing.nodes))]
    else:
        assert isinstance(thing, MachinesThing)
        parts = [(machine.role, (thing,)) for machine in result.machines[:1]]
    for role, words in parts:
        machines = [machine for machine in result.machines if machine.role == role]
        if words[0].count not in (None, len(machines)):
            return False
        for machine in machines:
            has = (machine.cores * machine.sockets, machine.memory_mib, machine.disks[0].size_gib)
            for said in words:
                numbers = (said.cores, said.memory_mib, said.disk_gib)
                if any(s not in (None, h) for s, h in zip(numbers, has, strict=True)):
                    return False
    return True


@pytest.mark.fuzz
@given(cluster_requests(), clusters())
def test_a_plan_keeps_the_rules_or_says_why_there_is_none(wanted: Request, facts: Snapshot) -> None:
    result = plan(wanted, facts, SITE)
    if result.status == "ready":
        assert broken(result, facts, SITE) == []
        assert explicit_kept(wanted, result)
        assert errors(result.findings) == []
    else:
        assert result.machines == ()
        assert errors(result.findings)
        assert result.summary


@pytest.mark.fuzz
@given(cluster_requests(), clusters())
def test_planning_is_deterministic(wanted: Request, facts: Snapshot) -> None:
    assert canonical_json(plan(wanted, facts, SITE)) == canonical_json(plan(wanted, facts, SITE))


@pytest.mark.fuzz
@given(
    st.lists(st.integers(1, 4), min_size=2, max_size=4),
    st.sets(st.integers(10, 99), max_size=40),
    st.sets(st.integers(500, 600), max_size=60),
)
def test_deployments_in_parallel_never_collide(
    counts: list[int], addresses: set[int], vmids: set[int]
) -> None:
    facts = snapshot(6)
    reserved = Reserved(
        frozenset(vmids), frozenset(f"10.20.0.{number}" for number in addresses), frozenset()
    )
    for index, count in enumerate(counts):
        result = plan(
            request(cluster={"servers": 3, "agents": count}),
            facts,
            SITE,
            deployment=f"d{index}",
            reserved=reserved,
        )
        assert result.status == "ready"
        mine = {machine.vmid for machine in result.machines}
        held = {str(machine.address) for machine in result.machines}
        assert result.cluster is not None
        held.add(str(result.cluster.vip))
        assert not mine & reserved.vmids
        assert not held & reserved.addresses
        reserved = Reserved(reserved.vmids | mine, reserved.addresses | held, frozenset())


@pytest.mark.fuzz
@given(
    st.dictionaries(
        st.sampled_from(["server", "agent", "x", "{{ 1 }}"]),
        st.dictionaries(
            st.sampled_from(["count", "cores", "memory_mib", "disk_gib", "vmid"]),
            st.integers(-5, 10**9),
        ),
    ),
    st.text(max_size=40),
    cluster_requests(),
    clusters(),
)
def test_a_proposal_never_breaks_a_rule(
    groups: dict[str, dict[str, int]], text: str, wanted: Request, facts: Snapshot
) -> None:
    proposal = Proposal(groups, dict.fromkeys(groups, text))
    result = plan(wanted, facts, SITE, proposal=proposal)
    if result.status == "ready":
        assert broken(result, facts, SITE) == []
        assert explicit_kept(wanted, result)


def applied(result: Plan, facts: Snapshot) -> Snapshot:
    """Return the facts after the plan was applied: guests, commitments and full disks."""
    data = to_data(facts)
    for machine in result.machines:
        disk = machine.disks[0]
        data["guests"].append(
            guest(
                machine.vmid,
                machine.name,
                machine.node,
                tags=list(machine.tags),
                cpus=machine.cores,
                memory_mib=machine.memory_mib,
                memory_used_mib=machine.memory_mib // 2,
                disk_gib=float(disk.size_gib),
                addresses=[machine.address],
                status="running",
            )
        )
        for host in data["nodes"]:
            if host["name"] == machine.node:
                host["committed_cpus"] += machine.cores
                host["committed_memory_mib"] += machine.memory_mib
                host["memory_used_mib"] += machine.memory_mib // 2
        for state in data["storages"]:
            if state["storage"] == disk.storage and (
                state["shared"] or state["node"] == machine.node
            ):
                state["available_gib"] -= disk.size_gib
                state["used_gib"] += disk.size_gib
    return parse(Snapshot, data)


@pytest.mark.fuzz
@given(cluster_requests(), clusters())
def test_a_second_run_after_the_apply_changes_nothing(wanted: Request, facts: Snapshot) -> None:
    first = plan(wanted, facts, SITE)
    if first.status != "ready":
        return
    again = plan(wanted, applied(first, facts), SITE, previous=first)
    assert [f.message for f in errors(again.findings)] == []
    assert [_essence(machine) for machine in again.machines] == [
        _essence(machine) for machine in first.machines
    ]
    assert again.cluster == first.cluster


def _essence(machine: Machine) -> dict[str, t.Any]:
    return {key: value for key, value in to_data(machine).items() if key != "why"}


@pytest.mark.parametrize(
    ("numbers", "rule"),
    [
        ({"memory_mib": 2048 * 5}, "model.options"),
        ({"count": 9}, "model.count"),
        ({"cores": 0}, "model.invalid"),
    ],
)
def test_a_proposal_that_the_rules_do_not_have_is_reported_and_not_used(
    numbers: dict[str, int], rule: str
) -> None:
    result = plan(request(), proposal=Proposal({"agent": numbers}))
    assert result.machines == plan(request()).machines
    assert rule in finding_ids(result, "warning")
