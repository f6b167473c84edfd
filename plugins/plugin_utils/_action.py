# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What all actions that run on the controller share; the one file here that knows Ansible."""

from __future__ import annotations

import contextlib
import importlib
import typing as t

import ansible.constants
import ansible.context
from ansible.plugins.action import ActionBase
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._commands import commands


def next_commands(deployment: str = "") -> dict[str, str]:
    """Return the command of each playbook, worded as the person started this run."""
    return commands(ansible.context.CLIARGS, ansible.constants.DEFAULT_HOST_LIST or (), deployment)


def warm(*libraries: str) -> None:
    """Load libraries where an action's file is read: in the process that all tasks are forked from.

    Each task would load them again; one that is missing is told by the call that needs it.
    """
    for name in libraries:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


class ControllerAction(ActionBase):
    """Validate the arguments, then ``act``; expected errors become the task's one-line message.

    A subclass sets ``ARGUMENTS`` (an argument spec), ``CONSTRAINTS`` (``required_if`` and its
    kin) and ``ERRORS`` (exceptions whose text is meant for the person), and defines ``act``.
    """

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {}
    CONSTRAINTS: t.ClassVar[dict[str, t.Any]] = {}
    ERRORS: t.ClassVar[tuple[type[Exception], ...]] = ()

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        """Return what ``act`` returns."""
        super().run(tmp, task_vars)
        _validation, args = self.validate_argument_spec(
            argument_spec=self.ARGUMENTS, **self.CONSTRAINTS
        )
        try:
            return self.act(args, task_vars or {})
        except self.ERRORS as error:
            message = str(error)
        except OSError as error:
            message = f"{error.filename or 'A file'} cannot be written: {error.strerror or error}."
        return {"failed": True, "changed": False, "msg": message}

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Do the work with validated ``args`` and return the task's result."""
        raise NotImplementedError
