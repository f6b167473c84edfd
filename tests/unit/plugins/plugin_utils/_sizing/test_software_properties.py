# SPDX-License-Identifier: GPL-3.0-or-later
"""Over random Proxmox clusters: plans for software and single machines keep every rule too."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Plan,
    Request,
    Snapshot,
    canonical_json,
    errors,
    parse,
    to_data,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    MachinesThing,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    plan,
    request,
    site,
    storage,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.rules import (  # noqa: E501
    broken,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.test_properties import (  # noqa: E501
    ENVIRONMENTS,
    clusters,
)
from hypothesis import given
from hypothesis import strategies as st

SITE = site(
    vmid_range=(500, 600),
    storages={"default": "tank", "fast": "nvme"},
    prices={
        "currency": "EUR",
        "core_month": 4.0,
        "memory_gib_month": 1.5,
        "disk_gib_month": 0.05,
        "node_factors": {"pve1": 1.2, "pve2": 0.9},
    },
)
FAMILIES = st.sampled_from(["postgresql", "mailcow", "vault", "nextcloud", "frobnicator"])


@st.composite
def places(draw: st.DrawFn) -> Snapshot:
    """Draw facts of a cluster that has fast storage beside the other one."""
    data = to_data(draw(clusters()))
    shared = draw(st.booleans())
    data["storages"] += [
        storage("nvme", node["name"], shared=shared, total_gib=1000.0, available_gib=900.0)
        for node in data["nodes"]
    ]
    if draw(st.sampled_from([True, True, False])):  # room enough, so that other rules decide
        for node in data["nodes"]:
            node |= {"cpus": 32, "memory_mib": 524288, "committed_cpus": 8, "cpu_load": 0.1}
        for state in data["storages"]:
            state |= {"total_gib": 4000.0, "available_gib": 3900.0}
    data["quorate"] = draw(st.integers(0, 19)) != 7
    return parse(Snapshot, data)


@st.composite
def software(draw: st.DrawFn) -> Request:
    """Draw requests for software with drivers, or for plain machines with some sizes said."""
    fields: dict[str, t.Any] = {
        "kind": "vm",
        "ha": draw(st.sampled_from([None, True, True, False])),
        "environment": draw(ENVIRONMENTS),
        "scale": draw(st.sampled_from([None, None, "small", "large"])),
    }
    if draw(st.sampled_from([True, True, True, False])):
        fields["apps"] = [{"family": draw(FAMILIES)} for _app in range(draw(st.integers(1, 2)))]
        fields["drivers"] = draw(
            st.dictionaries(
                st.sampled_from(["users", "concurrent_users", "data_gib", "devices"]),
                st.sampled_from([1.0, 20.0, 300.0]),
                max_size=2,
            )
        )
    else:
        said: dict[str, t.Any] = {"role": "vm", "count": draw(st.integers(1, 4))}
        if draw(st.booleans()):
            said["memory_mib"] = draw(st.sampled_from([1024, 3000, 16384]))
        if draw(st.booleans()):
            said["cores"] = draw(st.sampled_from([1, 3, 8]))
        fields["machines"] = [said]
    return request(**fields)


def also_broken(result: Plan, facts: Snapshot) -> list[str]:
    """Return what breaks the rules of high availability, of keeping apart and of fast storage."""
    found = []
    shared = {state.storage for state in facts.storages if state.shared}
    hosts = [node.name for node in facts.nodes if node.online and not node.maintenance]
    for machine in result.machines:
        disks = {disk.storage for disk in machine.disks}
        if machine.ha.enabled and not (disks <= shared and facts.quorate):
            found.append(f"{machine.name} is highly available without shared storage or quorum")
        if machine.role in ("postgresql", "database") and "nvme" not in disks:
            found.append(f"the database {machine.name} is not on fast storage")
    for group in {machine.group for machine in result.machines}:
        nodes = [machine.node for machine in result.machines if machine.group == group]
        if len(nodes) <= len(hosts) and len(set(nodes)) < len(nodes):
            found.append(f"two machines of {group} share a host")
    return found


@pytest.mark.fuzz
@given(software(), places())
def test_a_plan_for_software_keeps_the_rules(wanted: Request, facts: Snapshot) -> None:
    result = plan(wanted, facts, SITE)
    if result.status != "ready":
        assert result.machines == ()
        assert errors(result.findings)
        return
    assert broken(result, facts, SITE) == []
    assert also_broken(result, facts) == []
    assert result.cost is not None
    assert result.cost.monthly == pytest.approx(sum(result.cost.by_machine.values()), abs=0.02)
    assert 0.0 <= result.confidence <= 1.0
    for thing in wanted.things:
        assert isinstance(thing, MachinesThing)
        if thing.software:
            continue
        assert len(result.machines) == thing.count
        assert all(m.memory_mib == (thing.memory_mib or m.memory_mib) for m in result.machines)
        assert all(m.cores == (thing.cores or m.cores) for m in result.machines)


@pytest.mark.fuzz
@given(software(), places())
def test_plans_for_software_are_deterministic(wanted: Request, facts: Snapshot) -> None:
    assert canonical_json(plan(wanted, facts, SITE)) == canonical_json(plan(wanted, facts, SITE))
