# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API answered, as it came, and what is read from it the same way everywhere."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve import access

MIB = 2**20
GIB = 2**30

Item = t.Mapping[str, t.Any]
Items = t.Sequence[Item]
Data = dict[str, t.Any]


@dataclasses.dataclass
class GuestDetail:
    """What the pass over the guests read of one guest."""

    config: Item | None = None
    agent: Items | None = None
    interfaces: Items | None = None


@dataclasses.dataclass
class Answers:
    """The ``data`` of each call as it came; what was not read stays empty."""

    version: Item
    resources: Items
    status: Items = ()
    permissions: access.Permissions = dataclasses.field(default_factory=dict)
    networks: dict[str, Items] = dataclasses.field(default_factory=dict)  # node -> interfaces
    storages: dict[str, Items] = dataclasses.field(default_factory=dict)  # node -> storages
    node_status: dict[str, Item] = dataclasses.field(default_factory=dict)
    volumes: list[tuple[str | None, str, Items]] = dataclasses.field(default_factory=list)
    vnets: Items = ()
    ha_groups: Items = ()
    ha_rules: Items = ()
    ha_status: Items = ()
    backup_jobs: Items = ()
    pci_mappings: Items = ()
    next_vmid: int | None = None
    guests: dict[int, GuestDetail] = dataclasses.field(default_factory=dict)
    #: (node, storage) -> volume ids of the files for cloud-init there
    snippets: dict[tuple[str, str], set[str]] = dataclasses.field(default_factory=dict)
    missing: list[Data] = dataclasses.field(default_factory=list)


def finding(rule: str, severity: str, field: str, message: str, source: str = "") -> Data:
    """Return one entry of ``missing``."""
    return {
        "id": rule,
        "severity": severity,
        "field": field,
        "message": message,
        "source": source,
    }


def of_type(resources: Items, *types: str) -> list[Item]:
    """Return the entries of ``/cluster/resources`` of the given types."""
    return [item for item in resources if item.get("type") in types]


def gib(size: int) -> float:
    """Return bytes as GiB with three decimals (1 MiB), rounded to nearest."""
    return round(size / GIB, 3)


def mib_up(size: t.Any) -> int:
    """Return bytes as MiB, rounded up."""
    return -(-int(size or 0) // MIB)
