# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups with hosts and identities → machines of the plan, complete for rendering."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.module_utils._environments import (
    is_tag,
    tag_of,
)
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
    Model,
    ValidationError,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._snapshot import (
    GuestState,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._disks import (
    bus_of,
    data_disk,
    disks_of,
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
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._nics import (
    changed_nic,
    nic_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._settings import (
    with_settings,
)

#: Roles and families whose containers run containers themselves.
CONTAINER_HOSTS = frozenset({"container-host", "docker", "table-container-host"})
#: Seconds that a server gets before the next machine is started at boot of a host.
SERVER_UP_DELAY_SECONDS = 30


@dataclass(frozen=True)
class Parts:
    """Where a machine is and what it is made of; ``template`` is the one that it is cloned from."""

    name: str
    node: str
    storage: str
    source: Source | None  # None: nothing is made
    user: str
    pci_mappings: tuple[str, ...]
    template: GuestState | None = None
    index: int = 0  # which machine of its group


def build_machine(
    context: Context, group: Group, identities: Identities, parts: Parts
) -> Machine | None:
    """Return one complete machine, or None after reporting what it cannot be given."""
    name = parts.name
    try:
        there = group.before.get(name)
        if there is not None:
            vmid = identities.vmid(name)
            changed = _changed(context, group, there, identities, parts)
            return changed and changed.model_copy(update={"vmid": vmid or changed.vmid})
        made = _built(context, group, identities, parts)
        return made and with_settings(group, made)
    except ValidationError as error:
        _report_impossible(context, name, error)
        return None


def _changed(
    context: Context,
    group: Group,
    there: Machine,
    identities: Identities,
    parts: Parts,
) -> Machine | None:
    """Return a machine that is there with what changes of it, everything else as it is."""
    name = parts.name
    update: dict[str, t.Any] = {"name": name, "node": parts.node}
    if group.cores != there.cores * there.sockets:
        update |= {"cores": group.cores, "sockets": 1}
    wish = group.wish
    known = identities.known.get(name)
    frame = frame_of(known.guest if known else None, None, there.source.type)
    disks = list(there.disks)
    if frame is not None and frame.existing:  # what was added or grown on Proxmox VE stays
        disks = list(frame.disks(disks[0].storage, group.disk_gib, context.site.storages.fast))
    for index, size in enumerate((group.disk_gib, *group.data_disks_gib)):
        if index < len(disks):
            kept = max(size, disks[index].size_gib if index < len(there.disks) else 0)
            kept = kept if frame is not None and frame.existing else size
            disks[index] = disks[index].model_copy(update={"size_gib": kept})
        else:
            disks.append(data_disk(group, parts.storage, disks, size, bus_of(there, frame)))
    if there.name in identities.known:
        _report_kept(context, group, name, disks[0])
    if wish is not None and wish.storage is not None:
        disks = [disk.model_copy(update={"storage": wish.storage}) for disk in disks]
    nics = list(there.nics)
    if wish is not None and nics:
        nic = changed_nic(context, group, name, nics[0], identities)
        if nic is None:
            return None
        nics[0] = nic
    if wish is not None and wish.pool is not None:
        update["pool"] = wish.pool
    if wish is not None and wish.dns_servers and there.cloud_init is not None:
        changed = {"dns_servers": wish.dns_servers}
        update["cloud_init"] = there.cloud_init.model_copy(update=changed)
    if group.environment is not None or (wish is not None and wish.tags):
        others = {text for text in there.tags if not is_tag(text)}
        update["tags"] = tuple(sorted(others | set(_tags(context, group))))
    update |= {
        "memory_mib": group.memory_mib,
        "disks": tuple(disks),
        "nics": tuple(nics),
        "ha": there.ha.model_copy(update={"enabled": group.ha}),
        "why": _ordered(
            (*_whys(group, disks[0]), _node_why(context, name, parts.node, identities))
        ),
    }
    return Machine.model_validate({**there.model_dump(), **_plain(update)})


def _plain(update: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the changes as plain data, so that all of them are checked."""

    def plain(value: t.Any) -> t.Any:
        if isinstance(value, tuple):
            return tuple(plain(entry) for entry in value)
        return value.model_dump() if isinstance(value, Model) else value

    return {key: plain(value) for key, value in update.items()}


def _built(context: Context, group: Group, identities: Identities, parts: Parts) -> Machine | None:
    name = parts.name
    source, storage, node = parts.source, parts.storage, parts.node
    vmids = group.wish.vmids if group.wish else ()
    vmid = identities.vmid(name, vmids[parts.index] if parts.index < len(vmids) else None)
    if vmid is None or source is None:
        return None
    known = identities.known.get(name)
    guest = known.guest if known else None
    frame = frame_of(guest, parts.template, source.type)
    nic = nic_of(context, group, name, identities, index=parts.index, source=source)
    if nic is None:
        return None
    sibling = next(iter(group.before.values()), None)
    if sibling is not None:  # one more of what is there
        alike = _changed(context, group, sibling, identities, parts)
        return alike and _twin(context, group, alike, parts, {"vmid": vmid, "nic": nic})
    container = group.kind == "lxc"
    site, wish = context.site, group.wish
    disks = disks_of(group, storage, site.storages.fast, frame, parts.template)
    shell = {} if container or frame is None else _hardware(frame, disks[0].storage, nic)
    said = {"cpu_type": site.cpu_type} if site.cpu_type else {}
    fallback = () if container else ("scsi0", "ide2") if source.type == "iso" else ("scsi0",)
    _report_kept(context, group, name, disks[0])
    description = (
        f"{group.role} of {context.deployment} ({group.environment or context.environment});"
        " managed by clusterwright, change it through its deployment."
    )
    return Machine(
        name=name,
        vmid=vmid,
        kind=group.kind,
        role=group.role,
        group=group.label or group.name,
        node=node,
        description=description,
        cores=group.cores,
        memory_mib=group.memory_mib,
        disks=disks,
        **{"nics": (nic,), "boot_order": fallback, **shell, **said},
        source=source,
        cloud_init=_cloud_init(context, group, parts, frame),
        agent=not container and source.type != "iso",
        pool=(wish.pool if wish and wish.pool else site.pool),
        tags=tuple(sorted({*_tags(context, group), *_end_of_life(guest)})),
        on_boot=site.on_boot,
        startup=Startup(
            order=group.start_order,
            up_delay_seconds=SERVER_UP_DELAY_SECONDS if group.role == "server" else 0,
        ),
        ha=Ha(enabled=group.ha),
        pci_mappings=parts.pci_mappings,
        nesting=container and bool(CONTAINER_HOSTS & {group.role, *group.families}),
        why=_ordered((*_whys(group, disks[0]), _node_why(context, name, node, identities))),
    )


def _twin(
    context: Context, group: Group, alike: Machine, parts: Parts, own: dict[str, t.Any]
) -> Machine:
    """Return a machine like the one beside it, with an id and an address of its own."""
    nic: Nic = own["nic"]
    address = {"address": nic.address, "gateway": nic.gateway, "mac_address": None}
    first = alike.nics[0].model_copy(update=address) if alike.nics else nic
    frame = frame_of(None, parts.template, parts.source.type if parts.source else "template")
    return alike.model_copy(
        update={
            "vmid": own["vmid"],
            "source": parts.source,
            "nics": (first, *alike.nics[1:]),
            "cloud_init": alike.cloud_init or _cloud_init(context, group, parts, frame),
            "pci_mappings": parts.pci_mappings,
            "replication": (),
        }
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


def _hardware(frame: Frame, storage: str, nic: Nic) -> dict[str, t.Any]:
    """Return what a VM takes over of its template, or has already."""
    hardware = frame.hardware
    told = {"cpu_type": hardware.cpu_type} if hardware.cpu_type else {}
    return {
        **told,
        "os_type": hardware.os_type,
        "bios": "ovmf" if hardware.bios == "ovmf" else "seabios",
        "machine_type": frame.machine_type,
        "efi_disk": frame.efi_disk(storage),
        "tpm": frame.tpm(storage),
        "scsi_hardware": hardware.scsi_hardware,
        "boot_order": frame.boot_order,
        "numa": hardware.numa,
        "cpu_flags": hardware.cpu_flags,
        "agent_type": "isa" if hardware.agent_type == "isa" else "virtio",
        "agent_trim": hardware.agent_trim,
        "nics": (frame.first_nic(nic), *frame.other_nics()),
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


def _cloud_init(
    context: Context, group: Group, parts: Parts, frame: Frame | None
) -> CloudInit | None:
    if parts.source is None or parts.source.type == "iso":
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


def _end_of_life(guest: GuestState | None) -> list[str]:
    """Return the tag of a machine whose end was asked for: no plan takes it away."""
    return [text for text in (guest.tags if guest else ()) if text.startswith("eol-")]


def _tags(context: Context, group: Group) -> tuple[str, ...]:
    wished = group.wish.tags if group.wish else ()
    own = (
        "clusterwright",
        deployment_tag(context.deployment),
        f"role-{group.role}",
        tag_of(group.environment or context.environment),
    )
    return tuple(sorted({tag(text) for text in (*own, *context.site.tags, *wished)}))


def _ordered(whys: tuple[Why, ...]) -> tuple[Why, ...]:
    order = ("*", *NUMBERS, "node")  # all at once: of a guest that was taken over
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


def names_of(machines: t.Iterable[Machine], role: t.Literal["server", "agent"]) -> tuple[str, ...]:
    """Return the names of the machines of a role."""
    return tuple(machine.name for machine in machines if machine.role == role)
