# SPDX-License-Identifier: GPL-3.0-or-later
"""Storages on nodes: status, contents per node, downloads."""

from __future__ import annotations

import time
from typing import Any

from fakepve.storage import INTERNAL

from lab.pve.clusters import Storage
from lab.pve.downloads import file_format
from lab.pve.drives import owner_of
from lab.pve.wire import GIB, MIB, Params, PveError, die, split_list

NETWORK_TYPES = ("nfs", "cifs", "cephfs", "rbd", "pbs")
# What the simulation keeps beside a storage's options.
OWN_KEYS = ("base_used", "unmounted")


def new_store(storage: Storage) -> dict[str, Any]:
    """A storage of the cluster file as the simulated cluster keeps it."""
    store: dict[str, Any] = {
        **storage.options,
        "type": storage.type,
        "content": ",".join(storage.content),
        "active": 1,
        "files": set(),
        "volumes": {},
        "total": storage.total_gib * GIB,
        "base_used": storage.used_gib * GIB,
    }
    if storage.shared:
        store["shared"] = 1
    if storage.nodes:
        store["nodes"] = ",".join(storage.nodes)
    for volume in storage.volumes:
        store["volumes"][volume.name] = {
            "content": volume.name.partition("/")[0],
            "format": file_format(volume.name),
            "size": volume.size_mib * MIB,
            "virtual_size": (volume.virtual_size_gib or 0) * GIB or None,
            "nodes": list(volume.nodes) or None,
            "ctime": int(time.time()),
        }
    return store


class Storages:
    """Mixin: what the base class does not say about storages."""

    def _lab_routes_storage(self: Any) -> list[tuple[str, str, Any]]:
        storage = "/nodes/{node}/storage/{storage}"
        return [
            ("GET", storage + "/content", self.list_content),
        ]

    @staticmethod
    def _options_of(store: dict[str, Any]) -> dict[str, Any]:
        return {k: x for k, x in store.items() if k not in (*INTERNAL, *OWN_KEYS)}

    async def _sc_create(self: Any, v: Params, user: str) -> Any:
        path = str(v.get("path"))
        if str(v.get("create-base-path", 1)) == "0" and v["storage"] not in self.storages:
            raise die(
                f"create storage failed: unable to activate storage '{v['storage']}'"
                f" - directory '{path}' does not exist or is unreachable"
            )
        created = await super()._sc_create(v, user)  # type: ignore[misc]
        if v["type"] in NETWORK_TYPES:
            self.storages[v["storage"]]["shared"] = 1
        return created

    # ----------------------------------------------------------------- status

    def _space(self, store: dict[str, Any]) -> tuple[int, int, int]:
        volumes = store.get("volumes", {}).values()
        used = store.get("base_used", 0) + sum(int(x.get("used") or 0) for x in volumes)
        used += sum(int(x["size"]) for x in volumes if x["content"] != "images")
        total = int(store.get("total", 100 * GIB))
        return total, min(used, total), max(0, total - used)

    def _is_active(self: Any, name: str) -> bool:
        store = self.storages[name]
        if self.faults.active("storage_offline", storage=name):
            return False
        unmounted = self.faults.active("storage_unmounted", storage=name)
        return bool(store.get("active", 1)) and not store.get("unmounted") and not unmounted

    def _status_item(self: Any, name: str, node: str, formats: bool = False) -> Params:
        store = self.storages[name]
        enabled = self._storage_enabled(name, node)
        active = enabled and self._is_active(name)
        total, used, avail = self._space(store) if active else (0, 0, 0)
        return {
            "type": store["type"],
            "content": store.get("content", ""),
            "enabled": int(enabled),
            "active": int(active),
            "shared": int(bool(store.get("shared"))),
            "total": total,
            "used": used,
            "avail": avail,
        }

    def _storage_resource(self: Any, node: str, name: str) -> Params | None:
        store = self.storages[name]
        if not self._storage_enabled(name, node):
            return None
        usable = self.is_online(node) and self._is_active(name)
        entry: Params = {
            "id": f"storage/{node}/{name}",
            "type": "storage",
            "node": node,
            "storage": name,
            "plugintype": store["type"],
            "content": store.get("content", ""),
            "shared": int(bool(store.get("shared"))),
            "status": "available" if usable else "unknown",
        }
        if usable:
            total, used, _ = self._space(store)
            entry |= {"disk": used, "maxdisk": total}
        pool = self._pool_of_storage(name)
        return entry | ({"pool": pool} if pool else {})

    def _check_enabled(self: Any, name: str, node: str) -> dict[str, Any]:
        store: dict[str, Any] = self._store(name)
        if store.get("disable"):
            raise die(f"storage '{name}' is disabled")
        if not self._storage_enabled(name, node):
            raise die(f"storage '{name}' is not available on node '{node}'")
        if self.faults.active("storage_unmounted", storage=name):
            path = store.get("path", f"/mnt/pve/{name}")
            raise die(
                f"unable to activate storage '{name}' - directory is expected to be a mount point"
                f" but is not mounted: '{path}'"
            )
        if self.faults.active("storage_offline", storage=name):
            raise die(f"storage '{name}' is not online")
        return store

    # ---------------------------------------------------------------- content

    async def list_content(self: Any, v: Params, user: str) -> list[Params]:
        sid, node = v["storage"], v["node"]
        store = self.ready_storage(sid, node)
        kinds = split_list(store.get("content"))
        out = []
        for name, volume in self._volumes(sid).items():
            places = volume.get("nodes") or ([volume["node"]] if volume.get("node") else None)
            wanted = v.get("content") in (None, volume["content"])
            wanted = wanted and v.get("vmid") in (None, volume.get("vmid"))
            if not wanted or volume["content"] not in kinds or (places and node not in places):
                continue
            try:
                owner = owner_of(name) if volume["content"] == "images" else None
                self._check_access(user, sid, volume["content"], owner, f"{sid}:{name}")
            except PveError:
                continue
            out.append(content_entry(sid, name, volume))
        return out


def content_entry(sid: str, name: str, volume: Params) -> Params:
    """A volume as lists of a storage's content show it."""
    entry: Params = {
        "volid": f"{sid}:{name}",
        "content": volume["content"],
        "format": volume.get("format") or "raw",
        "size": int(volume.get("size") or 0),
        "ctime": int(volume.get("ctime") or 0),
    }
    if volume["content"] in ("images", "rootdir"):
        entry |= {"used": int(volume.get("used") or 0), "parent": volume.get("parent")}
    for key in ("vmid", "notes"):
        if volume.get(key) is not None:
            entry[key] = volume[key]
    return entry
