# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Record the way of a request in the ledger and in ``result.json``; see the module's docs."""

from __future__ import annotations

import getpass
import os
import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
)

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    canonical_json,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._files import (
    keep_out_of_git,
    write_private,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import (
    Ledger,
    LedgerError,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._result import (
    write_result,
)


class ActionModule(ControllerAction):
    """One transaction of the ledger per task; nothing is recorded in check mode."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "state": {
            "type": "str",
            "required": True,
            "choices": ["started", "stage", "planned", "approved", "released", "finished"],
        },
        "ledger": {"type": "str", "required": True, "no_log": False},
        "directory": {"type": "path"},
        "deployment": {"type": "str"},
        "workflow_id": {"type": "str"},
        "stage": {"type": "str"},
        "status": {"type": "str"},
        "request": {"type": "dict"},
        "snapshot": {"type": "dict"},
        "plan": {"type": "dict"},
        "config": {"type": "dict", "default": {}},
        "outputs": {"type": "dict", "default": {}},
        "plan_sha256": {"type": "str"},
        "reason": {"type": "str", "default": ""},
        "user": {"type": "str"},
        "takeover": {"type": "str"},
    }
    CONSTRAINTS: t.ClassVar[dict[str, t.Any]] = {
        "required_if": [
            ("state", "started", ["deployment", "directory"]),
            ("state", "stage", ["workflow_id", "stage", "status"]),
            ("state", "planned", ["workflow_id", "plan"]),
            ("state", "released", ["workflow_id", "deployment"]),
            ("state", "approved", ["workflow_id", "plan_sha256", "status"]),
            ("state", "finished", ["workflow_id", "status"]),
        ]
    }
    ERRORS = (LedgerError,)

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Run one state; errors of the ledger become the task's message."""
        user = args["user"] or getpass.getuser()
        if self._task.check_mode:
            return _would(args)
        ledger = Ledger(args["ledger"])
        try:
            result: dict[str, t.Any] = getattr(self, f"_{args['state']}")(ledger, args, user)
            write_result(ledger, result["workflow_id"], args["directory"])
        finally:
            ledger.close()
        return {"changed": False, **result}

    def _started(self, ledger: Ledger, args: dict[str, t.Any], user: str) -> dict[str, t.Any]:
        keep_out_of_git(Path(args["directory"]).parent)
        run = ledger.start(
            args["deployment"],
            config=args["config"],
            user=user,
            pid=os.getppid(),
            takeover=args["takeover"],
        )
        return {
            **run,
            "reserved": ledger.reserved(but=args["deployment"]),
            "directory": args["directory"],
        }

    def _stage(self, ledger: Ledger, args: dict[str, t.Any], user: str) -> dict[str, t.Any]:
        ledger.stage(args["workflow_id"], args["stage"], args["status"], outputs=args["outputs"])
        return {"stage": args["stage"], "workflow_id": args["workflow_id"]}

    def _planned(self, ledger: Ledger, args: dict[str, t.Any], user: str) -> dict[str, t.Any]:
        plan = args["plan"]
        ledger.reserve(
            plan["deployment"],
            [
                {
                    "name": machine["name"],
                    "vmid": machine["vmid"],
                    "address": next(
                        (
                            nic["address"].partition("/")[0]
                            for nic in machine["nics"]
                            if nic["address"] not in ("dhcp", "manual")
                        ),
                        None,
                    ),
                }
                for machine in plan["machines"]
            ],
        )
        ledger.describe(args["workflow_id"], environment=plan["environment"])
        for name in ("request", "snapshot", "plan"):
            if args["directory"] and args[name]:
                write_private(Path(args["directory"]) / f"{name}.json", canonical_json(args[name]))
        return {"workflow_id": args["workflow_id"]}

    def _approved(self, ledger: Ledger, args: dict[str, t.Any], user: str) -> dict[str, t.Any]:
        ledger.approve(
            args["workflow_id"], args["plan_sha256"], args["status"], user, args["reason"]
        )
        return {"workflow_id": args["workflow_id"]}

    def _released(self, ledger: Ledger, args: dict[str, t.Any], user: str) -> dict[str, t.Any]:
        ledger.release(args["deployment"])
        return {"workflow_id": args["workflow_id"]}

    def _finished(self, ledger: Ledger, args: dict[str, t.Any], user: str) -> dict[str, t.Any]:
        ledger.finish(
            args["workflow_id"],
            args["status"],
            stage_outputs=args["outputs"],
            error=args["reason"] or None,
        )
        return {"workflow_id": args["workflow_id"], "ended": args["status"]}


def _would(args: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return what check mode tells: nothing is recorded, but others' ids are known."""
    found: dict[str, t.Any] = {"changed": False, "workflow_id": "check-mode"}
    if args["state"] == "stage":
        found["stage"] = args["stage"]
    if args["state"] == "started" and ("://" in args["ledger"] or Path(args["ledger"]).is_file()):
        ledger = Ledger(args["ledger"])
        try:
            found["reserved"] = ledger.reserved(but=args["deployment"])
        finally:
            ledger.close()
    return found
