# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups → machines: sources and storages, names, hosts, then each machine complete."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Machine
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._fit import (
    Fitted,
    Room,
    Where,
    fit,
    relax_spread,
    unverified,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._hosts import (
    hosts_and_pools,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._identity import (
    Identities,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._machines import (
    build_machine,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._source import (
    Origin,
    check_clones,
    check_wish_names,
    gpu_mappings,
    origin,
    storage_of,
)

#: Node name in a plan without facts of a site that names no nodes.
UNKNOWN_NODE = "unverified"


@dataclass(frozen=True)
class Assembled:
    """Groups as they fit, their machines, and who those are."""

    groups: list[Group]
    machines: tuple[Machine, ...]
    identities: Identities


def assemble(context: Context, groups: list[Group]) -> Assembled | None:
    """Return the machines of the groups, or None after reporting why there are none."""
    prepared = [ready for group in groups if (ready := _prepared(context, group)) is not None]
    if context.refused:
        return None
    identities = Identities(context)
    names = {ready.group.name: identities.name_group(ready.group) for ready in prepared}
    fitted = None if context.refused else _fitted(context, prepared, names, identities)
    if fitted is None:
        return None
    machines = _machines(context, prepared, fitted, names, identities)
    return Assembled(fitted.groups, machines, identities)


@dataclass(frozen=True)
class _Prepared:
    """A group with where its machines come from and where their disks go."""

    group: Group
    origin: Origin
    where: Where
    pci_mappings: tuple[str, ...]


def _prepared(context: Context, group: Group) -> _Prepared | None:
    source, storage = origin(context, group), storage_of(context, group)
    if context.snapshot is not None:
        check_wish_names(context, context.snapshot, group)
    mappings, gpu_hosts = gpu_mappings(context, group)
    if source is None or storage is None:
        return None
    allowed = [hosts for hosts in (source.hosts, gpu_hosts) if hosts is not None]
    if group.wish and group.wish.node:
        allowed.append(frozenset({group.wish.node}))
    group = _template_disk(context, group, source)
    if mappings or (group.wish and group.wish.node):
        # A device serves one machine of a host; a host that was named keeps them all.
        group = replace(group, spread=bool(mappings))
    hosts = frozenset.intersection(*allowed) if allowed else None
    return _Prepared(group, source, Where(storage, hosts), mappings)


def _machines(
    context: Context,
    prepared: list[_Prepared],
    fitted: Fitted,
    names: dict[str, list[str]],
    identities: Identities,
) -> tuple[Machine, ...]:
    machines = []
    user = context.site.user or context.site.template.user
    for ready, group in zip(prepared, fitted.groups, strict=True):
        placed = names[group.name][: group.count]
        for name in placed:
            node = fitted.where[name]
            machine = build_machine(
                context,
                group,
                name,
                node,
                identities,
                storage=ready.where.storage,
                source=ready.origin.on(node),
                user=user,
                pci_mappings=ready.pci_mappings,
            )
            if machine is not None:
                machines.append(machine)
    check_clones(context, [m for m in machines if m.name not in identities.known])
    return tuple(machines)


def _template_disk(context: Context, group: Group, source: Origin) -> Group:
    """A clone's disk cannot be smaller than its template's."""
    if source.disk_gib <= group.disk_gib:
        return group
    least = int(-(-source.disk_gib // 1))
    if "disk_gib" in group.explicit:
        context.report(
            "disk.template",
            "error",
            f"machines.{group.name}.disk_gib",
            f"{group.disk_gib} GiB were asked for, but the template's disk has {least} GiB and a"
            " disk cannot shrink; ask for more or name a smaller template.",
            "facts",
        )
        return group
    group = replace(group, disk_gib=least, minimum={**group.minimum, "disk_gib": least})
    return group.because("disk_gib", f"The template's disk has {least} GiB.", "facts", 1.0)


def _fitted(
    context: Context,
    prepared: list[_Prepared],
    names: dict[str, list[str]],
    identities: Identities,
) -> Fitted | None:
    def named(group: Group) -> list[str]:
        return names[group.name]

    groups = [ready.group for ready in prepared]
    if context.snapshot is None:
        return unverified(groups, named, context.site.nodes or (UNKNOWN_NODE,))
    bridges = {ready.group.wish.bridge for ready in prepared if ready.group.wish} - {None}
    bridge = bridges.pop() if bridges else None
    bridge = bridge or context.site.network.bridge
    hosts, pools = hosts_and_pools(context.snapshot, context.site, context.environment, bridge)
    _check_known(context, names, identities, {host.name for host in hosts})
    for ready in prepared:
        _check_moves(context, ready.group, named(ready.group), identities)
    if context.refused:
        return None
    groups = relax_spread(context, groups, hosts)
    where = {ready.group.name: ready.where for ready in prepared}
    return fit(context, groups, where, named, Room(hosts, pools, identities.known))


def _check_known(
    context: Context, names: dict[str, list[str]], identities: Identities, hosts: set[str]
) -> None:
    """Report machines that are there, but on a host that takes none at the moment."""
    for name in (name for group in names.values() for name in group):
        known = identities.known.get(name)
        if known is not None and known.guest is not None and known.node not in hosts:
            context.report(
                "machine.unreachable",
                "error",
                f"machines.{name}.node",
                f"{name} is on {known.node}, which takes no machines now (offline, in maintenance,"
                " not of the site or without the bridge); bring the host back first.",
                "facts",
            )


def _check_moves(context: Context, group: Group, names: list[str], identities: Identities) -> None:
    """Report machines that a change asks to another host: planning does not migrate.

    A request that is made again leaves machines where somebody has migrated them.
    """
    wanted = group.wish.node if group.wish and context.request.operation != "create" else None
    for name in names if wanted else ():
        known = identities.known.get(name)
        if known is not None and known.guest is not None and known.node != wanted:
            context.report(
                "machine.moves",
                "error",
                f"machines.{name}.node",
                f"{name} exists on {known.node} and is not moved to {wanted} by a plan; migrate it"
                " in Proxmox VE.",
                "facts",
            )
