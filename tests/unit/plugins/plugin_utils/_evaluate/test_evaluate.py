# SPDX-License-Identifier: GPL-3.0-or-later
"""Scoring: case files, hits, intervals, baselines, and the documents' own numbers replayed."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Request, parse
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate import (
    CaseError,
    evaluate,
    read_cases,
    table,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._answer import (
    Answer,
    Provider,
    answer_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._baselines import (
    category_table,
    constant_4_8,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._score import (
    score,
    wilson,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import (
    load_knowledge,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge._schema import (
    UNDOCUMENTED,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._model.stub import (
    Stub,
    larger,
)
from hypothesis import given
from hypothesis import strategies as st

#: Requests with the numbers of the documents that the knowledge cites, and how one says them.
DOCUMENTED = Path(__file__).parent / "documented_cases.json"
CASES = read_cases(DOCUMENTED).cases


def case(**changes: t.Any) -> dict[str, t.Any]:
    """Return a sizing case."""
    return {
        "id": "one",
        "app": "Demo",
        "scale_statement": "an etcd server for 50 nodes",
        "kind": "vm",
        "per": "node",
        "requirement": {"vcpu_min": 2, "vcpu_rec": 4, "memory_mib_min": 8192, "nodes": 3},
        "score_fields": ["vcpu", "memory_mib", "nodes"],
        **changes,
    }


def write(path: Path, data: t.Any) -> Path:
    """Write a case file."""
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


@pytest.mark.parametrize("row", CASES, ids=lambda row: str(row["id"]))
def test_documented_numbers_are_answered(row: t.Mapping[str, t.Any]) -> None:
    wanted = parse(Request, row["request"])
    scored = score(row, answer_of(wanted, row["per"], Provider()))
    wrong = {field: scored.answer.values.get(field) for field, hit in scored.hit.items() if not hit}
    assert not wrong, (wrong, scored.answer.rule, row["requirement"])
    assert not any(scored.under.values())


def test_every_cited_family_is_replayed() -> None:
    families = load_knowledge().families.values()
    cited = {family.family for family in families if family.grade not in UNDOCUMENTED}
    assert cited <= {str(row["id"]).rpartition("-")[0] for row in CASES}


SCORES: dict[str, tuple[dict[str, float], dict[str, bool], dict[str, bool]]] = {
    "at the minimum": (
        {"vcpu": 2, "memory_mib": 8192, "nodes": 3},
        {"vcpu": True, "memory_mib": True, "nodes": True},
        {"vcpu": False, "memory_mib": False, "nodes": False},
    ),
    "twice the recommendation, or the minimum without one": (
        {"vcpu": 8, "memory_mib": 16384, "nodes": 4},
        {"vcpu": True, "memory_mib": True, "nodes": False},
        {"vcpu": False, "memory_mib": False, "nodes": False},
    ),
    "beyond it": (
        {"vcpu": 9, "memory_mib": 16385, "nodes": 3},
        {"vcpu": False, "memory_mib": False, "nodes": True},
        {"vcpu": False, "memory_mib": False, "nodes": False},
    ),
    "below the minimum": (
        {"vcpu": 1, "memory_mib": 8191, "nodes": 2},
        {"vcpu": False, "memory_mib": False, "nodes": False},
        {"vcpu": True, "memory_mib": True, "nodes": True},
    ),
    "no answer": (
        {},
        {"vcpu": False, "memory_mib": False, "nodes": False},
        {"vcpu": False, "memory_mib": False, "nodes": False},
    ),
}


@pytest.mark.parametrize("name", SCORES)
def test_hit_and_under(name: str) -> None:
    values, hit, under = SCORES[name]
    scored = score(case(), Answer(values, "test"))
    assert (scored.hit, scored.under) == (hit, under)


def test_only_named_and_documented_fields_are_scored() -> None:
    row = case(score_fields=["vcpu", "disk_gib"], requirement={"vcpu_rec": 4, "memory_mib_min": 1})
    assert score(row, Answer({"vcpu": 4.0, "disk_gib": 1.0}, "test")).hit == {"vcpu": True}
    assert not any(score(row, Answer({"vcpu": 3.0}, "test")).under.values())


@given(st.integers(0, 200), st.integers(0, 200))
def test_an_interval_holds_its_share(hits: int, misses: int) -> None:
    low, high = wilson(hits, hits + misses)
    share = hits / (hits + misses) if hits + misses else 0.5
    assert 0.0 <= low <= share + 1e-4
    assert share - 1e-4 <= high <= 1.0


def test_an_interval_is_the_published_one() -> None:
    assert wilson(8, 10) == [0.4902, 0.9433]
    assert wilson(0, 0) == [0.0, 1.0]


@pytest.mark.parametrize(
    ("statement", "family"),
    [
        ("PostgreSQL for 50 users", "table-database"),
        ("a web site", "table-web"),
        ("Kubernetes worker", "table-container-host"),
        ("something odd", "table-application"),
    ],
)
def test_the_category_table_goes_by_words_alone(statement: str, family: str) -> None:
    assert category_table(statement, "node").rule == family


def test_the_constant_is_always_the_same() -> None:
    assert constant_4_8("anything", "pod").values == constant_4_8("other", "node").values


def test_the_result_has_its_layout(tmp_path: Path) -> None:
    sizing = write(tmp_path / "s.json", [case(), case(id="two", app="Other")])
    intents = write(
        tmp_path / "i.json",
        {
            "cases": [
                {
                    "id": "i",
                    "intent": "dev cluster",
                    "expected_action": "plan",
                    "facts": {"environment": "development", "worker_count": 9},
                }
            ]
        },
    )
    result = evaluate([read_cases(sizing), read_cases(intents)])
    part = result["sizing"]
    assert part["cases"] == 2
    assert part["vcpu"]["scored"] == 2
    assert part["memory_mib"]["hit"] == 1.0
    assert part["disk_gib"] == {
        "scored": 0,
        "hit": 0.0,
        "hit_interval": [0.0, 1.0],
        "under": 0.0,
        "under_interval": [0.0, 1.0],
    }
    assert set(part["baselines"]) == {"constant_4_8", "table"}
    assert set(part["families"]) == {"Demo", "Other"}
    assert set(part["per_case"][0]) == {"id", "app", "answer", "hit", "under", "rule"}
    assert part["per_case"][0]["rule"].startswith("etcd.etcd (")
    assert result["intents"]["action"] == 1.0
    assert (result["intents"]["facts"], result["intents"]["facts_scored"]) == (0.5, 2)
    lines = "\n".join(table(result))
    for words in ("Sizing, 2 cases", "constant 4 vCPU, 8 GiB", "Intents, 1 cases", "worker_count"):
        assert words in lines


def test_a_statement_alone_decides(tmp_path: Path) -> None:
    known = case(source="anything", formula="x", quote_of_numbers="y")
    bare = case(app="Renamed", id="two", requirement={"vcpu_min": 64})
    paths = [write(tmp_path / f"{row['id']}.json", [row]) for row in (known, bare)]
    answers = [evaluate([read_cases(path)])["sizing"]["per_case"][0]["answer"] for path in paths]
    assert answers[0] == answers[1]


def test_rules_are_scored_beside_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    row = case(source="only-in-the-document", requirement={"vcpu_min": 7171})
    cases = read_cases(write(tmp_path / "cases.json", [row]))
    with Stub("openai", lambda _prompt: "no form at all") as server:
        settings = {"model": "gpt-4.1-mini", "base_url": server.url, "max_requests": 2}
        result = evaluate([cases], provider="openai", provider_settings=settings)
    part = result["sizing"]
    assert set(part["baselines"]) == {"constant_4_8", "table", "rules", "model_on_table"}
    assert part["per_case"][0]["answer"] == evaluate([cases])["sizing"]["per_case"][0]["answer"]
    asked = json.dumps([seen.body for seen in server.seen])
    assert asked != "[]"
    assert "only-in-the-document" not in asked
    assert "7171" not in asked


def test_the_ablation_has_table_knowledge_and_model_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    row = case(scale_statement="audiobookshelf for 40 people")
    cases = [read_cases(write(tmp_path / "cases.json", [row]))]
    with Stub("openai", larger) as server:
        settings = {"model": "gpt-4.1-mini", "base_url": server.url}
        result = evaluate(cases, provider="openai", provider_settings=settings)
    drafts = [seen.prompt["groups"][0]["memory_mib"] for seen in server.seen]
    assert len(set(drafts)) == 2  # once with the knowledge, once on the table alone
    lines = [line.partition("  ")[0] for line in table(result)[1:]]
    order = [line for line in dict.fromkeys(lines) if line.startswith(("table", "constant"))]
    assert order == [
        "table + knowledge + openai",
        "constant 4 vCPU, 8 GiB",
        "table",
        "table + knowledge (rules)",
        "table + openai",
    ]


WRONG: dict[str, tuple[str, str]] = {
    "not JSON": ("{", "cannot be read"),
    "no list": ("{}", "no list of cases"),
    "no mappings": ("[1]", "no list of cases"),
    "empty": ("[]", "is empty"),
    "no statement": ('[{"id": "a"}]', "Case a .* has no scale_statement"),
    "no action": ('[{"id": "a", "intent": "x"}]', "has no expected_action, facts"),
    "other unit": (json.dumps([case(per="rack")]), "per is 'rack'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_named_with_its_fault(name: str, tmp_path: Path) -> None:
    text, message = WRONG[name]
    path = tmp_path / "cases.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CaseError, match=message) as error:
        read_cases(path)
    assert str(path) in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"none\.json"):
        read_cases(tmp_path / "none.json")
