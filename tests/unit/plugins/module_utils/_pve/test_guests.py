# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest's config and its own report say."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve import access, guests

MACS = ["BC:24:11:00:00:01", "BC:24:11:00:00:02"]


def nic(name: str, mac: str, *addresses: str) -> dict[str, t.Any]:
    return {
        "name": name,
        "hardware-address": mac.lower(),
        "ip-addresses": [{"ip-address": address, "prefix": 24} for address in addresses],
    }


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"ipconfig0": "ip=10.0.0.5/24,gw=10.0.0.1"}, ["10.0.0.5"]),
        ({"ipconfig0": "ip=dhcp,ip6=auto"}, []),
        ({"ipconfig0": "ip6=fd00::5/64,gw6=fd00::1,ip=10.0.0.5/24"}, ["10.0.0.5", "fd00::5"]),
        ({"ipconfig10": "ip=10.0.0.3/24", "ipconfig2": "ip=10.0.0.2/24"}, ["10.0.0.2", "10.0.0.3"]),
        ({"net0": "name=eth0,bridge=vmbr0,ip=10.0.0.7/16,type=veth"}, ["10.0.0.7"]),
        ({"net0": "name=eth0,bridge=vmbr0,ip=manual,ip6=dhcp"}, []),
        ({"net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0"}, []),
        ({}, []),
    ],
)
def test_fixed_addresses(config: dict[str, str], expected: list[str]) -> None:
    assert guests.config_addresses(config) == expected


@pytest.mark.parametrize(
    ("interfaces", "expected"),
    [
        ([nic("lo", "00:00:00:00:00:00", "127.0.0.1", "::1")], []),
        ([nic("eth0", MACS[0], "10.0.0.5", "fe80::1", "169.254.1.1")], ["10.0.0.5"]),
        (
            # the first device of the config comes first, pods and containers do not count
            [
                nic("cni0", "0a:00:00:00:00:01", "10.42.0.1"),
                nic("eth1", MACS[1], "10.9.0.5"),
                nic("eth0", MACS[0], "10.0.0.5", "10.0.0.100"),
            ],
            ["10.0.0.5", "10.0.0.100", "10.9.0.5"],
        ),
        (
            # an address on loopback that is not loopback is a virtual address of the node
            [
                nic("lo", "00:00:00:00:00:00", "127.0.0.1", "10.0.0.99"),
                nic("e", MACS[0], "10.0.0.5"),
            ],
            ["10.0.0.5", "10.0.0.99"],
        ),
        ([nic("Ethernet", "00:50:56:00:00:01", "10.0.0.8")], ["10.0.0.8"]),
        ([{"name": "eth0", "hardware-address": MACS[0].lower()}], []),
    ],
)
def test_addresses_an_agent_reports(
    interfaces: list[dict[str, t.Any]], expected: list[str]
) -> None:
    assert guests.agent_addresses(interfaces, MACS) == expected


def test_addresses_of_a_container() -> None:
    interfaces = [
        {"name": "lo", "hwaddr": "00:00:00:00:00:00", "inet": "127.0.0.1/8"},
        {"name": "eth0", "hwaddr": MACS[0].lower(), "inet": "10.0.0.6/24", "inet6": "fe80::6/64"},
    ]
    assert guests.container_addresses(interfaces, MACS) == ["10.0.0.6"]


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("1", True),
        (1, True),
        ("enabled=1,fstrim_cloned_disks=1", True),
        ("1,type=virtio", True),
        ("enabled=0", False),
        ("0", False),
        (None, False),
    ],
)
def test_whether_an_agent_is_offered(agent: t.Any, expected: bool) -> None:
    assert guests.agent_enabled({} if agent is None else {"agent": agent}) is expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"scsi0": "a:vm-1-disk-0,size=32G", "scsi1": "a:x,iothread=1,size=512M"}, 32.5),
        ({"rootfs": "local:1/x.raw,size=8G", "mp0": "a:y,mp=/data,size=1T"}, 1032.0),
        ({"ide2": "local:1/vm-1-cloudinit.qcow2,media=cdrom,size=4M"}, None),
        ({"scsi0": "/dev/sdb"}, None),
        ({"unused0": "a:vm-1-disk-9,size=9G", "scsi0": "a:x,size=1G", "scsihw": "virtio"}, 1.0),
    ],
)
def test_disks_of_a_config(config: dict[str, str], expected: float | None) -> None:
    assert guests.disk_gib(config) == expected


@pytest.mark.parametrize(
    ("config", "memory_mib", "cpus"),
    [
        ({}, 0, 0),
        ({"memory": "2048", "cores": 2, "sockets": 2}, 2048, 4),
        ({"memory": "current=4096", "cores": 4, "vcpus": 2}, 4096, 2),
        ({"name": "all-defaults"}, 512, 1),
    ],
)
def test_sizes_of_a_config(config: dict[str, t.Any], memory_mib: int, cpus: int) -> None:
    assert (guests.memory_mib(config), guests.cpus(config)) == (memory_mib, cpus)


GPU = {
    "id": "gpu0",
    "map": [
        "id=10de:2204,node=pve1,path=0000:01:00",
        "id=10de:2204,node=pve2,path=0000:41:00.0;0000:41:00.1",
    ],
}


@pytest.mark.parametrize(
    ("device", "node", "expected"),
    [
        ("mapping=gpu0,pcie=1", "pve3", ["gpu0"]),
        ("mapping=other", "pve1", ["other"]),
        ("0000:01:00.0,pcie=1", "pve1", ["gpu0"]),
        ("host=01:00", "pve1", ["gpu0"]),
        ("01:00", "pve2", []),
        ("0000:41:00.1", "pve2", ["gpu0"]),
        ("41:00", "pve2", ["gpu0"]),
        ("0000:42:00.1", "pve2", []),
    ],
)
def test_whose_devices_a_guest_has(device: str, node: str, expected: list[str]) -> None:
    assert guests.pci_mappings({"hostpci0": device, "net0": "x"}, node, [GPU]) == expected


AUDIT = {"VM.Audit": 1}


@pytest.mark.parametrize(
    ("permissions", "paths"),
    [
        ({"/": AUDIT, "/vms": AUDIT, "/vms/100": AUDIT}, ["/"]),
        ({"/vms": AUDIT, "/vms/100": AUDIT, "/pool/a": AUDIT}, ["/pool/a", "/vms"]),
        ({"/": AUDIT, "/vms/100": {"VM.Audit": 1, "VM.Clone": 1}}, ["/", "/vms/100"]),
        ({"/": {"VM.Audit": 0}, "/vms": {"VM.Audit": 0}}, ["/", "/*", "/vms", "/vms/*"]),
        ({"/": AUDIT, "/vms": {}, "/vms/100": AUDIT}, ["/", "/vms", "/vms/100"]),
    ],
)
def test_paths_that_repeat_their_parent_are_left_out(
    permissions: access.Permissions, paths: list[str]
) -> None:
    assert sorted(access.compact(permissions)) == paths


@pytest.mark.parametrize(
    ("permissions", "path", "expected"),
    [
        ({"/": AUDIT}, "/vms", True),
        ({"/": {"VM.Audit": 0}}, "/vms", False),
        ({"/": AUDIT, "/vms": {"VM.Clone": 1}}, "/vms/100", False),
        ({"/vms": AUDIT}, "/vms/100", True),
        ({"/vms/100": AUDIT}, "/vms", False),
        ({}, "/", False),
    ],
)
def test_what_privileges_allow(permissions: access.Permissions, path: str, expected: bool) -> None:
    assert access.allows(permissions, path, "VM.Audit") is expected
