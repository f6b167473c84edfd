# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of the cluster: memory of each node before and after the plan."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

Data = dict[str, t.Any]


@dataclass(frozen=True)
class Bar:
    """Memory of one node as parts of the whole, in percent."""

    node: str
    memory_gib: float
    before_percent: float
    planned_percent: float
    machines: tuple[str, ...]


def bars(plan: Data, snapshot: Data) -> list[Bar]:
    """Return one bar per online node.

    ``before`` is what the guests of others hold, the larger of committed and used; machines of
    this plan that already exist count as planned, not as before.
    """
    ours = {machine["vmid"] for machine in plan["machines"]}
    result = []
    for node in snapshot.get("nodes", []):
        if not node["online"] or not node["memory_mib"]:
            continue
        existing = sum(
            guest["memory_mib"]
            for guest in snapshot["guests"]
            if guest["vmid"] in ours and guest["node"] == node["name"]
        )
        here = [machine for machine in plan["machines"] if machine["node"] == node["name"]]
        committed = max(node["committed_memory_mib"] - existing, 0)
        used = max(node["memory_used_mib"] - existing, 0)
        planned = sum(machine["memory_mib"] for machine in here)
        total = node["memory_mib"]
        result.append(
            Bar(
                node=node["name"],
                memory_gib=round(total / 1024, 1),
                before_percent=round(100 * max(committed, used) / total, 1),
                planned_percent=round(100 * planned / total, 1),
                machines=tuple(machine["name"] for machine in here),
            )
        )
    return result
