# SPDX-License-Identifier: GPL-3.0-or-later
"""API data → Snapshot data: pure functions, no calls.

The result has the shape of the contract ``plugin_utils/_contracts/_snapshot.py``. Capacity is
rounded down and use is rounded up, so that no number promises more room than there is.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve import access, guests
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.answers import (
    MIB,
    Answers,
    Data,
    Item,
    Items,
    gib,
    mib_up,
    of_type,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.guest_facts import (
    guest_list,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.truth import truth

# Storage types whose free space is total minus used. The others measure a file system, which
# keeps reserved blocks or shares its space, so that only the node's own list has the free space.
EXACT_FREE_SPACE = frozenset({"lvm", "lvmthin", "zfspool", "zfs", "rbd", "iscsi", "iscsidirect"})
BRIDGE_TYPES = {"bridge": "bridge", "OVSBridge": "ovs_bridge"}


def build(answers: Answers, source: Data) -> Data:
    """Return the Snapshot as plain data."""
    guest_states = guest_list(answers)
    cluster = next((item for item in answers.status if item.get("type") == "cluster"), None)
    return {
        "schema_version": 1,
        "source": source,
        "cluster": cluster["name"] if cluster else None,
        "quorate": quorate(answers),
        "version": version(answers.version),
        "nodes": node_list(answers, guest_states),
        "storages": storage_list(answers),
        "guests": guest_states,
        "bridges": bridge_list(answers),
        "pools": sorted(str(item["pool"]) for item in of_type(answers.resources, "pool")),
        "volumes": volume_list(answers),
        "pci_mappings": pci_mapping_list(answers.pci_mappings),
        "backup_jobs": backup_job_list(answers.backup_jobs),
        "ha": high_availability(answers),
        "privileges": access.compact(answers.permissions),
        "next_vmid": next_vmid(answers),
        "missing": sorted(answers.missing, key=lambda item: (item["field"], item["id"])),
    }


def version(data: Item) -> Data:
    """Return version "9.1.8", release "9.1" and major 9."""
    text = str(data["version"])
    major = re.match(r"\d+", text)
    release = str(data.get("release") or ".".join(text.split(".")[:2]))
    return {"version": text, "release": release, "major": int(major[0]) if major else 0}


def online_nodes(status: Items, resources: Items) -> dict[str, bool]:
    """Return node → online, by the cluster's membership where it can be read."""
    members = {item["name"]: truth(item.get("online")) for item in status if item["type"] == "node"}
    listed = {item["node"]: item.get("status") == "online" for item in of_type(resources, "node")}
    return {
        name: members.get(name, listed.get(name, False)) for name in sorted({**members, **listed})
    }


def quorate(answers: Answers) -> bool:
    """Return whether the cluster may change; without its status, whether most nodes are online."""
    for item in answers.status:
        if item.get("type") == "cluster":
            return truth(item.get("quorate"))
    online = online_nodes(answers.status, answers.resources).values()
    return sum(online) * 2 > len(online)


def node_list(answers: Answers, guest_states: t.Sequence[Data]) -> list[Data]:
    """Return the nodes with load and what their guests were promised."""
    numbers = {item["node"]: item for item in of_type(answers.resources, "node")}
    addresses = {item["name"]: item.get("ip") for item in answers.status if item["type"] == "node"}
    result = []
    for name, online in online_nodes(answers.status, answers.resources).items():
        item = numbers.get(name, {}) if online else {}
        cpu = (answers.node_status.get(name) or {}).get("cpuinfo") or {}
        mine = [guest for guest in guest_states if guest["node"] == name and not guest["template"]]
        result.append(
            {
                "name": name,
                "online": online,
                "cpus": int(item.get("maxcpu") or 0),
                "cpu_load": round(float(item.get("cpu") or 0), 4),
                "memory_mib": int(item.get("maxmem") or 0) // MIB,
                "memory_used_mib": mib_up(item.get("mem")),
                "uptime_seconds": int(item.get("uptime") or 0),
                "cpu_model": cpu.get("model"),
                "sockets": cpu.get("sockets"),
                "address": addresses.get(name),
                "committed_cpus": sum(guest["cpus"] for guest in mine),
                "committed_memory_mib": sum(guest["memory_mib"] for guest in mine),
                "committed_disk_gib": round(sum(guest["disk_gib"] for guest in mine), 3),
                "maintenance": numbers.get(name, {}).get("hastate") == "maintenance",
            }
        )
    return result


def storage_list(answers: Answers) -> list[Data]:
    """Return every storage of every node; numbers of the node's own list come first."""
    exact = {
        (node, item["storage"]): item for node, items in answers.storages.items() for item in items
    }
    shared = {name: item for (_node, name), item in exact.items() if truth(item.get("shared"))}
    result: dict[tuple[str, str], Data] = {}
    for item in of_type(answers.resources, "storage"):
        key = (str(item["node"]), str(item["storage"]))
        own = exact.get(key) or (shared.get(key[1]) if truth(item.get("shared")) else None)
        result[key] = _storage(key, item, own)
    for key, item in exact.items():
        if key not in result:  # disabled ones are only in the node's list
            result[key] = _storage(key, {}, item)
    return [result[key] for key in sorted(result, key=lambda key: (key[1], key[0]))]


