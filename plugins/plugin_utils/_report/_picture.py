# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of the cluster: memory and vCPU of each node before and after the plan."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

Data = dict[str, t.Any]

#: More nodes than this are counted instead of drawn; those that get machines come first.
MAX_NODES = 24


@dataclass(frozen=True)
class Part:
    """One machine of the plan in a bar; ``percent`` is of the whole node."""

    name: str
    percent: float
    shown: str


@dataclass(frozen=True)
class Bar:
    """One resource of one node; ``total``, ``before`` and ``after`` in GiB or vCPU.

    ``before_percent`` is what others hold, ``after_percent`` the sum with this plan; vCPU may be
    more than a node has threads.
    """

    resource: str
    unit: str
    total: float
    before: float
    after: float
    before_percent: float
    after_percent: float
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class NodePicture:
    """A node with its bars and the names of the machines that it gets."""

    node: str
    bars: tuple[Bar, ...]
    machines: tuple[str, ...]


def pictures(plan: Data, snapshot: Data) -> list[NodePicture]:
    """Return one picture per online node, those that get machines first.

    Before is what the guests of others hold, of memory the larger of committed and used; machines
    of this plan that already exist count as planned, not as before.
    """
    ours = {machine["vmid"] for machine in plan["machines"]}
    found = [
        _picture(node, plan["machines"], [g for g in snapshot["guests"] if g["vmid"] in ours])
        for node in snapshot.get("nodes", [])
        if node["online"] and node["memory_mib"]
    ]
    return sorted(found, key=lambda picture: (not picture.machines, picture.node))


def _picture(node: Data, machines: list[Data], existing: list[Data]) -> NodePicture:
    here = [machine for machine in machines if machine["node"] == node["name"]]
    there = [guest for guest in existing if guest["node"] == node["name"]]
    memory_ours = sum(guest["memory_mib"] for guest in there)
    committed = max(node["committed_memory_mib"] - memory_ours, 0)
    used = max(node["memory_used_mib"] - memory_ours, 0)
    memory = [(machine["name"], machine["memory_mib"] / 1024) for machine in here]
    bars = [_bar("memory", "GiB", node["memory_mib"] / 1024, max(committed, used) / 1024, memory)]
    if node.get("cpus"):
        cpus_ours = sum(guest.get("cpus", 0) for guest in there)
        before = max(node.get("committed_cpus", 0) - cpus_ours, 0)
        cpus = [(machine["name"], machine["cores"] * machine["sockets"]) for machine in here]
        bars.append(_bar("vCPU", "vCPU", node["cpus"], before, cpus))
    return NodePicture(node["name"], tuple(bars), tuple(name for name, _value in memory))


def _bar(
    resource: str, unit: str, total: float, before: float, planned: list[tuple[str, float]]
) -> Bar:
    after = before + sum(value for _name, value in planned)
    # A bar that would be longer than its frame is drawn to the scale of what is planned.
    scale = max(total, after)
    return Bar(
        resource=resource,
        unit=unit,
        total=round(total, 1),
        before=round(before, 1),
        after=round(after, 1),
        before_percent=round(100 * before / scale, 1),
        after_percent=round(100 * after / total, 1),
        parts=tuple(
            Part(name, round(100 * value / scale, 1), f"{round(value, 2):g} {unit}")
            for name, value in planned
        ),
    )
