# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: ledger
type: notification
short_description: Close a failed run in the ledger
version_added: 0.1.0
author:
  - The clusterwright maintainers (@clusterwright)
description:
  - A run that fails is closed in the ledger with the message of its failure, so that the next run
    of the deployment may begin.
  - It prints nothing and works beside every stdout callback, as AWX has its own. The stdout
    callback P(clusterwright.proxmox.stages#callback) does the same; both may be enabled.
  - A run whose controller was killed stays open. The next run on the same machine sees that its
    process is gone.
requirements:
  - Enabled by C(callbacks_enabled) in C(ansible.cfg) or with E(ANSIBLE_CALLBACKS_ENABLED)
"""

import typing as t

from ansible.plugins.callback import CallbackBase

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._closing import (
    RunEnd,
    any_failed,
    message_of,
    name_of,
)


class CallbackModule(CallbackBase):
    """Silent; speaks only when the ledger refuses."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "clusterwright.proxmox.ledger"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        """Hold the state of one playbook run."""
        super().__init__()
        self._end = RunEnd()
        self._items: dict[str, list[str]] = {}

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        """Forget what the items of the task before said."""
        self._items.clear()

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """Follow the run."""
        self._end.goes_on(result._host.get_name())
        self._end.follow(result._task, result._result)

    def v2_runner_item_on_failed(self, result: t.Any) -> None:
        """Keep what an item of a loop says; the task's own message does not tell it."""
        said = self._items.setdefault(result._host.get_name(), [])
        said.append(message_of(result._result))

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """Keep the reason."""
        if not ignore_errors:
            host = result._host.get_name()
            said = self._items.pop(host, None) or [message_of(result._result)]
            self._failed(result, " ".join(dict.fromkeys(said)))

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        """Keep the reason."""
        self._failed(result, str(result._result.get("msg", "unreachable")))

    def _failed(self, result: t.Any, message: str) -> None:
        host = result._host.get_name()
        where = f"{name_of(result._task)} [{host}]"
        self._end.failed(host, where, message, result._result)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """Close the run after a failure."""
        problem = self._end.close() if any_failed(stats) else None
        if problem:
            self._display.warning(problem)
