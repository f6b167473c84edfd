# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Look at the records of a deployment; see the module's docs."""

from __future__ import annotations

import shutil
import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
)

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records import (
    Folder,
    RecordError,
    rows,
    seen,
    standing,
    undone,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report._table import table

Data = dict[str, t.Any]


class ActionModule(ControllerAction):
    """One question per state; only ``removed`` changes something."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "state": {
            "type": "str",
            "required": True,
            "choices": ["proposals", "difference", "seen", "undone", "removed"],
        },
        "directory": {"type": "path", "required": True},
        "deployment": {"type": "str", "required": True},
        "snapshot": {"type": "dict"},
        "run": {"type": "str", "default": ""},
        "backups": {"type": "list", "elements": "dict", "default": []},
        "a": {"type": "str", "default": "applied"},
        "b": {"type": "str", "default": "newest"},
    }
    ERRORS = (RecordError,)

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Answer the question of ``state``."""
        folder = Folder(Path(args["directory"]))
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
    ]
    lost = result["unknown"] if not applied else []
    return {
        "changed": False,
        **result,
        "applied": applied["id"] if applied else None,
        "proposed": newest["id"] if newest else None,
        "lost": lost,
        "table": "\n".join(lines),
        "msg": _advice(name, folder, result, found, bool(args["snapshot"])),
    }


def _undone(folder: Folder, args: Data) -> Data:
    """Return the plan that takes a run back, and what cannot be taken back."""
    history = folder.history(args["run"])
    applied = folder.applied()
    sides = {when: history[when]["plan"] if history[when] else None for when in ("before", "after")}
    if applied is None:
        gone = [machine["name"] for machine in (sides["before"] or {}).get("machines") or ()]
        raise RecordError(
            f"Nothing of {args['deployment']} is there any more: {', '.join(gone) or 'it'} cannot"
            " be taken back, only be restored from a backup or planned anew."
        )
    found = undone(sides["before"], sides["after"], applied["plan"])
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


def _advice(name: str, folder: Folder, result: Data, proposals: list[Data], asked: bool) -> str:
    """Return what to do about a deployment of which nothing is applied."""
    if result["unknown"]:
        verb = "carry" if len(result["unknown"]) > 1 else "carries"
        return (
            f"{', '.join(result['unknown'])} {verb} the tags of {name}, but {folder.path} has no"
            " record of it: the folder was lost, or another checkout made it. Take it back with"
            f" ansible-playbook clusterwright.proxmox.import -e deployment={name}."
        )
    there = "no guest on the cluster carries its tags" if asked else "the cluster was not asked"
    if proposals:
        return (
            f"Nothing of {name} is applied, it was only planned, and {there}: apply it with"
            f" ansible-playbook clusterwright.proxmox.apply -e deployment={name}, or forget it"
            f" with ansible-playbook clusterwright.proxmox.forget -e deployment={name}."
        )
    return (
        f"There is no plan in {folder.path}, and {there}; name a planned deployment with"
        " -e deployment=NAME."
    )
