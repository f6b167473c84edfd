# SPDX-License-Identifier: GPL-3.0-or-later
"""Hardware of a machine beside its size: what its template has, or what it has already itself."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.hardware import grown
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import (
    Disk,
    EfiDisk,
    Machine,
    Nic,
    TpmState,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._snapshot import (
    GuestDisk,
    GuestNic,
    GuestState,
    Hardware,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import Context

#: Models of network devices that a plan knows.
MODELS = ("virtio", "e1000", "e1000e", "rtl8139", "vmxnet3")
#: Ways of caching a disk, beside none at all.
CACHES = ("directsync", "writethrough", "writeback", "unsafe")
#: Files of cloud-init that stand in for what the plan says.
REPLACING = {"user": "the user and the public keys", "network": "the addresses"}
_MACHINE_TYPE = re.compile(
    r"pc(-i440fx)?(-\d+(\.\d+)+)?(\+pve\d+)?|q35(,viommu=(intel|virtio))?"
    r"|pc-q35-\d+(\.\d+)+(\+pve\d+)?"
)
_SYSTEM_DISK = "scsi0"
#: Where a cloud-init drive goes, by preference; the first ones are for guests without UEFI.
OLD_DRIVES = ("ide2", "ide0", "ide3", "ide1")
SCSI = tuple(f"scsi{number}" for number in range(1, 31))


def usual() -> Hardware:
    """Return what machines have for which no template was read: that of usual cloud images."""
    return Hardware(
        boot_order=(_SYSTEM_DISK,),
        cloud_init="ide2",
        disks=(GuestDisk(interface=_SYSTEM_DISK, storage="", size_gib=0.0),),
        serial=True,
    )


@dataclass(frozen=True)
class Frame:
    """What a machine keeps of a template, or of itself when it is there already."""

    hardware: Hardware
    existing: bool = False

    @property
    def system(self) -> GuestDisk:
        """The disk that the machine boots from."""
        return self.hardware.disks[0] if self.hardware.disks else usual().disks[0]

    @property
    def others(self) -> tuple[GuestDisk, ...]:
        """The further disks."""
        return self.hardware.disks[1:]

    def disks(self, storage: str, size_gib: int, fast: str | None) -> tuple[Disk, ...]:
        """Return all disks: the first with the wanted size, no disk smaller than it is."""
        first = _disk(self.system, storage, max(size_gib, grown(self.system.size_gib)), fast)
        if self.existing:
            return (self._as_it_is(self.system, first), *map(self._whole, self.others))
        ours = first.model_copy(
            update={
                **_kept(self.system),
                "ssd": (first.ssd or self.system.ssd) and not first.interface.startswith("virtio"),
                "iothread": first.interface.startswith("virtio")
                or (first.interface.startswith("scsi") and self.single),
            }
        )
        return (ours, *(_disk(d, storage, grown(d.size_gib), None, d) for d in self.others))

    @property
    def single(self) -> bool:
        """Whether each disk on the SCSI bus has a controller, and so a thread, of its own."""
        return self.hardware.scsi_hardware == "virtio-scsi-single"

    def _as_it_is(self, there: GuestDisk, ours: Disk) -> Disk:
        return ours.model_copy(
            update={
                **_kept(there),
                "storage": there.storage or ours.storage,
                "ssd": there.ssd,
                "discard": there.discard,
                "iothread": there.iothread,
                "backup": there.backup,
            }
        )

    def _whole(self, there: GuestDisk) -> Disk:
        return _disk(there, there.storage, grown(there.size_gib), None, there)

    @property
    def cloud_init(self) -> str:
        """Interface of the cloud-init drive; UEFI guests find it on the SCSI bus only."""
        if self.hardware.cloud_init is not None:
            return self.hardware.cloud_init
        taken = self.places
        old = self.hardware.bios != "ovmf" and "q35" not in self.hardware.machine_type
        wanted = OLD_DRIVES if old else ()
        return next(name for name in (*wanted, *SCSI) if name not in taken)

    @property
    def places(self) -> frozenset[str]:
        """Interfaces where the template has something already."""
        drive = {self.hardware.cloud_init} - {None}
        disks = {disk.interface for disk in self.hardware.disks}
        return frozenset({*disks, *self.hardware.cdroms, *t.cast("set[str]", drive)})

    @property
    def boot_order(self) -> tuple[str, ...]:
        """Devices to boot from: the system disk where nothing is said."""
        return self.hardware.boot_order or (self.system.interface,)

    @property
    def machine_type(self) -> str | None:
        """Machine type as Terraform may write it; None for one that only Proxmox VE knows."""
        kind = self.hardware.machine_type
        return kind if kind != "pc" and _MACHINE_TYPE.fullmatch(kind) else None

    def efi_disk(self, storage: str) -> EfiDisk | None:
        """Return the EFI disk, which a full clone takes to its own storage."""
        there = self.hardware.efi_disk
        if there is None or self.hardware.bios != "ovmf":
            return None
        place = (self.existing and there.storage) or storage
        kind: t.Literal["2m", "4m"] = "4m" if there.type == "4m" else "2m"
        return EfiDisk(storage=place, type=kind, pre_enrolled_keys=there.pre_enrolled_keys)

    def tpm(self, storage: str) -> TpmState | None:
        """Return the TPM state, which a full clone takes to its own storage."""
        there = self.hardware.tpm
        if there is None:
            return None
        version: t.Literal["v1.2", "v2.0"] = "v2.0" if there.version == "v2.0" else "v1.2"
        return TpmState(storage=(self.existing and there.storage) or storage, version=version)

    def first_nic(self, planned: Nic) -> Nic:
        """Return the first network device of a plan with what it keeps of the template's."""
        there = next((nic for nic in self.hardware.nics if nic.slot == 0), None)
        if there is None:
            return planned
        return planned.model_copy(
            update={
                **kept_of_nic(there),
                "model": there.model if there.model in MODELS else "virtio",
                "mtu": planned.mtu or (there.mtu if there.mtu and there.mtu >= 576 else None),
                "firewall": planned.firewall or there.firewall,
            }
        )

    def other_nics(self) -> tuple[Nic, ...]:
        """Return the network devices after the first, with the bridges that they have."""
        return tuple(
            Nic(
                bridge=nic.bridge or "",
                model=t.cast("t.Any", nic.model),
                vlan=nic.vlan,
                mtu=nic.mtu if nic.mtu and nic.mtu >= 576 else None,
                firewall=nic.firewall,
                address=next(iter(nic.addresses), "manual"),
                gateway=nic.gateway,
                **kept_of_nic(nic),
            )
            for nic in self.hardware.nics
            if nic.slot > 0
        )

    @property
    def further_gib(self) -> float:
        """Room that a clone takes beside its first disk."""
        small = 0.005 * (bool(self.hardware.efi_disk) + bool(self.hardware.tpm))
        return sum(grown(disk.size_gib) for disk in self.others) + small


