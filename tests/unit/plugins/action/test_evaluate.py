# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plug-in, run as Ansible runs it."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.action.evaluate import ActionModule

Runner = t.Callable[..., dict[str, t.Any]]
CASE = {
    "id": "etcd",
    "app": "etcd",
    "kind": "vm",
    "per": "node",
    "scale_statement": "etcd member for a Kubernetes cluster with 50 nodes",
    "requirement": {"vcpu_min": 2},
    "score_fields": ["vcpu"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a case file."""
    (tmp_path / "cases.json").write_text(json.dumps([CASE]), encoding="utf-8")
    return tmp_path


def test_files_are_relative_to_the_folder(folder: Path, run_action: Runner) -> None:
    result = run_action(
        ActionModule, cases=["cases.json"], directory=str(folder), output="out/result.json"
    )
    assert result["changed"] is True
    written = json.loads((folder / "out" / "result.json").read_text(encoding="utf-8"))
    assert written == result["result"]
    assert written["sizing"]["vcpu"]["hit"] == 1.0
    assert "Sizing, 1 cases" in result["table"]
    again = run_action(
        ActionModule, cases=["cases.json"], directory=str(folder), output="out/result.json"
    )
    assert again["changed"] is False


def test_check_mode_writes_nothing(folder: Path, run_action: Runner) -> None:
    result = run_action(
        ActionModule,
        check_mode=True,
        cases=["cases.json"],
        directory=str(folder),
        output="result.json",
    )
    assert result["changed"] is False
    assert result["result"]["sizing"]["cases"] == 1
    assert not (folder / "result.json").exists()


def test_a_missing_file_is_one_sentence(folder: Path, run_action: Runner) -> None:
    result = run_action(ActionModule, cases=["none.json"], directory=str(folder))
    assert result["failed"] and "none.json cannot be read" in result["msg"]
