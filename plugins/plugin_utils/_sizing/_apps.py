# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests for VMs, containers and named software → groups of machines."""

from __future__ import annotations

import math
import typing as t
from dataclasses import replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import Why
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    AppWish,
    MachineWish,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import (
    Need,
    category_of,
    needs,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._topology import (
    amount,
    wants_ha,
    with_wishes,
)

#: Roles that say nothing of the purpose; such a wish fits any component.
GENERAL_ROLES = frozenset({"vm", "container", "lxc", "node", "machine", "server", "app"})
MINIMUM = {
    "vm": {"count": 1, "cores": 1, "memory_mib": 512, "disk_gib": 4},
    "lxc": {"count": 1, "cores": 1, "memory_mib": 128, "disk_gib": 1},
}
#: A machine larger than this is split when only a total is documented.
MAX_SPLIT_VCPU = 16


def app_groups(context: Context) -> list[Group]:
    """Return the groups of a request that is not for a cluster."""
    request = context.request
    ha = wants_ha(context)
    wishes = list(request.machines)
    apps = list(request.apps)
    if not apps:
        apps, wishes = _apps_of_wishes(request.workload, wishes)
    found = needs(apps, request.drivers, context.environment, ha, context.knowledge)
    pairs = _matched(context, found, wishes)
    groups = [_group(context, need, wish, ha) for need, wish in pairs]
    groups = _behind_balancer(groups)
    return _distinct(groups)


def _apps_of_wishes(
    workload: str | None, wishes: list[MachineWish]
) -> tuple[list[AppWish], list[MachineWish]]:
    """Return one last-resort app per wish, in step with the wishes."""
    wishes = wishes or [MachineWish(role="vm")]
    apps = []
    for wish in wishes:
        words = " ".join(filter(None, (wish.role, workload, (wish.name or "").replace("-", " "))))
        apps.append(AppWish(family=f"table-{category_of(words)}", count=wish.count or 1))
    return apps, wishes


def _matched(
    context: Context, found: list[Need], wishes: list[MachineWish]
) -> list[tuple[Need, MachineWish | None]]:
    """Pair each need with what was said of it; a wish left over becomes a machine of its own."""
    if len(found) == len(wishes) and all(w.role in GENERAL_ROLES for w in wishes):
        return list(zip(found, wishes, strict=True))
    general = [wish for wish in wishes if wish.role in GENERAL_ROLES]
    named = {wish.role: wish for wish in wishes if wish.role not in GENERAL_ROLES}
    pairs: list[tuple[Need, MachineWish | None]] = []
    for need in found:
        keys = (need.component, need.family, need.family.removeprefix("table-"))
        wish = next((named.pop(key) for key in keys if key in named), None)
        if wish is None and len(general) == 1:
            wish = general[0] if len(found) == 1 else general[0].model_copy(update={"name": None})
        pairs.append((need, wish))
    for wish in named.values():
        app = AppWish(family=f"table-{category_of(wish.role)}", count=wish.count or 1)
        [need] = needs([app], {}, context.environment, False, context.knowledge)[:1]
        pairs.append((need, wish))
    return pairs


def _group(context: Context, need: Need, wish: MachineWish | None, ha: bool) -> Group:
    kind: t.Literal["vm", "lxc"] = "lxc" if context.request.kind == "lxc" else "vm"
    role = need.component if wish is None or wish.role in GENERAL_ROLES else wish.role
    count, vcpu, memory, disk = need.count, need.vcpu, need.memory_mib, need.disk_gib
    why: tuple[Why, ...] = need.why
    if need.per == "total":
        count = max(count, math.ceil(vcpu / MAX_SPLIT_VCPU))
        vcpu, memory, disk = vcpu / count, memory / count, disk / count
    group = Group(
        name=role,
        role=role,
        count=count,
        cores=practical_cores(vcpu),
        memory_mib=practical_memory(memory),
        disk_gib=practical_disk(disk),
        kind=kind,
        base_name=(wish.name or "") if wish else "",
        minimum=_minimum(kind, need),
        spread=count > 1 and not need.last_resort,
        fast=need.fast_storage,
        ha=ha,
        why=why,
    )
    if wish is not None and wish.count is not None:
        group = replace(group, count=wish.count, explicit=frozenset({"count"}))
        group = group.because("count", f"As asked: {wish.count}.", "explicit", 1.0)
    group = _relative(context, group, wish)
    return with_wishes(context, group, [wish] if wish else [])


def _minimum(kind: t.Literal["vm", "lxc"], need: Need) -> dict[str, int]:
    """Return how far our own numbers may be cut: never below what is documented."""
    least = dict(MINIMUM[kind])
    for number, key in (("cores", "vcpu"), ("memory_mib", "memory_mib"), ("disk_gib", "disk_gib")):
        if key in need.minimum and not need.last_resort and need.per == "machine":
            least[number] = max(least[number], math.ceil(need.minimum[key]))
    return least


def _relative(context: Context, group: Group, wish: MachineWish | None) -> Group:
    """Size the group by another machine ("twice web-1"), which must exist."""
    if wish is None or wish.relative_to is None or wish.factor is None:
        return group
    machines = context.previous.machines if context.previous else ()
    base = next(
        ((m.cores * m.sockets, m.memory_mib) for m in machines if m.name == wish.relative_to), None
    )
    if base is None and context.snapshot is not None:
        base = next(
            ((g.cpus, g.memory_mib) for g in context.snapshot.guests if g.name == wish.relative_to),
            None,
        )
    if base is None:
        context.report(
            "reference.machine",
            "error",
            f"machines.{group.name}.relative_to",
            f"There is no machine {wish.relative_to} to compare with; name one that exists.",
        )
        return group
    reason = f"{wish.factor:g} times {wish.relative_to}."
    group = replace(
        group,
        cores=max(1, math.ceil(base[0] * wish.factor)),
        memory_mib=practical_memory(base[1] * wish.factor),
        explicit=group.explicit | {"cores", "memory_mib"},
    )
    for number in ("cores", "memory_mib"):
        group = group.because(number, reason, "explicit", 1.0)
    return group


def _behind_balancer(groups: list[Group]) -> list[Group]:
    """Give a load balancer at least two machines to balance."""
    if not any("balancer" in group.role for group in groups):
        return groups
    result = []
    for group in groups:
        if (
            group.role in ("web", "application")
            and group.count < 2
            and "count" not in group.explicit
        ):
            raised = replace(group, count=2, spread=True)
            result.append(
                raised.because(
                    "count",
                    "Load balancing needs at least two machines behind the balancer.",
                    "sizing.load-balancing",
                    0.9,
                )
            )
        else:
            result.append(group)
    return result


def _distinct(groups: list[Group]) -> list[Group]:
    """Return the groups with unique names."""
    seen: dict[str, int] = {}
    result = []
    for group in groups:
        seen[group.name] = number = seen.get(group.name, 0) + 1
        result.append(group if number == 1 else replace(group, name=f"{group.name}-{number}"))
    return result


def practical_cores(vcpu: float) -> int:
    """Return whole vCPU; above 4 an even number."""
    cores = max(1, math.ceil(vcpu - 1e-9))
    return cores if cores <= 4 else cores + cores % 2


def practical_memory(memory_mib: float) -> int:
    """Return MiB in steps of 256 (below 4 GiB) or 1024."""
    step = 256 if memory_mib < 4096 else 1024
    return max(step, math.ceil(memory_mib / step - 1e-9) * step)


def practical_disk(disk_gib: float) -> int:
    """Return whole GiB; above 20 in steps of 5."""
    size = max(1, math.ceil(disk_gib - 1e-9))
    return size if size <= 20 else math.ceil(size / 5) * 5


__all__ = ["amount", "app_groups", "practical_cores", "practical_disk", "practical_memory"]
