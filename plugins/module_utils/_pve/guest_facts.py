# SPDX-License-Identifier: GPL-3.0-or-later
"""API data → guests of the Snapshot: pure functions, no calls."""

from __future__ import annotations

import math
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve import guests
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.answers import (
    Answers,
    Data,
    GuestDetail,
    Item,
    Items,
    gib,
    mib_up,
    of_type,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.hardware import hardware
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.truth import truth

#: Guests with this tag are ours: their hardware is part of the facts, as that of templates.
OWNER_TAG = "clusterwright"


def guest_list(answers: Answers) -> list[Data]:
    """Return all guests that can be seen, sorted by id."""
    listed = of_type(answers.resources, "qemu", "lxc")
    found = [
        guest(item, answers.guests.get(int(item["vmid"])), answers.pci_mappings)
        for item in sorted(listed, key=lambda item: int(item["vmid"]))
    ]
    for entry in found:
        if entry["template"] and entry["hardware"]:
            entry["hardware"] |= _seen_of(answers, entry)
    return found


def _seen_of(answers: Answers, template: Data) -> Data:
    """Return which files for cloud-init are not there, and which nobody could look for."""
    named = sorted(set(template["hardware"].get("cloud_init_files", {}).values()))
    lists = {
        volume: answers.snippets.get((template["node"], volume.partition(":")[0]))
        for volume in named
    }
    return {
        "absent": [
            volume for volume, seen in lists.items() if seen is not None and volume not in seen
        ],
        "unseen": [volume for volume, seen in lists.items() if seen is None],
    }


def guest(item: Item, detail: GuestDetail | None = None, mappings: Items = ()) -> Data:
    """Return one guest of ``/cluster/resources``, completed with its config when that was read.

    ``mappings`` are the PCI mappings of the cluster.
    """
    config = (detail.config if detail else None) or {}
    memory = item.get("maxmem")
    memory_mib = mib_up(memory) if memory else guests.memory_mib(config)
    disk = guests.disk_gib(config)
    found, origin = _addresses(detail)
    template = truth(item.get("template")) or truth(config.get("template"))
    marks = tags(_first(item, config, "tags"))
    return {
        "vmid": int(item["vmid"]),
        "name": str(item.get("name") or config.get("name") or config.get("hostname") or ""),
        "type": item["type"],
        "node": item["node"],
        "status": str(item.get("status") or "unknown"),
        "template": template,
        # The list never counts more than the node has; the configuration says what is promised.
        "cpus": max(math.ceil(float(item.get("maxcpu") or 0)), guests.cpus(config)),
        "cpu_load": round(float(item.get("cpu") or 0), 4),
        "memory_mib": memory_mib,
        "memory_used_mib": mib_up(item.get("mem")),
        "disk_gib": gib(int(item.get("maxdisk") or 0)) if disk is None else disk,
        "tags": marks,
        "pool": item.get("pool"),
        "lock": _first(item, config, "lock"),
        "ha": item.get("hastate"),
        "on_boot": truth(config.get("onboot")) if config else None,
        "addresses": found,
        "address_source": origin,
        "mac_addresses": guests.mac_addresses(config),
        "pci_mappings": guests.pci_mappings(config, str(item["node"]), mappings),
        "protection": truth(config.get("protection")) if config else None,
        "hardware": (
            hardware(config, str(item["type"]))
            if config and (template or OWNER_TAG in marks)
            else None
        ),
    }


def tags(text: t.Any) -> list[str]:
    """Return the tags of a guest, which Proxmox VE separates by semicolon."""
    return sorted(filter(None, re.split(r"[;, ]", str(text or ""))))


def _addresses(detail: GuestDetail | None) -> tuple[list[str], str]:
    """Return all addresses in use or fixed in the config, and where the first came from."""
    if detail is None:
        return [], "none"
    macs = guests.mac_addresses(detail.config or {})
    lists = (
        ("agent", guests.agent_addresses(detail.agent or (), macs)),
        ("interfaces", guests.container_addresses(detail.interfaces or (), macs)),
        ("config", guests.config_addresses(detail.config or {})),
    )
    origin = next((name for name, found in lists if found), "none")
    return list(dict.fromkeys(address for _name, found in lists for address in found)), origin


def _first(item: Item, config: Item, key: str) -> t.Any:
    return item.get(key) or config.get(key)
