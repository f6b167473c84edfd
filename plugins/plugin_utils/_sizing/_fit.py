# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups → hosts: the wanted sizes when they fit, the largest that fit when they are ours."""

from __future__ import annotations

import itertools
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._placement import (
    Host,
    Item,
    Pool,
    Result,
    Shortfall,
    failover_shortfalls,
    place,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._hosts import (
    STORAGE_HEADROOM_PERCENT,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._identity import (
    Known,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._memory import (
    memory_rules,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import (
    amount,
    practical_disk,
    practical_memory,
)

#: Shares of our own sizes that are tried, largest first, before a request is refused.
LEVELS = (1.0, 0.75, 0.5, 0.375, 0.25)
#: At most so many smaller plans are tried.
MAX_CANDIDATES = 200
RESOURCES = {
    "memory": "memory",
    "cpu": "vCPU",
    "cores": "host threads for one machine",
    "disk": "storage",
}


@dataclass(frozen=True)
class Where:
    """The storages of a group's machines and the hosts that they may use (None: any).

    ``near`` ones make a machine themselves, the others get it handed over. ``also`` are
    (storage, GiB) of a machine beside its first disk, ``why`` says what keeps hosts out.
    """

    storage: str
    hosts: frozenset[str] | None
    near: frozenset[str] | None = None
    further_gib: float = 0.0
    also: tuple[tuple[str, float], ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Room:
    """Hosts and storage with what may be used, and the machines that are there already."""

    hosts: list[Host]
    pools: list[Pool]
    known: t.Mapping[str, Known]


@dataclass(frozen=True)
class Fitted:
    """Groups as they fit, with machine name -> node."""

    groups: list[Group]
    where: dict[str, str]


def fit(
    context: Context,
    groups: list[Group],
    where: t.Mapping[str, Where],
    names: t.Callable[[Group], list[str]],
    room: Room,
) -> Fitted | None:
    """Return the largest plan that fits, or None after reporting the shortfall."""
    if sum(group.count for group in groups) == 1:  # several are worth more apart than made fast
        beside = _placed(groups, where, names, room, near=True)
        if not beside.missing:
            return Fitted(groups, beside.where)
    first: Result | None = None
    for candidate in itertools.islice(_candidates(groups), MAX_CANDIDATES):
        result = _placed(candidate, where, names, room)
        if not result.missing:
            if first is not None:
                _report_reduced(context, groups, candidate, first.missing)
            reduced = [_reduced(a, b) for a, b in zip(groups, candidate, strict=True)]
            return Fitted(reduced, result.where)
        first = first or result
    if first is not None:
        why = " ".join(dict.fromkeys(site.why for site in where.values() if site.why))
        _report_shortfall(context, groups, first.missing, room.hosts, why)
    return None


def _placed(
    groups: t.Sequence[Group],
    where: t.Mapping[str, Where],
    names: t.Callable[[Group], list[str]],
    room: Room,
    *,
    near: bool = False,
) -> Result:
    """Return where the machines of the groups go; with ``near`` only where they are made."""
    items = [
        item
        for group in groups
        for item in _items(
            group,
            replace(where[group.name], hosts=where[group.name].near) if near else where[group.name],
            names(group)[: group.count],
            room.known,
        )
    ]
    result = place(items, room.hosts, room.pools)
    if result.missing:
        return result
    return Result(result.where, failover_shortfalls(items, result.where, room.hosts))


def _items(
    group: Group, site: Where, names: list[str], known: t.Mapping[str, Known]
) -> t.Iterator[Item]:
    moved = bool(group.wish and (group.wish.nodes or group.wish.not_nodes))
    told = moved and bool(group.before)  # a change: what is there may go as well
    for name in names:
        existing = known.get(name)
        guest = existing.guest if existing else None
        if existing is None or guest is None:
            yield Item(
                name=name,
                cpus=group.cores,
                memory_mib=group.memory_mib,
                disks=((site.storage, group.storage_gib + site.further_gib), *site.also),
                group=group.name,
                spread=group.spread,
                restart=group.ha,
                hosts=site.hosts if existing is None or moved else frozenset({existing.node}),
            )
            continue
        there = guest.hardware.disks if guest.hardware else ()
        before = group.before.get(name)
        data: float = sum(disk.size_gib for disk in before.disks[1:]) if before else 0
        data = sum(disk.size_gib for disk in there[1:]) if there else data
        growth = max(0.0, group.disk_gib - (there[0].size_gib if there else guest.disk_gib))
        growth += max(0.0, sum(group.data_disks_gib) - data)
        if told and site.hosts is not None and existing.node not in site.hosts:
            yield Item(
                name=name,
                cpus=group.cores,
                memory_mib=group.memory_mib,
                disks=((site.storage, float(group.storage_gib)), *site.also),
                group=group.name,
                spread=group.spread,
                restart=group.ha,
                hosts=site.hosts,
            )
            continue
        yield Item(
            name=name,
            cpus=max(0, group.cores - guest.cpus),
            width=group.cores,
            memory_mib=max(0, group.memory_mib - guest.memory_mib),
            disks=((site.storage, growth),) if growth > 0 else (),
            group=group.name,
            hosts=frozenset({existing.node}),
        )


def _candidates(groups: list[Group]) -> t.Iterator[list[Group]]:
    """Yield the groups as wanted, then ever smaller ones, by total memory."""
    yield groups
    options = [_smaller(group) for group in groups]
    combined = itertools.islice(itertools.product(*options), 20_000)
    unique = {tuple((g.count, g.cores, g.memory_mib, g.disk_gib) for g in c): c for c in combined}
    order = sorted(
        unique.values(),
        key=lambda c: (
            -sum(g.total("memory_mib") for g in c),
            -sum(g.total("cores") for g in c),
            -sum(g.total("disk_gib") for g in c),
        ),
    )
    for candidate in order:
        if list(candidate) != groups:
            yield list(candidate)


def _smaller(group: Group) -> list[Group]:
    least = group.minimum
    counts = [group.count]
    if "count" not in group.explicit:
        counts = list(range(group.count, max(least.get("count", 1), 1) - 1, -1)) or counts
        counts = counts[:8]
    found = []
    for level, count in itertools.product(LEVELS, counts):
        changes: dict[str, t.Any] = {"count": count}
        if "cores" not in group.explicit:
            cores = max(least.get("cores", 1), round(group.cores * level), 1)
            changes["cores"] = min(group.cores, cores)
        if "memory_mib" not in group.explicit:
            memory = max(least.get("memory_mib", 1), practical_memory(group.memory_mib * level))
            changes["memory_mib"] = min(group.memory_mib, memory)
        if "disk_gib" not in group.explicit:
            disk = max(least.get("disk_gib", 1), practical_disk(group.disk_gib * level))
            changes["disk_gib"] = min(group.disk_gib, disk)
        found.append(replace(group, **changes))
    return found


def _reduced(wanted: Group, fitted: Group) -> Group:
    for number in ("count", "cores", "memory_mib", "disk_gib"):
        before, after = getattr(wanted, number), getattr(fitted, number)
        if before != after:
            fitted = fitted.because(
                number,
                f"Cut from {amount(number, before)} to {amount(number, after)}, the largest that"
                " fits on the hosts.",
                "capacity.reduced",
                0.5,
            )
    return fitted


def _describe(groups: t.Iterable[Group]) -> str:
    return " and ".join(
        f"{g.count} x {g.name} of {amount('cores', g.cores)}, {amount('memory_mib', g.memory_mib)}"
        f", {amount('disk_gib', g.disk_gib)}"
        for g in groups
    )


def _report_reduced(
    context: Context,
    wanted: list[Group],
    fitted: list[Group],
    missing: t.Sequence[Shortfall],
) -> None:
    resources = sorted({RESOURCES[s.resource] for s in missing if s.resource in RESOURCES})
    context.report(
        "capacity.reduced",
        "warning",
        "machines",
        f"{_describe(wanted)} do not fit ({', '.join(resources) or 'no host'} is short);"
        f" planned {_describe(fitted)}, the largest that fits.",
        "capacity rules",
    )


def _report_shortfall(
    context: Context,
    groups: list[Group],
    missing: t.Sequence[Shortfall],
    hosts: list[Host],
    why: str = "",
) -> None:
    percent = memory_rules(context.site, context.environment).used
    if not hosts:
        context.report(
            "capacity.host",
            "error",
            "machines",
            "No host may take a machine: none of the site's nodes is online with the bridge"
            f" {context.site.network.bridge}.",
            "capacity rules",
        )
        return
    lacking: dict[str, list[str]] = {}
    taken = {host.name: host.memory_taken for host in hosts if host.memory_taken}
    for shortfall in missing:
        if shortfall.item == missing[0].item or shortfall.resource == "failover":
            lacking.setdefault(shortfall.host, []).append(_sentence(shortfall, taken))
    parts = [f"{host}: {', and '.join(sentences)}" for host, sentences in lacking.items()]
    listed = "; ".join(parts[:8]) + ("; …" if len(parts) > 8 else "")
    context.report(
        f"capacity.{missing[0].resource}",
        "error",
        f"machines.{missing[0].item}",
        f"{_describe(groups)} do not fit under the rules of {context.environment} (memory below"
        f" {percent} %, {STORAGE_HEADROOM_PERCENT} % of a storage free) and nothing smaller"
        f" is allowed. The first machine without a host is {missing[0].item}: {listed}."
        f" In total {_total(groups, hosts)}."
        f"{f' {why}' if why else ''}{_settings(context, missing)}",
        "capacity rules",
    )


def _settings(context: Context, missing: t.Sequence[Shortfall]) -> str:
    """Return which settings of the site decide how memory counts, where it is short."""
    if not any(shortfall.resource == "memory" for shortfall in missing):
        return ""
    return (
        " How promised memory counts is said by promised_running_percent, promised_stopped_percent"
        f" and max_memory_percent of environments.{context.environment} of the site."
    )


def _sentence(shortfall: Shortfall, taken: t.Mapping[str, str]) -> str:
    if shortfall.resource == "host":
        return "not allowed for it"
    if shortfall.absent:
        return f"the storage {shortfall.storage} cannot be used there"
    if shortfall.resource == "spread":
        return "already holds one of its group"
    if shortfall.resource == "failover":
        return (
            f"when it is lost, no other host has {amount('memory_mib', shortfall.needed)} to"
            f" restart it ({amount('memory_mib', shortfall.free)} at most)"
        )
    needed, free, lack = (
        _resource(shortfall.resource, value)
        for value in (shortfall.needed, shortfall.free, shortfall.needed - shortfall.free)
    )
    known = taken.get(shortfall.host) if shortfall.resource == "memory" else None
    why = f" ({known})" if known else ""
    on = f" on the storage {shortfall.storage}" if shortfall.storage else ""
    return f"needs {needed}{on}, {free} may be used, {lack} short{why}"


def _resource(resource: str, value: float) -> str:
    if resource == "memory":
        return f"{amount('memory_mib', value)} of memory"
    if resource == "disk":
        return f"{round(value * 1024)} MiB" if 0 < value < 1 else f"{round(value, 1):g} GiB"
    return f"{round(value, 1):g} {RESOURCES[resource]}"


def _total(groups: list[Group], hosts: list[Host]) -> str:
    memory = sum(g.total("memory_mib") for g in groups)
    cores = sum(g.total("cores") for g in groups)
    free_memory = sum(host.free_memory_mib for host in hosts)
    free_cpus = sum(max(host.free_cpus, 0) for host in hosts)
    return (
        f"{cores} vCPU of {free_cpus:g} and {amount('memory_mib', memory)} of"
        f" {amount('memory_mib', free_memory)} of memory"
    )


def unverified(
    groups: list[Group],
    names: t.Callable[[Group], list[str]],
    nodes: t.Sequence[str],
    known: t.Mapping[str, Known],
) -> Fitted:
    """Return a placement by turns over the named nodes, without any check but what was said."""
    turn = itertools.cycle(nodes)
    where: dict[str, str] = {}
    for group in groups:
        said = group.wish.nodes if group.wish else ()
        avoided = group.wish.not_nodes if group.wish else ()
        own = itertools.cycle([node for node in said or nodes if node not in avoided] or nodes)
        for name in names(group)[: group.count]:
            there = known.get(name)
            if said or avoided:
                keeps = there is not None and there.node not in avoided
                keeps = keeps and (not said or t.cast(Known, there).node in said)
                where[name] = t.cast(Known, there).node if keeps else next(own)
            else:
                where[name] = there.node if there is not None else next(turn)
    return Fitted(groups, where)


def relax_spread(
    context: Context, groups: list[Group], hosts: t.Sequence[Host], where: t.Mapping[str, Where]
) -> list[Group]:
    """Drop the hard spread of groups that have more machines than there are hosts, and say so."""
    result = []
    for group in groups:
        site = where[group.name]
        allowed = [h for h in hosts if site.hosts is None or h.name in site.hosts]
        shared_device = group.wish is not None and bool(group.wish.gpu)  # none may have it twice
        if group.spread and group.count > len(allowed) and not shared_device:
            context.report(
                "placement.spread",
                "warning",
                f"machines.{group.name}.node",
                f"{group.count} machines of {group.name} share {len(allowed)} host(s): the loss of"
                " one host takes several of them; add hosts to keep them apart."
                f"{f' {site.why}' if site.why else ''}",
                "capacity rules",
            )
            result.append(replace(group, spread=False))
        else:
            result.append(group)
    return result
