# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Read a role's options once, typed; see the module's docs."""

from __future__ import annotations

import secrets
import typing as t
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._options import (
    absolute,
    entry_options,
    from_text,
    given_or_empty,
    strangers,
)

ROLES = Path(__file__).resolve().parents[2] / "roles"


class ActionModule(ControllerAction):
    """Type the variables of a role by its own argument_specs."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "role": {"type": "str", "required": True},
        "entry": {"type": "str", "default": "main"},
        "strict": {"type": "bool", "default": False},
        "other_names": {"type": "dict", "default": {}},
    }
    ERRORS = (LookupError,)

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the facts ``__ROLE`` and ``__ROLE_problems``."""
        role, prefix = args["role"], f"{args['role']}_"
        specs = entry_options(ROLES / role)
        spec = specs[args["entry"]]
        given, problems = {}, []
        for name in spec:
            if name not in task_vars:
                continue
            try:
                value = self._templar.template(task_vars[name])
            except AnsibleError as error:
                problems.append(f"{name} cannot be read: {error.message}.")
                continue
            value = from_text(value, spec[name].get("type", "str"))
            if value is not None and value != self._omit(task_vars):
                given[name] = value
        result = ArgumentSpecValidator(spec).validate(given)
        problems += [f"{text.rstrip('.')}." for text in result.error_messages]
        if args["strict"]:
            known = {name for options in specs.values() for name in options}
            problems += strangers(task_vars, prefix, known, args["other_names"])
        values = result.validated_parameters
        typed = {}
        for name, option in spec.items():
            value = given_or_empty(option, values, name)
            paths = "path" in (option.get("type"), option.get("elements"))
            typed[name.removeprefix(prefix)] = absolute(name, value) if paths else value
        typed["salt"] = secrets.token_hex(16)
        return {
            "changed": False,
            "ansible_facts": {f"__{role}": typed, f"__{role}_problems": problems},
        }

    def _omit(self, task_vars: dict[str, t.Any]) -> t.Any:
        return task_vars.get("omit")
