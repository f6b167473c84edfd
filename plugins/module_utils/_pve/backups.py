# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of guests on all storages that hold some."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.truth import truth


class Reader(t.Protocol):
    """What is needed of a client; tests pass a fake."""

    def get(self, path: str, params: t.Mapping[str, str | int] | None = None) -> t.Any:
        """Return the data of the answer to a GET request."""


def backups(api: Reader, vmids: t.Iterable[int]) -> list[dict[str, t.Any]]:
    """Return the backups of some guests, newest first; a shared storage is asked once.

    Raises:
        PveError: the API refuses.
    """
    wanted, found, asked = set(vmids), {}, set()
    for row in api.get("/cluster/resources", {"type": "storage"}):
        holds = "backup" in str(row.get("content", "")).split(",")
        place = row["storage"] if truth(row.get("shared")) else (row["storage"], row["node"])
        if not holds or row.get("status") != "available" or place in asked:
            continue
        asked.add(place)
        path = f"/nodes/{row['node']}/storage/{row['storage']}/content"
        for item in api.get(path, {"content": "backup"}) or ():
            if int(item.get("vmid") or 0) in wanted:
                made = int(item.get("ctime") or 0)
                found[item["volid"]] = {
                    "vmid": int(item["vmid"]),
                    "volume_id": str(item["volid"]),
                    "node": str(row["node"]),
                    "ctime": made,
                    "at": datetime.datetime.fromtimestamp(made, datetime.UTC).isoformat(),
                }
    return sorted(found.values(), key=lambda item: (item["ctime"], item["volume_id"]), reverse=True)
