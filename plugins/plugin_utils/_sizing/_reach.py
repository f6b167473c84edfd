# SPDX-License-Identifier: GPL-3.0-or-later
"""On which hosts a machine can come into being: clones, bridges, VLANs and files bound to hosts."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Machine,
    Snapshot,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._snapshot import (
    BridgeState,
    GuestState,
    Hardware,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._absent import listed
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._hosts import (
    storage_states,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._source import Origin

Hosts = frozenset[str]


@dataclass(frozen=True)
class Reach:
    """Hosts of a machine's source: ``near`` where it is made at once, ``wide`` where it can be.

    None stands for any host. ``why`` is a sentence that says what keeps other hosts out. ``own``
    are the templates that serve their host, ``far`` those that serve the others, best first.
    """

    near: Hosts | None
    wide: Hosts | None
    why: str = ""
    own: tuple[GuestState, ...] = ()
    far: tuple[GuestState, ...] = ()


def reach(context: Context, origin: Origin, storage: str) -> Reach:
    """Return the hosts for machines from a source with their disks on a storage.

    A clone begins on the template's host, where the storage of the disks has to be. Another host
    gets it only when that storage is shared: Proxmox VE clones nothing onto the local storage of
    another host. From a template on a local storage the provider clones beside it, onto the shared
    one, and hands the clone over, which copies nothing.
    """
    snapshot = context.snapshot
    if origin.type != "template" or snapshot is None or not origin.templates:
        return Reach(origin.hosts, origin.hosts)
    everywhere = {node.name for node in snapshot.nodes}
    to_shared = _is_shared(snapshot, storage)
    there = {state.node for state in storage_states(snapshot, storage)}
    near: set[str] = set()
    wide: set[str] = set()
    reasons: list[str] = []
    own: list[GuestState] = []
    direct: list[GuestState] = []
    beside: list[GuestState] = []
    for template in origin.templates:
        if template.node not in there:
            reasons.append(
                f"a clone of {_title(template)} begins on {template.node}, and {storage} cannot be"
                " used there"
            )
            continue
        near.add(template.node)
        own.append(template)
        hardware = template.hardware
        bound = _bound_files(snapshot, hardware) if hardware else []
        if bound:
            reasons.append(
                f"{_title(template)} uses {listed(bound)} on a storage of {template.node} alone"
            )
        elif hardware is None:  # nobody can tell; a finding says that it was not read
            near |= everywhere
            direct.append(template)
        elif not to_shared:
            reasons.append(
                f"Proxmox VE clones {_title(template)} to another host only onto a shared storage,"
                f" and {storage} is local to each host"
            )
        elif local_storages(snapshot, hardware):
            wide |= everywhere
            beside.append(template)
        else:
            near |= everywhere
            direct.append(template)
    wide |= near
    why = ""
    if wide < everywhere and reasons:
        why = (
            f"{'; '.join(reasons)}: put the machines on a shared storage, or keep a template of the"
            " same name on each host."
        )
    return Reach(frozenset(near), frozenset(wide), why, tuple(own), (*direct, *beside))


def _title(template: GuestState) -> str:
    return f"the template {template.vmid} ({template.name}) on {template.node}"


def _is_shared(snapshot: Snapshot, storage: str) -> bool:
    return any(state.shared for state in storage_states(snapshot, storage))


def local_storages(snapshot: Snapshot, hardware: Hardware) -> set[str]:
    """Return the storages of a guest's volumes that only its host can reach."""
    used = {disk.storage for disk in hardware.disks} | {hardware.cloud_init_storage}
    used |= {part.storage for part in (hardware.efi_disk, hardware.tpm) if part is not None}
    return {name for name in used if name and not _is_shared(snapshot, name)}


def _bound_files(snapshot: Snapshot, hardware: Hardware) -> list[str]:
    return [
        volume for volume in hardware.volumes if not _is_shared(snapshot, volume.partition(":")[0])
    ]


def handed_over(snapshot: Snapshot, machine: Machine) -> str | None:
    """Return the local storage beside which a machine is cloned before its own host gets it."""
    source = machine.source
    if source.node in (None, machine.node):
        return None
    found = [g.hardware for g in snapshot.guests if g.vmid == source.vmid and g.hardware]
    local = {name for hardware in found for name in local_storages(snapshot, hardware)}
    return min(local, default=None)


