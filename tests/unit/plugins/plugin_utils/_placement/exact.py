# SPDX-License-Identifier: GPL-3.0-or-later
"""The least number of equal hosts that hold a small set of items, by branch and bound."""

from __future__ import annotations

import math
from collections.abc import Sequence

#: Above this the search takes too long to serve as a reference.
MAX_ITEMS = 12


def least_hosts(items: Sequence[tuple[int, int]], cpus: int, memory_mib: int) -> int:
    """Return the optimum for items of (vCPU, MiB); every item must fit on an empty host."""
    if len(items) > MAX_ITEMS:
        raise ValueError(f"{len(items)} items are more than {MAX_ITEMS}")
    order = sorted(items, key=lambda item: (-item[1], -item[0]))
    best = len(order)

    def search(index: int, bins: list[tuple[int, int]]) -> None:
        nonlocal best
        if max(len(bins), lower_bound(items, cpus, memory_mib)) >= best:
            return
        if index == len(order):
            best = len(bins)
            return
        need_cpus, need_memory = order[index]
        tried: set[tuple[int, int]] = set()
        for position, (free_cpus, free_memory) in enumerate(bins):
            if need_cpus > free_cpus or need_memory > free_memory:
                continue
            if (free_cpus, free_memory) in tried:
                continue
            tried.add((free_cpus, free_memory))
            rest = (free_cpus - need_cpus, free_memory - need_memory)
            search(index + 1, [*bins[:position], rest, *bins[position + 1 :]])
        search(index + 1, [*bins, (cpus - need_cpus, memory_mib - need_memory)])

    search(0, [])
    return best


def lower_bound(items: Sequence[tuple[int, int]], cpus: int, memory_mib: int) -> int:
    """Return how many hosts the sums alone need."""
    return max(
        math.ceil(sum(item[0] for item in items) / cpus),
        math.ceil(sum(item[1] for item in items) / memory_mib),
        1 if items else 0,
    )
