# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known just before Terraform does something, put before the judge."""

from __future__ import annotations

import typing as t
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.module_utils._gates import (
    Moment,
    Situation,
    judge,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform import (
    receipts,
    records,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.errors import (
    TerraformError,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.fields import (
    unjudged,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.ground import (
    Ground,
    Result,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.guests import (
    AtOnce,
    Guests,
    changed_since,
    foreign,
    is_ours,
    lost_memory,
    taken,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.obstacles import (
    impossible,
    obstacles,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.summary import (
    Summary,
)

Configurations = t.Mapping[str, t.Mapping[str, t.Any]]


@dataclass(frozen=True)
class Approval:
    """What a person, or the policy of the site, agreed to.

    ``facts_at`` is when the facts behind the plan were collected (RFC 3339), None when nobody
    says; ``verified`` is False for a plan that was made without facts of a real cluster.
    """

    sha256: str = ""
    consent: tuple[str, ...] = ()
    max_plan_age_seconds: int = 3600
    facts_at: str | None = None
    max_facts_age_seconds: int = 3600
    verified: bool = True


def saved_plan(ground: Ground) -> tuple[Path, records.PlanRecord]:
    """Return the saved plan and its record, as they were left.

    Raises:
        TerraformError: there is none, or it is not what was planned here.
    """
    file = ground.directory / records.PLAN_FILE
    record = records.read_plan_record(ground.directory)
    found = records.sha256_of(file)
    if record is None or not found:
        raise TerraformError(f"{ground.directory} holds no saved plan: plan first.")
    if found != record.sha256:
        raise TerraformError(
            "The saved plan was changed or replaced after it was planned: plan again."
        )
    if record.deployment != ground.name():
        raise TerraformError(
            f"The saved plan is of the deployment {record.deployment}, not of {ground.name()}: "
            "plan again."
        )
    if record.variables_sha256 != records.sha256_of(ground.directory / records.VARIABLES):
        raise TerraformError("The rendered variables changed after the plan was saved: plan again.")
    return file, record


def refuse_plan(ground: Ground, summary: Summary, seen: Guests) -> None:
    """Refuse a plan that could not be applied, as far as that is known when planning."""
    about = _about_guests(ground, seen, summary)
    _raise("plan", replace(about, strangers=_strangers(ground, seen, summary)), summary)


def refuse_unapproved(
    ground: Ground, summary: Summary, record: records.PlanRecord, approval: Approval
) -> None:
    """Have everything judged that can be known just before the apply.

    The guests are looked at last, each once.
    """
    facts_age = None if approval.facts_at is None else ground.now() - _epoch(approval.facts_at)
    same_state = version(ground.terraform.pull_state()) == version(asdict(record))
    guests = AtOnce(ground.guests)
    situation = replace(
        _about_guests(ground, guests, summary),
        approve=approval.sha256,
        plan_sha256=record.sha256,
        consent=approval.consent,
        destructive=summary.destructive,
        creates=bool(summary.creates),
        planned_only=[change.name for change in summary.changes if change.planned_only],
        plan_age_seconds=ground.now() - record.created_at,
        max_plan_age_seconds=approval.max_plan_age_seconds,
        same_state=same_state,
        verified=approval.verified,
        facts_age_seconds=facts_age,
        max_facts_age_seconds=approval.max_facts_age_seconds,
        changed_since=changed_since(summary.machines, record.guests, guests),
    )
    _raise("apply", situation, summary)


def refuse_destroying(
    ground: Ground, summary: Summary, consent: t.Iterable[str], before: Configurations
) -> None:
    """Refuse to destroy what is foreign, protected, not agreed to by name, or changed since.

    Args:
        ground: the deployment.
        summary: what would go.
        consent: names of the machines that may go.
        before: configurations that were looked at when that was agreed to, by VMID.

    Raises:
        TerraformError: gives every reason.
    """
    guests = AtOnce(ground.guests)
    situation = Situation(
        foreign=foreign(summary.machines, guests, ground.name(), ground.open_names()),
        protected=_protected(summary),
        obstacles=[*impossible(summary.changes), *obstacles(summary.machines, guests)],
        destructive=summary.destructive,
        consent=tuple(consent),
        changed_since=changed_since(summary.machines, before, guests),
    )
    _raise("destroy", situation, summary)


def refuse_removing(ground: Ground, summary: Summary, unfinished: t.Container[str]) -> None:
    """Refuse to roll back what is not ours.

    Raises:
        TerraformError: names each such guest.
    """
    found = foreign(summary.machines, ground.guests, ground.name(), unfinished)
    _raise("rollback", Situation(foreign=found), summary)


def refuse_strangers(ground: Ground) -> None:
    """Refuse to go on when the cluster has guests of ours that the state has lost.

    Raises:
        TerraformError: names them and the command that takes them back.
    """
    lost = ground.strangers()
    told = [lost_memory(lost, ground.name(), ground.directory)] if lost else []
    _raise("memory", Situation(strangers=told), Summary())


def report(summary: Summary) -> Result:
    """Return a summary as part of a result."""
    return {
        "summary": summary.as_data(),
        "destructive": summary.destructive,
        "writes": receipts.planned(summary.changes),
        "there": list(summary.there),
        "diff": {"before": "", "after": "" if summary.empty else summary.text()},
    }


def version(state: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what tells one version of a state from another."""
    return {"serial": int(state.get("serial", 0)), "lineage": str(state.get("lineage", ""))}


def _about_guests(ground: Ground, guests: Guests, summary: Summary) -> Situation:
    name = ground.name()
    paths = {
        changed.field
        for change in summary.changes
        if change.action == "update"
        for changed in change.fields
    }
    return Situation(
        foreign=foreign(summary.machines, guests, name, ground.open_names()),
        taken=taken(summary.creates, guests, name),
        unjudged=unjudged(paths),
        protected=_protected(summary),
        obstacles=[*impossible(summary.changes), *obstacles(summary.machines, guests)],
    )


def _strangers(ground: Ground, guests: Guests, summary: Summary) -> list[str]:
    """Return a sentence about guests of ours that the state has lost; one taken is told as such."""
    known = summary.in_state | {change.made_vmid for change in summary.machines}
    journal = records.read_journal(ground.directory)
    known |= {c.vmid for c in journal.open_creations} if journal else set()
    name = ground.name()
    lost = [g for g in guests.all() if is_ours(g, name) and g.vmid not in known]
    return [lost_memory(lost, name, ground.directory)] if lost else []


def _protected(summary: Summary) -> list[str]:
    """Return the machines that would go although Proxmox VE protects them."""
    return sorted(
        c.name for c in summary.machines if c.protected and c.action in ("delete", "replace")
    )


def _raise(moment: Moment, situation: Situation, summary: Summary) -> None:
    verdict = judge(moment, situation)
    if verdict.stopped:
        raise TerraformError(verdict.text, **report(summary))


def _epoch(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise TerraformError(f"{text} is no time of RFC 3339: make the plan again.") from None
