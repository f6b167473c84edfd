# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What all actions that run on the controller share; the one file here that knows Ansible."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import typing as t

import ansible.constants
import ansible.context
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.splitter import parse_kv
from ansible.plugins.action import ActionBase
from ansible_collections.clusterwright.proxmox.plugins.module_utils._account import account
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._commands import commands


def next_commands(deployment: str = "") -> dict[str, str]:
    """Return the command of each playbook, worded as the person started this run."""
    return commands(ansible.context.CLIARGS, ansible.constants.DEFAULT_HOST_LIST or (), deployment)


class Typed(t.NamedTuple):
    """A text as a person typed it; ``taken``: variables that Ansible made of words of it."""

    text: str
    taken: tuple[str, ...] = ()


def typed(variable: str) -> Typed | None:
    """Return what was typed as ``-e VARIABLE=…``, None where nothing was.

    ``-e intent="HA cluster"`` reaches Ansible without the quotes, which then keeps what stands
    before the first blank, so the command line itself is looked at.
    """
    for option in map(str, reversed(ansible.context.CLIARGS.get("extra_vars") or ())):
        start = re.search(rf"(?:^|\s){variable}=", option)
        if start is None or option.lstrip()[:1] in ("@", "{", "["):
            continue
        if variable not in parse_kv(option):
            continue  # it stands in the quotes of another variable
        said = option[start.end() :]
        kept = parse_kv(f"{variable}={said}")
        value = kept.pop(variable)
        taken = tuple(name for name in kept if name.isidentifier() and name != "_raw_params")
        if said.startswith(("'", '"')) and len(taken) == len(kept):
            return Typed(str(value))  # quoted as a whole; what follows are variables
        return Typed(re.sub(r"\\(['\"])", r"\1", said), taken)
    return None


#: The variable in which AWX says who launched a job.
_AWX_USER = "awx_user_name"


class Who(t.NamedTuple):
    """Who runs this, how that is known, and what was said of it that is not believed."""

    name: str
    known_by: str
    warnings: tuple[str, ...] = ()


def who() -> Who:
    """Return who launched the job where AWX says so, else the account of this process.

    AWX says it in a file of extra variables (``awx_user_name``) that it writes after those of the
    job, and sets JOB_ID and AWX_PRIVATE_DATA_DIR. Variables are not looked at: one that is typed as
    ``-e`` wins over them all.
    """
    options = list(map(str, ansible.context.CLIARGS.get("extra_vars") or ()))
    job = os.environ.get("JOB_ID")
    if job and os.environ.get("AWX_PRIVATE_DATA_DIR"):
        for option in reversed(options):
            name = _in_file(option[1:], _AWX_USER) if option.startswith("@") else ""
            if name:
                return Who(name, f"AWX, job {job}")
    name = account()
    told = (
        f"{_AWX_USER} is only believed where AWX itself says it: this is recorded as done by"
        f" {name}, the account of the process."
    )
    said = any(_AWX_USER in option for option in options)
    return Who(name, "the account of the process", (told,) if said else ())


def _in_file(path: str, variable: str) -> str:
    """Return a variable of a file of extra variables, which Ansible has read before."""
    try:
        found = DataLoader().load_from_file(path, cache="none", unsafe=True)
    except AnsibleError:
        return ""  # behind a vault, whose secret is not at hand here
    return str(found.get(variable) or "") if isinstance(found, dict) else ""


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
