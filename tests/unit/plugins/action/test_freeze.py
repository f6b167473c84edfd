# SPDX-License-Identifier: GPL-3.0-or-later
"""The reason of a freeze is kept as it was typed."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible import context
from ansible.utils.context_objects import CLIArgs
from ansible_collections.clusterwright.proxmox.plugins.action.freeze import ActionModule


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
