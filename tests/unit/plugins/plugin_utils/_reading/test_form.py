# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of a reading: what a model's rows become, and what is refused."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _reading
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._by_model import (
    form_row,
    instructions,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._form import (
    MAX_ROWS,
    UNCLEAR,
    Filled,
    read_form,
    schema,
    typed,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._masked import Masked
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

DATA = yaml.safe_load(Path(_reading.__path__[0], "instructions.yml").read_text(encoding="utf-8"))
TEXT = "two web servers with 4 GB"
ROW = form_row(["wish", "t1", "count", "", "2", "none", "", "two"])


def parts(filled: Filled) -> tuple[t.Any, t.Any]:
    return filled.statements, filled.findings


def read(*rows: t.Any) -> tuple[t.Any, t.Any]:
    return parts(read_form(json.dumps({"statements": rows}), Masked(TEXT, {})))


@pytest.mark.parametrize("example", DATA["examples"], ids=lambda example: example["sentence"][:20])
def test_the_examples_fill_the_form(example: dict[str, t.Any]) -> None:
    form = {"statements": [form_row(row) for row in example["rows"]]}
    Draft202012Validator(schema()).validate(form)
    filled = read_form(json.dumps(form), Masked(example["sentence"], {}))
    asked = sum(row[0] == UNCLEAR for row in example["rows"])
    assert (len(filled.questions), filled.findings) == (asked, ())
    assert len(filled.statements) + asked == len(example["rows"])


def test_the_examples_are_part_of_the_instructions() -> None:
    assert all(
        json.dumps(e["sentence"], ensure_ascii=False) in instructions() for e in DATA["examples"]
    )


@pytest.mark.parametrize(
    ("topic", "about", "text", "value"),
    [
        ("memory_mib", "", "16 GB", 16384),
        ("memory_mib", "", "16", 16384),
        ("memory_mib", "", "512 MB", 512),
        ("memory_mib", "", "3,5 Go", 3584),
        ("disk_gib", "", "1.5 TB", 1536),
        ("disk_gib", "", "40", 40),
        ("data_disk_gib", "", "512 Mo", 0.5),
        ("hardware", "memory_mib", "64 GB", 65536),
        ("hardware", "count", "3", 3),
        ("driver", "users", "1.000", 1000),
        ("driver", "users", "10k", 10000),
        ("driver", "data_gib", "2 To", 2048),
        ("driver", "data_gib", "400", 400),
        ("count", "", "4", 4),
        ("ha", "", "true", True),
        ("ha", "", "no", False),
        ("name", "", "web1", "web1"),
        ("version", "", "1.34", "1.34"),
        ("whole", "", "", None),
    ],
)
def test_values_are_in_the_unit_of_their_topic(
    topic: t.Any, about: str, text: str, value: t.Any
) -> None:
    assert typed(topic, about, text) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("What shall run on them?", '"two": What shall run on them?'),
        ("", '"two": what should that mean?'),
        ("on n1\x1b[2J\u202e?", '"two": on pve7[2J?'),
    ],
)
def test_what_is_unclear_becomes_a_question(value: str, text: str) -> None:
    row = form_row([UNCLEAR, "", "text", "", value, "none", "", "two"])
    masked = Masked(f"{TEXT} on pve7", {"n": ["pve7"]})
    filled = read_form(json.dumps({"statements": [row]}), masked)
    assert (filled.statements, filled.findings) == ((), ())
    assert [(q.text, q.quote and q.quote.start) for q in filled.questions] == [(text, 0)]


def test_a_field_that_was_left_out_is_its_default() -> None:
    row = {name: ROW[name] for name in ("kind", "thing", "topic", "value", "quote")}
    assert read(row) == read(ROW)


def test_a_factor_is_no_amount() -> None:
    row = form_row(["change", "g1", "memory_mib", "", "2", "multiply", "", "4 GB"])
    (statement,), findings = read(row)
    assert (statement.value, statement.verb, findings) == (2, "multiply", ())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"quote": "three"}, "word for word"),
        ({"quote": ""}, "word for word"),
        ({"quote": "x" * 200}, "at most"),
        ({"kind": "order"}, "kind"),
        ({"topic": "size"}, "topic"),
        ({"thing": "t 1;"}, "thing"),
        ({"value": 2}, "text"),
        ({"value": "many"}, "no number"),
        ({"extra": 1}, "exactly"),
    ],
)
def test_a_wrong_row_is_named_and_left_out(change: dict[str, t.Any], said: str) -> None:
    statements, findings = read(ROW, {**ROW, **change})
    assert len(statements) == 1
    assert [(f.field, said in f.message) for f in findings] == [("statements.1", True)]


@pytest.mark.parametrize("answer", ["", "null", "[]", "{}", '{"statements": 3}', "<html>"])
def test_no_form_is_one_finding(answer: str) -> None:
    statements, findings = parts(read_form(answer, Masked(TEXT, {})))
    assert (statements, [f.id for f in findings]) == ((), ["model.answer"])


def test_endless_rows_are_refused() -> None:
    statements, findings = read(*[ROW] * (MAX_ROWS + 1))
    assert (statements, len(findings)) == ((), 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(ROW)), inner),
    max_leaves=20,
)


@pytest.mark.fuzz
@given(JSON, st.dictionaries(st.sampled_from(list(ROW)), JSON))
def test_whatever_is_answered_nothing_breaks(anything: t.Any, change: dict[str, t.Any]) -> None:
    statements, _findings = read(anything, {**ROW, **change})
    assert all(s.quote.text in TEXT for s in statements)
