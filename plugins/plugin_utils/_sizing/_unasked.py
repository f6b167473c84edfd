# SPDX-License-Identifier: GPL-3.0-or-later
"""The last look at a changed plan: all that was asked changes, and nothing else."""

from __future__ import annotations

import math
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Machine,
    Plan,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Change,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._targets import meant

#: Fields of a machine that a change may name, and what a plan shows of them.
SHOWN: dict[str, t.Callable[[Machine], t.Any]] = {
    "cores": lambda m: m.cores * m.sockets,
    "memory_mib": lambda m: m.memory_mib,
    "disk_gib": lambda m: m.disks[0].size_gib if m.disks else 0,
    "data_disks_gib": lambda m: tuple(d.size_gib for d in m.disks[1:]),
    "kind": lambda m: m.kind,
    "node": lambda m: m.node,
    "storage": lambda m: tuple(d.storage for d in m.disks),
    "bridge": lambda m: tuple(n.bridge for n in m.nics),
    "vlan": lambda m: tuple(n.vlan for n in m.nics),
    "address": lambda m: tuple(n.address for n in m.nics),
    "gateway": lambda m: tuple(n.gateway for n in m.nics),
    "pool": lambda m: m.pool,
    "tag": lambda m: m.tags,
    "protection": lambda m: m.protection,
}
#: Changes that set a number of a machine; those that set several at once.
NUMBERS = ("cores", "memory_mib", "disk_gib")
_WIDE = frozenset({"scale", "whole", "count", "ha", "environment"})
#: Changes that make machines come or go.
_COMING = frozenset({"count", "whole", "ha", "scale", "name"})


def close_changes(context: Context, groups: t.Sequence[Group], before: Plan, after: Plan) -> None:
    """Ask about each change that is not in the plan, and about what changes unasked."""
    _changes(context, before, after)
    _reached(context, groups, before, after)


def _changes(context: Context, before: Plan, after: Plan) -> None:
    """Ask about changes that change nothing, and about what changes though no one said it."""
    made = _difference(before, after)
    fields = {_field(change) for change in context.request.changes if change.verb != "keep"}
    there = {addon.name for addon in before.addons}
    for change in context.request.changes:
        if change.verb == "add" and _field(change) == "addons" and change.value in there:
            context.report(
                "changes.there",
                "warning",
                "changes",
                f"{change.value} is there already, so adding it changes nothing.",
            )
        if change.verb == "keep" or _field(change) in made or _done(change, before, after):
            continue
        context.ask(
            "closing.lost",
            "changes",
            f'"{change.said or change.field}" was understood ({change.verb} {_field(change)}), but'
            " it changes nothing in the plan; say it another way, or leave it out.",
        )
    if context.request.things or fields & _WIDE:
        return
    for field in sorted(made & {*NUMBERS, "addons", "machines", "kind"}):
        if field not in fields and not (field == "machines" and fields & _COMING):
            context.ask(
                "closing.unsaid",
                "changes",
                f"The plan changes {field.replace('_', ' ')}, and nobody asked for that; say the"
                " change another way.",
            )


def _reached(context: Context, groups: t.Sequence[Group], before: Plan, after: Plan) -> None:
    """Ask where a size changed of a machine that no change names, or became another number."""
    old = {m.vmid: m for m in before.machines}
    made = [c for c in context.request.changes if c.verb != "keep"]
    kept = [c for c in context.request.changes if c.verb == "keep"]
    if context.request.things or any(_field(change) in _WIDE - {"count"} for change in made):
        return
    reach = {id(change): meant(context, groups, change.target) for change in (*made, *kept)}
    for machine in after.machines:
        if machine.vmid not in old:
            continue
        touching = [c for c in made if machine.name in reach[id(c)]]
        holding = {_field(c) for c in kept if machine.name in reach[id(c)]}
        for field in NUMBERS:
            now, was = SHOWN[field](machine), SHOWN[field](old[machine.vmid])
            own = [change for change in touching if _field(change) == field]
            safe = bool(holding & {field, "whole"})
            wanted = {_becomes(change, was) for change in own}
            wanted = set() if None in wanted else wanted
            if now != was and (safe or not own or (wanted and now not in wanted)):
                context.ask(
                    "closing.unsaid",
                    "changes",
                    f"The {field.split('_', maxsplit=1)[0]} of {machine.name} would become"
                    f" {now:g} (now {was:g}), and that is not what was asked; say the change"
                    " another way.",
                )


def _becomes(change: Change, was: float) -> float | None:
    """Return what an exact change makes of a number; None where rules decide."""
    if change.bound != "exact" or not isinstance(change.value, (int, float)):
        return None
    value = float(change.value)
    if change.verb == "multiply":
        return max(1, math.ceil(was * value))
    return math.ceil(value) if change.verb == "set" else None


def _field(change: Change) -> str:
    names = {"names": "name", "nodes": "node", "addresses": "address", "tags": "tag"}
    if change.target.addon is not None or change.field.startswith("addon"):
        return "addons"
    return names.get(change.field, change.field)


def _difference(before: Plan, after: Plan) -> set[str]:
    """Return the fields that differ between two plans of a deployment."""
    old, new = ({m.vmid: m for m in plan.machines} for plan in (before, after))
    found = {
        name
        for vmid in old.keys() & new.keys()
        for name, read in SHOWN.items()
        if read(old[vmid]) != read(new[vmid])
    }
    found |= {"machines", "count", "whole"} if old.keys() != new.keys() else set()
    names = {m.name for m in before.machines} != {m.name for m in after.machines}
    found |= {"name"} if names else set()
    found |= {"scale", "whole"} if found & {*NUMBERS} else set()
    if {a.name for a in before.addons} != {a.name for a in after.addons}:
        found.add("addons")
    if before.cluster is not None and after.cluster is not None:
        for name in ("version", "cni", "vip"):
            if getattr(before.cluster, name) != getattr(after.cluster, name):
                found.add(name)
    return found


def _done(change: Change, before: Plan, after: Plan) -> bool:
    """Tell whether there was nothing to do, and a finding of its own says it or nobody needs it."""
    field = _field(change)
    if field not in (*SHOWN, "addons", "count", "name"):
        return True
    if field in ("addons", "count"):
        return change.verb in ("remove", "add", "set", "decrease")
    if change.bound != "exact" or change.verb not in ("set", "move", "add"):
        return change.verb in ("set", "move")
    shown = SHOWN.get(field)
    have = {str(v) for m in after.machines for v in _as_tuple(shown(m) if shown else m.name)}
    return str(change.value) in have


def _as_tuple(value: t.Any) -> tuple[t.Any, ...]:
    return value if isinstance(value, tuple) else (value,)
