# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deployment is now: its groups of machines and its add-ons, for reading changes."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Plan
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    called_by,
    load,
)


@dataclasses.dataclass(frozen=True)
class Group:
    """Equal machines of a deployment; sizes are those of the first one."""

    role: str  # "server", "agent" of the cluster, else the machine's role
    words: frozenset[str]  # what the machines may be called by
    names: tuple[str, ...]
    vmids: tuple[int, ...]
    nodes: tuple[str, ...]
    cores: int
    memory_mib: int
    disk_gib: int
    kind: str
    label: str = ""  # what the machines are called together
    software: str = ""  # what its machines are for, as the knowledge calls it

    @property
    def sizes(self) -> dict[str, int]:
        """Return the sizes of one machine by their topics."""
        return {
            "cores": self.cores,
            "memory_mib": self.memory_mib,
            "disk_gib": self.disk_gib,
        }


@dataclasses.dataclass(frozen=True)
class Record:
    """The applied plan as far as a sentence can speak of it."""

    deployment: str
    groups: tuple[Group, ...]
    addons: tuple[str, ...] = ()
    cluster: str | None = None

    @property
    def names(self) -> frozenset[str]:
        """Return the names of all machines."""
        return frozenset(name for group in self.groups for name in group.names)

    def group_of(self, name: str) -> Group | None:
        """Return the group of a machine."""
        return next((group for group in self.groups if name in group.names), None)


def record(plan: Plan) -> Record:
    """Return what a plan says of a deployment."""
    servers = frozenset(plan.cluster.servers) if plan.cluster else frozenset()
    agents = frozenset(plan.cluster.agents) if plan.cluster else frozenset()
    grouped: dict[str, list[int]] = {}
    for index, machine in enumerate(plan.machines):
        role = "server" if machine.name in servers else "agent" if machine.name in agents else ""
        grouped.setdefault(role or machine.group, []).append(index)
    groups = []
    for key, indexes in grouped.items():
        machines = [plan.machines[index] for index in indexes]
        first = machines[0]
        words = {key, first.role, first.group, first.software or ""} - {""}
        groups.append(
            Group(
                role=key if key in ("server", "agent") else first.role,
                words=with_parts(words),
                names=tuple(machine.name for machine in machines),
                vmids=tuple(machine.vmid for machine in machines),
                nodes=tuple(machine.node for machine in machines),
                cores=first.cores * first.sockets,
                memory_mib=first.memory_mib,
                disk_gib=first.disks[0].size_gib if first.disks else 0,
                kind=first.kind,
                label=key,
                software=first.software or "",
            )
        )
    return Record(
        deployment=plan.deployment,
        groups=tuple(groups),
        addons=tuple(addon.name for addon in plan.addons),
        cluster=plan.cluster.name if plan.cluster else None,
    )


def with_parts(words: t.AbstractSet[str]) -> frozenset[str]:
    """Return the words of a group with the parts that its software may be called."""
    parts = ("database", *load("software.yml")["called"])
    return frozenset(words | {part for part in parts if words & {*called_by(part)}})
