# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a request: each state of the task, in the ledger and in the deployment's folder."""

from __future__ import annotations

import json
import stat
import typing as t
from functools import partial
from pathlib import Path

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.clusterwright.proxmox.plugins.action.run import ActionModule
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import Ledger

PLAN: dict[str, t.Any] = {
    "deployment": "lab",
    "environment": "development",
    "machines": [
        {"name": "web", "vmid": 20000, "nics": [{"address": "10.77.0.20/24"}]},
        {"name": "dhcp", "vmid": 20001, "nics": [{"address": "dhcp"}]},
    ],
}


@pytest.fixture
def record(run_action: t.Any, tmp_path: Path) -> t.Callable[..., dict[str, t.Any]]:
    """Run the action on the ledger and the folder of the test."""
    return partial(
        run_action,
        ActionModule,
        ledger=str(tmp_path / "ledger.sqlite"),
        directory=str(tmp_path / "lab"),
    )


def test_a_run_from_begin_to_end(record: t.Callable[..., dict[str, t.Any]], tmp_path: Path) -> None:
    started = record(state="started", deployment="lab", config={"intent": "dev"}, by="ann")
    run = started["workflow_id"]
    assert not any(started["reserved"].values())
    assert not (tmp_path / "lab").exists(), "a run that plans nothing leaves no folder"

    record(state="stage", workflow_id=run, stage="size", status="PLANNING")
    record(state="planned", workflow_id=run, plan=PLAN, request={"text": "dev"}, snapshot={})
    record(state="stage", workflow_id=run, stage="apply", status="PROVISIONING")
    record(state="approved", workflow_id=run, plan_sha256="a" * 64, status="approved", by="bob")
    ended = record(state="finished", workflow_id=run, status="COMPLETED", outputs={"create": 2})
    assert ended == {"changed": False, "workflow_id": run, "ended": "COMPLETED"}

    result = json.loads((tmp_path / "lab/result.json").read_text())
    assert (result["status"], result["environment"], result["user"]) == (
        "COMPLETED",
        "development",
        "ann",
    )
    assert [(s["stage"], s["status"]) for s in result["stages"]] == [
        ("size", "COMPLETED"),
        ("apply", "COMPLETED"),
    ]
    assert result["stages"][-1]["changed"] == {"create": 2}
    files = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "lab").rglob("*.json")
    }
    [proposal] = (tmp_path / "lab/proposed").iterdir()
    names = ("plan.json", "request.json", "result.json", proposal.name)
    assert files == dict.fromkeys(names, 0o600)

    ledger = Ledger(str(tmp_path / "ledger.sqlite"))
    held = ledger.reserved(but="other")
    assert held["vmids"] == [20000, 20001] and held["names"] == ["dhcp", "web"]
    assert held["addresses"] == ["10.77.0.20"]
    ledger.close()
    again = record(state="started", deployment="lab")["workflow_id"]
    record(state="released", workflow_id=again, deployment="lab")
    record(state="finished", workflow_id=again, status="COMPLETED")
    other = record(state="started", deployment="other", directory=str(tmp_path / "other"))
    assert other["reserved"]["vmids"] == []


def test_a_held_deployment_is_refused(record: t.Callable[..., dict[str, t.Any]]) -> None:
    first = record(state="started", deployment="lab")["workflow_id"]
    second = record(state="started", deployment="lab")
    assert second["failed"]
    assert f"Deployment lab is in use by run {first}" in second["msg"]


def test_ids_of_another_deployment_are_refused(
    record: t.Callable[..., dict[str, t.Any]], tmp_path: Path
) -> None:
    first = record(state="started", deployment="lab")["workflow_id"]
    record(state="planned", workflow_id=first, plan=PLAN)
    folder = tmp_path / "other"
    second = record(state="started", deployment="other", directory=str(folder))
    assert second["reserved"]["vmids"] == [20000, 20001]
    taken = record(
        state="planned",
        workflow_id=second["workflow_id"],
        plan={**PLAN, "deployment": "other"},
        directory=str(folder),
    )
    assert taken["failed"] and "was taken by deployment lab in the meantime" in taken["msg"]
    assert not folder.exists()


def test_check_mode_records_nothing(
    record: t.Callable[..., dict[str, t.Any]], tmp_path: Path
) -> None:
    started = record(state="started", deployment="lab", check_mode=True)
    run = started["workflow_id"]
    for options in (
        {"state": "stage", "stage": "size", "status": "PLANNING"},
        {"state": "planned", "plan": PLAN},
        {"state": "released", "deployment": "lab"},
        {"state": "finished", "status": "COMPLETED"},
    ):
        result = record(workflow_id=run, check_mode=True, **options)
        assert not result.get("failed") and result["changed"] is False
    assert list(tmp_path.iterdir()) == []


def test_check_mode_knows_what_others_hold(
    record: t.Callable[..., dict[str, t.Any]], tmp_path: Path
) -> None:
    first = record(state="started", deployment="lab")["workflow_id"]
    record(state="planned", workflow_id=first, plan=PLAN)
    before = (tmp_path / "ledger.sqlite").read_bytes()
    started = record(state="started", deployment="other", check_mode=True)
    assert started["reserved"]["vmids"] == [20000, 20001]
    assert (tmp_path / "ledger.sqlite").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"state": "stage", "workflow_id": "none", "stage": "a", "status": "PLANNING"}, "none"),
        ({"state": "finished", "workflow_id": "none", "status": "COMPLETED"}, "none"),
        (
            {"state": "started", "deployment": "lab", "ledger": "nosuchdb://host/name"},
            "nosuchdb",
        ),
        (
            {"state": "started", "deployment": "lab", "ledger": "/proc/no/ledger.sqlite"},
            "/proc/no",
        ),
    ],
)
def test_errors_are_one_sentence(
    record: t.Callable[..., dict[str, t.Any]], options: dict[str, t.Any], words: str
) -> None:
    result = record(**options)
    assert result["failed"] and words in result["msg"] and "\n" not in result["msg"]


@pytest.mark.parametrize("name", ["../evil", "..", ".", "a/b", "/etc"])
def test_no_folder_is_left_by_a_name(
    record: t.Callable[..., dict[str, t.Any]], tmp_path: Path, name: str
) -> None:
    result = record(state="started", deployment=name, directory=f"{tmp_path}/deployments/{name}")
    assert result["failed"] and "a folder is named so" in result["msg"]
    assert {path.name for path in tmp_path.iterdir()} <= {"ledger.sqlite"}


def test_a_run_never_goes_back(record: t.Callable[..., dict[str, t.Any]]) -> None:
    run = record(state="started", deployment="lab")["workflow_id"]
    record(state="stage", workflow_id=run, stage="apply", status="PROVISIONING")
    back = record(state="stage", workflow_id=run, stage="size", status="PLANNING")
    assert back["failed"] and "cannot go from PROVISIONING to PLANNING" in back["msg"]


@pytest.mark.parametrize(
    "options", [{"state": "started"}, {"state": "stage"}, {"state": "gone"}, {"state": "planned"}]
)
def test_incomplete_options_are_refused(
    record: t.Callable[..., dict[str, t.Any]], options: dict[str, str]
) -> None:
    with pytest.raises(AnsibleActionFail):
        record(**options)
