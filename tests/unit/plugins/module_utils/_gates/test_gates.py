# SPDX-License-Identifier: GPL-3.0-or-later
"""Each gate stops what it is there for, alone, and lets everything else through."""

from __future__ import annotations

import ast
import typing as t
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils import _gates
from ansible_collections.clusterwright.proxmox.plugins.module_utils._gates import (
    GATES,
    Moment,
    Situation,
    judge,
    strictest,
)

SHA = "a" * 64
CREATE = {"create": 3, "update": 0, "replace": 0, "delete": 0}
UPDATE = {"create": 1, "update": 2, "replace": 0, "delete": 0}
DELETE = {"create": 0, "update": 0, "replace": 0, "delete": 1}
FREEZE = {"scope": "site", "by": "eve", "at": "2026-12-24T08:00:00", "reason": "Holidays"}
RETIRED = {"end_of_life": "2026-12-01", "by": "ada", "machines": ["db"]}

#: Everything is known and nothing is against it.
FINE = Situation(
    counts=CREATE,
    destructive=(),
    consent=(),
    creates=True,
    plan_sha256=SHA,
    approve=SHA,
    command="apply",
    environment="production",
    auto_approve=False,
    user="bob",
    approvers=(),
    four_eyes=False,
    asked_by=("ada",),
    today="2026-12-31",
    tags={},
    freezes=(),
    policy_errors=(),
    taken_over=(),
    foreign=(),
    strangers=(),
    taken=(),
    changed_since=(),
    obstacles=(),
    protected=(),
    planned_only=(),
    unjudged=(),
    plan_age_seconds=10,
    max_plan_age_seconds=3600,
    same_state=True,
    verified=True,
    facts_age_seconds=10,
    max_facts_age_seconds=900,
)