def check_clones(context: Context, machines: t.Iterable[Machine]) -> None:
    """Say which machines are cloned beside their template before their host gets them."""
    snapshot = context.snapshot
    if snapshot is None:
        return
    found: dict[tuple[int | None, str | None, str], list[Machine]] = {}
    for machine in machines:
        local = handed_over(snapshot, machine)
        if local is not None:
            found.setdefault((machine.source.vmid, machine.source.node, local), []).append(machine)
    for (vmid, holder, local), those in found.items():
        context.report(
            "source.cross-node",
            "info",
            "site.template",
            f"The template {vmid} lies on {local} of {holder}: {listed(m.name for m in those)} will"
            f" be cloned there onto {listed(m.disks[0].storage for m in those)} and handed over to"
            f" {listed(m.node for m in those)}, which copies nothing and needs VM.Migrate.",
            "facts",
        )


def bridges_of(context: Context, group: Group, origin: Origin) -> list[str]:
    """Return the bridges of a group's network devices, each with its VLAN tag."""
    wanted = [_wanted(context, group), *_further(origin)]
    return [f"{name} with VLAN {tag}" if tag is not None else name for name, tag in wanted]


def _wanted(context: Context, group: Group) -> tuple[str, int | None]:
    """Return bridge and VLAN of the first network device: those that were said, else the site's."""
    network, wish = context.site.network, group.wish
    bridge = wish.bridge if wish and wish.bridge else network.bridge
    return bridge, wish.vlan if wish and wish.vlan is not None else network.vlan


def _further(origin: Origin) -> list[tuple[str, int | None]]:
    """Return bridge and VLAN of the network devices that a template has beside the first."""
    found = {
        (nic.bridge, nic.vlan)
        for template in origin.templates
        if template.hardware is not None
        for nic in template.hardware.nics
        if nic.slot > 0 and nic.bridge
    }
    return sorted(found, key=str)


def network_hosts(context: Context, group: Group, origin: Origin) -> Hosts | None:
    """Return the hosts that have all bridges of a group; report a VLAN that cannot be had."""
    snapshot = context.snapshot
    if snapshot is None or not snapshot.bridges:
        return None
    bridge, vlan = _wanted(context, group)
    found = _hosts_of(context, snapshot, bridge, vlan, f"machines.{group.name}.vlan")
    for name, tag in _further(origin):
        hosts = _hosts_of(context, snapshot, name, tag, "site.template")
        if hosts is not None and not hosts:
            context.report(
                "unknown.bridge",
                "error",
                "site.template",
                f"The template has a network device on the bridge {name}, which no host has; make"
                " the bridge, or take the device off the template.",
                "facts",
            )
        found = hosts if found is None else found if hosts is None else found & hosts
    return found


def _hosts_of(
    context: Context, snapshot: Snapshot, bridge: str, vlan: int | None, where: str
) -> Hosts | None:
    """Return the hosts where guests can use a bridge or vnet, with a VLAN tag when one is set."""
    entries = [entry for entry in snapshot.bridges if entry.name == bridge]
    everywhere = frozenset(node.name for node in snapshot.nodes)
    if vlan is None:
        return frozenset[str]().union(*(_nodes_of(entry, everywhere) for entry in entries))
    good = [entry for entry in entries if _takes_vlan(entry)]
    if entries and not good:
        context.report("vlan.impossible", "error", where, _no_vlan(entries[0], vlan), "facts")
        return None
    return frozenset[str]().union(*(_nodes_of(entry, everywhere) for entry in good))


def _nodes_of(entry: BridgeState, everywhere: Hosts) -> Hosts:
    if entry.node is not None:
        return frozenset({entry.node})
    return frozenset(entry.nodes) or everywhere


def _takes_vlan(entry: BridgeState) -> bool:
    """Return whether Proxmox VE starts a guest with a VLAN tag on the bridge."""
    if entry.type == "ovs_bridge" or entry.vlan_aware:
        return True
    return entry.type == "bridge" and entry.ports != ()


def _no_vlan(entry: BridgeState, vlan: int) -> str:
    if entry.type == "vnet":
        return (
            f"Proxmox VE starts no guest with the VLAN tag {vlan} on the vnet {entry.name} (zone"
            f" {entry.zone}), which is not VLAN aware; leave the tag out, name a vnet that has it,"
            " or make this one VLAN aware."
        )
    return (
        f"Proxmox VE starts no guest with the VLAN tag {vlan} on {entry.name}: it neither is"
        " VLAN aware nor has a physical port; make it VLAN aware, or leave the tag out."
    )
