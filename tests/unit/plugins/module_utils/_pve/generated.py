# SPDX-License-Identifier: GPL-3.0-or-later
"""Made-up clusters of any size in the words of the API, for properties and benchmarks."""

from __future__ import annotations

import random
import typing as t

from unit.plugins.module_utils._pve.support import Answer

GIB = 2**30
ROLE = ["VM.Audit", "Sys.Audit", "Datastore.Audit", "SDN.Audit", "Pool.Audit", "Mapping.Audit"]


def cluster(nodes: int, guests: int, seed: int = 1) -> dict[str, Answer]:
    """Return the answers of a healthy cluster: each guest has an agent and a fixed address.

    Nodes have an LVM-thin storage of their own and a local one with ISOs and templates; a shared
    RBD storage and a shared NFS storage for backups belong to the cluster.
    """
    chance = random.Random(seed)  # noqa: S311
    names = [f"pve{number}" for number in range(1, nodes + 1)]
    listed = [node_resource(name, chance) for name in names]
    data: dict[str, t.Any] = {
        "/version": {"version": "9.1.8", "release": "9.1", "repoid": "a8e257e1"},
        "/access/permissions": {"/": dict.fromkeys(ROLE, 1)},
        "/cluster/status": [
            {"type": "cluster", "id": "cluster", "name": "big", "nodes": nodes, "quorate": 1},
            *(
                {"type": "node", "name": name, "online": 1, "ip": f"10.0.0.{index}"}
                for index, name in enumerate(names, 1)
            ),
        ],
        "/cluster/backup": [{"id": "all", "schedule": "02:30", "storage": "nfs", "all": 1}],
        "/cluster/mapping/pci": [],
        "/cluster/nextid": str(100 + guests),
        "/cluster/ha/status/current": [{"type": "master", "status": "pve1 (active)"}],
        "/pools": [],
    }
    resources: list[dict[str, t.Any]] = list(listed)
    for name in names:
        resources += node_storages(name, chance)
        data[f"/nodes/{name}/network"] = [{"iface": "vmbr0", "type": "bridge", "active": 1}]
        data[f"/nodes/{name}/storage"] = []
        data[f"/nodes/{name}/status"] = {"cpuinfo": {"model": "EPYC", "sockets": 1}}
        for content in ("iso", "vztmpl"):
            key = f"/nodes/{name}/storage/local/content?content={content}"
            data[key] = [{"volid": f"local:{content}/a", "content": content, "size": GIB}]
    for index in range(guests):
        item = guest_resource(100 + index, chance.choice(names), chance)
        resources.append(item)
        data.update(guest_answers(item, index))
    data["/cluster/resources"] = resources
    data["/nodes"] = listed
    for name in names:
        data[f"/nodes/{name}/lxc"] = []
        data[f"/nodes/{name}/qemu"] = [
            item for item in resources if item["type"] == "qemu" and item["node"] == name
        ]
    return {path: Answer({"data": value}) for path, value in data.items()}


def node_resource(name: str, chance: random.Random) -> dict[str, t.Any]:
    """Return a node of ``/cluster/resources``."""
    return {
        "id": f"node/{name}",
        "type": "node",
        "node": name,
        "status": "online",
        "cpu": chance.random(),
        "maxcpu": 64,
        "mem": chance.randrange(64 * GIB),
        "maxmem": 512 * GIB,
        "uptime": chance.randrange(10**7),
        "hastate": "online",
    }


def node_storages(node: str, chance: random.Random) -> list[dict[str, t.Any]]:
    """Return the storages of one node in ``/cluster/resources``."""

    def storage(name: str, kind: str, content: str, shared: int) -> dict[str, t.Any]:
        return {
            "id": f"storage/{node}/{name}",
            "type": "storage",
            "node": node,
            "storage": name,
            "plugintype": kind,
            "content": content,
            "shared": shared,
            "status": "available",
            "maxdisk": 1000 * GIB,
            "disk": chance.randrange(1000 * GIB),
        }

    return [
        storage("local", "dir", "iso,vztmpl,backup", 0),
        storage("local-lvm", "lvmthin", "images,rootdir", 0),
        storage("ceph", "rbd", "images,rootdir", 1),
        storage("nfs", "nfs", "backup", 1),
    ]


def guest_resource(vmid: int, node: str, chance: random.Random) -> dict[str, t.Any]:
    """Return a running virtual machine of ``/cluster/resources``."""
    return {
        "id": f"qemu/{vmid}",
        "type": "qemu",
        "vmid": vmid,
        "name": f"vm-{vmid}",
        "node": node,
        "status": "running",
        "template": 0,
        "cpu": chance.random(),
        "maxcpu": chance.choice((1, 2, 4, 8)),
        "mem": chance.randrange(GIB),
        "maxmem": chance.choice((1, 2, 4, 8)) * GIB,
        "disk": 0,
        "maxdisk": chance.choice((8, 32, 64)) * GIB,
        "uptime": 100,
        "tags": "clusterwright;cw-big;env-production;role-agent",
        "netin": 1,
        "netout": 1,
        "diskread": 1,
        "diskwrite": 1,
    }


def guest_answers(item: dict[str, t.Any], index: int) -> dict[str, t.Any]:
    """Return what the API says about one guest."""
    base = f"/nodes/{item['node']}/qemu/{item['vmid']}"
    mac = "BC:24:11:00:{:02X}:{:02X}".format(*divmod(index, 256))
    address = f"10.1.{index // 250}.{index % 250 + 1}"
    return {
        f"{base}/config": {
            "name": item["name"],
            "cores": item["maxcpu"],
            "memory": str(item["maxmem"] // 2**20),
            "agent": "enabled=1",
            "onboot": 1,
            "net0": f"virtio={mac},bridge=vmbr0",
            "ipconfig0": f"ip={address}/16,gw=10.1.255.254",
            "scsi0": f"ceph:vm-{item['vmid']}-disk-0,size={item['maxdisk'] // GIB}G",
        },
        f"{base}/status/current": {
            "vmid": item["vmid"],
            "name": item["name"],
            "status": "running",
            "qmpstatus": "running",
            "agent": 1,
            "cpus": item["maxcpu"],
            "maxmem": item["maxmem"],
            "uptime": 100,
        },
        f"{base}/snapshot": [{"name": "current", "description": "You are here!", "running": 1}],
        f"{base}/agent/network-get-interfaces": {
            "result": [
                {
                    "name": "lo",
                    "hardware-address": "00:00:00:00:00:00",
                    "ip-addresses": [
                        {"ip-address": "127.0.0.1", "ip-address-type": "ipv4", "prefix": 8}
                    ],
                },
                {
                    "name": "eth0",
                    "hardware-address": mac.lower(),
                    "ip-addresses": [
                        {"ip-address": address, "ip-address-type": "ipv4", "prefix": 16}
                    ],
                },
            ]
        },
    }
