# SPDX-License-Identifier: GPL-3.0-or-later
"""What each gate says against going on, or None. Pure functions of the situation."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._gates._situation import (
    Situation,
)

NOTHING = "The infrastructure is as planned; there is nothing to approve."
_YES = ("yes", "y", "approve")
_LATER = ("", "defer", "later")


def _names(values: t.Iterable[str]) -> str:
    return ", ".join(sorted(values))


def freeze(s: Situation) -> str | None:
    """A freeze of the site or of the environment holds."""
    told = [
        f"{row['by']} froze {'the site' if row['scope'] == 'site' else row['scope']} at"
        f" {str(row['at'])[:19]}: {str(row['reason']).rstrip('.')}."
        for row in s.freezes or ()
    ]
    return f"{' '.join(told)} Nothing is written until it is lifted." if told else None


def policy(s: Situation) -> str | None:
    """A policy refuses."""
    errors = s.policy_errors
    return f"The policies refuse the plan: {' '.join(errors)}" if errors else None


def planned_only(s: Situation) -> str | None:
    """A provider that is only planned for."""
    if not s.planned_only:
        return None
    return (
        f"{', '.join(s.planned_only)} would be made by Telmate/proxmox, for which a plan is only"
        " shown: render with terraform_provider bpg to apply it."
    )


def foreign(s: Situation) -> str | None:
    """A guest that would be touched is not ours."""
    return f"Nothing was changed: {'; '.join(s.foreign)}" if s.foreign else None


def strangers(s: Situation) -> str | None:
    """The cluster has guests of ours that the state has lost."""
    return " ".join(s.strangers) if s.strangers else None


def taken(s: Situation) -> str | None:
    """A VMID or a name belongs to another guest."""
    return f"Nothing was changed: {'; '.join(s.taken)}" if s.taken else None


def obstacles(s: Situation) -> str | None:
    """Proxmox VE would refuse some of it after the rest is done."""
    return f"Nothing was changed: {' '.join(s.obstacles)}" if s.obstacles else None


def unjudged(s: Situation) -> str | None:
    """A field would change of which nobody has said what that does."""
    if not s.unjudged:
        return None
    return (
        f"Nobody has judged what a change of {_names(set(s.unjudged))} does to a guest: it is not"
        " in the table of fields, so it is not applied."
    )


def approved(s: Situation) -> str | None:
    """Nobody approved the saved plan."""
    if s.approve:
        return None
    return f"The saved plan is not approved: approve its sha256 {s.plan_sha256}."


def same_plan(s: Situation) -> str | None:
    """Another plan was approved than the saved one."""
    if not s.approve or s.approve == s.plan_sha256:
        return None
    return (
        f"The approved sha256 {s.approve} is not that of the saved plan ({s.plan_sha256}): look at"
        " the new plan and approve that."
    )


def plan_age(s: Situation) -> str | None:
    """The saved plan is old."""
    age, limit = s.plan_age_seconds or 0.0, s.max_plan_age_seconds or 0.0
    if age <= limit:
        return None
    return f"The saved plan is {age:.0f} s old and the limit is {limit:.0f} s: plan again."


def same_state(s: Situation) -> str | None:
    """Somebody applied something since."""
    return None if s.same_state else "The state changed after the plan was saved: plan again."


def protected(s: Situation) -> str | None:
    """Proxmox VE protects what would be deleted."""
    if not s.protected:
        return None
    return (
        f"{_names(s.protected)} would be deleted but Proxmox VE protects it: take the protection"
        " away first."
    )


def consent(s: Situation) -> str | None:
    """Something would go that nobody agreed to by name."""
    missing = sorted(set(s.destructive or ()) - set(s.consent or ()))
    if not missing:
        return None
    return (
        f"The plan deletes or replaces {', '.join(missing)} without consent; if that is wanted,"
        f" name each of them: -e consent={','.join(missing)}"
    )


def consent_excess(s: Situation) -> str | None:
    """Consent was given for something that stays: another plan was meant."""
    excess = set(s.consent or ()) - set(s.destructive or ())
    if not excess:
        return None
    return (
        f"Consent was given for {_names(excess)}, which the plan does not delete or replace: look"
        " at the plan again."
    )


def verified(s: Situation) -> str | None:
    """Machines would be made from a plan that never saw a cluster."""
    if not s.creates or s.verified:
        return None
    return (
        "The plan was made without facts of a Proxmox VE cluster and is not verified: make it"
        " again while the cluster can be reached."
    )


def facts_age(s: Situation) -> str | None:
    """Machines would be made from old facts."""
    age, limit = s.facts_age_seconds, s.max_facts_age_seconds or 0.0
    if not s.creates or age is None or age <= limit:
        return None
    return (
        f"The facts behind the plan are {age:.0f} s old and the limit is {limit:.0f} s: make the"
        " plan again."
    )


def changed_since(s: Situation) -> str | None:
    """A guest is no longer what was approved."""
    if not s.changed_since:
        return None
    return (
        f"Nothing was changed: {' '.join(s.changed_since)} Plan again to see it with this change,"
        " or ask who made it."
    )


def taken_over(s: Situation) -> str | None:
    """A guest would go that was there before us."""
    missing = sorted(set(s.taken_over or ()) - set(s.consent or ()))
    if not missing:
        return None
    return (
        f"Nothing was destroyed: {', '.join(missing)} was there before and was only taken over. If"
        f" its data shall go as well, name it: -e consent={','.join(missing)}. The playbook release"
        " lets it go and keeps it."
    )


def end_of_life(s: Situation) -> str | None:
    """Deletions where four eyes are asked for carry a request with an end of life."""
    if not s.four_eyes or not s.destructive:
        return None
    request = s.retirement
    how = "the playbook retire asks for it, with -e end_of_life=YYYY-MM-DD"
    machines = set((request or {}).get("machines") or ())
    if request is None or not set(s.destructive) <= machines:
        missing = set(s.destructive) - machines
        return f"Nobody has asked for the end of {_names(missing)} in {s.environment}; {how}."
    day = str(request["end_of_life"])
    if day > (s.today or ""):
        return f"{_names(s.destructive)} may go from {day} on, as {request['by']} asked."
    untagged = [n for n in s.destructive if f"eol-{day}" not in (s.tags or {}).get(n, ())]
    if untagged:
        return f"{_names(untagged)} does not carry the tag eol-{day}; {how}."
    return None


def approvers(s: Situation) -> str | None:
    """Only some may approve here."""
    if s.approve == "auto" or not s.approvers or s.user in s.approvers:
        return None
    return (
        f"{s.user or 'This user'} may look at plans but not approve them; the approvers are"
        f" {_names(s.approvers)}."
    )


def auto_allowed(s: Situation) -> str | None:
    """The site profile does not list this environment for automatic approval."""
    if s.approve != "auto" or s.auto_approve:
        return None
    return (
        f"approve=auto is not allowed in environment {s.environment}; the site profile must set"
        f" site.environments.{s.environment}.auto_approve, or approve the plan by its sha256."
    )


def auto_creates(s: Situation) -> str | None:
    """Automatic approval is for what only creates."""
    other = {kind: n for kind, n in (s.counts or {}).items() if kind != "create" and n}
    if s.approve != "auto" or not other:
        return None
    shown = ", ".join(f"{number} to {kind}" for kind, number in sorted(other.items()))
    return (
        f"approve=auto covers plans that only create, this one has {shown}; approve it by its"
        " sha256."
    )


def auto_four_eyes(s: Situation) -> str | None:
    """Nobody approves automatically where two people are asked for."""
    if s.approve != "auto" or not s.four_eyes:
        return None
    return f"Environment {s.environment} asks for four eyes, so approve=auto is not allowed there."


def hash_given(s: Situation) -> str | None:
    """The sha256 that was given is not that of this plan."""
    if s.approve in ("", "auto") or s.approve == s.plan_sha256:
        return None
    return (
        f"approve={s.approve} is not the sha256 of this plan ({s.plan_sha256}): the plan changed"
        " since it was approved, look at it again."
    )


def four_eyes(s: Situation) -> str | None:
    """The one who asked cannot approve."""
    asked = s.asked_by or ()
    if not s.four_eyes or s.user not in asked:
        return None
    later = f" Somebody else approves it by: {s.command}" if s.command else ""
    return (
        f"{s.user or 'This user'} asked for it and cannot approve it: environment {s.environment}"
        f" asks for four eyes.{later}"
    )


def said(s: Situation) -> tuple[t.Literal["approved", "ask", "deferred", "refused"], str]:
    """Return what the site, a sha256 or a person at the prompt says when no gate is against it."""
    if s.approve == "auto":
        return "approved", f"The site profile allows pure creates in environment {s.environment}."
    if s.approve:
        return "approved", "The sha256 of this plan was given."
    how = f"Later, exactly this plan is approved and applied by: {s.command}"
    if s.answer is None:
        return "ask", how
    answer = s.answer.strip().lower()
    if answer in _YES:
        return "approved", "Approved at the prompt."
    if answer in _LATER:
        return "deferred", f"Nothing was changed; the plan waits for its approval. {how}"
    return "refused", "Rejected at the prompt, nothing was changed."
