# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates as people build them: what their machines keep, and devices that share no place."""

from __future__ import annotations

import collections
import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.hardware import hardware
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Machine, Plan
from unit.plugins.plugin_utils._sizing.builders import (
    guest,
    plan,
    site,
    snapshot,
    vm,
)

Config = dict[str, str]
DISK = "tank:base-9000-disk-0,discard=on,size=3G"
DRIVE = "tank:vm-9000-cloudinit,media=cdrom"
NIC = "virtio=BC:24:11:00:90:0{},bridge=vmbr0"
USUAL: Config = {
    "agent": "1",
    "boot": "order=scsi0",
    "ide2": DRIVE,
    "net0": NIC.format(0),
    "ostype": "l26",
    "scsi0": DISK,
    "scsihw": "virtio-scsi-single",
    "serial0": "socket",
}
EFI = "tank:base-9000-disk-1,efitype=4m,pre-enrolled-keys=1,size=1M"


def made(
    config: Config,
    without: t.Sequence[str] = (),
    others: t.Sequence[dict[str, t.Any]] = (),
    previous: Plan | None = None,
    **wish: t.Any,
) -> Plan:
    """Return the plan of one VM from a template with this configuration."""
    whole = {key: value for key, value in USUAL.items() if key not in without} | config
    template = guest(9001, "own", "pve1", template=True, hardware=hardware(whole))
    facts = snapshot(guests=[template, *others])
    return plan(
        vm(**wish), facts, site(template={"name": "own"}), deployment="web", previous=previous
    )


def places(machine: Machine) -> list[str]:
    """Return the interface of each drive of a machine."""
    drive = [machine.cloud_init.interface] if machine.cloud_init else []
    return [disk.interface for disk in machine.disks] + drive


#: what it is -> (configuration, without, disks and drive, what else the machine has)
KEPT: dict[str, tuple[Config, tuple[str, ...], list[str], dict[str, t.Any]]] = {
    "the usual one": ({}, (), ["scsi0", "ide2"], {"bios": "seabios", "boot_order": ("scsi0",)}),
    "virtio-blk": (
        {"virtio0": DISK, "boot": "order=virtio0"},
        ("scsi0",),
        ["virtio0", "ide2"],
        {"boot_order": ("virtio0",)},
    ),
    "SATA": ({"sata1": DISK, "boot": "order=sata1"}, ("scsi0",), ["sata1", "ide2"], {}),
    "IDE": ({"ide0": DISK, "boot": "order=ide0"}, ("scsi0",), ["ide0", "ide2"], {}),
    "IDE where the drive usually is": (
        {"ide2": DISK, "boot": "order=ide2"},
        ("scsi0",),
        ["ide2", "ide0"],
        {"boot_order": ("ide2",)},
    ),
    "an ISO where the drive usually is": (
        {"ide2": "local:iso/drivers.iso,media=cdrom"},
        (),
        ["scsi0", "ide0"],
        {},
    ),
    "an empty CD-ROM drive": ({"ide2": "none,media=cdrom"}, (), ["scsi0", "ide2"], {}),
    "no drive": ({}, ("ide2",), ["scsi0", "ide2"], {}),
    "no drive, UEFI": (
        {"bios": "ovmf", "efidisk0": EFI, "machine": "q35"},
        ("ide2",),
        ["scsi0", "scsi1"],
        {"bios": "ovmf", "machine_type": "q35"},
    ),
    "no drive, UEFI, an ISO on its bus": (
        {"bios": "ovmf", "efidisk0": EFI, "scsi1": "local:iso/drivers.iso,media=cdrom"},
        ("ide2",),
        ["scsi0", "scsi2"],
        {},
    ),
    "the drive on SCSI": ({"scsi1": DRIVE}, ("ide2",), ["scsi0", "scsi1"], {}),
    "the drive on SATA": ({"sata0": DRIVE}, ("ide2",), ["scsi0", "sata0"], {}),
    "two disks, boots from the second": (
        {"scsi1": DISK, "boot": "order=scsi1;net0"},
        (),
        ["scsi1", "scsi0", "ide2"],
        {"boot_order": ("scsi1", "net0")},
    ),
    "a boot order of former days": (
        {"sata0": DISK, "boot": "c", "bootdisk": "sata0"},
        ("scsi0",),
        ["sata0", "ide2"],
        {"boot_order": ("sata0",)},
    ),
    "another controller": (
        {"scsihw": "virtio-scsi-pci"},
        (),
        ["scsi0", "ide2"],
        {"scsi_hardware": "virtio-scsi-pci"},
    ),
}


