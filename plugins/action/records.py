# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Look at the records of a deployment; see the module's docs."""

from __future__ import annotations

import json
import shutil
import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
    next_commands,
)

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records import (
    Folder,
    RecordError,
    Undone,
    compare,
    refuse_name,
    rows,
    seen,
    standing,
    undone,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records import _memory
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._seen import (
    deployments_of,
    named,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report._table import table

Data = dict[str, t.Any]


class ActionModule(ControllerAction):
    """One question per state; only ``removed`` changes something."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "state": {
            "type": "str",
            "required": True,
            "choices": ["proposals", "difference", "seen", "everything", "undone", "removed"],
        },
        "directory": {"type": "path", "required": True},
        "deployment": {"type": "str", "default": ""},
        "snapshot": {"type": "dict"},
        "run": {"type": "str", "default": ""},
        "backups": {"type": "list", "elements": "dict", "default": []},
        "a": {"type": "str", "default": "applied"},
        "b": {"type": "str", "default": "newest"},
    }
    CONSTRAINTS: t.ClassVar[dict[str, t.Any]] = {
        "required_if": [
            ("state", state, ["deployment"])
            for state in ("proposals", "difference", "seen", "undone", "removed")
        ]
    }
    ERRORS = (RecordError,)

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Answer the question of ``state``."""
        folder = Folder(Path(args["directory"]))
        if args["state"] == "everything":
            return _everything(folder.path, args["snapshot"])
        refuse_name(args["deployment"])
        if args["state"] == "proposals":
            return _proposals(folder)
        if args["state"] == "difference":
            return _difference(folder, args)
        if args["state"] == "seen":
            return _seen(folder, args)
        if args["state"] == "undone":
            return _undone(folder, args)
        there = folder.path.is_dir()
        if there and not self._task.check_mode:
            shutil.rmtree(folder.path)
        return {"changed": there, "msg": f"{args['deployment']} is forgotten."}


def _proposals(folder: Folder) -> Data:
    applied = folder.applied()
    found = folder.proposals()
    shown = [
        (
            record["id"],
            record["at"][:19],
            record["by"],
            "applied" if applied and record["id"] == applied["id"] else record["plan"]["status"],
            record["plan"]["summary"],
        )
        for record in found
    ]
    return {
        "changed": False,
        "proposals": [
            {key: record[key] for key in ("id", "at", "by", "run", "base")} for record in found
        ],
        "applied": applied["id"] if applied else None,
        "table": table(("proposal", "made (UTC)", "by", "state", "plan"), shown),
    }


def _difference(folder: Folder, args: Data) -> Data:
    sides = {name: _plan(folder, args, args[name]) for name in ("a", "b")}
    found = rows(sides["a"], sides["b"])
    headers = ("machine", "field", args["a"], args["b"])
    return {
        "changed": False,
        "rows": [dict(zip(("machine", "field", "a", "b"), row, strict=True)) for row in found],
        "table": table(headers, found) if found else f"{args['a']} and {args['b']} are the same.",
    }


def _plan(folder: Folder, args: Data, name: str) -> Data | None:
    """Return the plan that ``applied``, ``newest``, ``seen`` or an id of a proposal means."""
    applied = folder.applied()
    if name == "applied":
        return applied["plan"] if applied else None
    if name == "seen":
        return _as_plan(applied["plan"] if applied else None, args)
    if name == "newest":
        newest = next(iter(folder.proposals()), None)
        return newest["plan"] if newest else None
    return t.cast("Data", folder.proposal(name)["plan"])


def _as_plan(applied: Data | None, args: Data) -> Data:
    """Return the applied plan with what the facts say of each of its machines."""
    if not args["snapshot"]:
        raise RecordError("What is seen needs the facts of the cluster, and they were not read.")
    there = {int(g["vmid"]): g for g in args["snapshot"].get("guests") or ()}
    machines = []
    for machine in (applied or {}).get("machines") or ():
        guest = there.pop(int(machine["vmid"]), None)
        if guest is not None:
            found = {"node": guest["node"], "tags": sorted(guest["tags"])}
            if guest.get("cpus"):
                found.update(cores=guest["cpus"] // machine.get("sockets", 1))
            if guest.get("memory_mib"):
                found.update(memory_mib=guest["memory_mib"])
            machines.append({**machine, "name": guest["name"] or machine["name"], **found})
    told = seen(args["deployment"], applied, args["snapshot"])
    known = {int(machine["vmid"]) for machine in machines}
    machines += [
        {
            "name": guest["name"],
            "vmid": guest["vmid"],
            "node": guest["node"],
            "cores": guest["cpus"],
            "memory_mib": guest["memory_mib"],
            "disks": [{"size_gib": guest["disk_gib"]}],
        }
        for guest in told["guests"]
        if int(guest["vmid"]) not in known
    ]
    return {**(applied or {}), "machines": machines}


def _wished(applied: Data | None, waiting: Data | None) -> list[str]:
    """Return what the proposal that waits would make different, one sentence each."""
    return compare(applied["plan"], waiting["plan"]) if applied and waiting else []


def _seen(folder: Folder, args: Data) -> Data:
    """Return what runs, what is applied and what is proposed, each difference in one sentence."""
    applied, found = folder.applied(), folder.proposals()
    newest = found[0] if found else None
    plan = applied["plan"] if applied else None
    name = args["deployment"]
    result: Data = {"guests": [], "differences": [], "unknown": [], "gone": []}
    if args["snapshot"]:
        result = seen(name, plan, args["snapshot"])
    waiting = newest if newest and (not applied or newest["id"] != applied["id"]) else None
    lines = [
        f"applied   {_described(applied) if applied else standing(folder)}",
        f"proposed  {_described(waiting) if waiting else 'nothing else'}"
        f" ({len(found)} proposals are kept)",
        f"seen      {_shown(result) if args['snapshot'] else 'the cluster was not asked'}",
        *result["differences"],
        *(f"proposed: {one}" for one in _wished(applied, waiting)),
    ]
    lost = [named(guest) for guest in _memory.lost(folder, result["guests"])]
    advice = _advice(name, folder, lost, found, bool(args["snapshot"]))
    return {
        "changed": False,
        **result,
        "applied": applied["id"] if applied else None,
        "proposed": newest["id"] if newest else None,
        "lost": lost,
        "state_lost": _memory.state_lost(folder),
        "emptied": applied is None and bool(folder.emptied_at()),
        "table": "\n".join([*lines, *([advice] if lost else [])]),
        "msg": advice,
    }


def _everything(place: Path, snapshot: Data | None) -> Data:
    """Return what the cluster has with our tags and no folder of ``place`` knows, by deployment."""
    told, lost = [], {}
    for name, guests in deployments_of(snapshot).items():
        folder = Folder(place / name)
        missing = _memory.lost(folder, guests)
        if missing:
            lost[name] = [named(guest) for guest in missing]
            told.append(_advice(name, folder, lost[name], [], True))
    return {"changed": False, "lost": lost, "table": "\n".join(told)}


def _undone(folder: Folder, args: Data) -> Data:
    """Return the plan that takes a run back, and what cannot be taken back."""
    history = folder.history(args["run"])
    applied = folder.applied()
    how = history.get("how") or (history["after"] or {}).get("how", "destroy")
    sides = {when: history[when]["plan"] if history[when] else None for when in ("before", "after")}
    now = applied["plan"] if applied else {**(sides["before"] or {}), "machines": []}
    found = undone(sides["before"], sides["after"], now)
    _refuse_not_ours(args["deployment"], history["run"][:8], how, found)
    if applied is None:
        told = [_gone(machine, args["backups"]) for machine in found.gone]
        return {
            "changed": False,
            "run": history["run"],
            "plan": None,
            "request": None,
            "removed": [],
            "gone": list(found.gone),
            "everything": False,
            "differs": False,
            "table": "\n".join([f"Nothing of {args['deployment']} is there any more.", *told]),
        }
    plan = {**found.plan, "status": "ready", "summary": f"Takes back run {history['run'][:8]}."}
    told = [
        *(f"{name} was made by the run and would go." for name in found.removed),
        *(_gone(machine, args["backups"]) for machine in found.gone),
        *found.kept,
    ]
    differing = rows(applied["plan"], plan)
    headers = ("machine", "field", "now", "taken back")
    return {
        "changed": False,
        "run": history["run"],
        "plan": plan,
        "request": (history["before"] or applied)["request"],
        "removed": list(found.removed),
        "gone": list(found.gone),
        "everything": not plan["machines"],
        "differs": bool(differing),
        "table": "\n".join(
            [
                *told,
                table(headers, differing) if differing else "There is nothing to take back.",
            ]
        ),
    }


def _refuse_not_ours(deployment: str, run: str, how: str, found: Undone) -> None:
    """Refuse to take back what made or deleted nothing: guests came to us or went as they are.

    Raises:
        RecordError: says how that is done.
    """
    own = next_commands(deployment)
    if how == "import" and found.removed:
        names = ",".join(found.removed)
        raise RecordError(
            f"Run {run} took over {names.replace(',', ', ')} and made nothing; what lets go of"
            f" them as they are is {own['release']} -e machines={names}"
        )
    if how == "release" and found.gone:
        wanted = json.dumps({"imports": {m["name"]: m["vmid"] for m in found.gone}})
        raise RecordError(
            f"Run {run} let go of {', '.join(m['name'] for m in found.gone)} and deleted nothing;"
            f" what takes them over again is {own['import']} -e '{wanted}'"
        )


def _gone(machine: Data, backups: list[Data]) -> str:
    """Return what a machine that was deleted can come back from."""
    title = f"{machine['name']} (VMID {machine['vmid']})"
    mine = [b for b in backups if int(b["vmid"]) == machine["vmid"]]
    if not mine:
        return (
            f"{title} was deleted by the run and is gone for good: no storage that can be read has"
            " a backup of it."
        )
    newest = max(mine, key=lambda backup: backup["ctime"])
    return (
        f"{title} was deleted by the run and is gone for good: its newest backup is"
        f" {newest['volume_id']} of {newest['at']}, which the web interface restores."
    )


def _described(record: Data | None) -> str:
    if record is None:
        return "nothing"
    names = ", ".join(machine["name"] for machine in record["plan"]["machines"])
    return f"{record['id']} of {record['at'][:19]} by {record['by']}: {names}"


def _shown(result: Data) -> str:
    names = [f"{g['name']} ({g['vmid']}, {g['node']}, {g['status']})" for g in result["guests"]]
    return ", ".join(names) or "no guest with its tags"


def _advice(name: str, folder: Folder, lost: list[str], proposals: list[Data], asked: bool) -> str:
    """Return what to do about a deployment that lost its memory, or of which nothing is applied."""
    own = next_commands(name)
    if lost:
        verb = "carry" if len(lost) > 1 else "carries"
        why = (
            f"the Terraform state in {folder.path} is gone"
            if _memory.state_lost(folder)
            else f"{folder.path} has no record of it: the folder was lost, or another checkout"
            " made it"
        )
        return (
            f"{', '.join(lost)} {verb} the tags of {name}, but {why}. Take it back with"
            f" {own['import']}"
        )
    if _memory.state_lost(folder) and not asked:
        return (
            f"The Terraform state in {folder.path} is gone, and the cluster was not asked what is"
            f" there: once it can be, {own['import']} takes back what is."
        )
    there = "no guest on the cluster carries its tags" if asked else "the cluster was not asked"
    if proposals:
        return (
            f"Nothing of {name} is applied, it was only planned, and {there}: apply it with"
            f" {own['apply']}, or forget it with {own['forget']}"
        )
    return (
        f"There is no plan in {folder.path}, and {there}; name a planned deployment with"
        " -e deployment=NAME."
    )