def _storage(key: tuple[str, str], resource: Item, own: Item | None) -> Data:
    item = own or {}
    total = int(item.get("total", resource.get("maxdisk")) or 0)
    used = int(item.get("used", resource.get("disk")) or 0)
    content = str(resource.get("content") or item.get("content") or "")
    return {
        "storage": key[1],
        "node": key[0],
        "type": str(resource.get("plugintype") or item.get("type") or "unknown"),
        "content": sorted(part for part in content.split(",") if part),
        "shared": truth(resource.get("shared", item.get("shared"))),
        "enabled": truth(item.get("enabled", 1)),
        "active": truth(item.get("active", resource.get("status") == "available")),
        "total_gib": gib(total),
        "used_gib": gib(used),
        "available_gib": gib(int(item.get("avail", max(total - used, 0)) or 0)),
    }


def bridge_list(answers: Answers) -> list[Data]:
    """Return the bridges of each node and the vnets of the cluster."""
    result: list[Data] = []
    for node, interfaces in answers.networks.items():
        for item in interfaces:
            kind = BRIDGE_TYPES.get(str(item.get("type")))
            if kind:
                result.append(
                    {
                        "name": item["iface"],
                        "type": kind,
                        "node": node,
                        "cidr": item.get("cidr"),
                        "vlan_aware": truth(item.get("bridge_vlan_aware")),
                        "ports": str(
                            item.get("bridge_ports") or item.get("ovs_ports") or ""
                        ).split(),
                        "zone": None,
                        "nodes": [],
                        "tag": None,
                    }
                )
    zones = zone_nodes(answers.resources)
    for item in answers.vnets:
        result.append(
            {
                "name": item["vnet"],
                "type": "vnet",
                "node": None,
                "cidr": None,
                "vlan_aware": truth(item.get("vlanaware")),
                "ports": [],
                "zone": item.get("zone"),
                "nodes": zones.get(str(item.get("zone")), []),
                "tag": int(item["tag"]) if item.get("tag") is not None else None,
            }
        )
    return sorted(result, key=lambda item: (item["name"], item["node"] or ""))


def zone_nodes(resources: Items) -> dict[str, list[str]]:
    """Return SDN zone → its nodes; entries are of type "sdn" before Proxmox VE 9."""
    found: dict[str, set[str]] = {}
    for item in of_type(resources, "sdn", "network"):
        name = item.get("sdn") or item.get("network")
        if name and item.get("network-type", "zone") == "zone" and item.get("node"):
            found.setdefault(str(name), set()).add(str(item["node"]))
    return {name: sorted(nodes) for name, nodes in found.items()}


def volume_list(answers: Answers) -> list[Data]:
    """Return ISOs, container templates and importable disk images; shared ones without node."""
    result = [
        {
            "volume_id": item["volid"],
            "storage": storage,
            "node": node,
            "content": item["content"],
            "size_gib": gib(int(item.get("size") or 0)),
        }
        for node, storage, items in answers.volumes
        for item in items
        if item.get("content") in ("iso", "vztmpl", "import")
    ]
    return sorted(result, key=lambda item: (item["volume_id"], item["node"] or ""))


def pci_mapping_list(items: Items) -> list[Data]:
    """Return the PCI mappings and the nodes that have a device for them."""
    return [
        {
            "id": item["id"],
            "nodes": sorted(
                {guests.properties(str(entry)).get("node", "") for entry in item.get("map") or ()}
                - {""}
            ),
            "description": item.get("description"),
        }
        for item in sorted(items, key=lambda item: str(item["id"]))
    ]


def backup_job_list(items: Items) -> list[Data]:
    """Return the backup jobs; a job of before PVE 7.1 has start time and days, no schedule."""
    return [
        {
            "id": str(item["id"]),
            "enabled": truth(item.get("enabled", 1)),
            "schedule": str(
                item.get("schedule")
                or " ".join(filter(None, (item.get("dow"), item.get("starttime"))))
            ),
            "storage": str(item.get("storage") or ""),
            "mode": str(item.get("mode") or "snapshot"),
            "selection": _selection(item),
        }
        for item in sorted(items, key=lambda item: str(item["id"]))
    ]


def _selection(item: Item) -> str:
    if item.get("pool"):
        return f"pool:{item['pool']}"
    if item.get("vmid"):
        return f"vmid:{item['vmid']}"
    return f"all-except:{item['exclude']}" if item.get("exclude") else "all"


def high_availability(answers: Answers) -> Data:
    """Return the state of the HA manager, what it manages, and groups (8) or rules (9)."""
    master = next((item for item in answers.ha_status if item.get("type") == "master"), None)
    managed = {str(item["sid"]) for item in answers.ha_status if item.get("type") == "service"}
    managed |= {
        f"{'vm' if item['type'] == 'qemu' else 'ct'}:{item['vmid']}"
        for item in of_type(answers.resources, "qemu", "lxc")
        if item.get("hastate")
    }
    return {
        "manager_status": str(master["status"]) if master else None,
        "resources": sorted(managed),
        "groups": sorted(str(item["group"]) for item in answers.ha_groups),
        "rules": sorted(str(item["rule"]) for item in answers.ha_rules),
        "comments": {
            str(item.get("rule") or item["group"]): str(item["comment"])
            for item in (*answers.ha_groups, *answers.ha_rules)
            if item.get("comment")
        },
    }


def sees_all_guests(permissions: access.Permissions) -> bool:
    """Return whether the list of guests is complete for us."""
    return access.allows(permissions, "/vms", "VM.Audit")


def next_vmid(answers: Answers) -> int | None:
    """Return the API's next free id, or the lowest free one when all guests can be seen."""
    if answers.next_vmid is not None:
        return answers.next_vmid
    if not sees_all_guests(answers.permissions):
        return None
    taken = {int(item["vmid"]) for item in of_type(answers.resources, "qemu", "lxc")}
    return next(vmid for vmid in range(100, 101 + len(taken)) if vmid not in taken)