def _disk(
    there: GuestDisk, storage: str, size_gib: int, fast: str | None, like: GuestDisk | None = None
) -> Disk:
    if like is None:
        return Disk(
            interface=there.interface, storage=storage, size_gib=size_gib, ssd=storage == fast
        )
    return Disk(
        interface=there.interface,
        storage=storage,
        size_gib=size_gib,
        ssd=like.ssd,
        discard=like.discard,
        iothread=like.iothread,
        backup=like.backup,
        mount_path=like.mount_path,
        **_kept(like),
    )


def _kept(there: GuestDisk) -> dict[str, t.Any]:
    """Return what a disk keeps whatever its size, where it is not the default anyway."""
    return {
        "aio": there.aio if there.aio in ("native", "threads") else None,
        "cache": there.cache if there.cache in CACHES else None,
        "queues": there.queues if there.queues and there.queues > 1 else None,
        "replicate": there.replicate,
        "serial": there.serial,
    }


def kept_of_nic(there: GuestNic) -> dict[str, t.Any]:
    """Return what a network device keeps whatever its bridge and address."""
    return {
        "queues": there.queues or None,
        "rate_mb_per_second": there.rate_mb_per_second or None,
        "trunks": there.trunks,
        "connected": there.connected,
    }


def unkept(hardware: Hardware) -> t.Iterator[str]:
    """Yield what machines made from a template could not have, each for a sentence."""
    if not hardware.disks:
        yield "no disk that they could boot from"
    yield from hardware.odd
    for volume in hardware.absent:
        yield f"a file for cloud-init (cicustom) that is not there, {volume}"
    for kind, volume in sorted(hardware.cloud_init_files.items()):
        if kind in REPLACING:
            yield f"cicustom {kind}={volume}, which stands in for {REPLACING[kind]} of the plan"
    if hardware.cloud_init is not None and hardware.cloud_init.startswith("virtio"):
        yield f"its cloud-init drive at {hardware.cloud_init}, where Terraform writes none"
    slots = [nic.slot for nic in hardware.nics]
    if slots and slots != list(range(len(slots))):
        yield f"network devices {', '.join(f'net{slot}' for slot in slots)}, which begin or skip"
    for nic in hardware.nics:
        yield from _unkept_nic(nic)


