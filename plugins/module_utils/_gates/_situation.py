# SPDX-License-Identifier: GPL-3.0-or-later
"""What the judge knows; plain data, None where a moment has nothing to do with it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

Rows = t.Sequence[t.Mapping[str, t.Any]]


@dataclass(frozen=True)
class Situation:
    """A plan, what people and the site said about it, and what the cluster shows just now."""

    #: resources to create, update, replace and delete
    counts: t.Mapping[str, int] | None = None
    #: machines that would be deleted or replaced, and those whose deletion was agreed to
    destructive: t.Sequence[str] | None = None
    consent: t.Sequence[str] | None = None
    creates: bool | None = None
    #: of the saved plan; ``approve`` is empty, ``auto`` or the sha256 that was looked at
    plan_sha256: str | None = None
    approve: str | None = None
    answer: str | None = None  # what was said at the prompt
    command: str = ""  # applies the plan later
    environment: str = ""
    auto_approve: bool | None = None
    user: str | None = None
    approvers: t.Sequence[str] | None = None
    four_eyes: bool | None = None
    asked_by: t.Sequence[str] | None = None  # everybody who asked for exactly this
    today: str | None = None  # YYYY-MM-DD
    retirement: t.Mapping[str, t.Any] | None = None  # request to delete, with its end of life
    tags: t.Mapping[str, t.Sequence[str]] | None = None  # of the machines that would go
    freezes: Rows | None = None
    policy_errors: t.Sequence[str] | None = None
    taken_over: t.Sequence[str] | None = None  # going, and not made by us
    #: sentences about single guests
    foreign: t.Sequence[str] | None = None
    strangers: t.Sequence[str] | None = None
    taken: t.Sequence[str] | None = None
    changed_since: t.Sequence[str] | None = None
    obstacles: t.Sequence[str] | None = None
    #: names
    protected: t.Sequence[str] | None = None
    planned_only: t.Sequence[str] | None = None
    unjudged: t.Sequence[str] | None = None  # fields that nobody judged
    plan_age_seconds: float | None = None
    max_plan_age_seconds: float | None = None
    same_state: bool | None = None
    verified: bool | None = None
    facts_age_seconds: float | None = None  # None: nobody says how old they are
    max_facts_age_seconds: float | None = None
