# SPDX-License-Identifier: GPL-3.0-or-later
"""What was said of machines, laid over a group: absolute, relative, by difference, by tendency."""

from __future__ import annotations

import math
import typing as t
from dataclasses import replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Machine,
    Plan,
    digest,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import Cluster
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    MachineWish,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    NUMBERS,
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import (
    amount,
    practical_memory,
)

Number = t.Literal["cores", "memory_mib", "disk_gib"]
SIZES: tuple[Number, ...] = ("cores", "memory_mib", "disk_gib")
DELTAS: dict[Number, str] = {
    "cores": "cores_delta",
    "memory_mib": "memory_delta_mib",
    "disk_gib": "disk_delta_gib",
}
#: What "smaller" and "larger" without a number mean; disks only ever grow.
TENDENCIES: dict[str, dict[Number, float]] = {
    "smaller": {"cores": 0.5, "memory_mib": 0.5},
    "larger": {"cores": 2.0, "memory_mib": 2.0},
}


def with_wishes(context: Context, group: Group, wishes: t.Sequence[MachineWish]) -> Group:
    """Return the group with what was said: explicit values unchanged, or reported when impossible.

    Later wishes win over earlier ones, so that what was said of a role follows what was said of
    all machines.
    """
    merged: dict[str, t.Any] = {}
    for wish in wishes:
        data = wish.model_dump()
        merged.update({key: value for key, value in data.items() if value not in (None, ())})
    if not merged:
        return group
    wish = MachineWish(**{**merged, "role": group.role})
    group = replace(group, wish=wish)
    group = _relative(context, group, wish)
    for number in SIZES:
        delta = getattr(wish, DELTAS[number])
        if delta:
            value = getattr(group, number) + delta
            group = _set(group, number, value, f"{delta:+g} as asked", "explicit")
        said = getattr(wish, number)
        if said is not None:
            group = _set(group, number, said, "As asked", "explicit")
    return _checked(context, group)


def _set(group: Group, number: Number, value: int, reason: str, source: str) -> Group:
    changes: dict[str, t.Any] = {number: value}
    if source == "explicit":
        changes["explicit"] = group.explicit | {number}
    group = replace(group, **changes)
    return group.because(number, f"{reason}: {amount(number, value)}.", source, 1.0)


def _relative(context: Context, group: Group, wish: MachineWish) -> Group:
    """Size the group by a factor of another machine or of itself, or by a tendency."""
    factors: dict[Number, float] = dict(TENDENCIES.get(wish.tendency or "", {}))
    if wish.factor is not None:
        named = wish.factor_of
        factors = {n: wish.factor for n in SIZES if named in (None, n)}
        if named is None and wish.relative_to is None:
            factors.pop("disk_gib")
    if not factors:
        return group
    base: t.Mapping[str, int] | None = {n: getattr(group, n) for n in SIZES}
    if wish.relative_to is not None:
        base = _machine_named(context, wish.relative_to)
    if base is None:
        context.report(
            "reference.machine",
            "error",
            f"machines.{group.name}.relative_to",
            f"There is no machine {wish.relative_to} to compare with; name one that exists.",
        )
        return group
    if not base["disk_gib"]:  # not every guest's disk size is in the facts
        factors.pop("disk_gib", None)
    whom = f"{wish.relative_to}'s" if wish.relative_to else "the"
    for number, factor in factors.items():
        value = max(1, math.ceil(base[number] * factor - 1e-9))
        if number == "memory_mib":
            value = practical_memory(value)
        if wish.tendency and wish.factor is None:
            value = max(value, group.minimum.get(number, 1))
            group = _set(group, number, value, f"Made {wish.tendency} as asked", "tendency")
        else:
            reason = f"{factor:g} times {whom} {base[number]:g}"
            group = _set(group, number, value, reason, "explicit")
    return group


def _machine_named(context: Context, name: str) -> dict[str, int] | None:
    for machine in context.previous.machines if context.previous else ():
        if name in (machine.name, machine.group):
            return sizes_of(machine)
    for guest in context.snapshot.guests if context.snapshot else ():
        if guest.name == name:
            return {
                "cores": guest.cpus,
                "memory_mib": guest.memory_mib,
                "disk_gib": math.ceil(guest.disk_gib),
            }
    return None


def sizes_of(machine: Machine) -> dict[str, int]:
    """Return the sizes of a planned machine."""
    return {
        "cores": machine.cores * machine.sockets,
        "memory_mib": machine.memory_mib,
        "disk_gib": machine.disks[0].size_gib if machine.disks else 0,
    }


def _checked(context: Context, group: Group) -> Group:
    for number in NUMBERS[1:]:
        value, least = getattr(group, number), group.minimum.get(number, 1)
        if number in group.explicit and value < least:
            context.report(
                f"minimum.{number}",
                "error",
                f"machines.{group.name}.{number}",
                f"{amount(number, value)} for a {group.role} is below the minimum of"
                f" {amount(number, least)}; ask for more.",
                "minimum of the role",
            )
    return group


def previous_machine(context: Context, group: str) -> Machine | None:
    """Return the first machine of this group in the plan that is being changed."""
    if context.request.operation == "create" or context.previous is None:
        return None
    return next((m for m in context.previous.machines if m.group == group), None)


def share_totals(context: Context, groups: list[Group]) -> list[Group]:
    """Divide sizes that were said of all machines together among them, rounded down."""
    machines = sum(group.count for group in groups)
    for number in SIZES:
        total = context.request.totals.get(number)
        if total is None or not machines:
            continue
        each = int(total // machines)
        reason = f"{amount(number, total)} in total for {machines} machines"
        groups = [
            _checked(context, _set(group, number, max(each, 1), reason, "explicit"))
            for group in groups
        ]
    return groups


def as_before(context: Context, groups: list[Group]) -> list[Group]:
    """Return the sizes of an earlier plan of the very same request and site, when there is one.

    What was cut to fit stays as it is, also when there is more room now: a second run changes
    nothing.
    """
    previous = answered_before(context)
    if previous is None:
        return groups
    context.findings += [f for f in previous.findings if f.id == "capacity.reduced"]
    result = []
    for group in groups:
        machines = [m for m in previous.machines if m.group == group.name]
        if machines:
            whys = tuple(why for why in machines[0].why if why.field != "node")
            sizes = t.cast("dict[str, t.Any]", sizes_of(machines[0]))
            result.append(replace(group, count=len(machines), why=whys, **sizes))
        else:
            result.append(group)
    return result


def answered_before(context: Context) -> Plan | None:
    """Return the earlier plan when it answers the very same request and site, also refined."""
    previous = context.previous
    made = previous.provenance if previous is not None else None
    if previous is None or made is None or not previous.machines:
        return None
    same = (digest(context.request), digest(context.site))
    return previous if (made.request_sha256, made.site_sha256) == same else None


def cluster_as_before(context: Context, cluster: Cluster) -> Cluster:
    """Return the cluster as it was: a refinement may have changed it, and nobody asks for more."""
    previous = answered_before(context)
    before = previous.cluster if previous is not None else None
    if before is None or (before.servers, before.agents) != (cluster.servers, cluster.agents):
        return cluster
    return before
