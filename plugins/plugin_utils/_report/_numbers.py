# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbers of a plan beside their reasons and sources, once per group of equal machines."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report._table import gib

Data = dict[str, t.Any]

LABELS = {
    "count": "machines",
    "cores": "vCPU",
    "memory_mib": "memory",
    "disk_gib": "disk",
    "vip": "virtual address",
}
#: Below this the number is a guess from the category of the software.
LOW_CONFIDENCE = 0.5


@dataclass(frozen=True)
class Number:
    """One number: what it is, its value with unit, and where it comes from."""

    label: str
    value: str
    reason: str
    source: str
    confidence: float

    @property
    def guessed(self) -> bool:
        """Return whether the person should look at it."""
        return self.confidence < LOW_CONFIDENCE


def numbers(plan: Data) -> list[tuple[str, list[Number]]]:
    """Return (group, its numbers); the node is said once for each host that differs."""
    groups: dict[str, list[Data]] = {}
    for machine in plan["machines"]:
        groups.setdefault(machine["group"], []).append(machine)
    found = [(name, [*_sizes(machines), *_places(machines)]) for name, machines in groups.items()]
    cluster = plan.get("cluster")
    if cluster:
        found.append(("cluster", [_number(why, _plain(cluster, why)) for why in cluster["why"]]))
    return [(name, rows) for name, rows in found if rows]


def totals(plan: Data) -> list[tuple[str, str]]:
    """Return what all machines need together, as (label, value)."""
    machines = plan["machines"]
    rows = [
        ("machines", str(len(machines))),
        ("vCPU", str(sum(m["cores"] * m["sockets"] for m in machines))),
        ("memory", gib(sum(m["memory_mib"] for m in machines))),
        ("disk", f"{sum(d['size_gib'] for m in machines for d in m['disks'])} GiB"),
    ]
    cost = plan.get("cost")
    if cost:
        rows.append(("a month", f"{cost['monthly']:.2f} {cost['currency']}"))
    return rows


def _sizes(machines: list[Data]) -> t.Iterator[Number]:
    first = machines[0]
    values = {
        "count": str(len(machines)),
        "cores": str(first["cores"] * first["sockets"]),
        "memory_mib": gib(first["memory_mib"]),
        "disk_gib": f"{sum(disk['size_gib'] for disk in first['disks'])} GiB",
    }
    for why in first["why"]:
        if why["field"] != "node":
            yield _number(why, values.get(why["field"]) or _plain(first, why))


def _places(machines: list[Data]) -> t.Iterator[Number]:
    """Yield the node of each machine; machines with the same source share a line."""
    placed: dict[tuple[str, str], list[tuple[str, Data]]] = {}
    for machine in machines:
        for why in machine["why"]:
            if why["field"] == "node":
                general = why["reason"].replace(machine["node"], "Each", 1)
                placed.setdefault((why["source"], general), []).append((machine["node"], why))
    for (_source, general), found in placed.items():
        nodes = list(dict.fromkeys(node for node, _why in found))
        first = found[0][1]
        yield _number({**first, "reason": general} if len(nodes) > 1 else first, ", ".join(nodes))


def _number(why: Data, value: str) -> Number:
    return Number(
        label=LABELS.get(why["field"], why["field"].replace("_", " ")),
        value=value,
        reason=why["reason"],
        source=why["source"],
        confidence=why["confidence"],
    )


def _plain(owner: Data, why: Data) -> str:
    value = owner.get(why["field"])
    return str(value) if isinstance(value, (str, int, float)) else ""
