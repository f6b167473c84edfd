# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Read runs and deployments from the ledger; see the module's docs."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
    next_commands,
)

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._files import write_whole
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import (
    Ledger,
    LedgerError,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._metrics import (
    exposition,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._result import (
    result_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report._table import table


class ActionModule(ControllerAction):
    """One deployment: its runs with stages. None: all deployments, one line each."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "ledger": {"type": "str", "required": True},
        "deployment": {"type": "str"},
        "required": {"type": "bool", "default": True},
        "limit": {"type": "int", "default": 10},
        "metrics_file": {"type": "path"},
    }
    ERRORS = (LedgerError,)

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the rows and their table; a ledger that is not there yet has none."""
        kept = args["metrics_file"]
        if kept and not Path(kept).parent.is_dir():
            raise LedgerError(
                f"The folder {Path(kept).parent} of metrics_file is not there; name the folder that"
                " the textfile collector of the node exporter on this machine reads."
            )
        if "://" not in args["ledger"] and not Path(args["ledger"]).is_file():
            nothing = f"Nothing is recorded in {args['ledger']}."
            return {"changed": False, "runs": [], "deployments": [], "table": nothing, "next": []}
        ledger = Ledger(args["ledger"])
        try:
            if kept and not self._task.check_mode:
                write_whole(Path(kept), exposition(ledger), mode=0o644)
            if args["deployment"]:
                return _history(ledger, args["deployment"], args["limit"], args["required"])
            return _overview(ledger)
        finally:
            ledger.close()


def _history(ledger: Ledger, deployment: str, limit: int, required: bool) -> dict[str, t.Any]:
    runs = ledger.runs(deployment, limit=limit)
    if not runs and not required:
        nothing = f"The ledger has no run of {deployment}."
        return {"changed": False, "runs": [], "deployments": [], "table": nothing, "next": []}
    if not runs:
        known = ", ".join(row["deployment"] for row in ledger.deployments()) or "none"
        return {
            "failed": True,
            "msg": f"There is no deployment {deployment} in the ledger; there are: {known}.",
        }
    own = next_commands(deployment)
    rows = [
        (
            run["workflow_id"][:8] if first else "",
            run["created_at"][:19] if first else "",
            stage["agent_name"],
            stage["status"],
            "" if stage["seconds"] is None else f"{stage['seconds']:.1f}",
            stage["error_message"] or "",
        )
        for run in runs
        for first, stage in _ends(run)
    ]
    return {
        "changed": False,
        "runs": [{**result_of(run), "interrupted": run["interrupted"]} for run in runs],
        "deployments": [],
        "table": table(("run", "began (UTC)", "stage", "status", "seconds", "error"), rows),
        "next": [f"What runs now, compared with what was applied: {own['drift']}"],
    }


def _ends(run: dict[str, t.Any]) -> t.Iterator[tuple[bool, dict[str, t.Any]]]:
    """Yield the stages, then the run as a whole."""
    for number, stage in enumerate(run["stages"]):
        yield number == 0, stage
    status = f"{run['status']} (interrupted)" if run["interrupted"] else run["status"]
    seconds = sum(stage["seconds"] or 0.0 for stage in run["stages"])
    whole = {"agent_name": "whole run", "status": status, "seconds": seconds}
    yield not run["stages"], {**whole, "error_message": ""}


def _overview(ledger: Ledger) -> dict[str, t.Any]:
    deployments = [row for row in ledger.deployments() if not row["forgotten"]]
    rows = [
        (
            row["deployment"],
            row["environment"] or "",
            f"{row['status']} (interrupted)" if row["interrupted"] else row["status"],
            row["updated_at"][:19],
            row["user"],
            ", ".join(
                name if name in row["running"] else f"{name} (planned)" for name in row["machines"]
            ),
        )
        for row in deployments
    ]
    headers = ("deployment", "environment", "last run", "at (UTC)", "by", "machines")
    return {
        "changed": False,
        "runs": [],
        "deployments": [
            {
                **result_of(row),
                "machines": row["machines"],
                "running": row["running"],
                "interrupted": row["interrupted"],
            }
            for row in deployments
        ],
        "table": table(headers, rows) if rows else "Nothing is recorded.",
        "next": [f"The runs of one of them: {next_commands('NAME')['status']}"],
    }