#: gate, moment, what is different, what is said
AGAINST: list[tuple[str, Moment, dict[str, t.Any], str]] = [
    ("freeze", "approval", {"freezes": [FREEZE]}, "eve froze the site at 2026-12-24T08:00:00: Hol"),
    ("freeze", "destruction", {"freezes": [FREEZE]}, "until it is lifted"),
    ("freeze", "release", {"freezes": [FREEZE]}, "until it is lifted"),
    ("freeze", "write", {"freezes": [FREEZE]}, "Nothing is written"),
    ("policy", "policy", {"policy_errors": ["Too big."]}, "The policies refuse the plan: Too big."),
    ("planned-only", "apply", {"planned_only": ["web"]}, "web would be made by Telmate"),
    ("foreign", "plan", {"foreign": ["web is VM 100"]}, "Nothing was changed: web is VM 100"),
    ("foreign", "apply", {"foreign": ["web is VM 100"]}, "web is VM 100"),
    ("foreign", "destroy", {"foreign": ["web is VM 100"]}, "web is VM 100"),
    ("foreign", "rollback", {"foreign": ["web is VM 100"]}, "web is VM 100"),
    *(
        ("strangers", moment, {"strangers": ["db carries the tags."]}, "db carries the tags.")
        for moment in ("memory", "plan")
    ),
    ("taken", "plan", {"taken": ["VMID 100 belongs to db."]}, "VMID 100 belongs to db."),
    ("taken", "apply", {"taken": ["VMID 100 belongs to db."]}, "VMID 100 belongs to db."),
    *(
        ("obstacles", moment, {"obstacles": ["web is locked."]}, "Nothing was changed: web is lock")
        for moment in ("plan", "apply", "destroy")
    ),
    ("unjudged", "plan", {"unjudged": ["x.y"]}, "Nobody has judged what a change of x.y does"),
    ("unjudged", "apply", {"unjudged": ["x.y"]}, "x.y"),
    ("approved", "apply", {"approve": ""}, f"approve its sha256 {SHA}"),
    ("same-plan", "apply", {"approve": "b" * 64}, "look at the new plan"),
    ("plan-age", "apply", {"plan_age_seconds": 3601}, "3601 s old and the limit is 3600 s"),
    ("same-state", "apply", {"same_state": False}, "The state changed after the plan was saved"),
    ("protected", "apply", {"protected": ["db"]}, "Proxmox VE protects it"),
    ("protected", "destroy", {"protected": ["db"]}, "Proxmox VE protects it"),
    ("consent", "approval", {"counts": DELETE, "destructive": ["db"]}, "-e consent=db"),
    ("consent", "apply", {"destructive": ["db"]}, "deletes or replaces db without consent"),
    ("consent", "destroy", {"destructive": ["db"]}, "without consent"),
    ("consent-excess", "apply", {"consent": ["db"]}, "which the plan does not delete"),
    ("consent-excess", "destroy", {"consent": ["db"]}, "which the plan does not delete"),
    ("verified", "apply", {"verified": False}, "is not verified"),
    ("facts-age", "apply", {"facts_age_seconds": 901}, "901 s old and the limit is 900 s"),
    ("changed-since", "apply", {"changed_since": ["web memory: 1, now 2."]}, "web memory: 1, now"),
    ("changed-since", "destroy", {"changed_since": ["web memory: 1, now 2."]}, "ask who made it"),
    ("taken-over", "destruction", {"taken_over": ["nas"]}, "nas was there before"),
    *(
        (
            "end-of-life",
            moment,
            {"four_eyes": True, "destructive": ["db"]},
            "Nobody has asked for the end of db",
        )
        for moment in ("destruction", "release")
    ),
    (
        "end-of-life",
        "approval",
        {
            "counts": DELETE,
            "four_eyes": True,
            "destructive": ["db"],
            "consent": ["db"],
            "retirement": {**RETIRED, "end_of_life": "2027-01-01"},
        },
        "db may go from 2027-01-01 on, as ada asked",
    ),
    (
        "end-of-life",
        "destruction",
        {"four_eyes": True, "destructive": ["db"], "retirement": RETIRED, "tags": {"db": ["x"]}},
        "db does not carry the tag eol-2026-12-01",
    ),
    ("approvers", "approval", {"approvers": ["ada"]}, "bob may look at plans but not approve"),
    ("approvers", "destruction", {"approvers": ["ada"]}, "the approvers are ada"),
    ("approvers", "release", {"approvers": ["ada"]}, "the approvers are ada"),
    ("auto-allowed", "approval", {"approve": "auto"}, "auto_approve"),
    (
        "auto-creates",
        "approval",
        {"approve": "auto", "auto_approve": True, "counts": UPDATE},
        "2 to update",
    ),
    (
        "auto-four-eyes",
        "approval",
        {"approve": "auto", "auto_approve": True, "four_eyes": True},
        "asks for four eyes, so approve=auto is not allowed",
    ),
    ("hash", "approval", {"approve": "b" * 64}, "the plan changed since it was approved"),
    ("four-eyes", "approval", {"four_eyes": True, "user": "ada"}, "ada asked for it and cannot"),
    ("four-eyes", "destruction", {"four_eyes": True, "user": "ada"}, "asks for four eyes"),
    ("four-eyes", "release", {"four_eyes": True, "user": "ada"}, "asks for four eyes"),
]


def told(case: dict[str, t.Any]) -> Situation:
    return replace(FINE, **case)


@pytest.mark.parametrize("moment", t.get_args(Moment))
def test_nothing_is_against_what_is_fine(moment: Moment) -> None:
    verdict = judge(moment, FINE)
    assert verdict.status == "approved" and not verdict.stopped
    assert verdict.asked == tuple(name for name, gate in GATES.items() if moment in gate.moments)


@pytest.mark.parametrize(("gate", "moment", "case", "said"), AGAINST)
def test_each_gate_alone_stops_what_it_is_for(
    gate: str, moment: Moment, case: dict[str, t.Any], said: str
) -> None:
    verdict = judge(moment, told(case))
    assert [reason.gate for reason in verdict.reasons] == [gate]
    assert verdict.stopped and said in verdict.text


