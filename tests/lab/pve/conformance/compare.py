# SPDX-License-Identifier: GPL-3.0-or-later
"""What "equal" means: status, message with field errors and task end, JSON shape."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from lab.pve.conformance.records import Record

# Line numbers of the implementation, ids and times are not part of an answer's meaning.
VARIABLE = (
    (re.compile(r" at /usr/share/perl5/\S+ line \d+\.?"), ""),
    (re.compile(r"UPID:[^\s']+"), "UPID"),
    (re.compile(r"\.tmp\.\d+"), ".tmp"),
    (re.compile(r"'?\b[0-9a-f]{32,64}\b'?"), "HASH"),
    (re.compile(r"\s+$", re.M), ""),
)


@dataclass
class Answer:
    """What the simulated cluster said to a replayed request."""

    status: int | None
    reason: str | None
    body: Any
    exit_status: str | None = None


@dataclass
class Score:
    equal: int = 0
    all: int = 0

    def count(self, equal: bool) -> None:
        self.equal += equal
        self.all += 1

    def as_list(self) -> list[int]:
        return [self.equal, self.all]

    def __str__(self) -> str:
        share = 100 * self.equal / self.all if self.all else 100
        return f"{self.equal}/{self.all} ({share:.0f} %)"


@dataclass
class Comparison:
    """The scores of one file and what differs in it."""

    statuses: Score = field(default_factory=Score)
    messages: Score = field(default_factory=Score)
    shapes: Score = field(default_factory=Score)
    differences: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, list[int]]:
        return {
            "statuses": self.statuses.as_list(),
            "messages": self.messages.as_list(),
            "shapes": self.shapes.as_list(),
        }

    def add(self, record: Record, answer: Answer, reason: str | None = None) -> None:
        """Compare one answer with the recorded one."""
        place = f"{record.version} {record.step}: {record.method} {record.path}"
        why = f" ({reason})" if reason else ""
        same_status = record.status == answer.status
        self.statuses.count(same_status)
        if not same_status:
            said = answer.reason or ""
            self.differences.append(
                f"{place}: status {answer.status} '{said}' instead of {record.status}"
                f" '{record.reason or ''}'{why}"
            )
        wanted = recorded_message(record)
        if wanted is not None:
            given = message_of(answer)
            self.messages.count(given == wanted)
            if given != wanted and same_status:
                self.differences.append(f"{place}: message {given} instead of {wanted}{why}")
        if record.status == 200 and same_status:
            gap = shape_gap(shape_of(record.body), shape_of(answer.body))
            self.shapes.count(gap is None)
            if gap is not None:
                self.differences.append(f"{place}: shape {gap}{why}")


def plain(text: Any) -> str:
    """A message without what changes on every run."""
    out = str(text or "")
    for pattern, replacement in VARIABLE:
        out = pattern.sub(replacement, out)
    return out


def _message(body: Any, reason: str | None) -> tuple[str, dict[str, str]]:
    errors: dict[str, str] = {}
    text = reason or ""
    if isinstance(body, dict):
        text = body.get("message") or text
        errors = {key: plain(value) for key, value in (body.get("errors") or {}).items()}
    return plain(text), errors


def recorded_message(record: Record) -> tuple[str, dict[str, str]] | None:
    """The message of an error, or the end of a task; None where there is neither."""
    if record.task is not None:
        return plain(record.task.get("exitstatus")), {}
    if record.status in (200, None):
        return None
    return _message(record.body, record.reason)


def message_of(answer: Answer) -> tuple[str, dict[str, str]]:
    if answer.exit_status is not None:
        return plain(answer.exit_status), {}
    return _message(answer.body, answer.reason)


def shape_of(value: Any) -> Any:
    """The types of a JSON value; elements of a list are merged into one."""
    if isinstance(value, dict):
        return {key: shape_of(x) for key, x in value.items()}
    if isinstance(value, list):
        merged: Any = None
        for element in value:
            merged = _merge(merged, shape_of(element))
        return [merged]
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return "null" if value is None else "string"


def _merge(one: Any, other: Any) -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: _merge(one.get(key), other.get(key)) for key in {*one, *other}}
    return other if one in (None, "null") else one


def shape_gap(wanted: Any, given: Any, path: str = "") -> str | None:
    """The first difference of two shapes in words, or None."""
    if wanted in ("null", None) or given in ("null", None):
        if isinstance(wanted, dict | list) != isinstance(given, dict | list) and path == ".data":
            return f"{path or 'body'} is {kind(given)} instead of {kind(wanted)}"
        return None
    if isinstance(wanted, dict) and isinstance(given, dict):
        missing, more = set(wanted) - set(given), set(given) - set(wanted)
        if missing or more:
            return f"{path or 'body'} lacks {sorted(missing)}, has also {sorted(more)}"
        gaps = (shape_gap(wanted[key], given[key], f"{path}.{key}") for key in sorted(wanted))
        return next((gap for gap in gaps if gap), None)
    if isinstance(wanted, list) and isinstance(given, list):
        return shape_gap(wanted[0], given[0], f"{path}[]")
    return None if wanted == given else f"{path} is {kind(given)} instead of {kind(wanted)}"


def kind(shape: Any) -> str:
    if isinstance(shape, dict):
        return "object"
    return "list" if isinstance(shape, list) else str(shape)
