# SPDX-License-Identifier: GPL-3.0-or-later
"""The guests of a plan on Proxmox VE: there, running, highly available, in a backup job."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.runner import (
    NotYet,
    Unseen,
)

if t.TYPE_CHECKING:
    Data = dict[str, t.Any]

#: States of the HA manager in which it keeps a guest running.
KEPT = ("started", "starting", "migrate", "relocate")


def check_guests(machines: t.Sequence[Data], snapshot: Data) -> str:
    """Every machine of the plan is a running guest, on its node unless HA moved it."""
    there = {guest["vmid"]: guest for guest in snapshot["guests"]}
    problems, mend = [], ""
    for machine in machines:
        guest = there.get(machine["vmid"])
        moved = guest and guest["node"] != machine["node"] and not _wants_ha(machine)
        if guest is None:
            problems.append(f"{machine['name']} ({machine['vmid']}) does not exist")
        elif guest["status"] != "running":
            problems.append(f"{machine['name']} is {guest['status']} on {guest['node']}")
            tool = "pct" if guest["type"] == "lxc" else "qm"
            mend = mend or f"ssh root@{guest['node']} {tool} start {machine['vmid']}"
        elif moved:
            problems.append(f"{machine['name']} is on {guest['node']}, not on {machine['node']}")
    if problems:
        raise NotYet("; ".join(problems) + ".", mend)
    if not machines:
        raise NotYet("The plan names no machines.")
    return f"{len(machines)} of {len(machines)} guests run on Proxmox VE."


def check_high_availability(machines: t.Sequence[Data], snapshot: Data) -> str:
    """The HA manager keeps every machine that the plan wants highly available."""
    _seen(snapshot, "ha")
    states = {guest["vmid"]: guest for guest in snapshot["guests"]}
    problems, mend, wanted = [], "", [m for m in machines if _wants_ha(m)]
    for machine in wanted:
        guest = states.get(machine["vmid"]) or {}
        state = guest.get("ha")
        if not state:
            problems.append(f"{machine['name']} is not managed")
        elif state not in KEPT:
            problems.append(f"{machine['name']} is in state {state}")
            sid = f"{'ct' if machine.get('kind') == 'lxc' else 'vm'}:{machine['vmid']}"
            mend = mend or (
                f"ssh root@{guest['node']} 'ha-manager set {sid} --state disabled"
                f" && ha-manager set {sid} --state started'"
            )
    if problems:
        raise NotYet("; ".join(problems) + ".", mend)
    if not wanted:
        raise NotYet("The plan wants no machine to be highly available.")
    return f"The HA manager keeps {len(wanted)} of {len(wanted)} machines."


def check_backup(machines: t.Sequence[Data], snapshot: Data) -> str:
    """Every machine that the plan wants in a backup is in a job that is switched on."""
    _seen(snapshot, "backup_jobs")
    jobs = [job for job in snapshot["backup_jobs"] if job["enabled"]]
    pools = {guest["vmid"]: guest.get("pool") for guest in snapshot["guests"]}
    wanted = [machine for machine in machines if machine.get("backup")]
    without = [
        machine["name"]
        for machine in wanted
        if not any(covers(job, machine["vmid"], pools.get(machine["vmid"])) for job in jobs)
    ]
    if without:
        raise NotYet(f"No backup job that is switched on has {', '.join(without)}.")
    if not wanted:
        raise NotYet("The plan wants no machine in a backup.")
    return f"{len(wanted)} of {len(wanted)} machines are in a backup job."


def covers(job: Data, vmid: int, pool: str | None) -> bool:
    """Return whether a backup job takes a guest."""
    kind, _colon, value = str(job["selection"]).partition(":")
    listed = {item.strip() for item in value.replace(";", ",").split(",")}
    if kind == "vmid":
        return str(vmid) in listed
    if kind == "pool":
        return pool == value
    return kind == "all" or str(vmid) not in listed


def _wants_ha(machine: Data) -> bool:
    return bool((machine.get("ha") or {}).get("enabled"))


def _seen(snapshot: Data, field: str) -> None:
    """Stop a check of what the facts could not see."""
    for item in snapshot.get("missing") or []:
        if str(item["field"]).partition(".")[0] == field:
            raise Unseen(
                f"The facts could not see {field}: {item.get('message') or 'not readable'}."
            )
