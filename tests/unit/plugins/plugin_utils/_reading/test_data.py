# SPDX-License-Identifier: GPL-3.0-or-later
"""Every entry of the data files does what its examples say."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading import (
    Vocabulary,
    clean,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clauses import clauses
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clean import fold
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import load
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._literals import (
    find_literals,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import tokenise

NOTHING = Vocabulary()
WORDS = load("words.yml")
SOFTWARE = load("software.yml")


@pytest.mark.parametrize(
    ("concept", "example"),
    [(name, text) for name, entry in WORDS["concepts"].items() for text in entry["examples"]],
)
def test_concept(concept: str, example: str) -> None:
    assert concept in {token.concept for token in tokenise(clean(example).text, NOTHING)}


@pytest.mark.parametrize(
    ("name", "example"),
    [
        (name, text)
        for name, entry in load("settings.yml")["settings"].items()
        for text in entry["examples"]
    ],
)
def test_setting(name: str, example: str) -> None:
    found = {token.concept for token in tokenise(clean(example).text, NOTHING)}
    assert f"set.{name}" in found


@pytest.mark.parametrize("concept", WORDS["concepts"])
def test_concept_has_an_example(concept: str) -> None:
    assert WORDS["concepts"][concept]["examples"] or concept.startswith("word.")


@pytest.mark.parametrize(
    ("driver", "example"),
    [(name, text) for name, entry in WORDS["drivers"].items() for text in entry["examples"]],
)
def test_driver(driver: str, example: str) -> None:
    assert driver in {token.driver for token in tokenise(clean(example).text, NOTHING)}


@pytest.mark.parametrize(
    ("family", "word"),
    [
        (family, str(word))
        for table in ("families", "stacks")
        for family, words in SOFTWARE[table].items()
        for word in words
    ],
)
def test_software(family: str, word: str) -> None:
    found = [
        token.software.family for token in tokenise(f"{word} please", NOTHING) if token.software
    ]
    assert family in found


@pytest.mark.parametrize(("text", "value"), load("numbers.yml")["examples"].items())
def test_number(text: str, value: float) -> None:
    tokens = tokenise(f"{text} users", NOTHING)
    assert [token.value for token in tokens if token.kind == "num"] == [value]


@pytest.mark.parametrize(("text", "mib"), load("units.yml")["examples"].items())
def test_unit(text: str, mib: float) -> None:
    tokens = tokenise(text, NOTHING)
    assert tokens[0].value * (tokens[1].mib or 0) == mib


LITERALS: list[tuple[str, str, str, dict[str, t.Any]]] = [
    (entry["topic"], text, str(value), entry.get("site", {}))
    for entry in load("literals.yml")["literals"]
    for text, value in entry["examples"].items()
]


@pytest.mark.parametrize(("topic", "text", "value", "site"), LITERALS)
def test_literal(topic: str, text: str, value: str, site: dict[str, str]) -> None:
    names = {f"{name}{'es' * name.endswith('s') or 's'}": (known,) for name, known in site.items()}
    found = find_literals(text, Vocabulary(**names))
    assert (topic, fold(value)) in [(literal.topic, fold(literal.value)) for literal in found]
    assert all(fold(one.value) in fold(text[one.start : one.end]) for one in found)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (entry["kind"], text)
        for entry in load("clauses.yml")["clauses"]
        for text in entry["examples"]
    ],
)
def test_clause(kind: str, text: str) -> None:
    assert kind in {clause.kind for clause in clauses(text)}


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (entry["pattern"], text)
        for name in ("openers", "conditions", "polite", "tells", "done", "asks", "please", "same")
        for entry in load("changes.yml")[name]
        for text in entry["examples"]
    ],
)
def test_what_tells_an_order_from_talk(pattern: str, text: str) -> None:
    assert re.search(pattern, fold(text))


@pytest.mark.parametrize(
    "text", [text for entry in load("injection.yml")["triggers"] for text in entry["examples"]]
)
def test_order_to_the_machinery(text: str) -> None:
    assert clean(text).hostile


@pytest.mark.parametrize("text", load("injection.yml")["password_examples"])
def test_secret_is_hidden(text: str) -> None:
    cleaned = clean(text)
    secret = re.split(r"[\s:]+", text)[-1]
    assert secret not in cleaned.text
    assert [finding.id for finding in cleaned.findings] == ["request.password"]
