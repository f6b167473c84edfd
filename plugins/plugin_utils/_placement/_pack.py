# SPDX-License-Identifier: GPL-3.0-or-later
"""Fewest hosts: first-fit decreasing over a tree of maxima, then emptying the emptiest host.

Used where hosts should be freed (consolidation), and to answer how many hosts a set needs.
"""

from __future__ import annotations

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


class _Tree:
    """Segment tree over hosts: the first host from the left with enough memory and CPU."""

    def __init__(self, state: State, names: list[str]) -> None:
        self.size = 1
        while self.size < max(len(names), 1):
            self.size *= 2
        self.memory = [-1.0] * (2 * self.size)
        self.cpus = [-1.0] * (2 * self.size)
        for index, name in enumerate(names):
            self.memory[self.size + index] = state.memory[name]
            self.cpus[self.size + index] = state.cpus[name]
        for node in range(self.size - 1, 0, -1):
            self._pull(node)

    def _pull(self, node: int) -> None:
        self.memory[node] = max(self.memory[2 * node], self.memory[2 * node + 1])
        self.cpus[node] = max(self.cpus[2 * node], self.cpus[2 * node + 1])

    def update(self, index: int, memory: float, cpus: float) -> None:
        node = self.size + index
        self.memory[node], self.cpus[node] = memory, cpus
        while node > 1:
            node //= 2
            self._pull(node)

    def fitting(self, item: Item) -> t.Iterator[int]:
        """Yield indexes of hosts with room, from the left."""
        stack = [1]
        while stack:
            node = stack.pop()
            if self.memory[node] < item.memory_mib or self.cpus[node] < item.cpus:
                continue
            if node >= self.size:
                yield node - self.size
            else:
                stack.append(2 * node + 1)
                stack.append(2 * node)


def pack(items: t.Sequence[Item], hosts: t.Sequence[Host], pools: t.Iterable[Pool] = ()) -> Result:
    """Return a host for every item on as few hosts as the search finds."""
    state = State(hosts, pools)
    names = [host.name for host in hosts]
    index = {name: number for number, name in enumerate(names)}
    tree = _Tree(state, names)
    weight = _weights(items)
    missing: list[Shortfall] = []
    for item in sorted(items, key=lambda i: (not i.there, -weight(i), i.name)):
        found = next((n for n in tree.fitting(item) if state.fits(item, names[n])), None)
        if found is None:
            missing.extend(short for name in names for short in state.obstacles(item, name))
            continue
        state.put(item, names[found])
        tree.update(found, state.memory[names[found]], state.cpus[names[found]])
    if not missing:
        _empty_hosts(state, index)
    return Result(state.where(), tuple(missing))


def _weights(items: t.Sequence[Item]) -> t.Callable[[Item], float]:
    memory = sum(item.memory_mib for item in items) or 1
    cpus = sum(item.cpus for item in items) or 1
    return lambda item: item.memory_mib / memory + item.cpus / cpus


def _empty_hosts(state: State, index: t.Mapping[str, int]) -> None:
    """Move all items of the emptiest hosts into others, as long as that frees a host."""
    for name in sorted(state.hosts, key=lambda n: (len(state.on[n]), -index[n])):
        moved: list[tuple[Item, str]] = []
        if not 0 < len(state.on[name]) <= 4:
            continue
        for item in sorted(state.on[name], key=lambda i: -i.memory_mib):
            target = _target(state, item, name)
            if target is None:
                break
            state.take(item, name)
            state.put(item, target)
            moved.append((item, target))
        if state.on[name]:
            for item, target in reversed(moved):
                state.take(item, target)
                state.put(item, name)


def _target(state: State, item: Item, source: str) -> str | None:
    """Return the fullest used host that takes the item."""
    fitting = (
        name for name in state.hosts if name != source and state.on[name] and state.fits(item, name)
    )
    return min(fitting, key=lambda n: (state.memory[n], n), default=None)
