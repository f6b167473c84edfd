# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls after the first four, in the order of their use. Pure: first answers → calls."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve import access, snapshot
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.adopt_values import (
    options,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.answers import (
    Answers,
    Item,
    Items,
    of_type,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.truth import truth

VOLUME_CONTENT = ("import", "vztmpl", "iso")
DISK_CONTENT = frozenset({"images", "rootdir"})


@dataclasses.dataclass(frozen=True)
class Call:
    """One GET and where its answer goes: ``into`` is a field of ``Answers``.

    ``field`` is the part of the Snapshot that is missing without it; ``extra`` calls only refine
    what is known already, so that leaving them out is not worth a word.
    """

    path: str
    into: str
    field: str
    params: t.Mapping[str, str | int] | None = None
    node: str | None = None
    storage: str | None = None
    vmid: int | None = None
    extra: bool = False
    instead: str = ""  # what holds while the answer is missing


def calls(answers: Answers, *, complete: bool) -> list[Call]:
    """Return the calls worth making, most useful first; ``complete`` adds the CPU models.

    Offline nodes get none.
    """
    states = snapshot.online_nodes(answers.status, answers.resources)
    nodes = [name for name, online in states.items() if online]
    storages = [item for item in of_type(answers.resources, "storage") if item.get("node") in nodes]
    lists = [
        Call(f"/nodes/{node}/storage", "storages", f"storages.{node}", node=node) for node in nodes
    ]
    needed = _nodes_with_inexact_space(storages)
    result = [
        Call(f"/nodes/{node}/network", "networks", f"bridges.{node}", node=node) for node in nodes
    ]
    result += [call for call in lists if call.node in needed]
    result += _cluster_calls(answers)
    if not complete:  # the pass over the guests reads them all
        result += _fresh_guests(answers, nodes)
    result += _volume_calls(storages)
    result += _refining_calls(answers)
    result += [dataclasses.replace(call, extra=True) for call in lists if call.node not in needed]
    if complete:
        result += [
            Call(f"/nodes/{node}/status", "node_status", f"nodes.{node}.cpu_model", node=node)
            for node in nodes
        ]
    return result


def _nodes_with_inexact_space(storages: Items) -> set[str]:
    """Return the nodes whose own list is needed for the free space of guests' disks.

    A shared storage is the same everywhere, so one node is enough.
    """
    needed: set[str] = set()
    shared: dict[str, list[str]] = {}
    for item in storages:
        content = set(str(item.get("content") or "").split(","))
        if item.get("plugintype") in snapshot.EXACT_FREE_SPACE or not content & DISK_CONTENT:
            continue
        if truth(item.get("shared")):
            shared.setdefault(str(item["storage"]), []).append(str(item["node"]))
        else:
            needed.add(str(item["node"]))
    for _name, nodes in sorted(shared.items()):
        if not needed & set(nodes):
            needed.add(min(nodes))
    return needed


def _cluster_calls(answers: Answers) -> list[Call]:
    """Return the calls about the cluster that have something to tell."""
    resources = answers.resources
    result = [
        Call("/cluster/backup", "backup_jobs", "backup_jobs"),
        Call("/cluster/mapping/pci", "pci_mappings", "pci_mappings"),
    ]
    zones = {
        item.get("sdn") or item.get("network") for item in of_type(resources, "sdn", "network")
    }
    if zones - {None, "localnetwork"}:
        # only vnets that were applied can be used
        result.append(Call("/cluster/sdn/vnets", "vnets", "bridges.vnets", {"running": 1}))
    if not snapshot.sees_all_guests(answers.permissions):
        result.append(Call("/cluster/nextid", "next_vmid", "next_vmid"))
    if snapshot.version(answers.version)["major"] >= 9:
        managed = any(item.get("hastate") for item in of_type(resources, "qemu", "lxc"))
        if managed:  # a rule is always about managed guests
            result.append(Call("/cluster/ha/rules", "ha_rules", "ha.rules"))
    elif _clustered(answers):
        result.append(Call("/cluster/ha/groups", "ha_groups", "ha.groups"))
    return result


def _refining_calls(answers: Answers) -> list[Call]:
    result = []
    if snapshot.sees_all_guests(answers.permissions):
        result.append(Call("/cluster/nextid", "next_vmid", "next_vmid", extra=True))
    if _clustered(answers):
        path = "/cluster/ha/status/current"
        result.append(Call(path, "ha_status", "ha.manager_status", extra=True))
    return result


def _fresh_guests(answers: Answers, nodes: t.Collection[str]) -> list[Call]:
    """Return config calls for guests so new that the resource list lacks their numbers."""
    return [
        Call(
            f"/nodes/{item['node']}/{item['type']}/{item['vmid']}/config",
            "guests",
            f"guests.{item['vmid']}",
            node=item["node"],
            vmid=int(item["vmid"]),
        )
        for item in of_type(answers.resources, "qemu", "lxc")
        if item.get("node") in nodes and not item.get("maxmem")
    ]


def _volume_calls(storages: Items) -> list[Call]:
    """Return one call per kind of file and storage; shared storages are asked on one node.

    Never without ``content``: listing guest images costs Proxmox VE 0.1 s for each of them.
    """
    places: dict[tuple[str, str | None], Item] = {}
    for item in sorted(storages, key=lambda item: (str(item["storage"]), str(item["node"]))):
        if item.get("plugintype") != "esxi":  # its "import" content is the guests of another host
            place = None if truth(item.get("shared")) else str(item["node"])
            places.setdefault((str(item["storage"]), place), item)
    return [
        Call(
            f"/nodes/{item['node']}/storage/{storage}/content",
            "volumes",
            f"volumes.{storage}.{content}" + (f".{place}" if place else ""),
            {"content": content},
            node=place,
            storage=storage,
        )
        for content in VOLUME_CONTENT
        for (storage, place), item in sorted(
            places.items(), key=lambda pair: pair[0][1] is not None
        )
        if content in str(item.get("content") or "").split(",")
    ]


def snippet_calls(answers: Answers) -> list[Call]:
    """Return the calls that show the files for cloud-init that templates name.

    Proxmox VE lists them only for who may change the storage, and shows nobody else that they
    are left out.
    """
    places = set()
    for item in of_type(answers.resources, "qemu"):
        detail = answers.guests.get(int(item["vmid"]))
        config = (detail.config if detail else None) or {}
        if truth(item.get("template")) and config.get("cicustom"):
            for volume in options(config["cicustom"]).values():
                places.add((str(item["node"]), volume.partition(":")[0]))
    return [
        Call(
            f"/nodes/{node}/storage/{storage}/content",
            "snippets",
            f"volumes.{storage}.snippets.{node}",
            {"content": "snippets"},
            node=node,
            storage=storage,
        )
        for node, storage in sorted(places)
        if access.allows(answers.permissions, f"/storage/{storage}", "Datastore.Allocate")
    ]


def _clustered(answers: Answers) -> bool:
    return any(item.get("type") == "cluster" for item in answers.status)
