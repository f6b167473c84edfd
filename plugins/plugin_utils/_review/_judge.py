# SPDX-License-Identifier: GPL-3.0-or-later
"""Code as the judge: what is wrong with a plan, and what a proposal made worse."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Finding,
    Plan,
    Request,
    Site,
    Snapshot,
    errors,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._proposal import (
    Proposal,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._policy import check

#: The sizing engine for one request: rules alone, or with a checked proposal.
Planner = t.Callable[[Proposal | None], Plan]
#: A proposal whose whole is further from the rules than this factor is not used.
MAX_FACTOR = 4.0


@dataclass(frozen=True)
class Task:
    """What is reviewed; no round changes any of it.

    ``offers``: the sizes that a model may choose among, by group; filled when something is planned.
    """

    request: Request
    snapshot: Snapshot | None
    site: Site
    planned: Planner
    offers: t.Mapping[str, t.Mapping[str, t.Mapping[str, int]]] = field(default_factory=dict)

    def judged(self, proposal: Proposal | None = None) -> Plan:
        """Return the plan with the findings of policy; an error in them does not stop it yet."""
        plan = self.planned(proposal)
        if plan.status != "ready":
            return plan
        found = check(plan, self.request, self.site, self.snapshot)
        new = tuple(finding for finding in found if finding not in plan.findings)
        return plan.model_copy(update={"findings": (*plan.findings, *new)})


def settled(plan: Plan) -> Plan:
    """Return the plan as it may leave: refused when a finding is an error."""
    wrong = errors(plan.findings)
    if plan.status != "ready" or not wrong:
        return plan
    return stopped(plan, "refused", " ".join(finding.message for finding in wrong))


def stopped(plan: Plan, status: t.Literal["refused", "failed"], summary: str) -> Plan:
    """Return the plan without anything that could be rendered; cost and alternatives stay."""
    return plan.model_copy(
        update={
            "status": status,
            "summary": summary,
            "machines": (),
            "cluster": None,
            "addons": (),
            "confidence": 0.0,
        }
    )


def objections(draft: Plan, candidate: Plan) -> tuple[Finding, ...]:
    """Return what is wrong with a candidate: its errors, and warnings that the draft has not.

    That a size of the rules was chosen is told to the person, and no fault.
    """
    known = {(finding.id, finding.field) for finding in draft.findings}
    found = [
        finding
        for finding in candidate.findings
        if finding.severity == "error"
        or (
            finding.severity == "warning"
            and finding.id != "model.chosen"
            and (finding.id, finding.field) not in known
        )
    ]
    return (*found, *_far_apart(draft, candidate))


def _far_apart(draft: Plan, candidate: Plan) -> t.Iterator[Finding]:
    if candidate.status != "ready":
        return
    for number, ours, theirs in zip(TOTALS, _totals(draft), _totals(candidate), strict=True):
        if not ours / MAX_FACTOR <= theirs <= ours * MAX_FACTOR:
            yield Finding(
                id="model.diverges",
                severity="warning",
                field=f"machines.{number}",
                message=f"In total more than {MAX_FACTOR:g} times apart from the rules.",
                source="model",
            )


TOTALS = ("cores", "memory_mib", "disk_gib")


def _totals(plan: Plan) -> tuple[int, int, int]:
    return (
        sum(machine.cores * machine.sockets for machine in plan.machines),
        sum(machine.memory_mib for machine in plan.machines),
        sum(disk.size_gib for machine in plan.machines for disk in machine.disks),
    )
