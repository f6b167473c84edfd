# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies see the shape of Terraform's own JSON, without secrets and without the state."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.document import (
    moved_providers,
    public,
)

SECRET = "hunter2"
VALUES = {"name": "web", "account": [{"user": "debian", "password": SECRET}], "keys": [SECRET]}
MARKS = {"account": [{"password": True}], "keys": True}
PLAN: dict[str, t.Any] = {
    "format_version": "1.2",
    "variables": {"x": {"value": SECRET}},
    "prior_state": {"values": SECRET},
    "configuration": {"root_module": {}},
    "resource_changes": [
        {
            "address": "vm.web",
            "change": {
                "actions": ["update"],
                "before": VALUES,
                "before_sensitive": MARKS,
                "after": VALUES,
                "after_sensitive": MARKS,
            },
        },
        {"address": "vm.old", "change": {"actions": ["delete"], "before": None, "after": None}},
    ],
    "output_changes": {
        "token": {"actions": ["create"], "after": SECRET, "after_sensitive": True},
    },
    "planned_values": {
        "outputs": {"token": {"sensitive": True, "value": SECRET}, "n": {"value": 1}},
        "root_module": {
            "resources": [{"address": "vm.web", "values": VALUES, "sensitive_values": MARKS}],
            "child_modules": [
                {
                    "resources": [
                        {"address": "vm.in", "values": [SECRET], "sensitive_values": [True]}
                    ]
                }
            ],
        },
    },
}


def test_nothing_sensitive_is_left() -> None:
    assert SECRET not in json.dumps(public(PLAN))


def test_the_rest_keeps_its_place() -> None:
    seen = public(PLAN)
    changed, gone = seen["resource_changes"]
    assert changed["address"] == "vm.web" and changed["change"]["actions"] == ["update"]
    for when in ("before", "after"):
        assert changed["change"][when] == {
            "name": "web",
            "account": [{"user": "debian", "password": "(sensitive)"}],
            "keys": "(sensitive)",
        }
        assert gone["change"][when] is None
    assert seen["planned_values"]["outputs"]["n"]["value"] == 1
    (resource,) = seen["planned_values"]["root_module"]["resources"]
    assert resource["values"]["name"] == "web"


def test_empty_plan() -> None:
    assert public({})["resource_changes"] == []


@pytest.mark.parametrize(
    ("state", "moved"),
    [
        ([], {}),
        (["registry.opentofu.org/bpg/proxmox"], {}),
        (
            ["registry.terraform.io/bpg/proxmox"] * 2,
            {"registry.terraform.io/bpg/proxmox": "registry.opentofu.org/bpg/proxmox"},
        ),
        (["mirror.example/bpg/proxmox"], {}),
    ],
)
def test_providers_of_another_registry(state: list[str], moved: dict[str, str]) -> None:
    resources = [{"provider": f'provider["{address}"]'} for address in state]
    assert moved_providers({"resources": resources}, "OpenTofu") == moved
