# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan that is there → groups, so that a change touches what it names and nothing else."""

from __future__ import annotations

import math
import typing as t
from dataclasses import replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Machine,
    Plan,
    digest,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Software,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import needs
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._software import (
    KEYS,
    MINIMUM,
)


def groups_of_plan(context: Context, plan: Plan, sized: t.Iterable[Group] = ()) -> list[Group]:
    """Return the machines of a plan as groups of equal ones.

    Args:
        context: its knowledge names minimums that the request does not.
        plan: the plan that is there.
        sized: groups of the request that it was made for; they know the documented minimums.
    """
    known = {group.name: group for group in sized}
    members: dict[tuple[t.Any, ...], list[Machine]] = {}
    for machine in plan.machines:
        members.setdefault(_alike(machine), []).append(machine)
    taken: set[str] = set()
    groups = []
    for machines in members.values():
        first = machines[0]
        name = first.group if first.group not in taken else first.name
        taken.add(name)
        group = _group(name, machines, known.get(first.group))
        if context.placed is None and first.group in known:
            groups.append(_sizes_of(group, known[first.group]))
            continue
        groups.append(group if first.group in known else _with_minimum(context, group))
    return groups


def _alike(machine: Machine) -> tuple[t.Any, ...]:
    sizes = tuple(disk.size_gib for disk in machine.disks)
    return machine.group, machine.kind, machine.cores * machine.sockets, machine.memory_mib, sizes


def _group(name: str, machines: list[Machine], sized: Group | None) -> Group:
    first = machines[0]
    disks = [disk.size_gib for disk in first.disks] or [1]
    least = dict(sized.minimum) if sized else dict(MINIMUM[first.kind])
    return Group(
        name=name,
        label=first.group,
        role=first.role,
        families=sized.families if sized else _families(first),
        count=len(machines),
        cores=first.cores * first.sockets,
        memory_mib=first.memory_mib,
        disk_gib=disks[0],
        data_disks_gib=tuple(disks[1:]),
        kind=first.kind,
        names=tuple(machine.name for machine in machines),
        explicit=frozenset(why.field for why in first.why if why.source == "explicit"),
        minimum={**least, "disk_gib": disks[0], "count": 1},
        documented=sized.documented if sized else {},
        firm=sized.firm if sized else {},
        ha=first.ha.enabled,
        start_order=first.startup.order if first.startup else 1,
        before={machine.name: machine for machine in machines},
        why=tuple(why for why in first.why if why.field != "node"),
    )


def _sizes_of(there: Group, sized: Group) -> Group:
    """Return a group of the request with the sizes that a plan without facts had."""
    numbers = ("count", "cores", "memory_mib", "disk_gib", "data_disks_gib", "why")
    return replace(sized, **{name: getattr(there, name) for name in numbers})


def _with_minimum(context: Context, group: Group) -> Group:
    """Return the group with what documents ask for at least, whatever its load is."""
    least, documented, firm = dict(group.minimum), dict(group.documented), dict(group.firm)
    for need in needs(_software(group), {}, "", False, context.knowledge):
        for number, key in KEYS.items():
            if key in need.documented and number != "disk_gib":
                least[number] = max(least[number], math.ceil(need.minimum[key] - 1e-9))
                documented[number] = need.source
                firm[number] = max(firm.get(number, 0), math.ceil(need.firm[key] - 1e-9))
    return replace(group, minimum=least, documented=documented, firm=firm)


def _software(group: Group) -> list[Software]:
    """Return the parts of software whose rules sized the group; k3s of a node of a cluster."""
    if group.role in ("server", "agent"):
        return [Software(family="k3s", component=group.role)]
    ids = dict.fromkeys(why.source.split(" ")[0] for why in group.why if " (" in why.source)
    pairs = [tuple(text.split(".")) for text in ids if text.count(".") == 1]
    return [Software(family=family, component=part) for family, part in pairs]


def _families(machine: Machine) -> tuple[str, ...]:
    """Return the families whose rules the machine was sized by."""
    return tuple(
        dict.fromkeys(
            why.source.partition(".")[0] for why in machine.why if "." in why.source.split(" ")[0]
        )
    )


def part_of(group: Group, names: t.Collection[str]) -> tuple[Group | None, Group]:
    """Return the group without some of its machines (None: all are meant), and those."""
    if set(names) >= set(group.names):
        return None, group
    rest = tuple(name for name in group.names if name not in names)
    own = tuple(name for name in group.names if name in names)
    return (
        replace(group, names=rest, count=len(rest), before=_of(group, rest)),
        replace(group, name=own[0], names=own, count=len(own), before=_of(group, own)),
    )


def _of(group: Group, names: t.Collection[str]) -> dict[str, Machine]:
    return {name: machine for name, machine in group.before.items() if name in names}


def answered_before(context: Context) -> Plan | None:
    """Return the earlier plan when it answers the very same request and site, also changed."""
    previous = context.previous
    made = previous.provenance if previous is not None else None
    if previous is None or made is None or not previous.machines:
        return None
    same = (digest(context.request), digest(context.site))
    return previous if (made.request_sha256, made.site_sha256) == same else None