@pytest.mark.parametrize("data_disks", [(), (20,), (20, 30)])
@pytest.mark.parametrize("kind", KEPT)
def test_a_machine_has_the_hardware_of_its_template(kind: str, data_disks: tuple[int, ...]) -> None:
    config, without, expected, more = KEPT[kind]
    result = made(config, without, data_disks_gib=list(data_disks))
    assert result.status == "ready", result.summary
    [machine] = result.machines
    found = places(machine)
    assert [name for name in found if name in expected] == expected
    assert len(found) == len(expected) + len(data_disks)
    twice = [name for name, times in collections.Counter(found).items() if times > 1]
    assert not twice
    assert {name: getattr(machine, name) for name in more} == more
    threads = [d.interface for d in machine.disks if d.iothread]
    single = machine.scsi_hardware == "virtio-scsi-single"
    assert all(n.startswith("virtio") or (n.startswith("scsi") and single) for n in threads)


@pytest.mark.parametrize("remembered", [False, True])
@pytest.mark.parametrize("config", [{}, {"scsi1": "tank:base-9000-disk-9,size=5G"}])
def test_a_second_run_leaves_all_disks_as_they_are(config: Config, *, remembered: bool) -> None:
    wish = {"name": "web", "data_disks_gib": [20]}
    first = made(config, **wish)
    [machine] = first.machines
    sizes = {disk.interface: f"tank:x,size={disk.size_gib}G" for disk in machine.disks}
    there = guest(
        machine.vmid,
        "web",
        machine.node,
        tags=list(machine.tags),
        hardware=hardware(USUAL | config | sizes),
    )
    previous = first if remembered else None
    again = made(config, others=[there], previous=previous, **wish)
    assert {d.interface: d.size_gib for d in again.machines[0].disks} == {
        d.interface: d.size_gib for d in machine.disks
    }


@pytest.mark.parametrize(
    ("config", "nics"),
    [
        ({}, [("vmbr0", "virtio")]),
        ({"net1": NIC.format(1)}, [("vmbr0", "virtio"), ("vmbr0", "virtio")]),
        (
            {"net0": "e1000=BC:24:11:00:90:00,bridge=vmbr0", "net1": NIC.format(1) + ",tag=30"},
            [("vmbr0", "e1000"), ("vmbr0", "virtio")],
        ),
    ],
)
def test_all_network_devices_are_kept(config: Config, nics: list[tuple[str, str]]) -> None:
    [machine] = made(config).machines
    assert [(nic.bridge, nic.model) for nic in machine.nics] == nics
    assert {nic.address for nic in machine.nics[1:]} <= {"manual"}


@pytest.mark.parametrize(
    ("config", "without", "words"),
    [
        ({}, ("scsi0",), "no disk that they could boot from"),
        ({"virtio1": DRIVE}, ("ide2",), "its cloud-init drive at virtio1"),
        ({"net1": NIC.format(1)}, ("net0",), "network devices net1"),
        ({"net0": "ne2k_pci=BC:24:11:00:90:00,bridge=vmbr0"}, (), "net0 of the model ne2k_pci"),
        ({"net1": "virtio=BC:24:11:00:90:01"}, (), "net1 without a bridge"),
        ({"usb0": "host=1234:5678"}, (), "usb0"),
        ({"scsi3": "/dev/disk/by-id/x,size=9G"}, (), "a disk outside of any storage"),
        ({"cpulimit": "2"}, (), "cpulimit 2"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_the_name_of_the_template(
    config: Config, without: tuple[str, ...], words: str
) -> None:
    result = made(config, without)
    assert result.status == "refused" and not result.machines
    assert "the template 9001 (own)" in result.summary and words in result.summary


def test_a_template_that_was_not_read_is_told() -> None:
    told = {f.id: f.message for f in plan(vm()).findings}
    assert "was not read" in told["template.unread"]
