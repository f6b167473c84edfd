# SPDX-License-Identifier: GPL-3.0-or-later
"""What placement works on: hosts with what is left under the rules, items and pools of disk.

All limits are already applied when a host is made (``free_*`` is what may still be used), so that
the search only subtracts. Memory is MiB, disk GiB.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Pool:
    """Free space of one storage under the rules; local storages have one pool per host."""

    id: str
    free_gib: float


@dataclass(frozen=True)
class Host:
    """One host. ``total_memory_mib`` and ``used_memory_mib`` serve to compare loads."""

    name: str
    free_cpus: float  # vCPU that may still be given
    free_memory_mib: int
    cpus: int  # threads: no guest may have more
    total_memory_mib: int
    used_memory_mib: int
    price: float = 1.0  # decides between equally loaded hosts
    pools: dict[str, str] = field(default_factory=dict)  # storage -> id of its pool
    memory_taken: str = ""  # what takes its memory, for a sentence


@dataclass(frozen=True)
class Item:
    """One guest to place; ``disks`` are (storage, GiB).

    For a guest that is there already the sizes are what it grows by, and ``width`` is its vCPU.
    """

    name: str
    cpus: int
    memory_mib: int
    disks: tuple[tuple[str, float], ...] = ()
    group: str = ""
    spread: bool = False  # never two of the group on one host
    hosts: frozenset[str] | None = None  # None: any
    restart: bool = False  # must find another host when its own is lost
    width: int | None = None  # vCPU of the guest where `cpus` is only its growth

    @property
    def there(self) -> bool:
        """Tell whether the guest exists: it is placed first, where it is."""
        return self.width is not None

    @property
    def threads(self) -> int:
        """Return how many threads a host needs for it."""
        return self.cpus if self.width is None else self.width


@dataclass(frozen=True)
class Shortfall:
    """One rule that keeps an item from a host, and by how much."""

    item: str
    host: str
    resource: str  # "memory", "cpu", "cores", "disk", "spread", "host", "failover"
    needed: float
    free: float
    storage: str = ""  # the one that is too small
    absent: bool = False  # the host has no such storage


@dataclass(frozen=True)
class Result:
    """``where`` maps each placed item to its host; complete when ``missing`` is empty."""

    where: dict[str, str]
    missing: tuple[Shortfall, ...] = ()
