# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups with hosts and identities → machines of the plan, complete for rendering."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import (
    CloudInit,
    Disk,
    Ha,
    Machine,
    Nic,
    Source,
    Startup,
    Why,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._pydantic import (
    ValidationError,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._snapshot import (
    GuestState,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._hardware import (
    Frame,
    frame_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._identity import (
    Identities,
    deployment_tag,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    NUMBERS,
    Context,
    Group,
)

#: Seconds that a server gets before the next machine is started at boot of a host.
SERVER_UP_DELAY_SECONDS = 30


@dataclass(frozen=True)
class Parts:
    """Where a machine is and what it is made of; ``template`` is the one that it is cloned from."""

    node: str
    storage: str
    source: Source
    user: str
    pci_mappings: tuple[str, ...]
    template: GuestState | None = None


def build_machine(
    context: Context, group: Group, name: str, identities: Identities, parts: Parts
) -> Machine | None:
    """Return one complete machine, or None after reporting what it cannot be given."""
    try:
        return _built(context, group, name, identities, parts)
    except ValidationError as error:
        _report_impossible(context, name, error)
        return None


def _built(
    context: Context, group: Group, name: str, identities: Identities, parts: Parts
) -> Machine | None:
    source, storage, node = parts.source, parts.storage, parts.node
    wanted = group.wish.vmid if group.wish and group.count == 1 else None
    vmid = identities.vmid(name, wanted)
    if vmid is None:
        return None
    known = identities.known.get(name)
    guest = known.guest if known else None
    frame = frame_of(guest, parts.template, source.type)
    nic = _nic(context, group, name, identities, source)
    if nic is None:
        return None
    container = group.kind == "lxc"
    site, wish = context.site, group.wish
    disks = _disks(group, storage, site.storages.fast, frame)
    shell = {} if container or frame is None else _hardware(frame, disks[0].storage, nic)
    fallback = () if container else ("scsi0", "ide2") if source.type == "iso" else ("scsi0",)
    _report_kept(context, group, name, disks[0])
    description = (
        f"{group.role} of {context.deployment} ({context.environment});"
        " managed by clusterwright, change it through its deployment."
    )
    return Machine(
        name=name,
        vmid=vmid,
        kind=group.kind,
        role=group.role,
        group=group.name,
        node=node,
        description=description,
        cores=group.cores,
        cpu_type=site.cpu_type,
        memory_mib=group.memory_mib,
        disks=disks,
        **{"nics": (nic,), "boot_order": fallback, **shell},
        source=source,
        cloud_init=_cloud_init(context, group, parts, frame),
        agent=not container and source.type != "iso",
        pool=(wish.pool if wish and wish.pool else site.pool),
        tags=_tags(context, group),
        on_boot=site.on_boot,
        startup=Startup(
            order=group.start_order,
            up_delay_seconds=SERVER_UP_DELAY_SECONDS if group.role == "server" else 0,
        ),
        ha=Ha(enabled=group.ha),
        pci_mappings=parts.pci_mappings,
        nesting=container and group.role in ("container-host", "docker"),
        why=_ordered((*_whys(group, disks[0]), _node_why(context, name, node, identities))),
    )


def _report_impossible(context: Context, name: str, error: ValidationError) -> None:
    """Report each value that no machine of Proxmox VE can have."""
    for item in error.errors(include_url=False):
        field = str(item["loc"][-1])
        context.report(
            f"platform.{field}",
            "error",
            f"machines.{name}.{field}",
            f"{name} cannot have {field} {item['input']!r} on Proxmox VE: {item['msg']}; ask for"
            " another value.",
            "limits of Proxmox VE",
        )


def _disks(group: Group, storage: str, fast: str | None, frame: Frame | None) -> tuple[Disk, ...]:
    if frame is not None:
        wished = group.wish.storage if group.wish else None
        disks = frame.disks(storage, group.disk_gib, fast)
        return (disks[0].model_copy(update={"storage": wished or disks[0].storage}), *disks[1:])
    if group.kind == "lxc":
        return (
            Disk(
                interface="rootfs",
                storage=storage,
                size_gib=group.disk_gib,
                discard=False,
                iothread=False,
            ),
        )
    ssd = storage == fast
    return (Disk(interface="scsi0", storage=storage, size_gib=group.disk_gib, ssd=ssd),)


def _hardware(frame: Frame, storage: str, nic: Nic) -> dict[str, t.Any]:
    """Return what a VM takes over of its template, or has already."""
    hardware = frame.hardware
    return {
        "os_type": hardware.os_type,
        "bios": "ovmf" if hardware.bios == "ovmf" else "seabios",
        "machine_type": frame.machine_type,
        "efi_disk": frame.efi_disk(storage),
        "tpm": frame.tpm(storage),
        "scsi_hardware": hardware.scsi_hardware,
        "boot_order": frame.boot_order,
        "nics": (nic.model_copy(update={"model": frame.first_model()}), *frame.other_nics()),
    }


def _whys(group: Group, disk: Disk) -> tuple[Why, ...]:
    if disk.size_gib <= group.disk_gib:
        return group.why
    reason = f"The disk has {disk.size_gib} GiB on Proxmox VE, and no disk can shrink there."
    return group.because("disk_gib", reason, "facts", 1.0).why


def _report_kept(context: Context, group: Group, name: str, disk: Disk) -> None:
    """Say that a machine keeps a disk that is larger than its group's."""
    if disk.size_gib > group.disk_gib:
        context.report(
            "disk.kept",
            "warning" if "disk_gib" in group.explicit else "info",
            f"machines.{name}.disk_gib",
            f"{name} keeps its disk of {disk.size_gib} GiB instead of {group.disk_gib} GiB: no disk"
            " can shrink on Proxmox VE.",
            "facts",
        )


def _nic(
    context: Context, group: Group, name: str, identities: Identities, source: Source
) -> Nic | None:
    network, wish = context.site.network, group.wish
    wanted = wish.address if wish is not None else None
    subnet = ipaddress.ip_network(network.subnet)
    gateway: str | None = network.gateway
    if wanted == "dhcp" or (wanted is None and source.type == "iso"):
        address, gateway = "dhcp", None
    else:
        chosen = (
            identities.address(name)
            if wanted is None
            else identities.explicit_address(wanted, name)
        )
        if chosen is None:
            if wanted is None:
                context.report(
                    "address.exhausted",
                    "error",
                    "site.network.machine_range",
                    f"No address of {identities.pool.machine_range} is free for {name}; widen"
                    " machine_range of the site or remove machines.",
                    "facts",
                )
            return None
        address = f"{chosen}/{subnet.prefixlen}"
        gateway = wish.gateway if wish and wish.gateway else gateway
    return Nic(
        bridge=wish.bridge if wish and wish.bridge else network.bridge,
        vlan=wish.vlan if wish and wish.vlan is not None else network.vlan,
        mtu=network.mtu,
        firewall=context.site.firewall,
        address=address,
        gateway=gateway,
    )


def _cloud_init(
    context: Context, group: Group, parts: Parts, frame: Frame | None
) -> CloudInit | None:
    if parts.source.type == "iso":
        return None
    site, wish, container = context.site, group.wish, group.kind == "lxc"
    there = frame.hardware if frame is not None and not container else None
    existing = there.cloud_init_storage if there is not None and frame and frame.existing else None
    said = wish.dns_servers if wish and wish.dns_servers else site.network.dns_servers
    return CloudInit(
        user="root" if container else parts.user,
        ssh_public_keys=site.ssh_public_keys,
        dns_servers=said or (there.dns_servers if there else ()),
        search_domain=site.network.search_domain or (there.search_domain if there else None),
        storage=existing or site.storages.cloud_init or parts.storage,
        interface=frame.cloud_init if frame is not None and not container else "ide2",
        package_upgrade=site.package_upgrade,
    )


def tag(text: str) -> str:
    """Return text as Proxmox accepts it as a tag."""
    return re.sub(r"[^a-z0-9_+.-]", "-", text.lower())[:64].strip("-.+") or "x"


def _tags(context: Context, group: Group) -> tuple[str, ...]:
    wished = group.wish.tags if group.wish else ()
    own = (
        "clusterwright",
        deployment_tag(context.deployment),
        f"role-{group.role}",
        f"env-{context.environment}",
    )
    return tuple(sorted({tag(text) for text in (*own, *context.site.tags, *wished)}))


def _ordered(whys: tuple[Why, ...]) -> tuple[Why, ...]:
    order = (*NUMBERS, "node")
    return tuple(sorted(whys, key=lambda why: order.index(why.field)))


def _node_why(context: Context, name: str, node: str, identities: Identities) -> Why:
    for machine in context.placed.machines if context.placed else ():
        for why in machine.why:
            if (machine.name, machine.node, why.field) == (name, node, "node"):
                return why
    known = identities.known.get(name)
    if known is not None and known.node == node:
        return Why(field="node", reason=f"It is on {node} already.", source="facts", confidence=1.0)
    if context.snapshot is None:
        return Why(
            field="node",
            reason="Taken in turn; no facts of the hosts were there to choose by.",
            source="site",
            confidence=0.1,
        )
    return Why(
        field="node",
        reason=f"{node} has the lowest load of the hosts that satisfy every capacity rule.",
        source="placement.lowest-load",
        confidence=1.0,
    )


def names_of(machines: t.Iterable[Machine], role: str) -> tuple[str, ...]:
    """Return the names of the machines of a role."""
    return tuple(machine.name for machine in machines if machine.role == role)
