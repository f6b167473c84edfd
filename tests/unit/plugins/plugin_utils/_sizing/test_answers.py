# SPDX-License-Identifier: GPL-3.0-or-later
"""An answer completes the sentence that asked, or is said to answer nothing."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Plan,
    Request,
    to_data,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._answers import picked
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import size_data, table
from hypothesis import given, settings
from hypothesis import strategies as st


def sized(text: str, *answers: str, **more: t.Any) -> tuple[Request, Plan]:
    return size_data(intent=text, site={}, answers=answers, **more)


@pytest.mark.parametrize(
    ("text", "answers", "cores", "memory_gib"),
    [
        ("a VM", ("6 cores and 12 GB RAM",), 6, 12),
        ("a VM called box with 6", ("6 cores and 2 GB RAM",), 6, 2),
        ("a VM called box with 6", ("6 GB RAM",), None, 6),
        ("VM with 2 GB RAM and 6 GB RAM", ("6 GB RAM",), None, 6),
        ("VM with 2 GB RAM and 6 GB RAM", ("2",), None, 2),
        ("VM with 2 GB RAM and 6 GB RAM", ("(2)",), None, 6),
        ("VM with 7 and 2 cores", ("nothing",), 2, None),
        ("eine VM mit 6", ("6 GB RAM",), None, 6),
        ("eine VM", ("6 Kerne und 12 GB RAM",), 6, 12),
        ("une VM", ("6 coeurs et 12 Go",), 6, 12),
        ("good evening", ("a VM", "6 cores"), 6, None),
    ],
)
def test_an_answer_becomes_part_of_the_sentence(
    text: str, answers: tuple[str, ...], cores: int | None, memory_gib: int | None
) -> None:
    request, plan = sized(text, *answers)
    assert plan.status == "ready", plan.summary
    [machine] = plan.machines
    assert cores in (None, machine.cores)
    assert memory_gib in (None, machine.memory_mib / 1024)
    assert request.text == text
    assert request.reading is not None and request.reading.answers == answers
    assert sized(text, *answers)[1] == plan


@pytest.mark.parametrize(
    ("text", "answers", "status", "idle"),
    [
        ("a VM with 6", ("purple",), "ask", "purple"),
        ("a VM with 6", ("purple", "6 cores"), "ask", "purple"),
        ("a VM with 6", ("6 cores", "4 GB RAM"), "refused", "4 GB RAM"),
        ("dev cluster", ("yes",), "refused", "yes"),
        ("eine VM mit 6", ("vielleicht",), "ask", "vielleicht"),
        ("une VM", ("peut-être",), "ask", "peut-être"),
        ("redis and a postgres VM with 4 cores", ("sometimes",), "ask", "sometimes"),
    ],
)
def test_an_answer_that_answers_nothing_is_said(
    text: str, answers: tuple[str, ...], status: str, idle: str
) -> None:
    _request, plan = sized(text, *answers)
    assert plan.status == status
    assert f'"{idle}" answers nothing that is asked' in plan.summary
    assert status == "refused" or any(q.text in plan.summary for q in plan.questions)


THERE = "k3s cluster with 3 workers and monitoring"


@pytest.mark.parametrize(
    ("text", "answer", "changes"),
    [
        ("one more", "worker", ["+ k3s-cluster-agent-4"]),
        ("make it bigger", "the workers", ["vCPU: 2 -> 4", "memory: 3.5 GiB -> 7 GiB"]),
        ("remove the workers", "2", ["- k3s-cluster-agent-2", "- k3s-cluster-agent-3"]),
        ("remove the workers", "k3s-cluster-agent-2", ["- k3s-cluster-agent-2"]),
        ("einer mehr", "ein Worker", ["+ k3s-cluster-agent-4"]),
        ("plus grand", "les workers", ["vCPU: 2 -> 4", "memory: 3.5 GiB -> 7 GiB"]),
    ],
)
def test_an_answer_says_which_machines_change(text: str, answer: str, changes: list[str]) -> None:
    request, plan = sized(THERE)
    there = {"previous_request": to_data(request), "previous_plan": to_data(plan)}
    assert sized(text, **there)[1].status == "ask"
    _request, changed = sized(text, answer, **there)
    told = [f.message for f in changed.findings if f.id == "change.difference"]
    assert len(told) == len(changes)
    assert all(change in line for change, line in zip(changes, told, strict=True))
    assert all('("' in line for line in told), "each line has the words that ask for it"


def test_each_change_has_the_words_that_ask_for_it() -> None:
    request, plan = sized(THERE)
    _request, changed = sized(
        "workers to 8 GB, servers to 4 cores and use calico",
        previous_request=to_data(request),
        previous_plan=to_data(plan),
    )
    told = [f.message for f in changed.findings if f.id == "change.difference"]
    assert [line.rpartition(" (")[2].strip('")') for line in told] == [
        "servers to 4 cores",
        "workers to 8 GB",
        "use calico",
    ]


@pytest.mark.parametrize("again", [False, True])
def test_an_order_that_changes_nothing_is_told(again: bool) -> None:
    request, plan = sized(THERE)
    if again:
        request, plan = sized(
            "workers to 8 GB", previous_request=to_data(request), previous_plan=to_data(plan)
        )
    _request, changed = sized(
        "workers to 8 GB", previous_request=to_data(request), previous_plan=to_data(plan)
    )
    assert any(f.id == "change.none" for f in changed.findings) is again


def test_what_was_understood_stands_before_the_plan() -> None:
    request, plan = sized("Hi, a redis VM with at least 8 GB RAM because we grow")
    lines = table(plan, to_data(request), reasons=False)
    assert '  "redis VM"           VM, software redis' in lines
    assert '  "at least 8 GB RAM"  memory at least 8 GiB' in lines
    [aside] = [line for line in lines if line.startswith("Set aside")]
    assert '"because we grow"' in aside
    assert lines.index(aside) < next(n for n, x in enumerate(lines) if x.startswith("MACHINE"))


@pytest.mark.parametrize(
    ("answer", "choice"),
    [
        ("8 GB", "8 GB"),
        ("8 gb.", "8 GB"),
        ("(2)", "16 GB"),
        ("2.", "16 GB"),
        ("16", "16 GB"),
        ("(3)", None),
        ("GB", None),
        ("", None),
    ],
)
def test_how_a_choice_is_picked(answer: str, choice: str | None) -> None:
    assert picked(answer, ("8 GB", "16 GB")) == choice


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_answer_is_used_or_said(answer: str) -> None:
    request, plan = sized("a VM with 6", answer)
    assert plan.status in ("ask", "refused", "ready")
    used = request.reading is not None and bool(request.reading.answers)
    assert used or "answers nothing" in plan.summary
