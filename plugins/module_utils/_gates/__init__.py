# SPDX-License-Identifier: GPL-3.0-or-later
"""The one judge of what may happen: plain data in, a verdict with all its reasons out.

Every gate of the project is an entry of ``GATES``. A gate belongs to the moments at which it is
asked and names what it has to know; a moment that does not tell it is an error, never a yes.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.module_utils._gates import _checks
from ansible_collections.clusterwright.proxmox.plugins.module_utils._gates._situation import (
    Situation,
)

#: plan: a plan was made. approval: a person or the site says yes to it. apply, destroy: just
#: before Terraform does it. rollback: before what an unfinished run made is removed. memory: the
#: state is compared with the cluster. destruction: a person asks for a deployment to go. release:
#: machines are let go, and with them what their environments ask for. write: a stage that writes
#: begins. policy: the policies have looked.
Moment = t.Literal[
    "plan",
    "approval",
    "apply",
    "destroy",
    "rollback",
    "memory",
    "destruction",
    "release",
    "write",
    "policy",
]
Status = t.Literal["nothing", "approved", "ask", "deferred", "refused"]


class Gate(t.NamedTuple):
    """When a gate is asked, what it must know for it, and what it says against going on."""

    moments: tuple[Moment, ...]
    needs: tuple[str, ...]
    against: t.Callable[[Situation], str | None]


GATES: dict[str, Gate] = {
    "freeze": Gate(("approval", "destruction", "release", "write"), ("freezes",), _checks.freeze),
    "policy": Gate(("policy",), ("policy_errors",), _checks.policy),
    "planned-only": Gate(("apply",), ("planned_only",), _checks.planned_only),
    "foreign": Gate(("plan", "apply", "destroy", "rollback"), ("foreign",), _checks.foreign),
    "strangers": Gate(("memory", "plan"), ("strangers",), _checks.strangers),
    "taken": Gate(("plan", "apply"), ("taken",), _checks.taken),
    "obstacles": Gate(("plan", "apply", "destroy"), ("obstacles",), _checks.obstacles),
    "unjudged": Gate(("plan", "apply"), ("unjudged",), _checks.unjudged),
    "approved": Gate(("apply",), ("approve", "plan_sha256"), _checks.approved),
    "same-plan": Gate(("apply",), ("approve", "plan_sha256"), _checks.same_plan),
    "plan-age": Gate(("apply",), ("plan_age_seconds", "max_plan_age_seconds"), _checks.plan_age),
    "same-state": Gate(("apply",), ("same_state",), _checks.same_state),
    "protected": Gate(("apply", "destroy"), ("protected",), _checks.protected),
    "consent": Gate(("approval", "apply", "destroy"), ("destructive", "consent"), _checks.consent),
    "consent-excess": Gate(
        ("apply", "destroy"), ("destructive", "consent"), _checks.consent_excess
    ),
    "verified": Gate(("apply",), ("creates", "verified"), _checks.verified),
    "facts-age": Gate(("apply",), ("creates", "max_facts_age_seconds"), _checks.facts_age),
    "changed-since": Gate(("apply", "destroy"), ("changed_since",), _checks.changed_since),
    "taken-over": Gate(("destruction",), ("taken_over", "consent"), _checks.taken_over),
    "end-of-life": Gate(
        ("approval", "destruction", "release"),
        ("four_eyes", "destructive", "today"),
        _checks.end_of_life,
    ),
    "approvers": Gate(
        ("approval", "destruction", "release"), ("approvers", "user"), _checks.approvers
    ),
    "auto-allowed": Gate(("approval",), ("approve", "auto_approve"), _checks.auto_allowed),
    "auto-creates": Gate(("approval",), ("approve", "counts"), _checks.auto_creates),
    "auto-four-eyes": Gate(("approval",), ("approve", "four_eyes"), _checks.auto_four_eyes),
    "hash": Gate(("approval",), ("approve", "plan_sha256"), _checks.hash_given),
    "four-eyes": Gate(
        ("approval", "destruction", "release"),
        ("four_eyes", "user", "asked_by"),
        _checks.four_eyes,
    ),
}

#: Each allows less than the one before it.
_BY_STRICTNESS: tuple[Status, ...] = ("nothing", "approved", "ask", "deferred", "refused")
#: Refusals after which a plan stays and waits for somebody else.
WAITING = ("four-eyes",)


@dataclass(frozen=True)
class Reason:
    """What one gate said; empty text is nothing against it."""

    gate: str
    text: str


@dataclass(frozen=True)
class Verdict:
    """``status`` and every reason for it, in the order of the gates."""

    status: Status
    reasons: tuple[Reason, ...]
    asked: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return all reasons as sentences."""
        return " ".join(reason.text for reason in self.reasons)

    @property
    def stopped(self) -> bool:
        """Return whether it may not go on."""
        return self.status in ("refused", "deferred")


def judge(moment: Moment, situation: Situation) -> Verdict:
    """Return what may happen at a moment.

    Raises:
        ValueError: a gate of the moment was not told what it must know.
    """
    if moment == "approval" and situation.counts is not None and not any(situation.counts.values()):
        return Verdict("nothing", (Reason("plan", _checks.NOTHING),))
    asked = {name: gate for name, gate in GATES.items() if moment in gate.moments}
    against: list[Reason] = []
    for name, gate in asked.items():
        missing = [need for need in gate.needs if getattr(situation, need) is None]
        if missing:
            raise ValueError(f"The gate {name} was not told {', '.join(missing)}.")
        text = gate.against(situation)
        if text:
            against.append(Reason(name, text))
    if against:
        waits = all(reason.gate in WAITING for reason in against)
        return Verdict("deferred" if waits else "refused", tuple(against), tuple(asked))
    if moment != "approval":
        return Verdict("approved", (), tuple(asked))
    status, text = _checks.said(situation)
    return Verdict(status, (Reason("approval", text),), tuple(asked))


def strictest(verdicts: t.Sequence[Verdict]) -> Verdict:
    """Return what holds where several environments are touched: each of them has to allow it.

    Raises:
        ValueError: there is no verdict.
    """
    status = max((verdict.status for verdict in verdicts), key=_BY_STRICTNESS.index)
    against = [verdict for verdict in verdicts if verdict.stopped]
    told = [reason for verdict in against or verdicts for reason in verdict.reasons]
    return Verdict(status, tuple(dict.fromkeys(told)), verdicts[0].asked)


__all__ = ["GATES", "Gate", "Moment", "Reason", "Situation", "Verdict", "judge", "strictest"]
