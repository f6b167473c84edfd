# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Write the report of a run and return its closing table; see the module's docs."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
)

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._files import write_private
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report import (
    closing_table,
    differences,
    html_report,
)

#: What of a verification is kept for programs, beside the page.
VERIFICATION = ("status", "score", "advice", "checks", "nodes")


class ActionModule(ControllerAction):
    """Everything that was decided is read from the deployment's own files."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "directory": {"type": "path", "required": True},
        "applied": {"type": "bool", "default": False},
        "terraform": {"type": "dict", "default": {}},
        "verified": {"type": "dict", "default": {}},
        "files": {"type": "dict", "default": {}},
        "stand_ins": {"type": "list", "elements": "str", "default": []},
        "simulated_reason": {"type": "str", "default": ""},
        "previous_plan": {"type": "dict"},
        "snapshot": {"type": "dict"},
        "machines": {"type": "bool", "default": True},
    }

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Write ``report.html``; the page is not part of ``changed``, it tells of every run."""
        directory = Path(args["directory"])
        run: dict[str, t.Any] = {key: value for key, value in args.items() if key != "directory"}
        previous = run.pop("previous_plan")
        applied = _stored(directory / "applied.json") if run.pop("applied") else None
        report = directory / "report.html"
        run |= {key: run["verified"].get(key) or [] for key in ("nodes", "checks", "advice")}
        run["files"] = {"report": str(report), **args["files"]}
        run["result"] = _stored(directory / "result.json")
        for name in ("plan", "request"):
            run[name] = applied[name] if applied else _stored(directory / f"{name}.json")
        gathered = run["snapshot"] or _gathered(task_vars)
        run["snapshot"] = gathered or _stored(directory / "snapshot.json")
        if run["plan"] is None:
            return {"failed": True, "msg": f"There is no plan.json in {directory} to report on."}
        run["difference"] = differences(previous, run["plan"]) if previous else None
        if not self._task.check_mode:
            write_private(report, html_report(run))
            if run["verified"]:
                kept = {key: run["verified"].get(key) for key in VERIFICATION}
                write_private(directory / "verification.json", json.dumps(kept, indent=2) + "\n")
        return {
            "changed": False,
            "table": closing_table(run),
            "report": str(report),
            "difference": run["difference"] or [],
        }


def _stored(path: Path) -> t.Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def _gathered(task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return what proxmox_facts has read in this play, empty when it has not run."""
    return task_vars.get("ansible_facts", {}).get("proxmox") or {}
