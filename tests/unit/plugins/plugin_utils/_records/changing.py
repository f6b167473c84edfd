# SPDX-License-Identifier: GPL-3.0-or-later
"""Random changes of plans: each field that a plan can change, with values it can have."""

from __future__ import annotations

import copy
import random
import typing as t

Data = dict[str, t.Any]

#: Fields of a VM whose value before can be set again, by path, with values that they may have.
REVERSIBLE: dict[str, tuple[t.Any, ...]] = {
    "description": ("", "web", "Web server of the shop"),
    "cores": (1, 2, 4),
    "sockets": (1, 2),
    "cpu_type": ("x86-64-v2-AES", "host", "x86-64-v3"),
    "numa": (False, True),
    "memory_mib": (1024, 2048, 4096),
    "balloon_mib": (0, 1024),
    "scsi_hardware": ("virtio-scsi-single", "virtio-scsi-pci"),
    "hotplug": ("network,disk,usb", "network,disk"),
    "serial": (True, False),
    "pool": (None, "lab", "production"),
    "tags": (["web"], ["web", "blue"], ["green"]),
    "on_boot": (True, False),
    "protection": (False, True),
    "startup": (None, {"order": 1, "up_delay_seconds": 0}, {"order": 2, "up_delay_seconds": 30}),
    "disks.0.ssd": (True, False),
    "disks.0.discard": (True, False),
    "disks.0.iothread": (True, False),
    "disks.0.backup": (True, False),
    "nics.0.vlan": (None, 5, 6),
    "nics.0.firewall": (False, True),
    "nics.0.mtu": (None, 1400),
    "cloud_init.search_domain": ("lab.example", "example.com"),
    "cloud_init.dns_servers": (["10.77.0.1"], ["10.77.0.1", "192.0.2.1"]),
}
#: Fields that only go one way.
LASTING: dict[str, tuple[t.Any, ...]] = {"disks.0.size_gib": (20, 30, 40)}


def get(value: t.Any, path: str) -> t.Any:
    """Return the value below a path."""
    for part in path.split("."):
        value = value[int(part)] if part.isdigit() else value[part]
    return value


def put(value: t.Any, path: str, new: t.Any) -> None:
    """Set the value below a path."""
    parent, _, last = path.rpartition(".")
    place = get(value, parent) if parent else value
    place[int(last) if last.isdigit() else last] = new


def changed(
    chance: random.Random, machine: Data, number: int, fields: t.Mapping[str, tuple[t.Any, ...]]
) -> Data:
    """Return a machine with other values in some of its fields."""
    found = copy.deepcopy(machine)
    for path in chance.sample(sorted(fields), number):
        now = get(found, path)
        put(found, path, copy.deepcopy(chance.choice([v for v in fields[path] if v != now])))
    return found
