# SPDX-License-Identifier: GPL-3.0-or-later
"""Values beside those of one VM: of containers, of several interfaces, of the backup jobs."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _render
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import _protection
from integration.terraform.conftest import Lab
from integration.terraform.test_values import C, V, planned_values, value_at
from unit.plugins.plugin_utils._render.samples import KEY, container, machine, plan

F = "proxmox_virtual_environment_firewall_options"
B = "proxmox_backup_job"

CONTAINER = container(
    node="pve2",
    description="A container",
    cores=3,
    sockets=2,
    memory_mib=1536,
    swap_mib=128,
    pool="lab",
    tags=["zebra"],
    on_boot=False,
    protection=True,
    unprivileged=False,
    nesting=True,
    startup={"order": 4, "up_delay_seconds": 9},
    disks=[
        {"interface": "rootfs", "storage": "ceph-vm", "size_gib": 9},
        {
            "interface": "mp0",
            "storage": "local-lvm",
            "size_gib": 21,
            "mount_path": "/srv",
            "backup": False,
        },
    ],
    nics=[
        {
            "bridge": "vmbr3",
            "vlan": 33,
            "mtu": 1300,
            "firewall": True,
            "mac_address": "BC:24:11:AA:BB:CD",
            "address": "10.77.0.70/24",
            "gateway": "10.77.0.1",
        },
        {"bridge": "vmbr4", "address": "fd00::70/64", "gateway": "fd00::1"},
    ],
)
CONTAINER_ROWS: dict[str, t.Any] = {
    "vm_id": 20011,
    "node_name": "pve2",
    # The provider ends the text with a line break, as Proxmox VE gives it back.
    "description": "A container\n",
    "tags": ["clusterwright", "cw-demo", "zebra"],
    "pool_id": "lab",
    "unprivileged": False,
    "start_on_boot": False,
    "protection": True,
    "started": True,
    "cpu.0.cores": 6,
    "memory.0.dedicated": 1536,
    "memory.0.swap": 128,
    "operating_system.0.type": "debian",
    "disk.0.datastore_id": "ceph-vm",
    "disk.0.size": 9,
    "mount_point.0.volume": "local-lvm",
    "mount_point.0.size": "21G",
    "mount_point.0.path": "/srv",
    "mount_point.0.backup": False,
    "network_interface.0.name": "eth0",
    "network_interface.0.bridge": "vmbr3",
    "network_interface.0.vlan_id": 33,
    "network_interface.0.mtu": 1300,
    "network_interface.0.firewall": True,
    "network_interface.0.mac_address": "BC:24:11:AA:BB:CD",
    "network_interface.1.name": "eth1",
    "network_interface.1.bridge": "vmbr4",
    "initialization.0.hostname": "demo-ct-1",
    "initialization.0.dns.0.domain": "lab.example",
    "initialization.0.dns.0.servers": ["10.77.0.1"],
    "initialization.0.ip_config.0.ipv4.0.address": "10.77.0.70/24",
    "initialization.0.ip_config.0.ipv4.0.gateway": "10.77.0.1",
    "initialization.0.ip_config.1.ipv6.0.address": "fd00::70/64",
    "initialization.0.ip_config.1.ipv6.0.gateway": "fd00::1",
    "initialization.0.user_account.0.keys": [KEY],
    "features.0.nesting": True,
    "startup.0.order": 4,
    "startup.0.up_delay": 9,
}
TWO_NICS = machine(
    cloud_init={**machine()["cloud_init"], "dns_servers": ["10.77.0.1", "fd00::53"]},
    nics=[
        {"bridge": "vmbr0", "vlan": 10, "firewall": True},
        {"bridge": "vmbr1", "address": "fd00::5/64", "gateway": "fd00::1"},
    ],
)
NIC_ROWS: dict[str, t.Any] = {
    "network_device.0.vlan_id": 10,
    "network_device.0.firewall": True,
    "network_device.1.bridge": "vmbr1",
    "network_device.1.firewall": False,
    "initialization.0.upgrade": False,
    "initialization.0.dns.0.servers": ["10.77.0.1", "fd00::53"],
    "initialization.0.ip_config.0.ipv4.0.address": "dhcp",
    "initialization.0.ip_config.1.ipv6.0.address": "fd00::5/64",
    "initialization.0.ip_config.1.ipv6.0.gateway": "fd00::1",
    "agent.0.wait_for_ip.0.disabled": False,
}
JOB = {
    "name": "own",
    "storage": "nas-backup",
    "schedule": "21:00",
    "mode": "suspend",
    "compression": "lzo",
    "enabled": False,
    "keep": {"last": 1, "hourly": 2, "daily": 3, "weekly": 4, "monthly": 5, "yearly": 6},
}
#: Field of a backup job: job, path of the value there, value.
JOB_ROWS: dict[str, tuple[str, str, t.Any]] = {
    "name": ("every", "id", "cw-demo-every"),
    "storage": ("own", "storage", "nas-backup"),
    "schedule": ("own", "schedule", "21:00"),
    "guests": ("every", "all", True),
    "pool": ("pool", "pool", "lab"),
    "mode": ("own", "mode", "suspend"),
    "compression": ("own", "compress", "lzo"),
    "enabled": ("own", "enabled", False),
    "keep.last": ("own", "prune_backups.keep-last", "1"),
    "keep.hourly": ("own", "prune_backups.keep-hourly", "2"),
    "keep.daily": ("own", "prune_backups.keep-daily", "3"),
    "keep.weekly": ("own", "prune_backups.keep-weekly", "4"),
    "keep.monthly": ("own", "prune_backups.keep-monthly", "5"),
    "keep.yearly": ("own", "prune_backups.keep-yearly", "6"),
}


def differing(values: dict[str, t.Any], rows: dict[str, t.Any]) -> dict[str, t.Any]:
    """Paths whose value is another one: what was found and what was wanted."""
    found = {path: value_at(values, path) for path in rows}
    return {path: (found[path], wanted) for path, wanted in rows.items() if found[path] != wanted}


def test_values_of_a_container(lab: Lab) -> None:
    values = planned_values(lab, CONTAINER)
    assert not differing(values[f"{C}.demo-ct-1"], CONTAINER_ROWS)
    options = values[f"{F}.demo-ct-1"]
    assert options["enabled"] and options["container_id"] == 20011 and options["macfilter"]


def test_several_interfaces_dhcp_and_ipv6(lab: Lab) -> None:
    assert not differing(planned_values(lab, TWO_NICS)[f"{V}.demo-web-1"], NIC_ROWS)


@pytest.mark.parametrize("made", [machine(), container()], ids=["vm", "lxc"])
def test_nobody_can_log_in_with_a_password(lab: Lab, made: dict[str, t.Any]) -> None:
    values = planned_values(lab, made)
    (account,) = next(
        resource["initialization"][0]["user_account"]
        for resource in values.values()
        if "initialization" in resource
    )
    assert account["keys"] == [KEY] and not account.get("password")


def test_every_field_of_a_backup_job_is_where_it_belongs(lab: Lab) -> None:
    fields = set(_protection.Backup.model_fields) - {"keep"}
    assert set(JOB_ROWS) == fields | {f"keep.{name}" for name in _protection.Keep.model_fields}
    others = [
        {**JOB, "name": "every", "guests": "all"},
        {**JOB, "name": "pool", "guests": "pool", "pool": "lab"},
    ]
    files = _render.render(plan(machine(), backups=[JOB, *others]))
    values = planned_values(lab, machine(), files=files)
    for field, (job, path, wanted) in JOB_ROWS.items():
        assert value_at(values[f"{B}.{job}"], path) == wanted, field
    assert values[f"{B}.own"]["vmid"] == ["20001"]
    assert values[f"{B}.pool"]["vmid"] is None and values[f"{B}.every"]["pool"] is None
