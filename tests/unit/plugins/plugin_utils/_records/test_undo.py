# SPDX-License-Identifier: GPL-3.0-or-later
"""An undone run leaves the plan as it was before; what cannot be taken back is said."""

from __future__ import annotations

import copy
import random
import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Plan,
    parse,
    to_data,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records import undone
from hypothesis import given
from hypothesis import strategies as st
from unit.plugins.plugin_utils._records.changing import (
    LASTING,
    REVERSIBLE,
    Data,
    changed,
    get,
    put,
)
from unit.plugins.plugin_utils._render.samples import machine, plan_data

CLUSTER = {
    "name": "demo",
    "version": "v1.34.3+k3s1",
    "servers": ["web-1"],
    "agents": ["web-2", "web-3"],
    "vip": None,
    "vip_provider": "none",
    "cni": "flannel",
    "pod_cidr": "10.42.0.0/16",
    "service_cidr": "10.43.0.0/16",
}


def plan(*machines: Data, **fields: t.Any) -> Data:
    """A plan as the records hold it, with every field."""
    return t.cast("Data", to_data(parse(Plan, plan_data(*machines, **fields))))


def web(number: int, **fields: t.Any) -> Data:
    return machine(f"web-{number}", 20000 + number, **fields)


@given(st.integers(0, 2**32), st.integers(0, 3), st.integers(0, 2))
def test_the_plan_is_as_before(seed: int, more: int, taken: int) -> None:
    """Random changes of up to three machines; up to three new ones, up to two that went."""
    chance = random.Random(seed)  # noqa: S311
    before = plan(*(web(number) for number in range(1, 4)))
    stay = before["machines"][taken:]
    after = copy.deepcopy(before)
    after["machines"] = [
        changed(chance, one, chance.randint(0, len(REVERSIBLE)), REVERSIBLE) for one in stay
    ] + plan(*(web(10 + number) for number in range(more or 1)))["machines"][: more or None]
    found = undone(before, after, after)
    assert found.plan["machines"] == stay
    assert [gone["name"] for gone in found.gone] == [f"web-{n}" for n in range(1, taken + 1)]
    assert len(found.removed) == (more or 1)
    assert found.kept == ()
    parse(Plan, found.plan)


@pytest.mark.parametrize("path", sorted(REVERSIBLE))
def test_each_field_goes_back_alone(path: str) -> None:
    before = plan(web(1))
    after = copy.deepcopy(before)
    other = next(v for v in REVERSIBLE[path] if v != get(before["machines"][0], path))
    put(after["machines"][0], path, other)
    found = undone(before, after, after)
    assert found.plan["machines"] == before["machines"] and found.kept == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"disks.0.size_gib": 40}, "web-1 disks.0.size_gib stays 40: Proxmox VE cannot set 20"),
        ({"disks.0.storage": "local-lvm"}, "disks.0.storage stays local-lvm"),
        ({"bios": "ovmf"}, ""),
        ({"unprivileged": False}, "unprivileged stays no"),
    ],
)
def test_what_only_goes_one_way_stays_and_is_said(change: Data, said: str) -> None:
    assert set(LASTING) == {"disks.0.size_gib"}
    before = plan(web(1))
    after = copy.deepcopy(before)
    for path, value in change.items():
        put(after["machines"][0], path, value)
    found = undone(before, after, after)
    assert (said in " ".join(found.kept)) if said else not found.kept
    assert (found.plan["machines"] == after["machines"]) == bool(said)


def test_what_somebody_changed_since_stays() -> None:
    before, after = plan(web(1)), plan(web(1, memory_mib=4096, cores=4))
    now = plan(web(1, memory_mib=8192, cores=4))
    found = undone(before, after, now)
    assert found.plan["machines"][0]["cores"] == 2
    assert found.plan["machines"][0]["memory_mib"] == 8192
    assert "web-1 memory_mib stays 8192: it was changed again since the run" in found.kept[0]


def test_later_machines_and_values_are_left_alone() -> None:
    before, after = plan(web(1)), plan(web(1, cores=4), web(2))
    now = plan(web(1, cores=4, description="later"), web(2), web(3))
    found = undone(before, after, now)
    assert [m["name"] for m in found.plan["machines"]] == ["web-1", "web-3"]
    assert found.plan["machines"][0]["description"] == "later"
    assert found.removed == ("web-2",)


def test_a_replaced_machine_is_gone_and_its_successor_goes() -> None:
    before, after = plan(web(1), machine("db", 20050)), plan(web(1), machine("db", 20051))
    found = undone(before, after, after)
    assert found.gone == ({"name": "db", "vmid": 20050},) and found.removed == ("db",)


def test_the_first_run_made_everything() -> None:
    after = plan(web(1))
    assert undone(None, after, after).plan["machines"] == []


def test_members_of_a_cluster_leave_it_and_its_version_is_told() -> None:
    fields: Data = {"kind": "cluster", "cluster": {**CLUSTER, "agents": ["web-2"]}}
    before = plan(web(1), web(2), **fields)
    newer = {**CLUSTER, "version": "v1.35.1+k3s1", "load_balancer_range": "192.0.2.10-192.0.2.20"}
    after = plan(web(1), web(2), web(3), **{**fields, "cluster": newer})
    found = undone(before, after, after)
    assert found.plan["cluster"]["agents"] == ["web-2"]
    assert found.plan["cluster"]["load_balancer_range"] is None
    assert found.kept == (
        "k3s stays v1.35.1+k3s1: the playbook k3s_rollback goes back to v1.34.3+k3s1.",
    )
