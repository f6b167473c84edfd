# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans made by hand, complete in every field that rendering reads."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Plan, parse

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBoEb9wMfxCyGbZ3m3nS0bLkXm5pDyP1q7oX0v8kQ4rG demo"


def machine(name: str = "demo-web-1", vmid: int = 20001, **fields: t.Any) -> dict[str, t.Any]:
    """One VM from a template with a fixed address that follows its VMID."""
    return {
        "name": name,
        "vmid": vmid,
        "role": "web",
        "group": "web",
        "node": "pve1",
        "cores": 2,
        "memory_mib": 2048,
        "disks": [{"interface": "scsi0", "storage": "ceph-vm", "size_gib": 20, "ssd": True}],
        "nics": [
            {
                "bridge": "vmbr0",
                "address": f"10.77.0.{vmid % 200 + 20}/24",
                "gateway": "10.77.0.1",
            }
        ],
        "source": {"type": "template", "vmid": 9000, "node": "pve1"},
        "cloud_init": {
            "user": "debian",
            "ssh_public_keys": [KEY],
            "dns_servers": ["10.77.0.1"],
            "search_domain": "lab.example",
            "storage": "ceph-vm",
        },
        "tags": ["web"],
        **fields,
    }


def container(name: str = "demo-ct-1", vmid: int = 20011, **fields: t.Any) -> dict[str, t.Any]:
    """One container with a data disk."""
    return machine(
        name,
        vmid,
        **{
            "kind": "lxc",
            "role": "container",
            "group": "container",
            "disks": [
                {"interface": "rootfs", "storage": "local-lvm", "size_gib": 8},
                {
                    "interface": "mp0",
                    "storage": "local-lvm",
                    "size_gib": 20,
                    "mount_path": "/srv/data",
                },
            ],
            "source": {
                "type": "lxc_template",
                "volume_id": "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst",
            },
            "swap_mib": 256,
            **fields,
        },
    )


def iso_vm(name: str = "demo-iso-1", vmid: int = 20021, **fields: t.Any) -> dict[str, t.Any]:
    """One VM that boots an installer."""
    return machine(
        name,
        vmid,
        **{
            "source": {
                "type": "iso",
                "volume_id": "local:iso/debian-12.11.0-amd64-netinst.iso",
            },
            "cloud_init": None,
            "agent": False,
            **fields,
        },
    )


def plan_data(
    *machines: dict[str, t.Any], deployment: str = "demo", **fields: t.Any
) -> dict[str, t.Any]:
    """A ready plan of these machines."""
    return {
        "deployment": deployment,
        "status": "ready",
        "summary": "Machines for a test.",
        "environment": "test",
        "kind": "vm",
        "machines": list(machines or (machine(),)),
        **fields,
    }


def plan(*machines: dict[str, t.Any], **fields: t.Any) -> Plan:
    """The same as a contract."""
    return parse(Plan, plan_data(*machines, **fields))
