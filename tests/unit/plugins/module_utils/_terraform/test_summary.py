# SPDX-License-Identifier: GPL-3.0-or-later
"""Terraform's JSON becomes a summary per machine."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.summary import (
    drifted,
    provider_side_only,
    summarise,
)

VM = "proxmox_virtual_environment_vm"
BEFORE = {
    "name": "web",
    "vm_id": 100,
    "node_name": "pve1",
    "tags": ["cw-demo"],
    "cpu": [{"cores": 2, "flags": None}],
    "ipv4_addresses": [["10.0.0.1"]],
    "stop_on_destroy": None,
}


def entry(
    actions: list[str], after: dict[str, t.Any] | None = None, **more: t.Any
) -> dict[str, t.Any]:
    change = more.pop("change", {})
    return {
        "address": f'{VM}.machine["web"]',
        "type": VM,
        "name": "machine",
        "index": "web",
        "mode": "managed",
        **more,
        "change": {
            "actions": actions,
            "before": None if actions == ["create"] else BEFORE,
            "after": None if actions == ["delete"] else {**BEFORE, **(after or {})},
            **change,
        },
    }


@pytest.mark.parametrize(
    ("actions", "action", "destructive"),
    [
        (["create"], "create", []),
        (["update"], "update", []),
        (["delete"], "delete", ["web"]),
        (["delete", "create"], "replace", ["web"]),
        (["create", "delete"], "replace", ["web"]),
    ],
)
def test_actions(actions: list[str], action: str, destructive: list[str]) -> None:
    summary = summarise({"resource_changes": [entry(actions)]})
    assert summary.counts == {
        **dict.fromkeys(("create", "update", "replace", "delete"), 0),
        action: 1,
    }
    assert summary.destructive == destructive and summary.changes[0].vmid == 100


def test_no_op_and_data_are_left_out() -> None:
    plan = {"resource_changes": [entry(["no-op"]), entry(["read"], mode="data")]}
    assert summarise(plan).empty and not summarise(plan).changes


@pytest.mark.parametrize(
    ("after", "fields", "restart"),
    [
        ({"cpu": [{"cores": 4, "flags": []}]}, [("cpu.cores", "2", "4")], True),
        ({"tags": ["a", "cw-demo"]}, [("tags", "cw-demo", "a, cw-demo")], False),
        ({"ipv4_addresses": [["10.0.0.9"]]}, [], False),
        ({"cpu": [{"cores": 2, "flags": []}]}, [], False),
    ],
)
def test_changed_fields(
    after: dict[str, t.Any], fields: list[tuple[str, str, str]], restart: bool
) -> None:
    found = summarise({"resource_changes": [entry(["update"], after)]}).changes[0]
    assert [(f.field, f.before, f.after) for f in found.fields] == fields
    assert found.restart is restart


def test_sensitive_values_are_not_shown() -> None:
    change = {"before_sensitive": {"name": True}, "after_sensitive": {"name": True}}
    found = summarise({"resource_changes": [entry(["update"], {"name": "x"}, change=change)]})
    assert "web" not in str(found.changes[0].fields)


@pytest.mark.parametrize(
    ("reason", "unfinished", "action"),
    [
        ("replace_because_tainted", {"web"}, "create"),
        ("replace_because_tainted", set(), "replace"),
        ("replace_because_cannot_update", {"web"}, "replace"),
    ],
)
def test_only_half_made_machines_are_made_again_without_consent(
    reason: str, unfinished: set[str], action: str
) -> None:
    plan = {"resource_changes": [entry(["delete", "create"], action_reason=reason)]}
    found = summarise(plan, unfinished)
    assert found.changes[0].action == action
    assert found.destructive == ([] if action == "create" else ["web"])


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({"stop_on_destroy": True}, True),
        ({"stop_on_destroy": True, "cpu": [{"cores": 4}]}, False),
    ],
)
def test_provider_side(after: dict[str, t.Any], expected: bool) -> None:
    found = summarise({"resource_changes": [entry(["update"], after)]}).changes[0]
    assert provider_side_only(found) is expected


def test_drift_ignores_what_a_running_guest_changes() -> None:
    quiet = entry(["update"], {"ipv4_addresses": [["10.0.0.9"]]})
    loud = entry(["update"], {"node_name": "pve2"})
    gone = entry(["delete"])
    found = drifted({"resource_drift": [quiet, loud, gone]})
    assert [change.action for change in found] == ["update", "delete"]


def test_machines_of_telmate_are_read_by_its_own_names() -> None:
    machine = {"name": "web", "vmid": 100, "target_node": "pve1", "tags": "clusterwright,cw-demo"}
    made = entry(["create"], type="proxmox_vm_qemu", change={"after": machine})
    found = summarise({"resource_changes": [made]}).changes[0]
    assert (found.vmid, found.node, found.tags) == (100, "pve1", ("clusterwright", "cw-demo"))
    assert found.planned_only


def test_a_machine_made_anew_under_another_id_is_known_by_both() -> None:
    summary = summarise(
        {"resource_changes": [entry(["delete", "create"], {**BEFORE, "vm_id": 109})]}
    )
    [machine] = summary.machines
    assert (machine.vmid, machine.new_vmid, machine.made_vmid) == (100, 109, 109)
    assert summary.in_state == {100}
    assert "VMID 100 -> 109" in summary.text()
