# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs and deployments as a person reads them."""

from __future__ import annotations

import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.action.runs import ActionModule
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> t.Iterator[Ledger]:
    """A ledger in the test's folder."""
    ledger = Ledger(str(tmp_path / "ledger.sqlite"))
    yield ledger
    ledger.close()


def begin(ledger: Ledger, deployment: str, pid: int | None = None) -> str:
    """Begin a run with one stage and one machine."""
    started = ledger.start(deployment, config={}, user="ann", pid=pid or os.getpid())
    run = str(started["workflow_id"])
    ledger.stage(run, "size", "PLANNING")
    number = len(ledger.reserved(but="")["vmids"])
    ledger.describe(run, environment="development")
    ledger.reserve(
        deployment, [{"name": f"{deployment}-web", "vmid": 20000 + number, "address": None}]
    )
    return run


def test_no_ledger_yet(run_action: t.Any, tmp_path: Path) -> None:
    result = run_action(ActionModule, ledger=str(tmp_path / "ledger.sqlite"))
    assert (result["runs"], result["deployments"]) == ([], [])
    assert result["table"] == f"Nothing is recorded in {tmp_path / 'ledger.sqlite'}."
    assert list(tmp_path.iterdir()) == [], "looking makes no ledger"


def test_all_deployments(run_action: t.Any, tmp_path: Path, ledger: Ledger) -> None:
    ledger.finish(begin(ledger, "one"))
    ledger.finish(begin(ledger, "two"), "FAILED", error="The disk is full.")
    result = run_action(ActionModule, ledger=str(tmp_path / "ledger.sqlite"))
    assert [(d["deployment"], d["status"], d["machines"]) for d in result["deployments"]] == [
        ("one", "COMPLETED", ["one-web"]),
        ("two", "FAILED", ["two-web"]),
    ]
    lines = result["table"].splitlines()
    assert any(line.split()[:3] == ["one", "development", "COMPLETED"] for line in lines), lines
    assert any(line.split()[:3] == ["two", "development", "FAILED"] for line in lines), lines


def test_the_environment_outlives_a_run_that_did_not_plan(
    run_action: t.Any, tmp_path: Path, ledger: Ledger
) -> None:
    ledger.finish(begin(ledger, "one"))
    run = ledger.start("one", config={}, user="bob", pid=os.getpid())["workflow_id"]
    ledger.finish(run)
    [row] = run_action(ActionModule, ledger=str(tmp_path / "ledger.sqlite"))["deployments"]
    assert (row["environment"], row["user"]) == ("development", "bob")


def test_one_deployment(run_action: t.Any, tmp_path: Path, ledger: Ledger) -> None:
    ledger.finish(begin(ledger, "one"), "FAILED", error="The disk is full.")
    ledger.finish(begin(ledger, "one"))
    path = str(tmp_path / "ledger.sqlite")
    result = run_action(ActionModule, ledger=path, deployment="one")
    assert [run["status"] for run in result["runs"]] == ["COMPLETED", "FAILED"]
    assert "The disk is full." in result["table"]
    assert len(run_action(ActionModule, ledger=path, deployment="one", limit=1)["runs"]) == 1


def test_a_dead_run_is_told(run_action: t.Any, tmp_path: Path, ledger: Ledger) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    begin(ledger, "one", process.pid)
    path = str(tmp_path / "ledger.sqlite")
    alive = run_action(ActionModule, ledger=path, deployment="one")
    assert "interrupted" not in alive["table"] and not alive["runs"][0]["interrupted"]
    process.kill()
    process.communicate()
    dead = run_action(ActionModule, ledger=path, deployment="one")
    assert "PLANNING (interrupted)" in dead["table"] and dead["runs"][0]["interrupted"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"deployment": "other"}, "There is no deployment other in the ledger; there are: one."),
        ({"ledger": "nosuchdb://host/name"}, "nosuchdb"),
    ],
)
def test_errors(
    run_action: t.Any, tmp_path: Path, ledger: Ledger, options: dict[str, str], words: str
) -> None:
    ledger.finish(begin(ledger, "one"))
    result = run_action(ActionModule, **{"ledger": str(tmp_path / "ledger.sqlite"), **options})
    assert result["failed"] and words in result["msg"]


def test_a_file_that_is_no_ledger(run_action: t.Any, tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_text("no database " * 100)
    result = run_action(ActionModule, ledger=str(path))
    assert result["failed"] and str(path) in result["msg"]
    assert path.read_text().startswith("no database"), "the file of someone else is kept"


def test_runs_are_told_as_metrics(run_action: t.Any, tmp_path: Path, ledger: Ledger) -> None:
    def again(name: str, pid: int) -> str:
        run = str(ledger.start(name, config={}, user="ann", pid=pid)["workflow_id"])
        ledger.stage(run, "size", "PLANNING")
        return run

    def seen(name: str, *ends: str) -> None:
        for status in ends:
            ledger.finish(again(name, os.getpid()), status)

    seen("bad", "COMPLETED", "FAILED")
    seen("good", "FAILED", "COMPLETED")
    seen("waits", "COMPLETED", "DEFERRED")
    seen("refused", "REFUSED")
    gone = again("gone", os.getpid())
    ledger.describe(gone, outputs={"forgotten": True})
    ledger.finish(gone)
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    again("killed", int(dead.stdout))
    again("running", os.getpid())
    file = tmp_path / "runs.prom"
    result = run_action(
        ActionModule, ledger=str(tmp_path / "ledger.sqlite"), metrics_file=str(file)
    )
    assert result["changed"] is False
    assert file.stat().st_mode & 0o777 == 0o644, "an exporter is another user"
    told = file.read_text()
    last = {
        line.split('"')[1]: line.split()[-1]
        for line in told.splitlines()
        if line.startswith("clusterwright_last_run_success{")
    }
    assert last == {"bad": "0", "good": "1", "waits": "1", "killed": "0"}
    assert 'clusterwright_runs_total{status="FAILED"} 3' in told
    assert 'clusterwright_runs_total{status="COMPLETED"} 4' in told
    assert 'clusterwright_stage_seconds{deployment="bad",stage="size"} ' in told


def test_metrics_are_written_nowhere_else(
    run_action: t.Any, tmp_path: Path, ledger: Ledger
) -> None:
    missing = tmp_path / "nowhere/runs.prom"
    result = run_action(
        ActionModule, ledger=str(tmp_path / "ledger.sqlite"), metrics_file=str(missing)
    )
    assert result["failed"] and f"{missing.parent} of metrics_file is not there" in result["msg"]
