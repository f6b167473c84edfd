# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Score sizing and reading against case files; see the module's docs."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
)

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _evaluate
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._files import write_private
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import (
    KnowledgeError,
)


class ActionModule(ControllerAction):
    """Thin face of ``plugin_utils._evaluate``."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "cases": {"type": "list", "elements": "str", "required": True},
        "directory": {"type": "path"},
        "output": {"type": "str"},
        "provider": {
            "type": "str",
            "choices": ["none", "gemini", "openai", "anthropic", "ollama"],
            "default": "none",
        },
        "provider_settings": {"type": "dict", "default": {}},
        "knowledge_dirs": {"type": "list", "elements": "path", "default": []},
    }
    ERRORS = (_evaluate.CaseError, KnowledgeError, RuntimeError)

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the result and its table; write the result when ``output`` names a file."""
        base = Path(args["directory"] or ".")
        result = _evaluate.evaluate(
            [_evaluate.read_cases(base / name) for name in args["cases"]],
            provider=args["provider"],
            provider_settings=args["provider_settings"],
            knowledge_dirs=tuple(args["knowledge_dirs"]),
            progress=self._display.display if args["provider"] != "none" else None,
        )
        changed = self._write(base, args["output"], result)
        return {"changed": changed, "result": result, "table": _evaluate.table(result)}

    def _write(self, base: Path, output: str | None, result: dict[str, t.Any]) -> bool:
        if not output or self._task.check_mode:
            return False
        return write_private(base / output, result)
