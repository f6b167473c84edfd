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
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading import understood_of
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import amount

HEAD = ("MACHINE", "VMID", "NODE", "VCPU", "MEMORY", "DISK", "ADDRESS")

#: Characters of a line.
WIDTH = 100
#: How the reasons of a group call its numbers.
LABELS = {"count": "machines", "cores": "vCPU", "memory_mib": "memory", "disk_gib": "disk"}


def table(
    plan: Plan, request: t.Mapping[str, t.Any] | None = None, *, reasons: bool = True
) -> list[str]:
    """Return the lines: summary, what was understood, machines, reasons, cost, findings.

    ``request``: what the plan answers, as data. ``reasons``: each number of a group with its
    reason and source, and the alternatives; without them it is what the prompt shows.
    """
    lines = _wrapped(plan.summary if plan.status != "ask" else _before_questions(plan))
    lines += understood(request or {})
    lines += asked(plan)
    lines += changed(plan)
    if plan.machines:
        lines += ["", *_machines(plan)]
        lines += ["", *_reasons(plan.machines)] if reasons else []
    if plan.cluster is not None:
        cluster = plan.cluster
        endpoint = cluster.vip or plan.machines[0].address or "dhcp"
        lines += ["", f"Cluster {cluster.name}: k3s {cluster.version}, {cluster.cni}, {endpoint}"]
    if plan.addons:
        lines += _wrapped("Add-ons: " + ", ".join(f"{a.name} ({a.why})" for a in plan.addons))
    if plan.cost is not None:
        lines.append(f"Cost: {plan.cost.monthly:.2f} {plan.cost.currency} a month")
    if plan.machines and reasons:
        lines += _alternatives(plan)
    if plan.status == "ready":
        for finding in plan.findings:
            if finding.id == "change.difference":
                continue  # stands with what was understood
            lines += _wrapped(f"{finding.severity}: {finding.message}")
    return lines


def understood(request: t.Mapping[str, t.Any]) -> list[str]:
    """Return what was understood of the sentence: the one place of it in tables and prompt."""
    told = understood_of(request)
    quoted = bool(request.get("reading"))
    shown = [(f'"{words}"' if quoted else words, meaning) for words, meaning in told.rows]
    width = min(max((len(words) for words, _meaning in shown), default=0), WIDTH // 2)
    lines = ["", "Understood"] if shown or told.aside else []
    for words, meaning in shown:
        lines += _wrapped(f"  {words:<{width}}  {meaning}", " " * (width + 4))
    for label, texts in (("Set aside", told.aside), ("You answered", told.answers)):
        if texts:
            lines += _wrapped(f"{label}: " + ", ".join(f'"{text}"' for text in texts))
    return lines


def _before_questions(plan: Plan) -> str:
    """Return the summary without the questions, which have lines of their own."""
    text = plan.summary
    for question in plan.questions:
        text = text.replace(question.text, "")
    return " ".join(text.split()) or "This cannot be planned before a question is answered."


def asked(plan: Plan) -> list[str]:
    """Return the questions of a plan with their choices."""
    lines = ["", "Questions" if len(plan.questions) > 1 else "Question"] if plan.questions else []
    for question in plan.questions:
        lines += _wrapped(f"  {question.text}")
        lines += [f"    ({n}) {choice}" for n, choice in enumerate(question.choices, start=1)]
    return lines


def changed(plan: Plan) -> list[str]:
    """Return what becomes different, before -> after, with the words that ask for it."""
    told = [f.message for f in plan.findings if f.id == "change.difference"]
    lines = ["", "Changes"] if told else []
    for line in told:
        lines += _wrapped(f"  {line}")
    return lines


def _machines(plan: Plan) -> list[str]:
    rows: list[tuple[str, ...]] = [HEAD, *(_row(machine) for machine in plan.machines)]
    if plan.cost is not None:
        costs = [plan.cost.by_machine.get(machine.name, 0.0) for machine in plan.machines]
        column = [f"{plan.cost.currency}/MONTH", *(f"{cost:.2f}" for cost in costs)]
        rows = [(*row, cell) for row, cell in zip(rows, column, strict=True)]
    return _columns(rows)


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
