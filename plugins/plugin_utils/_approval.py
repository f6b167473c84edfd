# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may say yes to a Terraform plan. Pure rules; the playbook asks and records."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass


@dataclass(frozen=True)
class Decision:
    """``status``: nothing (no change), approved, ask (a person must answer) or refused."""

    status: t.Literal["nothing", "approved", "ask", "refused"]
    reason: str


def decide(
    *,
    plan_sha256: str,
    counts: dict[str, int],
    destructive: t.Sequence[str],
    approve: str,
    consent: t.Sequence[str],
    auto_approve: bool,
    environment: str,
) -> Decision:
    """Decide about the saved plan ``plan_sha256``.

    ``counts``: create, update, replace, delete. ``destructive``: names of the machines that would
    be deleted or replaced; each must be in ``consent``. ``approve``: empty, ``auto`` or the
    sha256 of the plan that the person saw. ``auto_approve``: the site profile lists this
    environment; it only ever covers plans that create and do nothing else.
    """
    if not any(counts.values()):
        return Decision("nothing", "The infrastructure is as planned; there is nothing to approve.")
    missing = sorted(set(destructive) - set(consent))
    if missing:
        consents = json.dumps({"consent": missing})
        return Decision(
            "refused",
            f"The plan deletes or replaces {', '.join(missing)}; if that is wanted, name each of"
            f" them: -e '{consents}'.",
        )
    if approve == plan_sha256:
        return Decision("approved", "The sha256 of this plan was given.")
    if approve == "auto":
        return _automatic(counts, auto_approve, environment)
    if approve:
        return Decision(
            "refused",
            f"approve={approve} is not the sha256 of this plan ({plan_sha256}): the plan changed"
            " since it was approved, look at it again.",
        )
    return Decision("ask", f"Approve this plan with -e approve={plan_sha256}.")


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
