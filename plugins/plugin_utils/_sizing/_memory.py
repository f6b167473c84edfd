# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of a host's memory may still be promised, and what takes the rest.

A guest that runs counts with what it uses and a share of what it was promised beyond that, a
stopped one with a share of its promise. Whatever the shares are, guests that run are never promised
more than the host has.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Site,
    Snapshot,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._environment import (
    EnvironmentRules,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._snapshot import (
    NodeState,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import amount

#: Highest used share of a host after placement, in percent: at least 20 % head-room everywhere,
#: production below 60 %; both leave more than the 10 % of memory that the host itself needs.
MAX_USED_PERCENT = {"production": 60, "staging": 80, "development": 80, "test": 80}
#: Share of promised memory that counts although nobody uses it, in percent. In production every
#: promise may be called in at once; elsewhere a host serves more guests than work at a time.
RUNNING_PERCENT = {"production": 100, "staging": 50, "development": 50, "test": 50}
STOPPED_PERCENT = {"production": 100, "staging": 0, "development": 0, "test": 0}


@dataclass(frozen=True)
class MemoryRules:
    """Percentages of an environment: the site's, else the usual ones."""

    used: int
    running: int
    stopped: int


def memory_rules(site: Site, environment: str) -> MemoryRules:
    """Return how memory counts in an environment."""
    own = next((r for name, r in site.environments.items() if name == environment), None)
    own = own or EnvironmentRules()
    return MemoryRules(
        used=_said(own.max_memory_percent, MAX_USED_PERCENT[environment]),
        running=_said(own.promised_running_percent, RUNNING_PERCENT[environment]),
        stopped=_said(own.promised_stopped_percent, STOPPED_PERCENT[environment]),
    )


def _said(value: int | None, usual: int) -> int:
    return usual if value is None else value


@dataclass(frozen=True)
class MemoryUse:
    """What takes the memory of a host; everything is MiB."""

    rules: MemoryRules
    total: int
    running_promised: int
    running_used: int
    stopped_promised: int
    unknown_promised: int  # of guests that are counted by the node and cannot be seen
    own: int  # what the host uses beyond its guests
    measured: int

    @property
    def running(self) -> int:
        """What guests that run count with."""
        idle = max(0, self.running_promised - self.running_used)
        return self.running_used + -(-idle * self.rules.running // 100)

    @property
    def stopped(self) -> int:
        """What stopped guests count with."""
        return -(-self.stopped_promised * self.rules.stopped // 100)

    @property
    def counted(self) -> int:
        """What counts as used: never less than what is measured."""
        taken = self.running + self.stopped + self.unknown_promised + self.own
        return max(self.measured, taken)

    @property
    def free(self) -> int:
        """What may still be promised."""
        limit = (self.total * self.rules.used - 1) // 100  # strictly below the limit
        promised = self.running_promised + self.stopped + self.unknown_promised
        return max(0, min(limit - self.counted, self.total - promised))

    def sentence(self) -> str:
        """Return what takes the memory, for the end of a sentence."""
        parts = [
            f"{_text(self.rules.used * self.total // 100)} of {_text(self.total)} may be used"
            f" ({self.rules.used} %)",
            f"guests that run were promised {_text(self.running_promised)} and use"
            f" {_text(self.running_used)}, {_text(self.running)} counts ({self.rules.running} % of"
            " what is idle)",
        ]
        if self.stopped_promised:
            parts.append(
                f"stopped guests were promised {_text(self.stopped_promised)},"
                f" {_text(self.stopped)} counts ({self.rules.stopped} %)"
            )
        if self.unknown_promised:
            parts.append(f"guests that cannot be seen {_text(self.unknown_promised)}")
        parts.append(f"the host itself uses {_text(self.own)}")
        return "; ".join(parts)


def _text(memory_mib: int) -> str:
    return amount("memory_mib", memory_mib // 256 * 256 if memory_mib >= 1024 else memory_mib)


def memory_use(node: NodeState, snapshot: Snapshot, rules: MemoryRules) -> MemoryUse:
    """Return what takes the memory of a host."""
    here = [g for g in snapshot.guests if g.node == node.name and not g.template]
    stopped = [g for g in here if g.status == "stopped"]
    running = [g for g in here if g.status != "stopped"]
    listed = sum(guest.memory_mib for guest in here)
    used = sum(guest.memory_used_mib for guest in running)
    return MemoryUse(
        rules=rules,
        total=node.memory_mib,
        running_promised=sum(guest.memory_mib for guest in running),
        running_used=used,
        stopped_promised=sum(guest.memory_mib for guest in stopped),
        unknown_promised=max(0, node.committed_memory_mib - listed),
        own=max(0, node.memory_used_mib - used),
        measured=node.memory_used_mib,
    )


def counted_cpus(node: NodeState, snapshot: Snapshot, rules: MemoryRules) -> float:
    """Return the vCPU that count as given: those of stopped guests as much as their memory."""
    idle = sum(
        guest.cpus
        for guest in snapshot.guests
        if guest.node == node.name and not guest.template and guest.status == "stopped"
    )
    idle = min(idle, node.committed_cpus)
    return node.committed_cpus - idle * (100 - rules.stopped) / 100
