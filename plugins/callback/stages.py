# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: stages
type: stdout
short_description: Show a run stage by stage, with times
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - Prints one line per stage of a run with its seconds and what it changed, what the stages tell
    (the messages of M(ansible.builtin.debug)), and each failure as one sentence with the task and
    the host.
  - Stages are entered with M(clusterwright.proxmox.run); other playbooks show one stage a play.
  - A run that fails is closed in the ledger with the message of the failure.
  - With C(-v) every task is shown with its seconds.
options:
  slow_task_seconds:
    description: Tasks that took longer than this are listed under their stage.
    type: float
    default: 10.0
    env:
      - name: CLUSTERWRIGHT_SLOW_TASK_SECONDS
    ini:
      - section: callback_stages
        key: slow_task_seconds
requirements:
  - Set as stdout callback in C(ansible.cfg) or with E(ANSIBLE_STDOUT_CALLBACK)
"""

import contextlib
import functools
import importlib
import sys
import time
import typing as t

from ansible import constants as C
from ansible.plugins.callback import CallbackBase

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._closing import (
    RUN_ACTION,
    RunEnd,
    any_failed,
    message_of,
    name_of,
)

OURS = "clusterwright.proxmox."
#: Needed by many tasks. Imported once here, the forked worker of each task has them already.
SHARED = ("sqlalchemy", f"ansible_collections.{OURS}plugins.plugin_utils._contracts")


class Stage:
    """Times and counts of one stage."""

    def __init__(self, name: str) -> None:
        """Begin now."""
        self.name = name
        self.started = time.monotonic()
        self.changed: dict[str, int] = {}
        self.failed = False
        self.skipped = False
        self.warned = False
        self.slow: dict[str, float] = {}

    @property
    def seconds(self) -> float:
        """Return the seconds since the beginning."""
        return time.monotonic() - self.started


@functools.cache
def _load_shared() -> None:
    for name in SHARED:
        # The task that needs a missing library says so.
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


class CallbackModule(CallbackBase):
    """Progress a person can follow."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "clusterwright.proxmox.stages"

    def __init__(self) -> None:
        """Hold the state of one playbook run."""
        super().__init__()
        self._stage: Stage | None = None
        self._end = RunEnd()
        self._items: dict[str, list[str]] = {}
        self._last: tuple[str, str] | None = None
        self._task_started = 0.0
        self._started = time.monotonic()

    def _show(self, text: str, color: str | None = None) -> None:
        self._last = None
        self._display.display(text, color=color)

    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        """Without a recorded stage, a play is one."""
        if self._stage is None or not self._end.begun:
            self._enter(play.get_name())

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        """Remember when the task began; enter the stage that a task of the ledger names."""
        self._task_started = time.monotonic()
        self._items.clear()
        if task.action.startswith(OURS):
            _load_shared()
        if task.action == RUN_ACTION and task.args.get("state") == "stage":
            self._enter(str(task.args.get("stage")))
        if self._display.verbosity:
            self._show(f"  {task.get_name()}")

    v2_playbook_on_handler_task_start = v2_playbook_on_task_start

    def _enter(self, name: str) -> None:
        if self._stage is not None and self._stage.name == name:
            return
        self._leave()
        self._stage = Stage(name)
        if sys.stdout.isatty():
            self._display.display(f"{name:<44}", newline=False)

    def _leave(self) -> None:
        stage, self._stage = self._stage, None
        if stage is None:
            return
        changed = sum(stage.changed.values())
        result, color = ("ok", C.COLOR_OK)
        if stage.failed:
            result, color = "failed", C.COLOR_ERROR
        elif stage.warned:
            result, color = "warning", C.COLOR_WARN
        elif changed:
            result, color = f"{changed} changed", C.COLOR_CHANGED
        elif stage.skipped:
            result, color = "not run", C.COLOR_SKIP
        lead = "\r" if sys.stdout.isatty() else ""
        self._show(f"{lead}{stage.name:<44} {stage.seconds:8.1f} s  {result}", color)
        for name, seconds in stage.slow.items():
            self._show(f"    {name:<40} {seconds:8.1f} s")

    def _took(self, result: t.Any) -> None:
        seconds = time.monotonic() - self._task_started
        slow = float(self.get_option("slow_task_seconds"))
        name = result._task.get_name()
        if self._stage and seconds > slow:
            self._stage.slow.setdefault(name, seconds)

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """Count changes, follow the ledger, show what is told."""
        data = result._result
        self._took(result)
        if self._end.goes_on(result._host.get_name()) and self._stage:
            self._stage.failed = False
        if self._stage and result._task.action == RUN_ACTION and data.get("warning"):
            self._stage.warned = True
        if self._stage and data.get("changed"):
            host = result._host.get_name()
            self._stage.changed[host] = self._stage.changed.get(host, 0) + 1
            if self._display.verbosity:
                self._show(f"    changed: [{host}]", C.COLOR_CHANGED)
        if self._display.verbosity > 1:
            self._show(self._dump_results(data, indent=2))
        self._end.follow(result._task, data)
        for warning in data.get("warnings") or []:
            self._show(f"    warning: {warning}", C.COLOR_WARN)
        if result._task.action in C._ACTION_DEBUG:
            self._show_message(data.get("msg"))
        self._handle_warnings_quietly(data)

    def _show_message(self, message: t.Any) -> None:
        lines = message if isinstance(message, list) else [message]
        if all(isinstance(line, str) for line in lines):
            self._show("\n{}\n".format("\n".join(lines).rstrip()))

    def _handle_warnings_quietly(self, data: dict[str, t.Any]) -> None:
        for item in data.get("deprecations") or []:
            self._show(f"    deprecated: {item.get('msg', item)}", C.COLOR_DEPRECATE)

    def v2_runner_item_on_failed(self, result: t.Any) -> None:
        """Keep what an item of a loop says; the task's own message does not tell it."""
        said = self._items.setdefault(result._host.get_name(), [])
        said.append(message_of(result._result))

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """Show one sentence: where and what."""
        if ignore_errors:
            return
        data = result._result
        said = self._items.pop(result._host.get_name(), None) or [message_of(data)]
        message = " ".join(dict.fromkeys(said))
        self._report(result, message)
        if self._display.verbosity > 1:
            self._show(self._dump_results(data, indent=2), C.COLOR_ERROR)

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        """A stage whose entry is skipped was not run."""
        task = result._task
        entered = task.action == RUN_ACTION and task.args.get("state") == "stage"
        if self._stage and entered:
            self._stage.skipped = True

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        """Show which host cannot be reached and why."""
        self._report(result, str(result._result.get("msg", "unreachable")))

    def _report(self, result: t.Any, message: str) -> None:
        host, task = result._host.get_name(), name_of(result._task)
        if self._stage:
            self._stage.failed = True
        where = f"{task} [{host}]"
        self._end.failed(host, where, message, result._result)
        # A rescue that ends with the failure it met would say the same sentence twice in a row.
        if self._last != (host, message):
            self._show(f"\n{where}\n  {message}\n", C.COLOR_ERROR)
        self._last = (host, message)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """Close the last stage and, after a failure, the run in the ledger."""
        failed = any_failed(stats)
        if self._stage and failed:
            self._stage.failed = True
        self._leave()
        problem = self._end.close() if failed else None
        if problem:
            self._show(problem, C.COLOR_WARN)
        totals: dict[str, int] = {"ok": 0, "changed": 0, "failures": 0, "unreachable": 0}
        for host in stats.processed:
            for key, value in stats.summarize(host).items():
                if key in totals:
                    totals[key] += value
        self._show(
            f"{'total':<44} {time.monotonic() - self._started:8.1f} s  ok={totals['ok']}"
            f" changed={totals['changed']} failed={totals['failures']}"
            f" unreachable={totals['unreachable']}",
            C.COLOR_ERROR if failed else C.COLOR_OK,
        )
