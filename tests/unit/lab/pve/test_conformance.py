# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorded scenario, replayed: all statuses and messages are those of the real API."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lab.pve.conformance import replay_file
from lab.pve.conformance.__main__ import main
from lab.pve.conformance.compare import Answer, Comparison, shape_gap, shape_of
from lab.pve.conformance.records import Record

RECORDINGS = Path(__file__).parent / "recordings"


def test_scenario_is_equal() -> None:
    found = replay_file(RECORDINGS / "scenario.jsonl")
    assert found.statuses.as_list() == [144, 144], found.differences
    assert found.messages.as_list() == [75, 75], found.differences
    assert found.shapes.equal >= 94, found.differences
    assert [line for line in found.differences if not line.endswith(")")] == []  # a reason each


def record(**fields: object) -> Record:
    values: dict[str, object] = {
        "step": "s",
        "version": "9.1.8",
        "method": "GET",
        "path": "/version",
        "params": {},
        "auth": "ticket",
        "user": "root@pam",
        "auth_detail": "",
        "status": 200,
        "reason": "OK",
        "body": {"data": {"a": 1}},
        "task": None,
        "as_json": False,
    }
    return Record(**{**values, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("recorded", "answer", "equal"),
    [
        ({}, Answer(200, "OK", {"data": {"a": 7}}), [[1, 1], [0, 0], [1, 1]]),
        ({}, Answer(200, "OK", {"data": {"b": 7}}), [[1, 1], [0, 0], [0, 1]]),
        ({}, Answer(500, "no", {"data": None, "message": "no\n"}), [[0, 1], [0, 0], [0, 0]]),
        (
            {"status": 500, "reason": "no", "body": {"data": None, "message": "no\n"}},
            Answer(500, "no", {"data": None, "message": "no\n"}),
            [[1, 1], [1, 1], [0, 0]],
        ),
        (
            {"status": 500, "reason": "no", "body": {"data": None, "message": "no\n"}},
            Answer(500, "other", {"data": None, "message": "other\n"}),
            [[1, 1], [0, 1], [0, 0]],
        ),
        (
            {"task": {"exitstatus": "OK"}, "body": {"data": "UPID:a:"}},
            Answer(200, "OK", {"data": "UPID:b:"}, "it failed"),
            [[1, 1], [0, 1], [1, 1]],
        ),
    ],
)
def test_comparison_counts(
    recorded: dict[str, object], answer: Answer, equal: list[list[int]]
) -> None:
    comparison = Comparison()
    comparison.add(record(**recorded), answer)
    assert list(comparison.as_dict().values()) == equal
    counts_differ = any(one < all_ for one, all_ in equal)
    assert bool(comparison.differences) == counts_differ


@pytest.mark.parametrize(
    ("one", "other", "gap"),
    [
        ([{"a": 1}, {"b": "x"}], [{"a": 2.5, "b": "y"}], None),
        ({"a": None}, {"a": "text"}, None),
        ({"a": 1}, {"a": "1"}, ".a is string instead of number"),
        ({"a": [1]}, {"a": ["x"]}, ".a[] is string instead of number"),
    ],
)
def test_shapes(one: object, other: object, gap: str | None) -> None:
    assert shape_gap(shape_of(one), shape_of(other)) == gap


def test_command_writes_the_scores(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (RECORDINGS / "scenario.jsonl").read_text().splitlines(keepends=True)
    golden = tmp_path / "golden"
    golden.mkdir()
    (golden / "short.jsonl").write_text("".join(lines[:6]))
    output = tmp_path / "build" / "scores.json"
    assert main(["--golden", str(golden), "--output", str(output)]) == 0
    assert json.loads(output.read_text())["short"]["statuses"] == [6, 6]
    assert "short" in capsys.readouterr().out


def test_command_without_recordings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--golden", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert str(tmp_path) in said
    assert said.count("\n") == 1
