# SPDX-License-Identifier: GPL-3.0-or-later
"""Lowest load that fits: place the largest first, repair what has no room, then level the load."""

from __future__ import annotations

import heapq
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._placement._model import (
    Host,
    Item,
    Pool,
    Result,
    Shortfall,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._placement._state import (
    State,
)

#: Levelling stops after so many moves; each one lowers the highest load.
MAX_MOVES = 200
#: Only this many hosts are tried when another guest must make room.
MAX_REPAIRS = 64


def place(items: t.Sequence[Item], hosts: t.Sequence[Host], pools: t.Iterable[Pool] = ()) -> Result:
    """Return a host for every item, each on the least loaded host that fits.

    Equal loads (in whole percent) are decided by how many of the group the host has, then by
    price, then by name, so that the same input always gives the same answer.
    """
    state = State(hosts, pools)
    missing: list[Shortfall] = []
    queue = _Queue(state)
    for item in sorted(items, key=_order):
        name = queue.lowest(item)
        if name is None:
            name = _make_room(state, item)
            queue = _Queue(state)
        if name is None:
            missing.extend(_shortfalls(state, item))
        else:
            state.put(item, name)
            queue.push(name)
    if len(items) <= MAX_MOVES:
        _level(state)
    return Result(state.where(), tuple(missing))


def _order(item: Item) -> tuple[bool, bool, bool, int, int]:
    """Return what decides when an item is placed: the ones with the least choice go first."""
    free = item.hosts is None
    return not item.there, free, not item.spread, -item.memory_mib, -item.cpus


class _Queue:
    """Hosts by load; stale entries are skipped when they come up."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.heap = [self._key(name) for name in state.hosts]
        heapq.heapify(self.heap)

    def _key(self, name: str) -> tuple[int, float, float, str]:
        load = self.state.load(name)
        return (int(load * 100), self.state.hosts[name].price, load, name)

    def push(self, name: str) -> None:
        heapq.heappush(self.heap, self._key(name))

    def lowest(self, item: Item) -> str | None:
        """Return the least loaded host that fits; hosts without the item's group go first."""
        skipped: list[tuple[int, float, float, str]] = []
        second: str | None = None
        chosen: str | None = None
        while self.heap:
            entry = heapq.heappop(self.heap)
            name = entry[3]
            if entry != self._key(name):
                continue
            skipped.append(entry)
            if not self.state.fits(item, name):
                continue
            if second is not None and entry[0] > skipped[0][0] + 5:
                break
            if not self.state.groups.get((name, item.group)):
                chosen = name
                break
            second = second or name
        for entry in skipped:
            heapq.heappush(self.heap, entry)
        return chosen or second


def _make_room(state: State, item: Item) -> str | None:
    """Move one placed item elsewhere so that this one fits; return the freed host."""
    for name in sorted(state.hosts, key=lambda n: (state.load(n), n))[:MAX_REPAIRS]:
        for other in sorted(state.on[name], key=lambda i: (i.memory_mib, i.name)):
            state.take(other, name)
            if state.fits(item, name):
                state.put(item, name)
                target = _first(state, other, name)
                state.take(item, name)
                if target is not None:
                    state.put(other, target)
                    return name
            state.put(other, name)
    return None


def _first(state: State, item: Item, excluded: str) -> str | None:
    names = (name for name in state.hosts if name != excluded)
    fitting = [name for name in names if state.fits(item, name)]
    return min(fitting, key=lambda n: (state.load(n), n), default=None)


def _level(state: State) -> None:
    """Move items from the most loaded host while that lowers the higher of the two loads."""
    for _move in range(MAX_MOVES):
        step = _best_move(state)
        if step is None:
            return
        item, source, target = step
        state.take(item, source)
        state.put(item, target)


def _best_move(state: State) -> tuple[Item, str, str] | None:
    busy = [name for name in state.hosts if state.on[name]]
    if not busy:
        return None
    source = max(busy, key=lambda n: (state.load(n), n))
    before = state.load(source)
    best: tuple[float, str, str, Item] | None = None
    for item in state.on[source]:
        share = state.groups.get((source, item.group), 0)
        for name in state.hosts:
            if name == source or not state.fits(item, name):
                continue
            if state.groups.get((name, item.group), 0) >= share:
                continue
            total = max(state.hosts[name].total_memory_mib, 1)
            after = (state.used[name] + item.memory_mib) / total
            if after < before - 0.01 and (best is None or (after, item.name, name) < best[:3]):
                best = (after, item.name, name, item)
    return None if best is None else (best[3], source, best[2])


def _shortfalls(state: State, item: Item) -> list[Shortfall]:
    return [short for name in sorted(state.hosts) for short in state.obstacles(item, name)]
