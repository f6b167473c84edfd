# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests for VMs, containers and named software → groups of machines."""

from __future__ import annotations

import math
import re
import typing as t
from dataclasses import replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    AppWish,
    MachineWish,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import (
    Knowledge,
    Need,
    category_of,
    count_as_driver,
    needs,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._history import (
    with_history,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
    name_prefix,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._parts import (
    GENERAL_ROLES,
    of_component,
    parts_said,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._topology import (
    wants_ha,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import (
    practical_cores,
    practical_disk,
    practical_memory,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._wishes import (
    sizes_of,
    with_wishes,
)

#: Components that are no name for a machine: the family's name serves.
GENERAL_COMPONENTS = frozenset({"server", "node", "agent", "master", "worker"})
MINIMUM = {
    "vm": {"count": 1, "cores": 1, "memory_mib": 512, "disk_gib": 4},
    "lxc": {"count": 1, "cores": 1, "memory_mib": 128, "disk_gib": 1},
}
#: A machine larger than this is split when only a total is documented.
MAX_SPLIT_VCPU = 16
Pair = tuple[Need, MachineWish | None]


def app_groups(context: Context) -> list[Group]:
    """Return the groups of a request that is not for a cluster."""
    if context.request.operation != "create" and context.previous is not None:
        return _changed(context)
    request = context.request
    ha = wants_ha(context)
    environment = request.environment or ""  # not said: the documents' own recommendation
    wishes = list(request.machines)
    apps = [
        *request.apps,
        *_apps_of_components(request.components, request.apps, context.knowledge),
    ]
    if apps:
        apps, wishes = _served(context, apps, wishes)
        wishes = [of_component(wish, apps, context.knowledge) for wish in wishes]
        found = _needs(context, apps, wishes, environment, ha)
        found += parts_said(context, found, wishes, environment, ha)
        pairs = _matched(context, found, wishes, environment, ha)
    else:
        pairs = [
            _last_resort(context, wish, environment, ha)
            for wish in wishes or [MachineWish(role="vm")]
        ]
    groups = with_history(context, [_group(context, need, wish, ha) for need, wish in pairs])
    return _distinct(_behind_balancer(groups))


def _apps_of_components(
    components: t.Sequence[str], apps: t.Sequence[AppWish], knowledge: Knowledge
) -> t.Iterator[AppWish]:
    """Yield a last-resort app for each part without a brand that no named app is already."""
    covered = {app.family for app in apps} | {app.component for app in apps}
    for app in apps:
        family = knowledge.get(app.family)
        covered.add(family.category if family else category_of(app.family))
    for component in components:
        if component not in covered and knowledge.get(f"table-{component}") is not None:
            yield AppWish(family=f"table-{component}")


def _served(
    context: Context, apps: list[AppWish], wishes: list[MachineWish]
) -> tuple[list[AppWish], list[MachineWish]]:
    """Return both, counts of nodes that software looks after no longer as counts of machines."""
    drivers = context.request.drivers
    read = [count_as_driver(app, context.knowledge.get(app.family), drivers) for app in apps]
    counts = {old.count for old, new in zip(apps, read, strict=True) if old.count != new.count}
    return read, [
        wish.model_copy(update={"count": None}) if wish.count in counts else wish for wish in wishes
    ]


def _needs(
    context: Context, apps: list[AppWish], wishes: list[MachineWish], environment: str, ha: bool
) -> list[Need]:
    """Return the needs; a disk that was said of the only machine holds its data.

    Memory follows that data. Only the disk of an empty machine is a minimum then: what was said
    is the disk, and what the data would rather have is a warning.
    """

    def with_data(gib: float | None) -> list[Need]:
        drivers = {**request.drivers} if gib is None else {**request.drivers, "data_gib": gib}
        return needs(apps, drivers, environment, ha, context.knowledge, scale=request.scale)

    request, family = context.request, context.knowledge.get(apps[0].family)
    disk = wishes[0].disk_gib if len(wishes) == 1 and len(apps) == 1 else None
    said = {"data_gib"} & {*request.drivers, *apps[0].drivers}
    if not disk or said or family is None or "data_gib" not in family.drivers:
        return with_data(None)
    found, empty = with_data(float(disk)), with_data(0.0)
    if len(found) != len(empty):
        return found
    wanted = found[0].minimum.get("disk_gib", 0.0)
    least = empty[0].minimum.get("disk_gib", 0.0)
    if least <= disk < wanted:
        context.report(
            "data.headroom",
            "warning",
            f"machines.{wishes[0].role}.disk_gib",
            f"Full with data, {disk:g} GiB of disk leave no head-room: {wanted:g} GiB are"
            f" documented for so much data of {found[0].title}; {disk:g} GiB are kept as asked.",
            found[0].why[-1].source,
        )
    return [
        replace(need, minimum={**need.minimum, "disk_gib": bare.minimum.get("disk_gib", 0.0)})
        for need, bare in zip(found, empty, strict=True)
    ]


def _last_resort(context: Context, wish: MachineWish, environment: str, ha: bool) -> Pair:
    workload = context.request.workload or ""
    role = "" if wish.role in GENERAL_ROLES else wish.role
    hint = "gpu" if wish.gpu else ""
    words = " ".join((role, workload, (wish.name or "").replace("-", " "), hint))
    app = AppWish(family=f"table-{category_of(words)}", count=wish.count or 1)
    drivers, scale = context.request.drivers, context.request.scale
    return needs([app], drivers, environment, ha, context.knowledge, scale=scale)[0], wish


def _matched(
    context: Context, found: list[Need], wishes: list[MachineWish], environment: str, ha: bool
) -> list[Pair]:
    """Pair each need with what was said of it; a wish left over becomes a machine of its own."""
    general = [wish for wish in wishes if wish.role in GENERAL_ROLES]
    if len(found) == len(general) == len(wishes):
        return list(zip(found, general, strict=True))
    named = {wish.role: wish for wish in wishes if wish.role not in GENERAL_ROLES}
    pairs: list[Pair] = []
    for need in found:
        keys = (need.component, need.family, need.category)
        wish = next((named.pop(key) for key in keys if key in named), None)
        if wish is None and len(general) == 1:
            wish = _share(general[0], need, found)
        pairs.append((need, wish))
    unused = len(general) > 1 or (general and all(wish in wishes for _need, wish in pairs))
    rest = [*named.values(), *(general if unused else ())]
    return pairs + [_last_resort(context, wish, environment, ha) for wish in rest]


def _share(wish: MachineWish, need: Need, found: list[Need]) -> MachineWish:
    """Return what a wish for the whole software says of one need; a disk is that of its data."""
    if len(found) == 1:
        return wish
    update: dict[str, t.Any] = {"name": None, "vmid": None, "address": None}
    own = [other for other in found if other.family == need.family]
    if need.disk_gib < max(other.disk_gib for other in own):
        update["disk_gib"] = None
    return wish.model_copy(update=update)


def _group(context: Context, need: Need, wish: MachineWish | None, ha: bool) -> Group:
    kind: t.Literal["vm", "lxc"] = "lxc" if context.request.kind == "lxc" else "vm"
    role = _role(need, wish)
    count, vcpu, memory, disk = need.count, need.vcpu, need.memory_mib, need.disk_gib
    if need.per == "total":
        count = max(count, math.ceil(vcpu / MAX_SPLIT_VCPU))
        vcpu, memory, disk = vcpu / count, memory / count, disk / count
    least = _minimum(kind, need, count)
    group = Group(
        name=wish.name if wish and wish.name and count == 1 else role,
        role=role,
        count=count,
        cores=max(practical_cores(vcpu), least["cores"]),
        memory_mib=max(practical_memory(memory), least["memory_mib"]),
        disk_gib=max(practical_disk(disk), least["disk_gib"]),
        kind=kind,
        base_name=(wish.name or "") if wish else "",
        minimum=least,
        spread=count > 1,
        fast=need.fast_storage,
        ha=ha and count == 1,  # replicas on several hosts are available by themselves
        why=need.why,
    )
    if wish is not None and wish.count is not None:
        group = _with_count(group, wish.count)
        group = replace(group, spread=wish.count > 1, ha=ha and wish.count == 1)
    return with_wishes(context, group, [wish] if wish else [])


def _role(need: Need, wish: MachineWish | None) -> str:
    """Return what the machine is for: as said, else the component, else the software."""
    if wish is not None and wish.role not in GENERAL_ROLES:
        return wish.role
    if need.unknown:
        return re.sub(r"[^a-z0-9]+", "-", need.family.lower()).strip("-")[:20].strip("-") or "app"
    if need.last_resort:
        plain = wish is not None and need.category == "application"
        return wish.role if wish is not None and plain else need.component
    return need.family if need.component in GENERAL_COMPONENTS else need.component


def _minimum(kind: t.Literal["vm", "lxc"], need: Need, count: int) -> dict[str, int]:
    """Return how far our own numbers may be cut: never below what is documented."""
    least = dict(MINIMUM[kind])
    if need.last_resort or kind == "lxc":
        return least
    share = count if need.per == "total" else 1
    for number, key in (("cores", "vcpu"), ("memory_mib", "memory_mib"), ("disk_gib", "disk_gib")):
        if key in need.minimum:
            least[number] = max(least[number], math.ceil(need.minimum[key] / share))
    least["count"] = max(1, min(count, math.ceil(need.minimum.get("count", 1))))
    return least


def _changed(context: Context) -> list[Group]:
    """Return the groups of the plan that is being changed, with what was said laid over them."""
    machines = context.previous.machines if context.previous else ()
    groups: dict[str, Group] = {}
    for machine in machines:
        if machine.group in groups:
            group = groups[machine.group]
            groups[machine.group] = replace(group, count=group.count + 1)
            continue
        sizes = sizes_of(machine)
        alone = [m.group for m in machines].count(machine.group) == 1
        prefix = name_prefix(context.deployment, machine.group)
        numbered = re.fullmatch(rf"{re.escape(prefix)}-\d+", machine.name)
        base_name = machine.name if alone else re.sub(r"-\d+$", "", machine.name)
        group = Group(
            name=machine.group,
            role=machine.role,
            count=1,
            cores=sizes["cores"],
            memory_mib=sizes["memory_mib"],
            disk_gib=sizes["disk_gib"],
            kind=machine.kind,
            base_name="" if numbered else base_name,
            minimum={**MINIMUM[machine.kind], "disk_gib": sizes["disk_gib"]},
            ha=machine.ha.enabled,
            why=tuple(why for why in machine.why if why.field != "node"),
        )
        groups[machine.group] = group
    wished = _wished(context, groups.values())
    result = []
    for group in groups.values():
        fitting, counted = wished[group.name], group
        for wish in fitting:
            about = sum(wish in wishes for wishes in wished.values())
            counted = _counted(context, counted, wish, about)
        spread = replace(counted, spread=counted.count > 1)
        result.append(with_wishes(context, spread, fitting))
    return result


def _wished(context: Context, groups: t.Collection[Group]) -> dict[str, list[MachineWish]]:
    """Return the wishes about each group: those of its name or kind, and those about all machines.

    A change names what is there; a wish about anything else is reported.
    """
    found: dict[str, list[MachineWish]] = {group.name: [] for group in groups}
    software = _of_software(context, groups)
    for wish in context.request.machines:
        named = [group for group in groups if _names(context, wish, group)]
        if _for_all(wish) and context.request.apps:
            named = software
        elif not named and not _for_all(wish):
            _report_unknown(context, wish.name or wish.role, found)
        elif not any(v for k, v in wish.model_dump().items() if k not in ("role", "name")):
            context.report(
                "change.nothing",
                "error",
                f"machines.{wish.name or wish.role}",
                f"Say what shall change about {wish.name or wish.role}: its number or a size. To"
                " leave it out, say the whole request again without it.",
            )
        everywhere = _for_all(wish) and not context.request.apps
        for group in named or (groups if everywhere else ()):
            found[group.name].append(wish)
    return found


def _of_software(context: Context, groups: t.Collection[Group]) -> list[Group]:
    """Return the groups of the software that a change names; report what the plan has not."""
    found: list[Group] = []
    all_families = context.knowledge.families
    families = {name: f for name, f in all_families.items() if not f.last_resort}
    for app in context.request.apps:
        family = families.get(app.family)
        kinds = {app.family} | ({family.category} if family else set())
        own = []
        for group in groups:
            known = {why.source.partition(".")[0] for why in group.why} & families.keys()
            if app.family in known or (not known and kinds & {group.name, group.role}):
                own.append(group)
        if not own:
            _report_unknown(context, app.family, [group.name for group in groups])
        found += own
    return found


def _report_unknown(context: Context, name: str, there: t.Iterable[str]) -> None:
    context.report(
        "change.unknown",
        "error",
        f"machines.{name}",
        f"The plan has no {name}, it has {', '.join(there)}; name one of those, or say the whole"
        " request again with what shall be new.",
    )


def _names(context: Context, wish: MachineWish, group: Group) -> bool:
    """Return whether a wish names a group: by its name, else by its role or kind of software."""
    if wish.name is not None:
        machines = context.previous.machines if context.previous else ()
        own = {machine.name for machine in machines if machine.group == group.name}
        return wish.name in own | {group.name, group.base_name}
    families = context.knowledge.families
    family = families.get(group.role) or families.get(group.name)
    kinds = {group.name, group.role} | ({family.category} if family else set())
    return wish.role in kinds


def _counted(context: Context, group: Group, wish: MachineWish, groups: int) -> Group:
    """Return the group with the count that was said of so many groups, or the difference to it."""
    if wish.count is None and wish.count_delta is None:
        return group
    if groups > 1:
        context.report(
            "change.whose",
            "error",
            "machines.count",
            "The plan has several kinds of machines; say of which there shall be more or fewer.",
        )
        return group
    count = group.count + wish.count_delta if wish.count_delta else wish.count or 0
    if count < 1:
        context.report(
            "change.none-left",
            "error",
            f"machines.{group.name}.count",
            f"There are {group.count} {group.name}, so none would be left; use the playbook destroy"
            " to remove a deployment.",
        )
        return group
    return _with_count(group, count)


def _with_count(group: Group, count: int) -> Group:
    group = replace(group, count=count, explicit=group.explicit | {"count"})
    return group.because("count", f"As asked: {count}.", "explicit", 1.0)


def _for_all(wish: MachineWish) -> bool:
    return wish.name is None and wish.role in GENERAL_ROLES


def _behind_balancer(groups: list[Group]) -> list[Group]:
    """Give a load balancer at least two machines to balance."""
    if not any("balancer" in group.role for group in groups):
        return groups
    result = []
    for group in groups:
        balanced = group.role in ("web", "application") and group.count < 2
        if balanced and "count" not in group.explicit:
            minimum = {**group.minimum, "count": 2}
            raised = replace(group, count=2, minimum=minimum, spread=True, ha=False)
            reason = "Load balancing needs at least two machines behind the balancer."
            result.append(raised.because("count", reason, "sizing.load-balancing", 0.9))
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
