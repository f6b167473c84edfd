# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plug-in, run as Ansible runs it."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import connection_loader
from ansible.template import Templar
from ansible_collections.clusterwright.proxmox.plugins.action.evaluate import ActionModule

CASE = {
    "id": "etcd",
    "app": "etcd",
    "kind": "vm",
    "per": "node",
    "scale_statement": "etcd member for a Kubernetes cluster with 50 nodes",
    "requirement": {"vcpu_min": 2},
    "score_fields": ["vcpu"],
}


def run(check: bool = False, **args: t.Any) -> dict[str, t.Any]:
    """Return what the task returns, as plain JSON data."""
    task = Task()
    task.args = args
    task.check_mode = check
    loader, context = DataLoader(), PlayContext()
    plugin = ActionModule(
        task=task,
        connection=connection_loader.get("local", context),
        play_context=context,
        loader=loader,
        templar=Templar(loader),
        shared_loader_obj=None,
    )
    return json.loads(json.dumps(plugin.run(task_vars={})))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a case file."""
    (tmp_path / "cases.json").write_text(json.dumps([CASE]), encoding="utf-8")
    return tmp_path


def test_files_are_relative_to_the_folder(folder: Path) -> None:
    result = run(cases=["cases.json"], directory=str(folder), output="out/result.json")
    assert result["changed"] is True
    written = json.loads((folder / "out" / "result.json").read_text(encoding="utf-8"))
    assert written == result["result"]
    assert written["sizing"]["vcpu"]["hit"] == 1.0
    assert "Sizing, 1 cases" in result["table"]
    again = run(cases=["cases.json"], directory=str(folder), output="out/result.json")
    assert again["changed"] is False


def test_check_mode_writes_nothing(folder: Path) -> None:
    result = run(True, cases=["cases.json"], directory=str(folder), output="result.json")
    assert result["changed"] is False
    assert result["result"]["sizing"]["cases"] == 1
    assert not (folder / "result.json").exists()


def test_a_missing_file_is_one_sentence(folder: Path) -> None:
    with pytest.raises(AnsibleActionFail, match=r"none\.json cannot be read"):
        run(cases=["none.json"], directory=str(folder))
