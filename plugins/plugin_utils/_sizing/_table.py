# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan as a text table that a person can read."""

from __future__ import annotations

import textwrap
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Machine,
    Plan,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import Why
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import amount

HEAD = ("MACHINE", "VMID", "NODE", "VCPU", "MEMORY", "DISK", "ADDRESS")


#: Characters of a line.
WIDTH = 100
#: How the reasons of a group call its numbers.
LABELS = {"count": "machines", "cores": "vCPU", "memory_mib": "memory", "disk_gib": "disk"}


def table(plan: Plan) -> list[str]:
    """Return the lines: summary, machines, the reasons once per group, findings, alternatives."""
    lines = _wrapped(plan.summary)
    if plan.machines:
        lines += ["", *_columns([HEAD, *(_row(machine) for machine in plan.machines)])]
        lines += ["", *_reasons(plan.machines)]
    if plan.cluster is not None:
        cluster = plan.cluster
        endpoint = cluster.vip or plan.machines[0].address or "dhcp"
        lines += ["", f"Cluster {cluster.name}: k3s {cluster.version}, {cluster.cni}, {endpoint}"]
    if plan.addons:
        lines += _wrapped("Add-ons: " + ", ".join(f"{a.name} ({a.why})" for a in plan.addons))
    if plan.cost is not None:
        lines.append(f"Cost: {plan.cost.monthly:.2f} {plan.cost.currency} a month")
    if plan.machines:
        lines += _alternatives(plan)
    if plan.status == "ready":
        for finding in plan.findings:
            lines += _wrapped(f"{finding.severity}: {finding.message}")
    return lines


def _alternatives(plan: Plan) -> list[str]:
    if not plan.alternatives:
        return ["Alternatives: none"]
    lines = ["Alternatives"]
    for option in plan.alternatives:
        cost = ""
        if plan.cost is not None and option.monthly_cost is not None:
            cost = f", {option.monthly_cost:.2f} {plan.cost.currency} a month"
        lines += _wrapped(f"  {option.label}: {option.summary}{cost}")
    return lines


def _wrapped(text: str, indent: str = "    ") -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent, break_on_hyphens=False) or [""]


def _row(machine: Machine) -> tuple[str, ...]:
    disk = sum(disk.size_gib for disk in machine.disks)
    return (
        machine.name,
        str(machine.vmid),
        machine.node,
        str(machine.cores * machine.sockets),
        amount("memory_mib", machine.memory_mib),
        f"{disk} GiB",
        machine.address or "dhcp",
    )


def _columns(rows: t.Sequence[t.Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _reasons(machines: t.Sequence[Machine]) -> list[str]:
    """Return why each number of a group is what it is; numbers of one source share its name."""
    groups: dict[str, tuple[Why, ...]] = {}
    for machine in machines:
        groups.setdefault(machine.group, machine.why)
    lines: list[str] = []
    for group, whys in groups.items():
        lines.append(f"Why {group}")
        by_source: dict[tuple[str, float], list[Why]] = {}
        for why in whys:
            if why.field != "node":
                by_source.setdefault((why.source, why.confidence), []).append(why)
        for (source, confidence), same in by_source.items():
            for why in same:
                label = LABELS.get(why.field, why.field)
                lines += _wrapped(f"  {label:<8}  {why.reason}", " " * 12)
            lines += _wrapped(
                f"            source: {source}, confidence {confidence:.2f}", " " * 14
            )
    return lines
