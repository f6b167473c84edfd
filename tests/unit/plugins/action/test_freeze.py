# SPDX-License-Identifier: GPL-3.0-or-later
"""A freeze holds until it is lifted, wherever that is done; its reason is kept as it was typed."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible import context
from ansible.utils.context_objects import CLIArgs
from ansible_collections.clusterwright.proxmox.plugins.action import run as run_plugin
from ansible_collections.clusterwright.proxmox.plugins.action.freeze import ActionModule
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import Ledger
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._freezes import (
    FILE,
    freezes_of,
)


@pytest.mark.parametrize(
    ("typed", "given", "kept"),
    [
        ("reason=Audit week of ours", "Audit", "Audit week of ours"),
        ("reason='Audit week' scope=production", "Audit week", "Audit week"),
        ('{"reason": "Audit week"}', "Audit week", "Audit week"),
        ("freeze=frozen", "of the inventory", "of the inventory"),
    ],
)
def test_a_reason_of_several_words_is_not_cut(
    run_action: t.Any, tmp_path: Path, typed: str, given: str, kept: str
) -> None:
    before, context.CLIARGS = context.CLIARGS, CLIArgs({"extra_vars": (typed,)})
    try:
        frozen = run_action(
            ActionModule,
            state="frozen",
            reason=given,
            ledger=str(tmp_path / "ledger.sqlite"),
            deployments_dir=str(tmp_path),
        )
    finally:
        context.CLIARGS = before
    assert [row["reason"] for row in frozen["freezes"]] == [kept]


def lost(place: Path) -> None:
    (place / "ledger.sqlite").unlink()


def damaged(place: Path) -> None:
    (place / FILE).write_text("{")


@pytest.mark.parametrize("happens", [None, lost, damaged])
def test_what_is_told_to_hold_can_be_lifted(
    run_action: t.Any, tmp_path: Path, happens: t.Callable[[Path], None] | None
) -> None:
    at = {"ledger": str(tmp_path / "ledger.sqlite"), "deployments_dir": str(tmp_path)}
    run_action(ActionModule, state="frozen", reason="audit", **at)
    run_action(ActionModule, state="frozen", reason="move", scope="test", **at)
    if happens:
        happens(tmp_path)
    for state, left in (("shown", {"site", "test"}), ("lifted", {"test"}), ("shown", {"test"})):
        told = run_action(ActionModule, state=state, **at)
        assert {row["scope"] for row in told["freezes"]} == left
    assert run_action(ActionModule, state="lifted", **at)["changed"] is False
    run_action(ActionModule, state="lifted", scope="test", **at)
    assert not (tmp_path / FILE).exists()


def test_a_shared_ledger_lifts_what_another_folder_froze(run_action: t.Any, tmp_path: Path) -> None:
    url = str(tmp_path / "ledger.sqlite")
    folders = [tmp_path / "one", tmp_path / "two"]
    run_action(
        ActionModule, state="frozen", reason="audit", ledger=url, deployments_dir=str(folders[0])
    )
    run_action(ActionModule, state="lifted", ledger=url, deployments_dir=str(folders[1]))
    ledger = Ledger(url)
    try:
        for folder in folders:
            assert freezes_of(ledger, url, (), folder) == []
        # Who names another ledger is told until it is lifted there.
        assert freezes_of(None, None, (), folders[0]) != []
    finally:
        ledger.close()


@pytest.mark.parametrize(
    ("environments", "stopped"),
    [
        (["development"], False),
        (["production"], True),
        (["development", "production"], True),
        ([], True),
    ],
)
def test_a_freeze_of_one_environment_stops_what_touches_it(
    run_action: t.Any, tmp_path: Path, environments: list[str], stopped: bool
) -> None:
    url = str(tmp_path / "ledger.sqlite")
    run_action(
        ActionModule,
        state="frozen",
        scope="production",
        reason="audit",
        ledger=url,
        deployments_dir=str(tmp_path),
    )
    run = run_action(
        run_plugin.ActionModule,
        state="started",
        ledger=url,
        deployment="shop",
        directory=str(tmp_path / "shop"),
    )["workflow_id"]
    stage = {"stage": "release", "status": "PROVISIONING", "workflow_id": run}
    told = run_action(
        run_plugin.ActionModule, state="stage", ledger=url, environments=environments, **stage
    )
    assert bool(told.get("failed")) is stopped
    assert ("froze production" in told.get("msg", "")) is stopped
