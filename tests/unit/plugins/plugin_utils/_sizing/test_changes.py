# SPDX-License-Identifier: GPL-3.0-or-later
"""A second run and a change keep who and where every machine is."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Plan,
    Snapshot,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    finding_ids,
    group,
    guest,
    node,
    plan,
    request,
    snapshot,
    vm,
)

FIRST = plan(request(ha=True, environment="staging"), deployment="k3s-prod")


def applied(of: Plan, moved: t.Mapping[str, str] | None = None) -> Snapshot:
    """Return facts in which the plan's machines exist."""
    guests = [
        guest(
            machine.vmid,
            machine.name,
            (moved or {}).get(machine.name, machine.node),
            tags=machine.tags,
            cpus=machine.cores,
            memory_mib=machine.memory_mib,
            disk_gib=float(machine.disks[0].size_gib),
            addresses=[machine.address],
            status="running",
        )
        for machine in of.machines
    ]
    return snapshot(guests=guests)


def identity(of: Plan) -> dict[str, tuple[int, str, str | None]]:
    return {m.name: (m.vmid, m.node, m.address) for m in of.machines}


@pytest.mark.parametrize("previous", [FIRST, None], ids=["with plan", "plan lost"])
def test_a_second_run_changes_nothing(previous: Plan | None) -> None:
    again = plan(
        request(ha=True, environment="staging"),
        applied(FIRST),
        deployment="k3s-prod",
        previous=previous,
    )
    assert identity(again) == identity(FIRST)
    if previous is not None:
        assert (again.machines, again.cluster) == (FIRST.machines, FIRST.cluster)


def test_a_machine_that_was_moved_stays_where_it_is() -> None:
    name = FIRST.machines[0].name
    again = plan(
        request(ha=True, environment="staging"),
        applied(FIRST, {name: "pve3"}),
        deployment="k3s-prod",
        previous=FIRST,
    )
    assert identity(again)[name][1] == "pve3"


def change(**fields: t.Any) -> Plan:
    wanted = request(operation=fields.pop("operation", "scale"), **fields)
    return plan(wanted, applied(FIRST), deployment="k3s-prod", previous=FIRST)


def test_more_agents_change_only_the_new_machines() -> None:
    result = change(cluster={"agents_delta": 3})
    assert group(result, "agent")[0] == 6
    old = identity(FIRST)
    assert {name: found for name, found in identity(result).items() if name in old} == old
    assert len(set(identity(result)) - set(old)) == 3
    assert result.environment == FIRST.environment
    assert result.cluster is not None and FIRST.cluster is not None
    assert result.cluster.vip == FIRST.cluster.vip


def test_fewer_agents_drop_the_last() -> None:
    result = change(cluster={"agents_delta": -1})
    assert set(identity(FIRST)) - set(identity(result)) == {"k3s-prod-agent-3"}


@pytest.mark.parametrize("delta", [-4, -10])
def test_fewer_than_none_is_refused(delta: int) -> None:
    assert "topology.agents" in finding_ids(change(cluster={"agents_delta": delta}), "error")


def test_smaller_workers_change_only_their_sizes() -> None:
    result = change(operation="change", machines=[{"role": "agent", "tendency": "smaller"}])
    assert group(result, "server") == group(FIRST, "server")
    count, cores, memory = group(FIRST, "agent")
    assert group(result, "agent") == (count, cores // 2, memory // 2)
    assert identity(result) == identity(FIRST)
    assert {m.disks for m in result.machines} == {m.disks for m in FIRST.machines}


def test_differences_are_added() -> None:
    result = change(
        operation="resize",
        machines=[{"role": "agent", "cores_delta": 2, "memory_delta_mib": 1024}],
    )
    count, cores, memory = group(FIRST, "agent")
    assert group(result, "agent") == (count, cores + 2, memory + 1024)


def test_disks_never_shrink() -> None:
    result = change(operation="resize", machines=[{"role": "agent", "disk_gib": 20}])
    assert "minimum.disk_gib" in finding_ids(result, "error")


def test_changing_what_is_not_there_is_refused() -> None:
    result = plan(request(operation="scale", cluster={"agents_delta": 1}), deployment="ghost")
    assert finding_ids(result, "error") == {"request.no-previous"}


def test_a_named_vm_is_resized_in_place() -> None:
    first = plan(vm(name="web-01", cores=2, memory_mib=2048, disk_gib=20), deployment="web")
    wanted = request(
        kind="vm", operation="resize", machines=[{"role": "vm", "name": "web-01", "cores": 4}]
    )
    result = plan(wanted, applied(first), deployment="web", previous=first)
    assert identity(result) == identity(first)
    assert (result.machines[0].cores, result.machines[0].memory_mib) == (4, 2048)


def test_a_foreign_guest_with_our_vmid_is_left_alone() -> None:
    first = plan(vm(name="web-01"), deployment="web")
    stranger = guest(first.machines[0].vmid, "stranger", "pve1")
    result = plan(vm(name="web-01"), snapshot(guests=[stranger]), deployment="web", previous=first)
    assert result.machines[0].vmid != stranger["vmid"]


def test_what_was_cut_stays_as_it_is_when_there_is_more_room() -> None:
    wanted = request(workload="ml-training")
    small = snapshot([node("pve1", memory_mib=24576), node("pve2", memory_mib=24576)])
    first = plan(wanted, small)
    assert "capacity.reduced" in finding_ids(first)
    later = plan(wanted, applied(first), previous=first)
    assert later.machines == first.machines
    assert "capacity.reduced" in finding_ids(later)
    anew = plan(wanted, applied(first))
    assert sum(m.memory_mib for m in anew.machines) > sum(m.memory_mib for m in first.machines)


def test_a_machine_never_grows_beyond_its_host() -> None:
    first = plan(vm(name="web-01", cores=4), snapshot([node("pve1", cpus=4)]), deployment="web")
    wanted = request(
        kind="vm", operation="resize", machines=[{"role": "vm", "name": "web-01", "cores": 8}]
    )
    machine = first.machines[0]
    there = guest(machine.vmid, "web-01", "pve1", cpus=4, disk_gib=50.0, tags=machine.tags)
    facts = snapshot([node("pve1", cpus=4)], guests=[there])
    result = plan(wanted, facts, deployment="web", previous=first)
    assert finding_ids(result, "error") == {"capacity.cores"}
