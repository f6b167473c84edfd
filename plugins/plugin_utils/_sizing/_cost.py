# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan costs by the site's price table, and other plans that would do."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Site
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import (
    Alternative,
    Cost,
    Machine,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import (
    amount,
    practical_memory,
)


def cost_of(machines: t.Iterable[Machine], site: Site) -> Cost | None:
    """Return the monthly cost by machine, None without a price table."""
    if site.prices is None:
        return None
    prices = site.prices
    by_machine = {}
    for machine in machines:
        disk = sum(disk.size_gib for disk in machine.disks)
        price = _monthly(site, machine.cores * machine.sockets, machine.memory_mib, disk)
        by_machine[machine.name] = round(price * prices.node_factors.get(machine.node, 1.0), 2)
    return Cost(
        currency=prices.currency,
        monthly=round(sum(by_machine.values()), 2),
        by_machine=by_machine,
    )


def _monthly(site: Site, cores: int, memory_mib: int, disk_gib: int) -> float:
    prices = site.prices
    if prices is None:
        return 0.0
    return (
        cores * prices.core_month
        + memory_mib / 1024 * prices.memory_gib_month
        + disk_gib * prices.disk_gib_month
    )


def alternatives(groups: list[Group], site: Site, ha: bool) -> tuple[Alternative, ...]:
    """Return plans in one line each that differ from this one: smaller, highly available, cheaper.

    Explicit numbers stay; when they leave nothing to change, the answer is empty.
    """
    found = [_alternative("smaller", [_smaller(group) for group in groups], groups, site)]
    if not ha:
        found.append(
            _alternative("highly available", [_available(group) for group in groups], groups, site)
        )
    found.append(_alternative("cheaper", [_fewer(group) for group in groups], groups, site))
    unique: dict[str, Alternative] = {}
    for alternative in found:
        if alternative is not None:
            unique.setdefault(alternative.summary, alternative)
    return tuple(unique.values())


def _alternative(
    label: str, changed: list[Group], groups: list[Group], site: Site
) -> Alternative | None:
    if changed == groups:
        return None
    cores = sum(group.total("cores") for group in changed)
    memory = sum(group.total("memory_mib") for group in changed)
    disk = sum(group.total("disk_gib") for group in changed)
    return Alternative(
        label=label,
        summary=describe(changed),
        cores=cores,
        memory_mib=memory,
        disk_gib=disk,
        monthly_cost=round(_monthly(site, cores, memory, disk), 2) if site.prices else None,
    )


def _smaller(group: Group) -> Group:
    """Return the group with half the memory and cores where they are ours to choose."""
    cores, memory = group.cores, group.memory_mib
    if "cores" not in group.explicit:
        cores = min(cores, max(group.minimum.get("cores", 1), cores // 2))
    if "memory_mib" not in group.explicit:
        memory = min(memory, max(group.minimum.get("memory_mib", 1), practical_memory(memory / 2)))
    return replace(group, cores=cores, memory_mib=memory)


def _fewer(group: Group) -> Group:
    # One server less holds no quorum better, and how many there are decides what may be lost.
    least = group.count if group.role == "server" else group.minimum.get("count", 1)
    if "count" in group.explicit or group.count <= least:
        return group
    return replace(group, count=group.count - 1)


def _available(group: Group) -> Group:
    if "count" in group.explicit:
        return group
    if group.role == "server":
        return replace(group, count=max(group.count, 3))
    return replace(group, count=max(group.count, 2))


def describe(groups: t.Iterable[Group]) -> str:
    """Return the groups as a person says them."""
    return ", ".join(
        f"{group.count} {group.name} with {amount('cores', group.cores)},"
        f" {amount('memory_mib', group.memory_mib)}"
        for group in groups
    )
