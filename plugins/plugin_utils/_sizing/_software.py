# SPDX-License-Identifier: GPL-3.0-or-later
"""One thing of a request that is no cluster → the groups of machines that it needs."""

from __future__ import annotations

import math
import typing as t
from dataclasses import replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import Why
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Machines,
    MachinesThing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import (
    Need,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._drafts import (
    RUNTIMES,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._history import (
    with_history,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._needs import (
    needs_of,
    on_one_disk,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._said import (
    share_totals,
    with_count,
    with_said,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._topology import (
    wants_ha,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import (
    amount,
    practical_cores,
    practical_disk,
    practical_memory,
    slug,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._unknown import (
    explain_unknown,
)

#: Components that are no name for a machine: the family's name serves.
GENERAL_COMPONENTS = frozenset({"server", "node", "agent", "master", "worker"})
MINIMUM = {
    "vm": {"count": 1, "cores": 1, "memory_mib": 512, "disk_gib": 4},
    "lxc": {"count": 1, "cores": 1, "memory_mib": 128, "disk_gib": 1},
}
#: Root file system that Proxmox VE itself gives a container of which nothing is said.
CONTAINER_DISK_GIB = 8
#: A machine larger than this is split when only a total is documented.
MAX_SPLIT_VCPU = 16
#: Numbers of a group and the keys that the knowledge has for them.
KEYS = {"cores": "vcpu", "memory_mib": "memory_mib", "disk_gib": "disk_gib"}
#: What the option is called whose machines stand in for each other.
AVAILABLE = "high availability"
#: Longest purpose that serves as a role; more words describe and do not name.
MAX_ROLE_WORDS = 2


def groups_of_thing(context: Context, thing: MachinesThing) -> list[Group]:
    """Return the groups of machines of one thing."""
    ha = wants_ha(context, thing.ha, thing.environment)
    found = needs_of(context, thing, ha)
    for need in found:
        if need.unknown:
            explain_unknown(context, need)
    if found and (len(thing.software) > 1 or _on_one_machine(thing, found, ha)):
        groups = [_together(context, thing, found, ha)]
    else:
        groups = [
            _group(context, thing, need, ha, alone=len(found) == 1, first=need is found[0])
            for need in found
        ]
    groups = with_history(groups, {**context.request.loads, **thing.loads})
    # A number of all machines together belongs to the whole thing.
    return share_totals(context, groups, thing.totals)


def _on_one_machine(thing: MachinesThing, found: list[Need], ha: bool) -> bool:
    """Tell whether one machine was described that holds all parts of a software."""
    one = thing.count == 1 or (thing.count is None and any(getattr(thing, n) for n in KEYS))
    several = ha or thing.listed > 1 or any(need.count > 1 for need in found)
    return len(found) > 1 and one and not several


def _group(
    context: Context, thing: MachinesThing, need: Need, ha: bool, *, alone: bool, first: bool
) -> Group:
    """Return the group of one need; of several, what names one machine is the first one's."""
    kind = thing.kind or "vm"
    role = _role(thing, need, alone=alone)
    count, vcpu, memory, disk = need.count, need.vcpu, need.memory_mib, need.disk_gib
    if need.per == "total":
        count = max(count, math.ceil(vcpu / MAX_SPLIT_VCPU))
        vcpu, memory, disk = vcpu / count, memory / count, disk / count
    need = on_one_disk(need, thing)
    least, documented, firm = _minimum(kind, need, count)
    group = Group(
        name=role,
        role=role,
        families=(need.family,),
        count=count,
        cores=max(practical_cores(vcpu), least["cores"]),
        memory_mib=max(practical_memory(memory), least["memory_mib"]),
        disk_gib=max(practical_disk(disk), least["disk_gib"]),
        data_disks_gib=_data_disks([need], thing),
        kind=kind,
        minimum=least,
        documented=documented,
        firm=firm,
        options=_options(need),
        fast=need.fast_storage,
        follows=need.follows,
        assumed=need.assumed,
        why=tuple(_true(why, thing) for why in need.why),
    )
    group = _share_of_table(group, need, thing)
    said: Machines = thing
    if not alone:
        said = _of_part(thing, first)
    if first and not (thing.count == 1 and not alone):
        group = with_count(context, group, said)
    return _finished(context, group, said, ha)


def _data_disks(found: list[Need], thing: MachinesThing) -> tuple[int, ...]:
    """Return the second disk that documents name; a disk that was said is the only one."""
    total = sum(need.data_disk_gib for need in found)
    return (practical_disk(total),) if total and thing.disk_gib is None else ()


def _share_of_table(group: Group, need: Need, thing: MachinesThing) -> Group:
    """Return a container that nothing is documented for with a disk that goes with its memory."""
    said = thing.memory_mib
    if group.kind != "lxc" or not need.last_resort or said is None or said >= need.memory_mib:
        return group
    share = practical_disk(group.disk_gib * said / need.memory_mib)
    disk = min(group.disk_gib, max(CONTAINER_DISK_GIB, share))
    reason = (
        f"{disk} GiB of disk: {group.disk_gib} GiB go with {amount('memory_mib', need.memory_mib)}"
        f" in the table, and this container has {amount('memory_mib', said)}; at least"
        f" {CONTAINER_DISK_GIB} GiB, which Proxmox VE gives a container by itself."
    )
    return replace(group, disk_gib=disk).because("disk_gib", reason, need.source, need.confidence)


def _finished(context: Context, group: Group, said: Machines, ha: bool) -> Group:
    """Return the group with what was said; replicas on several hosts are available already."""
    group = replace(group, spread=group.count > 1, ha=ha and group.count == 1)
    group = with_said(context, group, said)
    return replace(group, name=group.names[0]) if group.count == 1 == len(group.names) else group


def _of_part(thing: MachinesThing, first: bool) -> Machines:
    """Return what was said of software of several parts, as it holds for one of them."""
    own = {"names": (), "vmids": (), "addresses": (), "disk_gib": None, "data_disks_gib": ()}
    return thing if first else thing.model_copy(update=own)


def _options(need: Need) -> dict[str, dict[str, int]]:
    """Return the numbers that the family gives by the names of what they are.

    High availability has a number of machines as well.
    """
    rounded = {"vcpu": practical_cores, "memory_mib": practical_memory, "disk_gib": practical_disk}
    named = {"minimum": need.minimum, "recommended": need.recommended, AVAILABLE: need.available}
    options = {
        name: {number: rounded[key](values[key]) for number, key in KEYS.items() if values.get(key)}
        for name, values in named.items()
        if values
    }
    if need.available.get("count", 0.0) > need.count:
        options[AVAILABLE]["count"] = math.ceil(need.available["count"] - 1e-9)
    else:
        options.pop(AVAILABLE, None)
    return options


def _true(why: Why, thing: MachinesThing) -> Why:
    """Return a reason as it is: a machine that nobody counted is one because it is one."""
    if why.field == "count" and not thing.software and thing.count is None:
        reason = "One machine: no number was said."
        return Why(field="count", reason=reason, source="sizing.one", confidence=0.9)
    return why


def _together(context: Context, thing: MachinesThing, found: list[Need], ha: bool) -> Group:
    """Return one group whose machines hold all of the software: needs added up."""
    kind = thing.kind or "vm"
    least = dict(MINIMUM[kind])
    documented: dict[str, str] = {}
    firm: dict[str, int] = {}
    values: dict[str, float] = {}
    runtime = [need for need in found if need.family in RUNTIMES]
    # What nobody knows has one table: it stands for all of it.
    unknown = next((need for need in found if need.unknown), None)
    found = [need for need in found if need is unknown or not need.unknown]
    found = [
        on_one_disk(need, thing)
        for need in ([need for need in found if need not in runtime] or found)
    ]
    rules: dict[str, int] = {}
    for number, key in KEYS.items():
        each = [getattr(need, key) for need in found]
        least_each = [need.minimum.get(key, getattr(need, key)) for need in found]
        # Head-room is shared, what a program cannot do without and its data are not.
        values[number] = sum(each) if number == "disk_gib" else max(*each, sum(least_each))
        bounded = [need for need in found if key in need.documented]
        if bounded and kind == "vm":  # no document knows the others: their sum is a rule of thumb
            most = max(bounded, key=lambda need: need.minimum[key])
            least[number] = max(least[number], math.ceil(most.minimum[key] - 1e-9))
            documented[number] = most.source
            firm[number] = math.ceil(max(need.firm[key] for need in bounded) - 1e-9)
            rules[number] = math.ceil(sum(need.minimum[key] for need in bounded) - 1e-9)
    titles = list(dict.fromkeys(need.title for need in found))
    confidence = min(need.confidence for need in found)
    source = "; ".join(dict.fromkeys(need.source for need in found))
    families = [software.family for software in thing.software]
    hosted = [family for family in families if family not in RUNTIMES]
    role = thing.part or slug(
        hosted[0] if len({*hosted}) == 1 or len(hosted) == len(families) else "docker"
    )
    group = Group(
        name=role,
        role=role,
        families=tuple(families),
        count=1,
        cores=max(practical_cores(values["cores"]), least["cores"]),
        memory_mib=max(practical_memory(values["memory_mib"]), least["memory_mib"]),
        disk_gib=max(practical_disk(values["disk_gib"]), least["disk_gib"]),
        data_disks_gib=_data_disks(found, thing),
        kind=kind,
        minimum=least,
        documented=documented,
        firm=firm,
        fast=any(need.fast_storage for need in found),
        follows=frozenset[str]().union(*(need.follows for need in found)),
        assumed={title: number for need in found for title, number in need.assumed.items()},
    )
    reason = f"{', '.join(titles)} share one machine."
    group = group.because("count", reason, "sizing.together", 0.9)
    for number, key in KEYS.items():
        parts = ", ".join(
            f"{need.title} {amount(number, math.ceil(getattr(need, key)))}" for need in found
        )
        group = group.because(
            number, f"{amount(number, getattr(group, number))} for {parts}.", source, confidence
        )
    context.report(
        "machines.together",
        "info",
        f"machines.{role}",
        f"{', '.join(titles)} run together on {role}; what each cannot do without is added up.",
    )
    for number, total in rules.items():
        said = getattr(thing, number)
        if said is not None and least[number] <= said < total:
            context.report(
                f"minimum.{number}",
                "warning",
                f"machines.{role}.{number}",
                f"{amount(number, said)} for {', '.join(titles)} is less than the"
                f" {amount(number, total)} that their minimums add up to; kept as asked.",
                "rule of thumb",
            )
    return _finished(context, with_count(context, group, thing), thing, ha)


def _role(thing: MachinesThing, need: Need, *, alone: bool = False) -> str:
    """Return what the machine is for: as said, else the component, else the software."""
    if need.unknown and (thing.software or len(need.family.split()) <= MAX_ROLE_WORDS):
        return slug(need.family)
    if thing.software:
        named = thing.software[0].component is not None
        if need.component not in GENERAL_COMPONENTS and (named or not alone):
            return need.component
        if thing.part and thing.software[0].component:  # "3 build agents" of a build server
            return slug(thing.part)
        return need.family
    if thing.part:
        return slug(thing.part)
    return "container" if thing.kind == "lxc" else "vm"


def _minimum(
    kind: t.Literal["vm", "lxc"], need: Need, count: int
) -> tuple[dict[str, int], dict[str, str], dict[str, int]]:
    """Return how far our numbers may be cut, which bounds a document names, and which bind."""
    least, documented, firm = dict(MINIMUM[kind]), {}, {}
    if need.last_resort or kind == "lxc":
        return least, {}, {}
    share = count if need.per == "total" else 1
    for number, key in KEYS.items():
        if key in need.minimum:
            least[number] = max(least[number], math.ceil(need.minimum[key] / share - 1e-9))
            if key in need.documented:
                documented[number] = need.source
                firm[number] = math.ceil(need.firm[key] / share - 1e-9)
    least["count"] = max(1, min(count, math.ceil(need.minimum.get("count", 1))))
    return least, documented, firm


def distinct(groups: list[Group]) -> list[Group]:
    """Return the groups with unique names."""
    seen: dict[str, int] = {}
    result = []
    for group in groups:
        seen[group.name] = number = seen.get(group.name, 0) + 1
        result.append(group if number == 1 else replace(group, name=f"{group.name}-{number}"))
    return result
