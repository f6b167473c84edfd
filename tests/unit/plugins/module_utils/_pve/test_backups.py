# SPDX-License-Identifier: GPL-3.0-or-later
"""The backups of a guest are found on every storage that can be read, newest first."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.backups import backups

Data = dict[str, t.Any]


def storage(name: str, node: str, **changes: t.Any) -> Data:
    return {"storage": name, "node": node, "content": "backup", "status": "available", **changes}


def backup(vmid: int, day: int, place: str = "nas") -> Data:
    return {
        "volid": f"{place}:backup/vzdump-qemu-{vmid}-2026_11_{day:02}.vma.zst",
        "vmid": vmid,
        "ctime": 1_793_404_800 + day * 86_400,
    }


class Api:
    """Storages and what they hold, as the API tells; keeps what was asked."""

    def __init__(self, storages: list[Data], content: dict[str, list[Data]]) -> None:
        self.storages, self.content = storages, content
        self.asked: list[str] = []

    def get(self, path: str, params: t.Any = None) -> t.Any:
        if path == "/cluster/resources":
            return self.storages
        self.asked.append(path)
        _nodes, _, node, _storage, name, _content = path.split("/")
        assert params == {"content": "backup"} and _nodes == ""
        return self.content.get(f"{name}@{node}", self.content.get(name))


#: what -> storages, content by storage (and node), the days of the backups of 20001 that are found
FOUND: dict[str, tuple[list[Data], dict[str, t.Any], list[int]]] = {
    "newest first": (
        [storage("nas", "pve1")],
        {"nas": [backup(20001, 1), backup(20001, 9)]},
        [9, 1],
    ),
    "of this guest alone": ([storage("nas", "pve1")], {"nas": [backup(20002, 1)]}, []),
    "a local storage is asked on each host": (
        [storage("local", "pve1"), storage("local", "pve2")],
        {"local@pve1": [backup(20001, 2)], "local@pve2": [backup(20001, 3, "local2")]},
        [3, 2],
    ),
    "a shared storage is asked once": (
        [storage("nas", "pve1", shared=1), storage("nas", "pve2", shared="1")],
        {"nas": [backup(20001, 4)]},
        [4],
    ),
    "a storage that is away or holds none is left": (
        [storage("nas", "pve1", status="unknown"), storage("tank", "pve1", content="images")],
        {"nas": [backup(20001, 4)], "tank": [backup(20001, 5)]},
        [],
    ),
    "an empty storage": ([storage("nas", "pve1")], {"nas": None}, []),
}


@pytest.mark.parametrize("what", FOUND)
def test_backups_of_a_guest(what: str) -> None:
    storages, content, days = FOUND[what]
    api = Api(storages, content)
    found = backups(api, [20001])
    assert [int(b["at"][8:10]) for b in found] == days
    assert all(b["vmid"] == 20001 and b["volume_id"].startswith(("nas", "local")) for b in found)
    assert len(api.asked) == len(set(api.asked)) == (1 if "once" in what else len(api.asked))
