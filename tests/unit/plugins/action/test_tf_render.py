# SPDX-License-Identifier: GPL-3.0-or-later
"""Rendering as a task: what is written, what is told before, what is never shown."""

from __future__ import annotations

import json
import stat
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.action.tf_render import ActionModule
from unit.plugins.action.conftest import RunAction
from unit.plugins.plugin_utils._render.samples import container, machine, plan_data

ONE = plan_data(machine())
TWO = plan_data(machine(), machine("demo-web-2", 20002))
OUTPUTS = {
    "machines": {
        "demo-web-1": {"kind": "vm", "vmid": 20001, "node": "pve1", "address": "10.77.0.21"}
    }
}


def files(directory: Path) -> dict[str, tuple[bytes, int, int]]:
    """Content, mode and time of change of every file."""
    return {
        path.name: (path.read_bytes(), stat.S_IMODE(path.stat().st_mode), path.stat().st_mtime_ns)
        for path in directory.iterdir()
    }


def test_a_second_run_changes_no_byte(run_action: RunAction, tmp_path: Path) -> None:
    directory = tmp_path / "deployments/demo/terraform"
    first = run_action(ActionModule, plan=ONE, directory=str(directory))
    assert first["changed"] and first["unwritten"] == {}
    before = files(directory)
    assert sorted(before) == first["files"]
    assert {mode for _text, mode, _time in before.values()} == {0o600}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    again = run_action(ActionModule, plan=ONE, directory=str(directory))
    assert not again["changed"] and again["diff"] == []
    assert files(directory) == before


def test_check_mode_writes_nothing_and_tells_all(run_action: RunAction, tmp_path: Path) -> None:
    directory = tmp_path / "demo"
    would = run_action(ActionModule, check_mode=True, plan=ONE, directory=str(directory))
    assert would["changed"] and not directory.exists()
    did = run_action(ActionModule, plan=ONE, directory=str(directory))
    assert did["diff"] == would["diff"] and did["files"] == would["files"]
    written = {path.name: path.read_text(encoding="utf-8") for path in directory.iterdir()}
    assert would["unwritten"] == written

    before = files(directory)
    grown = run_action(ActionModule, check_mode=True, plan=TWO, directory=str(directory))
    assert grown["changed"] and list(grown["unwritten"]) == ["terraform.tfvars.json"]
    same = run_action(ActionModule, check_mode=True, plan=ONE, directory=str(directory))
    assert not same["changed"] and same["unwritten"] == {}
    assert files(directory) == before


def test_the_diff_shows_what_differs_in_the_data(run_action: RunAction, tmp_path: Path) -> None:
    run_action(ActionModule, plan=ONE, directory=str(tmp_path))
    before = (tmp_path / "terraform.tfvars.json").read_text(encoding="utf-8")
    grown = run_action(ActionModule, plan=TWO, directory=str(tmp_path))
    (shown,) = grown["diff"]
    assert (
        shown["before_header"] == shown["after_header"] == str(tmp_path / "terraform.tfvars.json")
    )
    assert shown["before"] == before
    assert shown["after"] == (tmp_path / "terraform.tfvars.json").read_text(encoding="utf-8")
    machines = [set(json.loads(shown[when])["machines"]) for when in ("before", "after")]
    assert machines == [{"demo-web-1"}, {"demo-web-1", "demo-web-2"}]


def test_files_of_the_other_provider_go(run_action: RunAction, tmp_path: Path) -> None:
    run_action(ActionModule, plan=ONE, directory=str(tmp_path))
    options = {"plan": ONE, "directory": str(tmp_path), "terraform_provider": "telmate"}
    would = run_action(ActionModule, check_mode=True, **options)
    assert would["unwritten"]["ha.tf"] is None and (tmp_path / "ha.tf").exists()
    did = run_action(ActionModule, **options)
    assert sorted(path.name for path in tmp_path.iterdir()) == did["files"]
    assert "ha.tf" not in did["files"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_the_inventory_follows_the_same_rules(
    run_action: RunAction, tmp_path: Path, *, check_mode: bool
) -> None:
    directory, path = tmp_path / "terraform", tmp_path / "inventory.json"
    options: dict[str, t.Any] = {
        "plan": ONE,
        "directory": str(directory),
        "outputs": OUTPUTS,
        "inventory_path": str(path),
    }
    result = run_action(ActionModule, check_mode=check_mode, **options)
    assert result["changed"] and path.exists() is not check_mode
    assert any(shown["after_header"] == str(path) for shown in result["diff"])
    if not check_mode:
        assert json.loads(path.read_text(encoding="utf-8")) == result["inventory"]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert not run_action(ActionModule, **options)["changed"]


def test_secrets_have_no_way_in(
    run_action: RunAction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = "canary-2f6b1c"
    for name in ("PROXMOX_TOKEN_SECRET", "PROXMOX_PASSWORD", "PG_CONN_STR", "PM_PASS"):
        monkeypatch.setenv(name, f"postgres://user:{canary}@host/db")
    result = run_action(
        ActionModule,
        plan=plan_data(machine(), container()),
        directory=str(tmp_path / "demo"),
        backend="pg",
        backend_settings={"schema_name": "demo"},
    )
    assert canary not in json.dumps(result)
    for path in (tmp_path / "demo").iterdir():
        assert canary.encode() not in path.read_bytes()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"plan": {"deployment": "demo"}}, "Plan is not valid: status"),
        ({"plan": plan_data(status="ask")}, "not ready (status ask)"),
        ({"backend": "pg", "backend_settings": {"conn_str": "x"}}, "come from PG_CONN_STR"),
        ({"terraform_provider": "telmate", "plan": plan_data(machine(ha={"enabled": True}))}, "HA"),
        ({"outputs": {"machines": {}}, "inventory_path": "x.json"}, "apply the plan first"),
    ],
)
def test_bad_input_is_refused(
    run_action: RunAction, tmp_path: Path, options: dict[str, t.Any], words: str
) -> None:
    directory = tmp_path / "demo"
    result = run_action(ActionModule, **{"plan": ONE, "directory": str(directory), **options})
    assert result["failed"] and words in result["msg"] and "\n" not in result["msg"]
    assert not directory.exists()


def test_a_file_that_cannot_be_written_is_one_sentence(
    run_action: RunAction, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    result = run_action(ActionModule, plan=ONE, directory=str(tmp_path / "file" / "demo"))
    assert result["failed"] and result["msg"].count(". ") == 0 and "file" in result["msg"]
