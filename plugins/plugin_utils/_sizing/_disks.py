# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks of a machine: the system's, those that its template brings, and those for data."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Machine
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import Disk
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._snapshot import (
    GuestState,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._hardware import Frame
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import Group


@dataclass(frozen=True)
class Bus:
    """What data disks find on the bus that they go to; ``single``: a controller for each disk."""

    taken: frozenset[str] = frozenset()
    single: bool = True


def disks_of(
    group: Group, storage: str, fast: str | None, frame: Frame | None, template: GuestState | None
) -> tuple[Disk, ...]:
    """Return the system disk, what the template brings beside it, and the data disks."""
    if frame is not None:
        wished = group.wish.storage if group.wish else None
        own = frame.disks(storage, group.disk_gib, fast)
        disks = [own[0].model_copy(update={"storage": wished or own[0].storage}), *own[1:]]
    else:
        disks = [_root(group, storage, fast)]
    there = len(disks) if frame is not None and frame.existing else 0
    hardware = template.hardware if template is not None else None
    first = max(1, len(hardware.disks)) if hardware is not None else 1
    for index, size in enumerate(group.data_disks_gib, start=first):
        if index < there:
            grown_to = max(size, disks[index].size_gib)
            disks[index] = disks[index].model_copy(update={"size_gib": grown_to})
        else:
            bus = Bus() if frame is None else Bus(frame.places | {frame.cloud_init}, frame.single)
            disks.append(data_disk(group, storage, disks, size, bus))
    return tuple(disks)


def _root(group: Group, storage: str, fast: str | None) -> Disk:
    if group.kind == "lxc":
        return Disk(
            interface="rootfs",
            storage=storage,
            size_gib=group.disk_gib,
            discard=False,
            iothread=False,
        )
    return Disk(interface="scsi0", storage=storage, size_gib=group.disk_gib, ssd=storage == fast)


def bus_of(there: Machine, frame: Frame | None) -> Bus:
    """Return the bus of a machine that is there; ``frame`` is what it is now."""
    drive = {there.cloud_init.interface} if there.cloud_init else set()
    places = frame.places if frame is not None else frozenset()
    return Bus(places | drive, there.scsi_hardware == "virtio-scsi-single")


def data_disk(group: Group, storage: str, disks: t.Sequence[Disk], size_gib: int, bus: Bus) -> Disk:
    """Return one more disk beside those that are there."""
    name = "mp" if group.kind == "lxc" else "scsi"
    taken = {*bus.taken, *(disk.interface for disk in disks)}
    number = next(n for n in range(31) if f"{name}{n}" not in taken)
    if group.kind == "lxc":
        return Disk(
            interface=f"mp{number}",
            storage=storage,
            size_gib=size_gib,
            discard=False,
            iothread=False,
            mount_path="/data" if number == 0 else f"/data{number + 1}",
        )
    return Disk(
        interface=f"scsi{number}",
        storage=storage,
        size_gib=size_gib,
        ssd=disks[0].ssd,
        iothread=bus.single,
    )
