# SPDX-License-Identifier: GPL-3.0-or-later
"""Mutable state of a placement search: what is left per host and pool."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._placement._model import (
    Host,
    Item,
    Pool,
    Shortfall,
)


class State:
    """Free resources and the groups on each host; ``put`` and ``take`` are inverse."""

    def __init__(self, hosts: t.Sequence[Host], pools: t.Iterable[Pool]) -> None:
        self.hosts = {host.name: host for host in hosts}
        self.cpus = {host.name: host.free_cpus for host in hosts}
        self.memory = {host.name: host.free_memory_mib for host in hosts}
        self.used = {host.name: host.used_memory_mib for host in hosts}
        self.pools = {pool.id: pool.free_gib for pool in pools}
        self.groups: dict[tuple[str, str], int] = {}
        self.on: dict[str, list[Item]] = {host.name: [] for host in hosts}

    def load(self, host: str) -> float:
        """Return the used share of the host's memory."""
        return self.used[host] / max(self.hosts[host].total_memory_mib, 1)

    def fits(self, item: Item, name: str) -> bool:
        """Return whether no rule forbids the item on this host."""
        return (
            item.memory_mib <= self.memory[name]
            and item.cpus <= self.cpus[name]
            and item.threads <= self.hosts[name].cpus
            and (item.hosts is None or name in item.hosts)
            and not (item.spread and self.groups.get((name, item.group)))
            and self._lacking_disk(item, name) is None
        )

    def obstacles(self, item: Item, name: str) -> t.Iterator[Shortfall]:
        """Yield each rule that forbids the item on this host."""
        host = self.hosts[name]
        if item.hosts is not None and name not in item.hosts:
            yield Shortfall(item.name, name, "host", 1, 0)
        if item.threads > host.cpus:
            yield Shortfall(item.name, name, "cores", item.threads, host.cpus)
        if item.memory_mib > self.memory[name]:
            yield Shortfall(item.name, name, "memory", item.memory_mib, self.memory[name])
        if item.cpus > self.cpus[name]:
            yield Shortfall(item.name, name, "cpu", item.cpus, max(self.cpus[name], 0.0))
        lacking = self._lacking_disk(item, name)
        if lacking is not None:
            storage, needed, free = lacking
            absent = storage not in host.pools
            yield Shortfall(item.name, name, "disk", needed, free, storage, absent)
        if item.spread and self.groups.get((name, item.group)):
            yield Shortfall(item.name, name, "spread", 1, 0)

    def _lacking_disk(self, item: Item, name: str) -> tuple[str, float, float] | None:
        """Return name, needed and free GiB of the first storage that is too small, or None."""
        pools = self.hosts[name].pools
        for storage, needed in self._disks(item):
            free = self.pools.get(pools.get(storage, ""), 0.0)
            if needed > free + 1e-9:
                return storage, needed, free
        return None

    @staticmethod
    def _disks(item: Item) -> t.Iterable[tuple[str, float]]:
        if len(item.disks) < 2:
            return item.disks
        total: dict[str, float] = {}
        for storage, size in item.disks:
            total[storage] = total.get(storage, 0.0) + size
        return total.items()

    def put(self, item: Item, name: str) -> None:
        """Place the item on the host."""
        self._change(item, name, 1)
        self.on[name].append(item)

    def take(self, item: Item, name: str) -> None:
        """Take the item from the host."""
        self._change(item, name, -1)
        self.on[name].remove(item)

    def _change(self, item: Item, name: str, sign: int) -> None:
        self.cpus[name] -= sign * item.cpus
        self.memory[name] -= sign * item.memory_mib
        self.used[name] += sign * item.memory_mib
        for storage, size in item.disks:
            pool = self.hosts[name].pools.get(storage)
            if pool is not None:
                self.pools[pool] -= sign * size
        key = (name, item.group)
        self.groups[key] = self.groups.get(key, 0) + sign

    def where(self) -> dict[str, str]:
        """Return item name -> host name."""
        return {item.name: name for name, items in self.on.items() for item in items}