def test_every_gate_is_tested_at_each_of_its_moments() -> None:
    assert {(gate, moment) for gate, moment, _case, _said in AGAINST} == {
        (name, moment) for name, gate in GATES.items() for moment in gate.moments
    }


@pytest.mark.parametrize(
    ("name", "moment", "need"),
    [
        (name, moment, need)
        for name, gate in GATES.items()
        for moment in gate.moments
        for need in gate.needs
    ],
)
def test_a_gate_that_is_not_told_is_never_a_yes(name: str, moment: Moment, need: str) -> None:
    with pytest.raises(ValueError, match=rf"was not told .*{need}"):
        judge(moment, told({need: None, **({} if need == "counts" else {"counts": CREATE})}))


def test_all_reasons_are_told_at_once() -> None:
    verdict = judge("apply", told({"approve": "", "verified": False, "protected": ["db"]}))
    assert [reason.gate for reason in verdict.reasons] == ["approved", "protected", "verified"]


@pytest.mark.parametrize(
    ("case", "status", "said"),
    [
        ({"counts": dict.fromkeys(CREATE, 0), "freezes": [FREEZE]}, "nothing", "as planned"),
        ({"approve": ""}, "ask", "apply"),
        ({"approve": "auto", "auto_approve": True}, "approved", "pure creates"),
        ({"approve": "", "answer": "yes"}, "approved", "prompt"),
        ({"approve": "", "answer": " Y "}, "approved", "prompt"),
        ({"approve": "", "answer": "defer"}, "deferred", "waits"),
        ({"approve": "", "answer": ""}, "deferred", "waits"),
        ({"approve": "", "answer": "no"}, "refused", "Rejected"),
        ({"approve": "", "answer": "yes please"}, "refused", "Rejected"),
        ({"answer": "no"}, "approved", "sha256"),
        ({"approvers": ["ada"], "user": "ada", "approve": ""}, "ask", "apply"),
        (
            {"approvers": ["ada"], "approve": "auto", "auto_approve": True},
            "approved",
            "pure creates",
        ),
        ({"four_eyes": True}, "approved", "sha256"),
        ({"four_eyes": True, "user": "ada"}, "deferred", "Somebody else approves it by: apply"),
        (
            {
                "counts": DELETE,
                "four_eyes": True,
                "destructive": ["db"],
                "consent": ["db"],
                "retirement": RETIRED,
                "tags": {"db": ["eol-2026-12-01"]},
            },
            "approved",
            "sha256",
        ),
    ],
)
def test_who_says_yes(case: dict[str, t.Any], status: str, said: str) -> None:
    verdict = judge("approval", told(case))
    assert verdict.status == status and said in verdict.text


@pytest.mark.parametrize(
    ("cases", "status", "gates"),
    [
        ([{}, {}], "approved", ["approval"]),
        ([{}, {"four_eyes": True, "user": "ada"}], "deferred", ["four-eyes"]),
        ([{"freezes": [FREEZE]}, {"freezes": [FREEZE]}], "refused", ["freeze"]),
        (
            [{"four_eyes": True, "user": "ada"}, {"approvers": ["eve"]}],
            "refused",
            ["four-eyes", "approvers"],
        ),
        ([{"approve": ""}, {"approve": ""}], "ask", ["approval"]),
    ],
)
def test_every_environment_has_to_allow_it(
    cases: list[dict[str, t.Any]], status: str, gates: list[str]
) -> None:
    verdict = strictest([judge("approval", told(case)) for case in cases])
    assert (verdict.status, [reason.gate for reason in verdict.reasons]) == (status, gates)
    assert verdict.asked == judge("approval", FINE).asked


def test_the_judge_imports_nothing_of_a_model_or_the_world() -> None:
    folder = Path(str(_gates.__file__)).parent
    ours = "ansible_collections.clusterwright.proxmox.plugins.module_utils._gates"
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name in ("__future__", "typing", "dataclasses") or name.startswith(ours)
