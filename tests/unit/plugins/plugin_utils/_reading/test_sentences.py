# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read from sentences in three languages: things, changes, or a question."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import to_data
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import load_knowledge
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading import (
    Record,
    Vocabulary,
    read_request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._record import Group

SENTENCES: list[dict[str, t.Any]] = [
    case
    for path in sorted((Path(__file__).parent / "sentences").glob("*.yml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))
]
VOCABULARY = Vocabulary(software=load_knowledge().vocabulary)


def group(role: str, count: int, cores: int, memory_mib: int, *words: str) -> Group:
    names = tuple(f"t-{words[0] if words else role}{i + 1}" for i in range(count))
    return Group(
        role=role,
        words=frozenset((role, *words)),
        names=names,
        vmids=tuple(range(100, 100 + count)),
        nodes=("pve1",) * count,
        cores=cores,
        memory_mib=memory_mib,
        disk_gib=200,
        kind="vm",
    )


SERVERS, AGENTS = group("server", 3, 2, 4096), group("agent", 2, 2, 8192)
THERE = {
    "cluster": Record(
        "t", (SERVERS, group("agent", 3, 4, 8192)), ("prometheus", "longhorn"), cluster="t"
    ),
    "k3s": Record("t", (SERVERS, AGENTS), cluster="t"),
    "postgresql": Record("t", (group("postgresql", 1, 4, 16384, "postgresql", "database"),)),
    "vm": Record("t", (group("vm", 1, 2, 2048, "build"),)),
    "two": Record(
        "t",
        (group("nginx", 1, 2, 4096, "web"), group("postgresql", 1, 4, 8192, "db", "database")),
    ),
}


def holds(wanted: t.Any, got: t.Any) -> bool:
    """Tell whether everything that is wanted is there; lists have equal length."""
    if isinstance(wanted, dict):
        return isinstance(got, dict) and all(holds(v, got.get(k)) for k, v in wanted.items())
    if isinstance(wanted, list):
        return len(wanted) == len(got) and all(map(holds, wanted, got))
    return bool(wanted == got)


@pytest.mark.parametrize("case", SENTENCES, ids=lambda case: str(case["text"])[:60])
def test_sentence(case: dict[str, t.Any]) -> None:
    wanted = read_request(case["text"], VOCABULARY, THERE.get(case.get("there", "")))
    data = to_data(wanted)

    assert wanted.answer == case["answer"]
    assert [q["id"] for q in data["questions"]] == case.get("asks", [])
    for name in ("things", "changes", "loads", "environment"):
        if name in case:
            assert holds(case[name], data[name]), data[name]
    if case["answer"] == "plan":
        assert len(data["things"]) == len(case.get("things", []))
        assert len(data["changes"]) == len(case.get("changes", []))


def test_an_answer_completes_the_first_sentence() -> None:
    first = read_request("a container named box1 with the usual settings", VOCABULARY)
    second = read_request(first.text, VOCABULARY, None, ("2 cores and 2 GB, Debian 12",))

    assert [question.id for question in first.questions] == ["missing.size"]
    assert second.answer == "plan"
    data = to_data(second)["machines"]
    assert holds(
        [{"kind": "lxc", "cores": 2, "memory_mib": 2048, "names": ["box1"], "os": "Debian 12"}],
        [{**data[0], "os": data[0]["os"].replace("debian", "Debian")}],
    )


def test_a_choice_stands_behind_the_words_that_were_asked_about() -> None:
    there = THERE["postgresql"]
    asked = read_request("give it 100 GB more", VOCABULARY, there)
    told = read_request("give it 100 GB more", VOCABULARY, there, ("disk",))

    assert [question.choices for question in asked.questions] == [("memory", "disk")]
    assert told.answer == "plan"
    assert [(c.verb, c.field, c.value) for c in told.changes] == [("increase", "disk_gib", 100)]


def test_what_was_accepted_is_left_out_and_said() -> None:
    text = "redis VM with 2 cores and 4 GB on Frobnitz hardware 77"
    asked = read_request(text, VOCABULARY)
    accepted = read_request(text, VOCABULARY, accept=True)

    assert asked.answer == "ask"
    assert accepted.answer == "plan"
    assert "reading.left" in {finding.id for finding in accepted.findings}


def test_a_contradiction_cannot_be_accepted() -> None:
    wanted = read_request("redis VM with 4 GB RAM, 8 GB RAM", VOCABULARY, accept=True)
    assert wanted.answer == "ask"
