# SPDX-License-Identifier: GPL-3.0-or-later
"""The report is written from the deployment's own files, and only when there is a plan."""

from __future__ import annotations

import json
import stat
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.action.llm_size import (
    ActionModule as LlmSize,
)
from ansible_collections.clusterwright.proxmox.plugins.action.report import ActionModule
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import to_data
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    site,
    snapshot,
)


@pytest.fixture
def folder(run_action: t.Any, tmp_path: Path) -> Path:
    """A deployment with request and plan."""
    facts = to_data(snapshot())
    sized = run_action(
        LlmSize, intent="dev cluster", site=to_data(site()), snapshot=facts, deployment="lab"
    )
    for name, data in (("plan", sized["plan"]), ("request", sized["request"])):
        (tmp_path / f"{name}.json").write_text(json.dumps(data))
    return tmp_path


def test_report_and_table(run_action: t.Any, folder: Path) -> None:
    plan = json.loads((folder / "plan.json").read_text())
    result = run_action(
        ActionModule,
        directory=str(folder),
        terraform={"create": 2, "update": 0, "replace": 0, "delete": 0},
        files={"kubeconfig": "/somewhere/kubeconfig"},
        stand_ins=["k3s: <b>stand-in</b>"],
    )
    assert not result.get("failed") and result["changed"] is False
    page = Path(result["report"])
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    table = result["table"] if isinstance(result["table"], str) else "\n".join(result["table"])
    for machine in plan["machines"]:
        assert machine["name"] in table and machine["name"] in page.read_text()
    assert "/somewhere/kubeconfig" in table and str(page) in table
    assert "<b>stand-in" not in page.read_text(), "text of others is no HTML"


@pytest.mark.parametrize("given", [True, False])
def test_the_picture_is_of_the_facts_that_were_given_or_gathered(
    run_action: t.Any, folder: Path, given: bool
) -> None:
    facts = to_data(snapshot())
    named = {"snapshot": facts} if given else {}
    gathered = {} if given else {"task_vars": {"ansible_facts": {"proxmox": facts}}}
    result = run_action(ActionModule, directory=str(folder), **named, **gathered)
    page = Path(result["report"]).read_text()
    assert page.count("<figure>") == len(facts["nodes"])


def test_simulated_machines_are_told(run_action: t.Any, folder: Path) -> None:
    reason = "the lab has no hosts."
    result = run_action(ActionModule, directory=str(folder), simulated_reason=reason)
    assert "SIMULATED" in str(result["table"]) and reason in str(result["table"])
    assert "SIMULATED" in (folder / "report.html").read_text()


def test_check_mode_writes_nothing(run_action: t.Any, folder: Path) -> None:
    before = sorted(folder.iterdir())
    result = run_action(ActionModule, directory=str(folder), check_mode=True)
    assert result["table"] and sorted(folder.iterdir()) == before


def test_without_a_plan(run_action: t.Any, tmp_path: Path) -> None:
    result = run_action(ActionModule, directory=str(tmp_path))
    assert result["failed"] and result["msg"].startswith(f"There is no plan.json in {tmp_path}")
    assert list(tmp_path.iterdir()) == []
