# SPDX-License-Identifier: GPL-3.0-or-later
"""A Terraform plan is judged by our policies and by the user's, and refused in plain words."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.action.tf_policy import ActionModule
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import to_data
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    plan,
    request,
    site,
    snapshot,
)

WISH = request(kind="vm", machines=[{"role": "vm", "name": "web", "cores": 2, "memory_mib": 2048}])
FACTS = snapshot(2)
PLAN = to_data(plan(WISH, FACTS, site()))
NO_DELETES = """
package team.web

findings contains {
	"id": "team.web.no-deletes",
	"severity": "SEVERITY",
	"field": change.address,
	"message": sprintf("%s would be deleted; the web team does that by hand.", [change.index]),
} if {
	some change in input.terraform.resource_changes
	"delete" in change.change.actions
}
"""


def change(actions: list[str], **fields: t.Any) -> dict[str, t.Any]:
    """Return the Terraform plan of one change of the machine."""
    machine = PLAN["machines"][0]
    values = {
        "cpu": [{"cores": machine["cores"]}],
        "memory": [{"dedicated": machine["memory_mib"]}],
    }
    entry = {
        "address": f'proxmox_virtual_environment_vm.machine["{machine["name"]}"]',
        "mode": "managed",
        "type": "proxmox_virtual_environment_vm",
        "index": machine["name"],
        "provider_name": "registry.terraform.io/bpg/proxmox",
        "change": {"actions": actions, "after": None if actions == ["delete"] else values},
    }
    return {"resource_changes": [{**entry, **fields}]}


def options(tmp_path: Path, severity: str = "error", **given: t.Any) -> dict[str, t.Any]:
    """Return the options of a site with a rule of its own."""
    (tmp_path / "web.rego").write_text(NO_DELETES.replace("SEVERITY", severity))
    own = site().model_copy(update={"policy_dirs": (str(tmp_path),)})
    return {
        "plan": PLAN,
        "request": to_data(WISH),
        "site": to_data(own),
        "snapshot": to_data(FACTS),
        **given,
    }


@pytest.mark.parametrize("check_mode", [False, True])
def test_only_what_was_planned_passes(run_action: t.Any, tmp_path: Path, check_mode: bool) -> None:
    made = run_action(
        ActionModule, check_mode=check_mode, **options(tmp_path, terraform=change(["create"]))
    )
    assert made["failed"] is False and made["changed"] is False
    assert made["msg"] == "The policies allow the plan."


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    ("terraform", "said"),
    [
        (change(["delete"]), "web would be deleted; the web team does that by hand."),
        (
            change(["create"], provider_name="registry.terraform.io/hashicorp/null"),
            "only bpg/proxmox may change anything",
        ),
        (change(["create"], index="other"), "other is no machine of the plan"),
    ],
)
def test_refused_in_plain_words(
    run_action: t.Any, tmp_path: Path, terraform: dict[str, t.Any], said: str, check_mode: bool
) -> None:
    result = run_action(
        ActionModule, check_mode=check_mode, **options(tmp_path, terraform=terraform)
    )
    assert result["failed"] is True and said in result["msg"]
    assert [f["severity"] for f in result["findings"]].count("error") == 1


def test_warning_of_a_rule_is_told_and_does_not_stop(run_action: t.Any, tmp_path: Path) -> None:
    given = options(tmp_path, "warning", terraform=change(["delete"]))
    result = run_action(ActionModule, **given)
    assert result["failed"] is False
    assert result["warnings"] == ["web would be deleted; the web team does that by hand."]


def test_machines_that_were_taken_over_have_no_request(run_action: t.Any, tmp_path: Path) -> None:
    given = options(tmp_path, request=None, snapshot={}, terraform={})
    assert run_action(ActionModule, **given)["failed"] is False


def test_unusable_rule_stops_with_its_place(run_action: t.Any, tmp_path: Path) -> None:
    given = options(tmp_path)
    (tmp_path / "web.rego").write_text("package team.web\n\nfindings contains {")
    result = run_action(ActionModule, **given)
    assert result["failed"] is True and "web.rego, line 3: " in result["msg"]


@pytest.mark.parametrize("changes_only", [False, True])
def test_a_rule_about_the_plan_does_not_judge_its_changes(
    run_action: t.Any, tmp_path: Path, changes_only: bool
) -> None:
    given = options(tmp_path, terraform=change(["delete"]), changes_only=changes_only)
    (tmp_path / "calm.rego").write_text(
        "package team.calm\n\n"
        'findings contains {"id": "team.calm.web", "severity": "error", "field": "machines",\n'
        '\t"message": "No web here."} if {\n\tinput.plan.machines\n}\n'
    )
    found = [finding["id"] for finding in run_action(ActionModule, **given)["findings"]]
    assert "team.web.no-deletes" in found
    assert ("team.calm.web" in found) is not changes_only
