# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to run inside a cluster: add-ons that size their nodes, and named software."""

from __future__ import annotations

import math
import typing as t
from dataclasses import replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    AppWish,
    ClusterWish,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import needs
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._profiles import (
    load_profiles,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import (
    amount,
    practical_cores,
    practical_memory,
)

#: Share of a cluster's nodes that workloads may fill.
USABLE = 0.8
#: System cost of a node: what k3s documents for an agent without its workload.
SYSTEM = {"cores": 1, "memory_mib": 512}
Number = t.Literal["cores", "memory_mib"]
KEYS: dict[Number, t.Literal["vcpu", "memory_mib"]] = {"cores": "vcpu", "memory_mib": "memory_mib"}


def hold_workload(context: Context, groups: list[Group], ha: bool) -> list[Group]:
    """Return the groups, the one that carries the workload large enough for it.

    Explicit numbers stay; what they cannot hold is a warning.
    """
    carrier = groups[-1]
    carrier = _addon_nodes(context, carrier, ha)
    apps = [app for app in context.request.apps if app.family not in _addons(context)]
    if apps:
        carrier = _apps(context, carrier, apps, ha)
    return [*groups[:-1], carrier]


def _addons(context: Context) -> tuple[str, ...]:
    return (context.request.cluster or ClusterWish()).addons


def _addon_nodes(context: Context, group: Group, ha: bool) -> Group:
    table = load_profiles().addon_nodes
    for addon in _addons(context):
        node = table.get(addon)
        if node is None:
            continue
        wish = AppWish(family=node.family, component=node.component)
        need = needs([wish], context.request.drivers, "", ha, context.knowledge)[0]
        for number, key in KEYS.items():
            source = next(why.source for why in need.why if why.field == number)
            value = math.ceil(getattr(need, key))
            reason = f"{addon} documents {amount(number, value)} for each node it runs on"
            group = _raised(context, group, number, value, (reason, source, need.confidence))
    return group


def _apps(context: Context, group: Group, apps: list[AppWish], ha: bool) -> Group:
    """Raise the count, or where that was said the size, until the software fits."""
    request = context.request
    environment = request.environment or ""
    found = needs(apps, request.drivers, environment, ha, context.knowledge, scale=request.scale)
    names = ", ".join(dict.fromkeys(need.title for need in found))
    confidence = min(need.confidence for need in found)
    for number, key in KEYS.items():
        largest = max((getattr(n, key) for n in found if n.per != "total"), default=0.0)
        least = math.ceil(largest + SYSTEM[number])
        reason = f"The largest part of {names} must fit on one node"
        group = _raised(context, group, number, least, (reason, "sizing.workload", confidence))
    wanted = max(_nodes_for(group, number, _total(found, KEYS[number])) for number in KEYS)
    if wanted > group.count and "count" not in group.explicit:
        group = replace(group, count=wanted, minimum={**group.minimum, "count": wanted})
        reason = f"{names} fill {wanted} nodes to {USABLE:.0%} beside the system's own cost."
        return group.because("count", reason, "sizing.workload", confidence)
    for number, key in KEYS.items():
        each = _total(found, key) / USABLE / max(group.count, 1) + SYSTEM[number]
        reason = f"{names} on {group.count} nodes"
        value = math.ceil(each)
        group = _raised(context, group, number, value, (reason, "sizing.workload", confidence))
    return group


def _total(found: t.Iterable[t.Any], key: str) -> float:
    return sum(getattr(n, key) * (1 if n.per == "total" else n.count) for n in found)


def _nodes_for(group: Group, number: Number, total: float) -> int:
    each = max(getattr(group, number) - SYSTEM[number], 0.01) * USABLE
    return math.ceil(total / each - 1e-9)


def _raised(
    context: Context, group: Group, number: Number, value: int, why: tuple[str, str, float]
) -> Group:
    if value <= getattr(group, number):
        return group
    reason, source, confidence = why
    if number in group.explicit:
        context.report(
            "workload.size",
            "warning",
            f"machines.{group.name}.{number}",
            f"{reason}, that is {amount(number, value)}; {amount(number, getattr(group, number))}"
            " were asked for and are kept.",
            source,
        )
        return group
    value = practical_cores(value) if number == "cores" else practical_memory(value)
    group = replace(
        group,
        **t.cast("dict[str, t.Any]", {number: value}),
        minimum={**group.minimum, number: value},
    )
    return group.because(number, f"{reason}: {amount(number, value)}.", source, confidence)
