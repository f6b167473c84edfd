# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan as a text table that a person can read."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Machine,
    Plan,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import Why
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import amount

HEAD = ("MACHINE", "VMID", "NODE", "VCPU", "MEMORY", "DISK", "ADDRESS")


def table(plan: Plan) -> list[str]:
    """Return the lines: summary, machines, the reasons once per group, findings, alternatives."""
    lines = [plan.summary]
    if plan.machines:
        lines += ["", *_columns([HEAD, *(_row(machine) for machine in plan.machines)])]
        lines += ["", *_reasons(plan.machines)]
    if plan.cluster is not None:
        cluster = plan.cluster
        endpoint = cluster.vip or plan.machines[0].address or "dhcp"
        lines += ["", f"Cluster {cluster.name}: k3s {cluster.version}, {cluster.cni}, {endpoint}"]
    if plan.addons:
        lines.append("Add-ons: " + ", ".join(f"{a.name} ({a.why})" for a in plan.addons))
    if plan.cost is not None:
        lines.append(f"Cost: {plan.cost.monthly:.2f} {plan.cost.currency} a month")
    if plan.machines:
        others = [f"{option.label}: {option.summary}" for option in plan.alternatives]
        lines.append("Alternatives: " + ("; ".join(others) or "none"))
    if plan.status == "ready":
        lines += [f"{finding.severity}: {finding.message}" for finding in plan.findings]
    return lines


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
    groups: dict[str, tuple[Why, ...]] = {}
    for machine in machines:
        groups.setdefault(machine.group, machine.why)
    return [
        f"{group}.{why.field}: {why.reason} [{why.source}, {why.confidence:.2f}]"
        for group, whys in groups.items()
        for why in whys
        if why.field != "node"
    ]
