# SPDX-License-Identifier: GPL-3.0-or-later
"""A second run and a change keep who and where every machine is."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Plan,
    Snapshot,
    parse,
    to_data,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    change,
    changes,
    finding_ids,
    group,
    guest,
    node,
    plan,
    request,
    snapshot,
    storage,
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
        assert again.alternatives == FIRST.alternatives


def without_template(facts: Snapshot) -> Snapshot:
    data = to_data(facts)
    return parse(Snapshot, {**data, "guests": [g for g in data["guests"] if not g["template"]]})


@pytest.mark.parametrize("previous", [FIRST, None], ids=["with plan", "plan lost"])
def test_what_runs_needs_its_template_no_more(previous: Plan | None) -> None:
    facts = without_template(applied(FIRST))
    wanted = request(ha=True, environment="staging")
    again = plan(wanted, facts, deployment="k3s-prod", previous=previous)
    assert again.status == "ready", again.findings
    assert identity(again) == identity(FIRST)
    told = " ".join(f.message for f in again.findings if f.severity == "warning")
    assert previous is not None or "another one could not be made" in told


def test_one_more_machine_needs_the_template() -> None:
    grown = changes(change("add", "count", 1, role="agent"))
    facts = without_template(applied(FIRST))
    result = plan(grown, facts, deployment="k3s-prod", previous=FIRST)
    assert result.status == "refused"


def test_a_machine_that_was_moved_stays_where_it_is() -> None:
    name = FIRST.machines[0].name
    again = plan(
        request(ha=True, environment="staging"),
        applied(FIRST, {name: "pve3"}),
        deployment="k3s-prod",
        previous=FIRST,
    )
    assert identity(again)[name][1] == "pve3"


def changed(*made: dict[str, t.Any], **fields: t.Any) -> Plan:
    """Return FIRST, applied, with changes."""
    return plan(changes(*made, **fields), applied(FIRST), deployment="k3s-prod", previous=FIRST)


def test_more_agents_change_only_the_new_machines() -> None:
    result = changed(change("add", "count", 3, role="agent"))
    assert group(result, "agent")[0] == 6
    old = identity(FIRST)
    assert {name: found for name, found in identity(result).items() if name in old} == old
    assert len(set(identity(result)) - set(old)) == 3
    assert result.environment == FIRST.environment
    assert result.cluster is not None and FIRST.cluster is not None
    assert result.cluster.vip == FIRST.cluster.vip


def test_what_no_change_names_stays_to_the_last_field() -> None:
    result = changed(change("multiply", "memory_mib", 2, role="agent"))
    before = {machine.name: machine for machine in FIRST.machines}
    for machine in result.machines:
        was = before[machine.name]
        if machine.role == "agent":
            same = {"memory_mib": was.memory_mib, "why": was.why}
            assert machine.memory_mib == 2 * was.memory_mib
            assert machine.model_copy(update=same) == was
        else:
            assert machine == was


def test_fewer_agents_drop_the_last() -> None:
    result = changed(change("remove", "count", 1, role="agent"))
    assert set(identity(FIRST)) - set(identity(result)) == {"k3s-prod-agent-3"}


@pytest.mark.parametrize(("servers", "becomes"), [(1, 3), (3, 3), (5, 5)])
def test_high_availability_that_is_added_has_three_servers(servers: int, becomes: int) -> None:
    counts = [{"role": "server", "count": servers}, {"role": "agent", "count": 2}]
    first = plan(request(machines=counts), deployment="box")
    more = changes(change("set", "ha", True, role="server"))
    result = plan(more, applied(first), deployment="box", previous=first)
    assert result.status == "ready", result.summary
    assert group(result, "server")[0] == becomes
    assert identity(first).items() <= identity(result).items()
    hosts = [machine.node for machine in result.machines if machine.role == "server"]
    assert len({*hosts}) == 3


def test_differences_are_told_before_and_after() -> None:
    result = changed(change("increase", "memory_mib", 1024, role="agent"))
    [line] = [f.message for f in result.findings if f.id == "change.difference"]
    names = ", ".join(f"k3s-prod-agent-{number}" for number in (1, 2, 3))
    assert line == f"~ {names} memory: 8 GiB -> 9 GiB"


#: changes: the question or refusal, words of it
IMPOSSIBLE: dict[str, tuple[dict[str, t.Any], str, str]] = {
    "fewer than none": (change("remove", "count", 4, role="agent"), "change.count", "would leave"),
    "two servers": (change("remove", "count", 1, role="server"), "topology.quorum", "1 or 3"),
    "four servers": (change("add", "count", 1, role="server"), "topology.quorum", "3 or 5"),
    "a smaller disk": (change("set", "disk_gib", 20, role="agent"), "disk.shrinks", "60 GiB"),
    "below the document": (
        change("set", "memory_mib", 1024, role="server"),
        "minimum.memory_mib",
        "insist",
    ),
    "nobody": (change("add", "count", 1, name="db7"), "change.unknown", "servers, workers"),
    "of which": (change("add", "count", 1, pronoun=True), "change.whose", "servers, workers"),
    "another number": (
        change("set", "memory_mib", 65536, role="agent", before=16384),
        "change.before",
        "16 GiB",
    ),
    "no such add-on": (change("remove", "addons", addon="argocd"), "change.unknown", "argocd"),
    "an add-on of no catalogue": (change("add", "addons", addon="bogus"), "addon.unknown", "bogus"),
    "a version of no pin": (change("set", "version", "1.9"), "cluster.version", "1.9"),
    "a node's name": (
        change("rename", "names", "x", name="k3s-prod-agent-1"),
        "change.rename",
        "cannot be renamed",
    ),
    "all of it": (change("remove", "whole", everything=True), "change.none-left", "destroy"),
    "a disk without a size": (
        change("increase", "disk_gib", role="agent"),
        "change.value",
        "60 GiB",
    ),
    "another system": (change("set", "os", "debian 13", role="agent"), "change.unsupported", "os"),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_what_cannot_be_changed_is_asked_or_refused(case: str) -> None:
    made, rule, words = IMPOSSIBLE[case]
    result = changed(made)
    assert rule in finding_ids(result, "error"), result.summary
    assert words in result.summary
    assert result.machines == ()
    asked = {question.id for question in result.questions}
    assert (result.status == "ask") == (rule in asked)


def test_what_is_kept_is_not_touched_by_the_other_changes() -> None:
    result = changed(
        change("multiply", "memory_mib", 2, everything=True),
        change("keep", "whole", role="server"),
    )
    assert group(result, "server") == group(FIRST, "server")
    assert group(result, "agent")[2] == 2 * group(FIRST, "agent")[2]


def test_one_machine_of_several_changes_alone() -> None:
    result = changed(change("set", "memory_mib", 32768, name="k3s-prod-agent-2"))
    sizes = {m.name: m.memory_mib for m in result.machines if m.role == "agent"}
    assert sizes == {"k3s-prod-agent-1": 8192, "k3s-prod-agent-2": 32768, "k3s-prod-agent-3": 8192}
    assert identity(result) == identity(FIRST)
    assert {m.group for m in result.machines} == {"server", "agent"}
    assert result.cluster == FIRST.cluster


def test_changes_and_new_things_go_together() -> None:
    redis = {"type": "machines", "id": "t1", "software": [{"family": "redis"}]}
    result = changed(change("add", "count", 1, role="agent"), things=[redis])
    assert group(result, "agent")[0] == 4
    assert group(result, "redis")[0] == 1
    assert result.cluster is not None and len(result.cluster.agents) == 4


def test_changing_what_is_not_there_is_refused() -> None:
    result = plan(changes(change("add", "count", 1, role="agent")), deployment="ghost")
    assert finding_ids(result, "error") == {"request.no-previous"}


def test_a_named_vm_is_resized_in_place() -> None:
    first = plan(vm(name="web-01", cores=2, memory_mib=2048, disk_gib=20), deployment="web")
    wanted = changes(change("set", "cores", 4, name="web-01"))
    result = plan(wanted, applied(first), deployment="web", previous=first)
    assert identity(result) == identity(first)
    assert (result.machines[0].cores, result.machines[0].memory_mib) == (4, 2048)


def test_what_was_said_when_a_machine_was_made_holds_for_one_more_of_it() -> None:
    said = {"vlan": 30, "storage": "nvme", "tags": ["blue"], "address": "dhcp"}
    rows = [storage(name, f"pve{i}") for name in ("tank", "nvme") for i in (1, 2, 3)]
    facts = snapshot(storages=rows)
    first = plan(vm(name="dns1", cores=1, **said), facts, deployment="dns")
    wanted = changes(change("add", "count", 1, name="dns1"))
    result = plan(wanted, facts, deployment="dns", previous=first)
    assert [machine.name for machine in result.machines] == ["dns1", "dns2"]
    for machine in result.machines:
        assert (machine.nics[0].vlan, machine.nics[0].address) == (30, "dhcp")
        assert machine.disks[0].storage == "nvme" and "blue" in machine.tags
    assert len({machine.vmid for machine in result.machines}) == 2


def test_a_machine_moves_where_it_was_told_to() -> None:
    first = plan(vm(name="dns1", node="pve1"), deployment="dns")
    wanted = changes(change("move", "nodes", "pve2", name="dns1"))
    result = plan(wanted, applied(first), deployment="dns", previous=first)
    assert result.machines[0].node == "pve2"
    assert "machine.moves" in finding_ids(result, "warning")
    avoid = changes(change("set", "not_nodes", "pve1", name="dns1"))
    assert plan(avoid, applied(first), deployment="dns", previous=first).machines[0].node != "pve1"


def test_a_data_disk_is_added_and_grows() -> None:
    first = plan(vm(name="nas", disk_gib=32, data_disks_gib=[500]), deployment="nas")
    assert [disk.size_gib for disk in first.machines[0].disks] == [32, 500]
    wanted = changes(
        change("increase", "data_disks_gib", 100, name="nas"),
        change("add", "data_disks_gib", 50, name="nas"),
    )
    result = plan(wanted, applied(first), deployment="nas", previous=first)
    disks = result.machines[0].disks
    assert [disk.size_gib for disk in disks] == [32, 600, 50]
    assert [disk.interface for disk in disks] == ["scsi0", "scsi1", "scsi2"]


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
    wanted = changes(change("set", "cores", 8, name="web-01"))
    machine = first.machines[0]
    there = guest(machine.vmid, "web-01", "pve1", cpus=4, disk_gib=50.0, tags=machine.tags)
    facts = snapshot([node("pve1", cpus=4)], guests=[there])
    result = plan(wanted, facts, deployment="web", previous=first)
    assert finding_ids(result, "error") == {"capacity.cores"}
