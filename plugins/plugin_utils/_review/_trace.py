# SPDX-License-Identifier: GPL-3.0-or-later
"""The trace of a review: one entry per cycle of reason, act and observation.

Without a model the first cycle is the draft of the rules; where limits or hosts made them cut
their own numbers, a second one is that revision.
"""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Finding,
    Plan,
    errors,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import (
    Round,
    Why,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._review._judge import Task

SIZES = ("count", "cores", "memory_mib", "disk_gib")


def traced(task: Task, plan: Plan) -> Plan:
    """Return the plan with the cycles of the rules."""
    revised = tuple(_revisions(plan))
    numbers = len(_said(plan))
    nodes = len(task.snapshot.nodes) if task.snapshot else 0
    reason = (
        f"Size the request by documented rules; {_counted(numbers, 'value')} of it said,"
        f" facts of {_counted(nodes, 'node')}."
    )
    if not revised:
        return plan.model_copy(update={"rounds": (_draft(plan, reason),)})
    drafted = Round(
        number=1,
        reason=reason,
        act="The rules drafted sizes from what is needed, before limits and hosts.",
        observe=f"{_counted(len(revised), 'number')} cannot stay.",
        findings=revised,
    )
    kept = tuple(finding for finding in plan.findings if finding not in revised)
    second = Round(
        number=2,
        reason=because(plan, revised),
        act=f"The rules revised their own numbers: {_named(revised)}.",
        observe=outcome(plan, kept),
        findings=kept,
    )
    return plan.model_copy(update={"rounds": (drafted, second)})


def _said(plan: Plan) -> set[tuple[str, str]]:
    """Return the numbers that a person said: group and field."""
    return {
        (machine.group, why.field)
        for machine in plan.machines
        for why in machine.why
        if why.source == "explicit"
    }


def because(draft: Plan, findings: tuple[Finding, ...] | None) -> str:
    """Return why a cycle begins: the draft (None), or the findings of the last one."""
    if findings is None:
        return f"The draft of the rules is reviewed: {_sizes(draft)}."
    return f"Findings of the last round: {_named(findings) or 'none'}"


def outcome(plan: Plan | None, findings: t.Sequence[Finding]) -> str:
    """Return what came of a cycle in one sentence."""
    if plan is None:
        return f"The answer cannot be used: {_named(findings)}."
    if plan.status != "ready" or errors(findings):
        return f"Not allowed: {_named(errors(findings) or findings)}."
    warnings = [finding for finding in findings if finding.severity == "warning"]
    told = f"; {_counted(len(warnings), 'warning')}: {_named(warnings)}" if warnings else ""
    return f"Inside policy and capacity: {_sizes(plan)}{told}."


def _draft(plan: Plan, reason: str) -> Round:
    act = f"The rules drafted {_sizes(plan)}." if plan.machines else "The rules found no plan."
    return Round(
        number=1,
        reason=reason,
        act=act,
        observe=outcome(plan, plan.findings),
        findings=plan.findings,
    )


def _revisions(plan: Plan) -> t.Iterator[Finding]:
    """Yield what made the rules change their own numbers: findings, and reasons of numbers."""
    reduced = [finding for finding in plan.findings if finding.id == "capacity.reduced"]
    yield from reduced
    for group, why in _first_whys(plan):
        if why.field in SIZES and why.source == "site":
            yield Finding(
                id=f"limit.{why.field}",
                severity="info",
                field=f"machines.{group}.{why.field}",
                message=why.reason,
                source="site",
            )


def _first_whys(plan: Plan) -> t.Iterator[tuple[str, Why]]:
    seen: set[str] = set()
    for machine in plan.machines:
        if machine.group not in seen:
            seen.add(machine.group)
            yield from ((machine.group, why) for why in machine.why)


def _sizes(plan: Plan) -> str:
    groups: dict[str, list[t.Any]] = {}
    for machine in plan.machines:
        groups.setdefault(machine.group, []).append(machine)
    return ", ".join(
        f"{len(members)} x {name} of {members[0].cores * members[0].sockets} vCPU,"
        f" {members[0].memory_mib} MiB, {members[0].disks[0].size_gib} GiB"
        for name, members in groups.items()
    )


def _named(findings: t.Iterable[Finding]) -> str:
    return ", ".join(dict.fromkeys(f"{f.id} {f.field}".strip() for f in findings))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
