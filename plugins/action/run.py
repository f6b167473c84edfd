# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Record the way of a request in the ledger and in ``result.json``; see the module's docs."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
    who,
    typed,
    warm,
)

from ansible_collections.clusterwright.proxmox.plugins.module_utils._gates import (
    Situation,
    judge,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._files import (
    keep_out_of_git,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import (
    Ledger,
    LedgerError,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._freezes import (
    freezes_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._result import (
    write_result,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._claims import (
    claims_of,
    machines_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._conversation import (
    key_of_request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._folder import (
    Folder,
    RecordError,
)


warm("sqlalchemy")

#: Statuses of stages that write on Proxmox VE or on hosts.
WRITING = ("PROVISIONING", "CONFIGURING")


class ActionModule(ControllerAction):
    """One transaction of the ledger per task; nothing is recorded in check mode."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "state": {
            "type": "str",
            "required": True,
            "choices": [
                "started",
                "stage",
                "noted",
                "asked",
                "planned",
                "held",
                "approved",
                "applied",
                "announced",
                "received",
                "looked_up",
                "retired",
                "released",
                "forgotten",
                "finished",
            ],
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
        "conversation": {"type": "dict"},
        "config": {"type": "dict", "default": {}},
        "environments": {"type": "list", "elements": "str", "default": []},
        "end_of_life": {"type": "str"},
        "machines": {"type": "list", "elements": "str", "default": []},
        "inputs": {"type": "dict", "default": {}},
        "outputs": {"type": "dict", "default": {}},
        "messages": {"type": "list", "elements": "str", "default": []},
        "receipts": {"type": "list", "elements": "dict", "default": []},
        "writer": {"type": "str"},
        "there": {"type": "list", "elements": "str", "default": []},
        "only": {"type": "list", "elements": "str", "default": []},
        "how": {
            "type": "str",
            "choices": ["apply", "import", "rollback", "undo", "release", "destroy", "retire"],
            "default": "apply",
        },
        "plan_sha256": {"type": "str"},
        "approve": {"type": "str", "default": ""},
        "reason": {"type": "str", "default": ""},
        "reserve": {"type": "bool", "default": True},
        "settled": {"type": "bool", "default": False},
        "takeover": {"type": "str"},
    }
    CONSTRAINTS: t.ClassVar[dict[str, t.Any]] = {
        "required_if": [
            ("state", "started", ["deployment", "directory"]),
            ("state", "stage", ["workflow_id", "stage", "status"]),
            ("state", "noted", ["workflow_id"]),
            ("state", "asked", ["workflow_id", "plan", "directory", "conversation"]),
            ("state", "planned", ["workflow_id", "plan", "directory"]),
            ("state", "held", ["workflow_id", "plan"]),
            ("state", "applied", ["workflow_id", "plan", "directory"]),
            ("state", "announced", ["workflow_id"]),
            ("state", "received", ["workflow_id"]),
            ("state", "looked_up", ["workflow_id", "writer"]),
            ("state", "retired", ["workflow_id", "deployment", "end_of_life"]),
            ("state", "released", ["workflow_id", "deployment", "directory"]),
            ("state", "forgotten", ["workflow_id", "deployment"]),
            ("state", "approved", ["workflow_id", "plan_sha256", "status"]),
            ("state", "finished", ["workflow_id", "status"]),
        ]
    }
    ERRORS = (LedgerError, RecordError)

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Run one state; errors of the ledger become the task's message."""
        user = who().name
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
        name = args["deployment"]
        if name in (".", "..") or Path(name).name != name:
            raise LedgerError(
                f"{name!r} cannot name a cluster or a deployment: a folder is named so; use"
                " letters, digits, dots and dashes."
            )
        place = Path(args["directory"]).parent
        keep_out_of_git(place)
        known = who()
        noted = [*known.warnings, *_note_what_is_applied(ledger, place)]
        run = ledger.start(
            args["deployment"],
            config={**args["config"], "user_known_by": known.known_by},
            user=user,
            pid=os.getppid(),
            takeover=args["takeover"],
        )
        return {
            **run,
            "reserved": ledger.reserved(but=args["deployment"]),
            "directory": args["directory"],
            **({"warnings": noted} if noted else {}),
        }

    def _stage(self, ledger: Ledger, args: dict[str, t.Any], user: str) -> dict[str, t.Any]:
        """Enter a stage; one that writes only when nothing is frozen."""
        if args["status"] in WRITING:
            held = freezes_of(
                ledger,
                args["ledger"],
                args["environments"],
                Path(args["directory"]).parent if args["directory"] else None,
            )
            verdict = judge("write", Situation(freezes=held))
            if verdict.stopped:
                raise LedgerError(verdict.text)
        ledger.stage(
            args["workflow_id"],
            args["stage"],
            args["status"],
            outputs=args["outputs"],
            inputs=args["inputs"],
        )
        return {"stage": args["stage"], "workflow_id": args["workflow_id"]}

    def _noted(self, ledger: Ledger, args: dict[str, t.Any], user: str) -> dict[str, t.Any]:
        warning = args["reason"]
        ledger.note(
            args["workflow_id"],
            outputs=args["outputs"],
            messages=args["messages"],
            warning=warning or None,
        )
        return {"workflow_id": args["workflow_id"], "warning": warning}

    def _planned(self, ledger: Ledger, args: dict[str, t.Any], user: str) -> dict[str, t.Any]:
        """Reserve, then keep the proposal: what is held and never kept is given back later."""
        plan = args["plan"]
        if args["reserve"]:
            ledger.reserve(plan["deployment"], machines_of(plan), claims_of(plan))
        ledger.describe(args["workflow_id"], environment=plan["environment"])
        said = key_of_request(args["request"])
        if said:
            ledger.said(plan["deployment"], said)
        proposal = Folder(Path(args["directory"])).propose(
            plan=plan,
            request=args["request"],
            snapshot=args["snapshot"],
            by=user,
            run=args["workflow_id"],
            approves=args["approve"] not in ("", "auto"),
        )
        return {"workflow_id": args["workflow_id"], "proposal": proposal}

    def _asked(self, ledger: Ledger, args: dict[str, t.Any], user: str) -> dict[str, t.Any]:
        """Keep what was said and what is asked, so that an answer goes on from there."""
        plan = args["plan"]
        Folder(Path(args["directory"])).ask(args["conversation"], plan["questions"], by=user)
        asked = [question["text"] for question in plan["questions"]]
        ledger.note(args["workflow_id"], outputs={"questions": asked})
        return {"workflow_id": args["workflow_id"]}

    def _held(self, ledger: Ledger, args: dict[str, t.Any], user: str) -> dict[str, t.Any]:
        """Find out that another deployment has taken something in the meantime."""
        plan = args["plan"]
        ledger.begin(plan["deployment"], machines_of(plan), claims_of(plan))
        ledger.describe(args["workflow_id"], environment=plan["environment"])
        return {"workflow_id": args["workflow_id"]}

    def _applied(self, ledger: Ledger, args: dict[str, t.Any], user: str) -> dict[str, t.Any]:
        """Make the plan what is applied; what the apply took away is free for others."""
        plan = args["plan"]
        new = Folder(Path(args["directory"])).apply(
            plan=plan,
            request=args["request"],
            snapshot=args["snapshot"],
            by=user,
            run=args["workflow_id"],
            how=args["how"],
            plan_sha256=args["plan_sha256"] or "",
        )
        ledger.hold(plan["deployment"], machines_of(plan), claims_of(plan))
        ledger.describe(
            args["workflow_id"],
            environment=plan["environment"],
            outputs={**args["outputs"], "justification": _justification(plan)},
        )
        return {"workflow_id": args["workflow_id"], "new": new}

    def _received(self, ledger: Ledger, args: dict[str, t.Any], user: str) -> dict[str, t.Any]:
        ledger.receive(args["workflow_id"], args["receipts"])
        return {"workflow_id": args["workflow_id"]}

    def _announced(self, ledger: Ledger, args: dict[str, t.Any], user: str) -> dict[str, t.Any]:
        ledger.announce(args["workflow_id"], args["receipts"])
        return {"workflow_id": args["workflow_id"]}

    def _looked_up(self, ledger: Ledger, args: dict[str, t.Any], user: str) -> dict[str, t.Any]:
        """Tell what came of the writes of runs that ended before they heard of it."""
        found = ledger.look_up(
            args["workflow_id"],
            args["writer"],
            args["receipts"],
            there=args["there"],
            only=args["only"],
        )
        words = {"happened": "had happened", "not": "had not happened"}
        told = [
            f"Run {row['workflow_id'][:8]} ended before it knew what came of it; it was looked up:"
            f" {row['what']} {row['target']} {words[row['outcome']]}."
            for row in found
        ]
        return {"workflow_id": args["workflow_id"], "told": told}

    def _approved(self, ledger: Ledger, args: dict[str, t.Any], user: str) -> dict[str, t.Any]:
        ledger.approve(
            args["workflow_id"], args["plan_sha256"], args["status"], user, args["reason"]
        )
        return {"workflow_id": args["workflow_id"]}

    def _retired(self, ledger: Ledger, args: dict[str, t.Any], user: str) -> dict[str, t.Any]:
        said = typed("reason")
        ledger.retire(
            args["deployment"],
            args["end_of_life"],
            machines=args["machines"],
            by=user,
            reason=said.text if said else args["reason"],
        )
        return {"workflow_id": args["workflow_id"]}

    def _released(self, ledger: Ledger, args: dict[str, t.Any], user: str) -> dict[str, t.Any]:
        Folder(Path(args["directory"])).unapply(args["workflow_id"], how=args["how"])
        ledger.release(args["deployment"])
        return {"workflow_id": args["workflow_id"]}

    def _forgotten(self, ledger: Ledger, args: dict[str, t.Any], user: str) -> dict[str, t.Any]:
        ledger.forget(args["deployment"])
        ledger.describe(args["workflow_id"], outputs={"forgotten": True})
        return {"workflow_id": args["workflow_id"]}

    def _finished(self, ledger: Ledger, args: dict[str, t.Any], user: str) -> dict[str, t.Any]:
        ledger.finish(
            args["workflow_id"],
            args["status"],
            stage_outputs=args["outputs"],
            error=args["reason"] or None,
        )
        if args["settled"] and args["directory"]:
            folder = Folder(Path(args["directory"]))
            plan = (folder.applied() or {}).get("plan")
            held = (machines_of(plan), claims_of(plan)) if plan else ((), ())
            ledger.hold(folder.path.name, *held)
        return {"workflow_id": args["workflow_id"], "ended": args["status"]}


def _note_what_is_applied(ledger: Ledger, place: Path) -> list[str]:
    """Have the ledger hold what folders say is applied and it does not know: a ledger was lost.

    Returns a sentence for each deployment of which that is so.
    """
    told: list[str] = []
    known = ledger.holders()
    for path in sorted(place.glob("*/applied.json")):
        name = path.parent.name
        if name in known:
            continue
        try:
            plan = (Folder(path.parent).applied() or {})["plan"]
            ledger.hold(name, machines_of(plan), claims_of(plan))
        except (RecordError, LedgerError, KeyError) as error:
            told.append(f"The ledger does not know {name}, which {path} says is applied: {error}")
            continue
        if plan["machines"]:
            told.append(
                f"The ledger did not know {name}; what it holds was taken from {path}."
                " Earlier runs of it are not in this ledger."
            )
    return told


def _justification(plan: dict[str, t.Any]) -> dict[str, list[str]]:
    """Return why the numbers of each group of machines are what they are."""
    found: dict[str, list[str]] = {}
    for machine in plan["machines"]:
        found.setdefault(
            machine.get("group") or machine["name"],
            [f"{w['field']}: {w['reason']} ({w['source']})" for w in machine.get("why") or ()],
        )
    return found


def _would(args: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return what check mode tells: nothing is recorded, but others' ids are known."""
    found: dict[str, t.Any] = {"changed": False, "workflow_id": "check-mode"}
    if args["state"] == "looked_up":
        found["told"] = []
    if args["state"] == "stage":
        found["stage"] = args["stage"]
    if args["state"] == "started" and ("://" in args["ledger"] or Path(args["ledger"]).is_file()):
        ledger = Ledger(args["ledger"])
        try:
            found["reserved"] = ledger.reserved(but=args["deployment"])
        finally:
            ledger.close()
    return found
