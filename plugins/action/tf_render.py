# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Render a plan into a Terraform directory; see the module's docs."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
)

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _render
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    ContractError,
    Plan,
    canonical_json,
    parse,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._files import write_private


class ActionModule(ControllerAction):
    """Thin face of ``plugin_utils._render``."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "plan": {"type": "dict", "required": True},
        "directory": {"type": "path", "required": True},
        "terraform_provider": {"type": "str", "choices": list(_render.PROVIDERS), "default": "bpg"},
        "backend": {"type": "str", "choices": list(_render.BACKENDS), "default": "local"},
        "backend_settings": {"type": "dict", "default": {}},
        "pve_major": {"type": "int", "choices": [8, 9], "default": 9},
        "agent_timeout_seconds": {
            "type": "int",
            "default": _render.AGENT_TIMEOUT_SECONDS,
        },
        "allow_empty": {"type": "bool", "default": False},
        "outputs": {"type": "dict"},
        "inventory_path": {"type": "path"},
    }
    CONSTRAINTS: t.ClassVar[dict[str, t.Any]] = {"required_by": {"inventory_path": ("outputs",)}}
    ERRORS = (ContractError, RuntimeError, _render.RenderError)

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Write what differs, or only tell it in check mode."""
        plan, outputs = parse(Plan, args["plan"]), args["outputs"]
        waited = args["agent_timeout_seconds"]
        inventory = (
            None
            if outputs is None
            else _render.inventory_from(plan, outputs, agent_timeout_seconds=waited)
        )
        result = self._render(plan, args)
        if inventory is not None:
            self._inventory(inventory, args, result)
        return result

    def _render(self, plan: Plan, args: dict[str, t.Any]) -> dict[str, t.Any]:
        directory = Path(args["directory"])
        wanted = {
            **_render.static_files(args["terraform_provider"]),
            **_render.render(
                plan,
                provider=args["terraform_provider"],
                pve_major=args["pve_major"],
                agent_timeout_seconds=args["agent_timeout_seconds"],
                backend=args["backend"],
                backend_settings=args["backend_settings"],
                allow_empty=args["allow_empty"],
            ),
        }
        found = _render.changes(directory, wanted)
        if not self._task.check_mode:
            _write(directory, found)
        return {
            "changed": bool(found),
            "directory": str(directory),
            "files": sorted(wanted),
            "diff": [_diff(directory / change.name, change) for change in found],
            "unwritten": {change.name: change.after for change in found}
            if self._task.check_mode
            else {},
        }

    def _inventory(
        self, inventory: dict[str, t.Any], args: dict[str, t.Any], result: dict[str, t.Any]
    ) -> None:
        result["inventory"] = inventory
        if args["inventory_path"] is None:
            return
        path = Path(args["inventory_path"])
        before = path.read_text("utf-8") if path.is_file() else None
        after = canonical_json(inventory)
        if before == after:
            return
        result["changed"] = True
        result["diff"].append(_diff(path, _render.Change(path.name, before, after)))
        if not self._task.check_mode:
            write_private(path, after)


def _write(directory: Path, found: list[_render.Change]) -> None:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    directory.chmod(0o700)
    for change in found:
        if change.after is None:
            (directory / change.name).unlink()
        else:
            write_private(directory / change.name, change.after)


def _diff(path: Path, change: _render.Change) -> dict[str, str]:
    return {
        "before_header": str(path),
        "after_header": str(path),
        "before": change.before or "",
        "after": change.after or "",
    }
