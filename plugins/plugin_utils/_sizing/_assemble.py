# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups → machines: sources and storages, names, hosts, then each machine complete."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Machine
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._absent import (
    check_storage,
    listed,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._barred import (
    Barred,
    check_hosts,
    why_not,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._devices import (
    gpu_mappings,
)
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
    Known,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._machines import (
    Parts,
    build_machine,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._reach import (
    bridges_of,
    check_clones,
    network_hosts,
    reach,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._source import (
    Origin,
    check_wish_names,
    origin,
    storage_of,
)

#: What the cloud-init drive of a VM takes.
CLOUD_INIT_GIB = 0.004
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
    identities = Identities(context)
    identities.keep_names(groups)
    found = (_prepared(context, group, identities.all_there(group)) for group in groups)
    prepared = [ready for ready in found if ready is not None]
    if context.refused:
        return None
    names = {ready.group.name: identities.name_group(ready.group) for ready in prepared}
    fitted = None if context.refused else _fitted(context, prepared, names, identities)
    if fitted is None:
        return None
    machines = _machines(context, prepared, fitted, names, identities)
    return Assembled(fitted.groups, machines, identities)


#: Findings about templates and volumes, which only a new machine needs.
_OF_TEMPLATES = ("source.", "template.", "unknown.")


@dataclass(frozen=True)
class _Prepared:
    """A group with where its machines come from and where their disks go."""

    group: Group
    origin: Origin | None  # None: all of its machines are there
    where: Where
    pci_mappings: tuple[str, ...]
    barred: Barred  # what keeps hosts out


def _prepared(context: Context, group: Group, there: list[Known]) -> _Prepared | None:
    """Return what is known of a group; ``there`` are its machines when all of them exist."""
    if context.snapshot is not None:
        check_wish_names(context, context.snapshot, group)
    if group.count <= len(group.before):  # nothing is made: no template is needed
        where = _there(context, group)
        return _Prepared(group, None, where, (), {"another host was said": where.hosts})
    source, storage = _origin(context, group, there), storage_of(context, group)
    mappings, gpu_hosts = gpu_mappings(context, group)
    if source is None or storage is None:
        return None
    drive = _cloud_init_storage(context, group, source)
    bridged, made = network_hosts(context, group, source), reach(context, source, storage)
    allowed = [h for h in (bridged, gpu_hosts, _hosts(context, group)) if h is not None]
    volume = source.volume_id
    barred = {
        "another host was said": _hosts(context, group),
        f"no {listed(bridges_of(context, group, source))}": bridged,
        "no such device that is free": gpu_hosts,
        f"no {volume}" if volume else "the template cannot be cloned there": made.wide,
    }
    group = _template_disk(context, group, source)
    if mappings:
        group = replace(group, spread=True)  # a device serves one machine of a host
    elif group.wish and group.wish.nodes:
        group = replace(group, spread=group.spread and len(group.wish.nodes) >= group.count)
    where = Where(
        storage,
        hosts=_common(*allowed, made.wide),
        near=_common(*allowed, made.near),
        further_gib=source.further_gib,
        also=((drive, CLOUD_INIT_GIB),) if drive else (),
        why=made.why,
    )
    if made.own:
        source = replace(source, templates=made.own, far=made.far)
    return _Prepared(group, source, where, mappings, barred)


def _origin(context: Context, group: Group, there: list[Known]) -> Origin | None:
    """Return where machines come from; what runs needs its template no more."""
    before = len(context.findings)
    found = origin(context, group)
    if found is not None or not there:
        return found
    context.findings[before:] = [
        finding.model_copy(
            update={
                "severity": "warning",
                "message": f"{finding.message} All machines of {group.name} are there and stay as"
                " they are; another one could not be made.",
            }
        )
        if finding.severity == "error" and finding.id.startswith(_OF_TEMPLATES)
        else finding
        for finding in context.findings[before:]
    ]
    if context.refused:
        return None
    planned = {m.name: m.source for m in context.placed.machines} if context.placed else {}
    made_of = planned.get(there[0].name)
    if made_of is None or made_of.type == "existing":
        return Origin("lxc_template" if group.kind == "lxc" else "template")
    return Origin(made_of.type, vmid=made_of.vmid, volume_id=made_of.volume_id)


def _common(*hosts: frozenset[str] | None) -> frozenset[str] | None:
    """Return the hosts that are in all sets; None stands for all hosts."""
    sets = [some for some in hosts if some is not None]
    return frozenset.intersection(*sets) if sets else None


def _cloud_init_storage(context: Context, group: Group, source: Origin) -> str | None:
    """Return the storage of the cloud-init drive when it is not that of the disks."""
    name = context.site.storages.cloud_init
    if name is None or group.kind == "lxc" or source.type == "iso" or context.snapshot is None:
        return None
    check_storage(context, "site.storages.cloud_init", name, "images")
    return name


def _there(context: Context, group: Group) -> Where:
    """Return where machines that are there may be; they need no template."""
    said = group.wish.storage if group.wish else None
    hosts = _hosts(context, group)
    storage = said or next(iter(group.before.values())).disks[0].storage
    return Where(storage, hosts=hosts, near=hosts)


def _hosts(context: Context, group: Group) -> frozenset[str] | None:
    """Return the nodes that were said, or all but those that were declined; None: any."""
    wish = group.wish
    if wish is None or not (wish.nodes or wish.not_nodes):
        return None
    there = context.snapshot.nodes if context.snapshot else ()
    nodes = wish.nodes or tuple(node.name for node in there)
    return frozenset(node for node in nodes if node not in wish.not_nodes)


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
        for index, name in enumerate(placed):
            node = fitted.where[name]
            machine = build_machine(
                context,
                group,
                identities,
                Parts(
                    name=name,
                    node=node,
                    storage=ready.where.storage,
                    source=ready.origin.on(node) if ready.origin else None,
                    user=user,
                    pci_mappings=ready.pci_mappings,
                    template=ready.origin.template_on(node) if ready.origin else None,
                    index=index,
                ),
            )
            if machine is not None:
                machines.append(machine)
    there = [machine.name for machine in context.previous.machines] if context.previous else []
    order = {name: index for index, name in enumerate(there)}
    if any(group.before for group in fitted.groups):  # the order of the plan that is changed
        machines.sort(key=lambda machine: order.get(machine.name, len(order)))
    check_clones(context, [m for m in machines if m.name not in identities.known])
    return tuple(machines)


def _template_disk(context: Context, group: Group, source: Origin) -> Group:
    """A clone's disk cannot be smaller than its template's."""
    if source.disk_gib <= group.disk_gib:
        return group
    least = int(-(-source.disk_gib // 1))
    group = replace(group, documented={**group.documented, "disk_gib": "the template's disk"})
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
        nodes = context.site.nodes or (UNKNOWN_NODE,)
        return unverified(groups, named, nodes, identities.known)
    usual = context.site.network.bridge
    wishes = [ready.group.wish for ready in prepared]
    bridges = {wish.bridge if wish and wish.bridge else usual for wish in wishes}
    hosts, pools = hosts_and_pools(context.snapshot, context.site, context.environment, bridges)
    _check_known(context, names, identities, {host.name for host in hosts})
    for ready in prepared:
        _check_moves(context, ready, named(ready.group), identities)
        moves = ready.group.wish and (ready.group.wish.nodes or ready.group.wish.not_nodes)
        if moves or any(name not in identities.known for name in named(ready.group)):
            check_hosts(context, ready.group.name, ready.barred, hosts, ready.where.why)
    if context.refused:
        return None
    where = {ready.group.name: ready.where for ready in prepared}
    groups = relax_spread(context, groups, hosts, where)
    return fit(context, groups, where, named, Room(hosts, pools, identities.known))


def _check_known(
    context: Context, names: dict[str, list[str]], identities: Identities, hosts: set[str]
) -> None:
    """Report machines that are there, but on a host that takes none at the moment."""
    wanted = {name for group in names.values() for name in group}
    for name, known in identities.known.items():
        if known.guest is None or known.node in hosts:
            continue
        why = why_not(context, known.node)
        if name not in wanted and why != "offline":
            continue
        cure = "bring the host back first" if why == "offline" else "mend that first"
        context.report(
            "machine.unreachable",
            "error",
            f"machines.{name}.node",
            f"{known.node} is {why}, and {name} ({known.vmid}) is there; nothing is changed,"
            f" {cure}.",
            "facts",
        )


def _check_moves(
    context: Context, ready: _Prepared, names: list[str], identities: Identities
) -> None:
    """Say which machines a change moves to another host; a container would be made anew there.

    A request that is made again leaves machines where somebody has migrated them.
    """
    hosts = ready.where.hosts
    for name in names if ready.group.before and hosts is not None else ():
        known = identities.known.get(name)
        if known is None or known.guest is None or hosts is None or known.node in hosts:
            continue
        where = f"machines.{name}.node"
        if ready.group.kind == "lxc":
            context.report(
                "machine.moves",
                "error",
                where,
                f"{name} exists on {known.node} and a container is not moved to"
                f" {', '.join(sorted(hosts))} by a plan; migrate it in Proxmox VE.",
                "facts",
            )
        else:
            context.report(
                "machine.moves",
                "warning",
                where,
                f"{name} is migrated from {known.node} to {', '.join(sorted(hosts))} as asked; its"
                " local disks are copied, which takes time.",
                "facts",
            )
