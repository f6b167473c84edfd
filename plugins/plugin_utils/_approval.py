# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may say yes to a Terraform plan. Pure rules; the playbook asks and records."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

Status = t.Literal["nothing", "approved", "ask", "deferred", "refused"]
_WORDS: dict[str, Status] = {
    **dict.fromkeys(("yes", "y", "approve"), "approved"),
    **dict.fromkeys(("", "defer", "later"), "deferred"),
}


@dataclass(frozen=True)
class Decision:
    """``status`` is one of these.

    ``nothing`` (no change), ``approved``, ``ask`` (a person must answer), ``deferred`` (nobody
    has answered yet; the plan stays and can be approved later) or ``refused``.
    """

    status: Status
    reason: str


def decide(
    *,
    command: str,
    plan_sha256: str,
    counts: dict[str, int],
    destructive: t.Sequence[str],
    approve: str,
    consent: t.Sequence[str],
    auto_approve: bool,
    environment: str,
    user: str = "",
    approvers: t.Sequence[str] = (),
    answer: str | None = None,
) -> Decision:
    """Decide about the saved plan ``plan_sha256``.

    ``command`` applies plans of the deployment; it is told with what it lacks.
    ``counts``: create, update, replace, delete. ``destructive``: names of the machines that would
    be deleted or replaced; each must be in ``consent``. ``approve``: empty, ``auto`` or the
    sha256 of the plan that the person saw. ``auto_approve``: the site profile lists this
    environment; it only ever covers plans that create and do nothing else. ``user`` is who runs
    this, ``approvers`` who may approve, everybody when empty. ``answer``: what was said at the
    prompt, None before it.
    """
    if not any(counts.values()):
        return Decision("nothing", "The infrastructure is as planned; there is nothing to approve.")
    missing = sorted(set(destructive) - set(consent))
    if missing:
        return Decision(
            "refused",
            f"The plan deletes or replaces {', '.join(missing)}; if that is wanted, name each of"
            f" them: -e consent={','.join(missing)}",
        )
    if approve == "auto":
        return _automatic(counts, auto_approve, environment)
    if approvers and user not in approvers:
        return Decision(
            "refused",
            f"{user or 'This user'} may look at plans but not approve them; the approvers are"
            f" {', '.join(sorted(approvers))}.",
        )
    return (
        _hash(approve, plan_sha256)
        if approve
        else _prompt(answer, f"{command} -e approve={plan_sha256}")
    )


def _hash(approve: str, plan_sha256: str) -> Decision:
    if approve == plan_sha256:
        return Decision("approved", "The sha256 of this plan was given.")
    return Decision(
        "refused",
        f"approve={approve} is not the sha256 of this plan ({plan_sha256}): the plan changed"
        " since it was approved, look at it again.",
    )


def _prompt(answer: str | None, command: str) -> Decision:
    how = f"Later, exactly this plan is approved and applied by: {command}"
    if answer is None:
        return Decision("ask", how)
    status = _WORDS.get(answer.strip().lower(), "refused")
    reasons = {
        "approved": "Approved at the prompt.",
        "deferred": f"Nothing was changed; the plan waits for its approval. {how}",
        "refused": "Rejected at the prompt, nothing was changed.",
    }
    return Decision(status, reasons[status])


def _automatic(counts: dict[str, int], auto_approve: bool, environment: str) -> Decision:
    if not auto_approve:
        return Decision(
            "refused",
            f"approve=auto is not allowed in environment {environment}; the site profile must set"
            f" site.environments.{environment}.auto_approve, or approve the plan by its sha256.",
        )
    other = {kind: number for kind, number in counts.items() if kind != "create" and number}
    if other:
        shown = ", ".join(f"{number} to {kind}" for kind, number in sorted(other.items()))
        return Decision(
            "refused",
            f"approve=auto covers plans that only create, this one has {shown}; approve it by its"
            " sha256.",
        )
    return Decision(
        "approved", f"The site profile allows pure creates in environment {environment}."
    )
