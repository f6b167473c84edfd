# SPDX-License-Identifier: GPL-3.0-or-later
"""Who runs this: what AWX says, else the account; never what anybody types."""

from __future__ import annotations

import os
import pwd
import typing as t
from pathlib import Path

import ansible.context
import pytest
from ansible.module_utils.common.collections import ImmutableDict
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import who

ACCOUNT = pwd.getpwuid(os.getuid()).pw_name
JOB = {"JOB_ID": "7", "AWX_PRIVATE_DATA_DIR": "/runner"}
#: A file as AWX writes it: unsafe texts, its own variables after those of the job.
AWX = "intent: !unsafe 'a {{ b }}'\nawx_user_name: !unsafe ada\n"


@pytest.mark.parametrize(
    ("environment", "options", "expected"),
    [
        ({}, [], (ACCOUNT, False)),
        ({"USER": "bob", "LOGNAME": "bob"}, [], (ACCOUNT, False)),
        (JOB, ["@awx"], ("ada", False)),
        (JOB, ["@awx", "@other"], ("ada", False)),
        (JOB, ["@awx", "awx_user_name=bob"], ("ada", False)),
        (JOB, ["@awx", '{"awx_user_name": "bob"}'], ("ada", False)),
        (JOB, ["awx_user_name=bob"], (ACCOUNT, True)),
        (JOB, ["@other"], (ACCOUNT, False)),
        ({}, ["awx_user_name=bob"], (ACCOUNT, True)),
        ({}, ['{"awx_user_name": "bob"}'], (ACCOUNT, True)),
        ({"JOB_ID": "7"}, ["awx_user_name=bob"], (ACCOUNT, True)),
        ({}, ["@awx"], (ACCOUNT, False)),
        (JOB, [], (ACCOUNT, False)),
    ],
)
def test_who_runs_this(
    environment: dict[str, str],
    options: list[str],
    expected: tuple[str, bool],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "awx").write_text(AWX)
    (tmp_path / "other").write_text("- no mapping\n")
    for key in JOB:
        monkeypatch.delenv(key, raising=False)
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    said = tuple(f"@{tmp_path / o[1:]}" if o.startswith("@") else o for o in options)
    arguments: t.Any = ImmutableDict(extra_vars=said)
    monkeypatch.setattr(ansible.context, "CLIARGS", arguments)
    found = who()
    assert (found.name, bool(found.warnings)) == expected
    assert ("job 7" in found.known_by) is (found.name == "ada")
