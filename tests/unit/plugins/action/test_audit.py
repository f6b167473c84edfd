# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import sqlite3
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.action.audit import ActionModule
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import Ledger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "ledger.sqlite"
    ledger = Ledger(str(file))
    run = ledger.start("demo", config={}, user="ada", pid=os.getpid())["workflow_id"]
    ledger.finish(run)
    ledger.close()
    return file


def test_what_holds_is_pinned_and_exported(run_action: t.Any, path: Path, tmp_path: Path) -> None:
    options = {"ledger": str(path), "pin": str(tmp_path / "heads"), "export": str(tmp_path / "all")}
    dry = run_action(ActionModule, check_mode=True, **options)
    assert not dry.get("failed") and sorted(p.name for p in tmp_path.iterdir()) == [
        "ledger.sqlite",
        "ledger.sqlite.head",
    ]
    for number in (1, 2):
        result = run_action(ActionModule, **options)
        assert result["problems"] == [] and result["changed"]
        heads = [json.loads(line) for line in (tmp_path / "heads").read_text().splitlines()]
        assert len(heads) == number and heads[-1]["hash"] == result["head"]
    assert json.loads((tmp_path / "all").read_text())["workflows"][0]["user"] == "ada"


def test_what_was_touched_fails_and_is_not_pinned(
    run_action: t.Any, path: Path, tmp_path: Path
) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE workflows SET user = 'mallory'")
    result = run_action(ActionModule, ledger=str(path), pin=str(tmp_path / "heads"))
    assert result["failed"] and "workflows" in result["msg"] and "was changed" in result["msg"]
    assert not (tmp_path / "heads").exists()


def test_a_lost_ledger_is_said_once(run_action: t.Any, path: Path, tmp_path: Path) -> None:
    options = {"ledger": str(path), "pin": str(tmp_path / "heads")}
    lost = run_action(ActionModule, **options)["head"]
    path.unlink()
    Ledger(str(path)).freeze("site", by="ada", reason="the ledger is gone")
    found = run_action(ActionModule, **options)
    assert found["failed"] and f"-e acknowledge={lost[:12]} -e reason=" in found["msg"]
    said = {**options, "acknowledge": lost, "by": "bob"}
    assert "-e reason=" in run_action(ActionModule, **said)["msg"]
    said["reason"] = "the disk broke"
    dry = run_action(ActionModule, check_mode=True, **said)
    assert dry["changed"] and run_action(ActionModule, **options)["failed"]
    for _again in range(2):
        told = run_action(ActionModule, **said)
        assert not told.get("failed") and "bob" in told["msg"] and lost in told["msg"]
    assert run_action(ActionModule, **options)["acknowledged"] == told["acknowledged"]


def test_no_ledger_is_one_sentence(run_action: t.Any, tmp_path: Path) -> None:
    result = run_action(ActionModule, ledger=str(tmp_path / "none"))
    assert result["failed"] and result["msg"].startswith("There is no ledger at")
    assert list(tmp_path.iterdir()) == []
