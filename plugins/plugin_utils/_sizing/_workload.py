# SPDX-License-Identifier: GPL-3.0-or-later
"""Add-ons size the nodes that carry them: by their documents, or by what their pods take."""

from __future__ import annotations

import math
import typing as t
from dataclasses import replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue import (
    Chosen,
    Entry,
    Resolution,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Software,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import needs
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import (
    amount,
    practical_cores,
    practical_memory,
)

KEYS = {"cores": "vcpu", "memory_mib": "memory_mib"}
#: Field of a cost -> the number of a machine that it takes from, and how many make one of it.
COSTS = {
    "cpu_millicores": ("cores", 1000),
    "memory_mib": ("memory_mib", 1),
    "disk_gib": ("disk_gib", 1),
}
#: Share of a node that k3s and add-ons may take where the workload runs as well.
MOST = 0.75


def hold_addons(
    context: Context, resolution: Resolution, groups: list[Group], ha: bool
) -> list[Group]:
    """Return the groups, each large enough for the add-ons that run on it.

    Everything runs on the last group, the servers carry only what each node has. Explicit numbers
    stay; what they cannot hold is a warning.
    """
    *servers, carrier = groups
    for entry in resolution.chosen.values():
        if entry.cost.knowledge is not None:
            carrier = _documented(context, carrier, entry, ha)
        carrier = _enough_nodes(context, carrier, entry, sum(group.count for group in servers))
    counted = [chosen for chosen in resolution.entries if chosen.entry.cost.knowledge is None]
    return [
        *(_counted(context, group, counted, carries=False) for group in servers),
        _counted(context, carrier, counted, carries=True),
    ]


def _documented(context: Context, group: Group, entry: Entry, ha: bool) -> Group:
    found = entry.cost.knowledge
    if found is None:
        return group
    software = Software(family=found.family, component=found.component)
    [need] = needs([software], context.request.loads, "", ha, context.knowledge)
    group = replace(group, follows=group.follows | need.follows)
    for number, key in KEYS.items():
        value = math.ceil(getattr(need, key))
        reason = f"{entry.name} documents {amount(number, value)} for each node it runs on"
        group = _raised(context, group, number, value, (reason, need.source, need.confidence))
    return group


def _enough_nodes(context: Context, group: Group, entry: Entry, other_nodes: int) -> Group:
    """Return the group with as many machines as the add-on documents for the whole cluster.

    A number that was said, or that is there, stays; that it is smaller is a warning.
    """
    missing = entry.cost.nodes - other_nodes - group.count
    if missing <= 0:
        return group
    reason = f"{entry.name} documents {entry.cost.nodes} nodes"
    if "count" in group.explicit or group.role == "server":
        context.report(
            "workload.nodes",
            "warning",
            f"machines.{group.name}.count",
            f"{reason}, the cluster has {other_nodes + group.count}: not everything in it may"
            f" survive the loss of a node; ask for {missing} more worker(s) to have them.",
            entry.cost.source,
        )
        return group
    why = (f"{reason}.", entry.cost.source, entry.cost.confidence)
    return group.with_number("count", group.count + missing, *why)


def _counted(context: Context, group: Group, addons: list[Chosen], *, carries: bool) -> Group:
    """Return the group with room for k3s and the pods of add-ons without documents."""
    for field, (number, unit) in COSTS.items():
        taken = {chosen.name: _taken(chosen, field, carries) for chosen in addons}
        taken = {name: value for name, value in taken.items() if any(value)}
        if not taken:
            continue
        each, once = (sum(parts) for parts in zip(*taken.values(), strict=True))
        # Pods that run once share the nodes, but none of them is divided.
        largest = max(single for _each, single in taken.values())
        spread = largest if number == "disk_gib" else max(largest, once / max(group.count, 1))
        pods = math.ceil(each + spread)
        system = _system(context, group, number) * unit
        most = MOST if carries and number != "disk_gib" else 1.0
        value = math.ceil((system + pods) / unit / most)
        costing = [chosen for chosen in addons if chosen.name in taken]
        costs = [chosen.entry.cost for chosen in costing]
        names = [_named(chosen, number) for chosen in costing]
        reason = (
            f"{', '.join(names)} may take {_amount(number, pods)} of a node beside"
            f" {_amount(number, system)} for the system"
            f"{', and a quarter stays free' if most < 1 else ''}"
        )
        source = "; ".join(dict.fromkeys(f"catalogue of add-ons: {cost.source}" for cost in costs))
        why = (reason, source, min(cost.confidence for cost in costs))
        group = _raised(context, group, number, value, why)
    return group


def _taken(chosen: Chosen, field: str, carries: bool) -> tuple[int, int]:
    """Return what an add-on takes of each node, and once."""
    each = getattr(chosen.entry.cost.each_node, field)
    return each, getattr(chosen.once, field) if carries else 0


def _named(chosen: Chosen, number: str) -> str:
    """Return an add-on's name, with the setting that says how much it takes."""
    setting = chosen.entry.cost.volume_setting
    if number != "disk_gib" or not setting:
        return chosen.name
    return f"{chosen.name} ({setting} {chosen.settings[setting]})"


def _system(context: Context, group: Group, number: str) -> int:
    """Return what k3s and its host take of a node; processors are shared, so none."""
    if number == "cores":
        return 0
    if number == "disk_gib":
        return group.minimum.get(number, 0)
    software = Software(family="k3s", component=group.role)
    [need] = needs([software], {}, "", False, context.knowledge)
    return int(need.minimum[number])


def _amount(number: str, value: float) -> str:
    return f"{value:.0f}m CPU" if number == "cores" else amount(number, math.ceil(value))


def _raised(
    context: Context,
    group: Group,
    number: str,
    value: int,
    why: tuple[str, str, float],
) -> Group:
    reason, source, confidence = why
    if value <= getattr(group, number):
        return group
    if number in group.explicit:
        context.report(
            "workload.size",
            "warning",
            f"machines.{group.name}.{number}",
            f"{reason}; {group.name} keeps the {amount(number, getattr(group, number))} that were"
            " said or are there.",
            source,
        )
        return group
    practical: dict[str, t.Callable[[int], int]] = {
        "cores": practical_cores,
        "memory_mib": practical_memory,
    }
    value = practical.get(number, int)(value)
    group = replace(group, minimum={**group.minimum, number: value})
    reason = f"{reason}: {amount(number, value)}."
    return group.with_number(number, value, reason, source, confidence)