def _unkept_nic(nic: GuestNic) -> t.Iterator[str]:
    name = f"net{nic.slot}"
    if nic.model not in MODELS:
        yield f"{name} of the model {nic.model}"
    ranges = [text for text in nic.trunks if not text.isdigit()]
    if ranges:
        yield f"{name} with trunks {', '.join(ranges)}, of which Terraform reads single VLANs only"
    if nic.slot == 0:
        if not nic.connected:
            yield f"{name} disconnected (link_down)"
        return
    if nic.bridge is None:
        yield f"{name} without a bridge"
    fixed = [text for text in nic.addresses if _is_fixed(text)]
    if fixed:
        yield f"{name} with the address {', '.join(fixed)}, which every machine would have"
    elif nic.addresses and nic.addresses != ("dhcp",):
        yield f"{name} with ipconfig{nic.slot} {', '.join(nic.addresses)}, more than DHCP for IPv4"


def _is_fixed(text: str) -> bool:
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return True


def check_template(context: Context, where: str, template: GuestState) -> bool:
    """Report what cannot be kept of a template, and what its machines inherit unasked."""
    hardware = template.hardware
    name = f"{template.vmid} ({template.name})"
    if hardware is None:
        context.report(
            "template.unread",
            "warning",
            where,
            f"The configuration of the template {name} was not read, so its disk is taken to be"
            f" {_SYSTEM_DISK} and its cloud-init drive ide2; read the facts with depth addresses.",
            "facts",
        )
        return True
    problems = list(unkept(hardware))
    if problems:
        context.report(
            "template.hardware",
            "error",
            where,
            f"Machines cannot be made from the template {name} as it is: it has"
            f" {'; '.join(problems)}. Change the template, or name another one.",
            "facts",
        )
    if hardware.unseen:
        context.report(
            "template.unseen",
            "warning",
            where,
            f"The template {name} uses {', '.join(hardware.unseen)} for cloud-init; whether that is"
            f" there on {template.node} is not shown to these credentials, which lack"
            " Datastore.Allocate on its storage. A machine does not start without it.",
            "facts",
        )
    if hardware.password:
        context.report(
            "template.password",
            "warning",
            where,
            f"The template {name} has a cloud-init password (cipassword), which each machine"
            " keeps; remove it there if access is to be by key only.",
            "facts",
        )
    for what, there, ours in _overridden(context, hardware):
        context.report(
            "template.overridden",
            "info",
            where,
            f"The template {name} has {what} {there}; its machines get {ours}.",
            "facts",
        )
    return not problems


def _overridden(context: Context, hardware: Hardware) -> t.Iterator[tuple[str, str, str]]:
    """Yield what machines have otherwise than their template: what, its value and theirs."""
    said = context.site.cpu_type
    if said and hardware.cpu_type and hardware.cpu_type != said:
        yield "the CPU type", hardware.cpu_type, f"{said}, as the site says"
    usual_hotplug = Machine.model_fields["hotplug"].default
    plugged = usual_hotplug if hardware.hotplug == "1" else hardware.hotplug or usual_hotplug
    if set(plugged.split(",")) != set(usual_hotplug.split(",")):
        yield "hotplug", plugged, usual_hotplug


def frame_of(
    guest: GuestState | None, template: GuestState | None, source_type: str
) -> Frame | None:
    """Return the hardware of a machine: its own, else its template's; None for no template."""
    if guest is not None and guest.hardware is not None and guest.hardware.disks:
        return Frame(guest.hardware, existing=True)
    if source_type != "template":
        return None
    found = template.hardware if template is not None else None
    return Frame(found or usual())
