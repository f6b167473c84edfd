# SPDX-License-Identifier: GPL-3.0-or-later
"""Run action plug-ins as Ansible runs them, without a playbook."""

from __future__ import annotations

import contextlib
import json
import sys
import typing as t
from unittest import mock

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import connection_loader
from ansible.template import Templar
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import Who


class RunAction(t.Protocol):
    """Returns what the task returns, as plain JSON data."""

    def __call__(
        self,
        plugin: type[ActionBase],
        /,
        *,
        check_mode: bool = ...,
        by: str | None = ...,
        task_vars: dict[str, t.Any] | None = ...,
        **args: t.Any,
    ) -> dict[str, t.Any]: ...


def _run(
    plugin: type[ActionBase],
    /,
    *,
    check_mode: bool = False,
    by: str | None = None,
    task_vars: dict[str, t.Any] | None = None,
    **args: t.Any,
) -> dict[str, t.Any]:
    task = Task()
    task.args = args
    task.check_mode = check_mode
    loader, context = DataLoader(), PlayContext()
    action = plugin(
        task=task,
        connection=connection_loader.get("local", context),
        play_context=context,
        loader=loader,
        templar=Templar(loader),
        shared_loader_obj=None,
    )
    someone = Who(by or "", "a test")
    runs_it = mock.patch.object(sys.modules[plugin.__module__], "who", lambda: someone)
    with runs_it if by else contextlib.nullcontext():
        result = action.run(task_vars=task_vars or {})
    return t.cast("dict[str, t.Any]", json.loads(json.dumps(result)))


@pytest.fixture
def run_action() -> RunAction:
    """The runner of action plug-ins."""
    return _run
