# SPDX-License-Identifier: GPL-3.0-or-later
"""Case files: documented requirements of software, and sentences with what they say."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass
from pathlib import Path

Case = t.Mapping[str, t.Any]
Layout = t.Literal["sizing", "intents", "reading"]
PER = ("node", "total", "pod")
#: Keys that every case of a layout has; they tell the layouts apart.
NEEDED: dict[Layout, tuple[str, ...]] = {
    "sizing": ("id", "scale_statement", "kind", "per", "requirement", "score_fields"),
    "intents": ("id", "intent", "expected_action", "facts"),
    "reading": ("id", "lang", "text", "expect"),
}


class CaseError(ValueError):
    """A case file cannot be used; the message names the file and what is wrong."""


@dataclass(frozen=True)
class CaseFile:
    """The cases of one file."""

    layout: Layout
    cases: tuple[Case, ...]


def read_cases(path: Path) -> CaseFile:
    """Return the cases of a file; the layout is told by the keys of its first case.

    Args:
        path: a JSON file, either a list of cases or ``{"cases": […]}``.

    Raises:
        CaseError: the file cannot be read, or a case lacks a key of the layout.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CaseError(f"The case file {path} cannot be read: {error}.") from None
    cases = data.get("cases") if isinstance(data, dict) else data
    if not isinstance(cases, list) or not all(isinstance(case, dict) for case in cases):
        raise CaseError(f"The case file {path} holds no list of cases.")
    if not cases:
        raise CaseError(f"The case file {path} is empty.")
    layout = _layout(cases[0])
    for number, case in enumerate(cases, 1):
        missing = [key for key in NEEDED[layout] if key not in case]
        if missing:
            named = case.get("id", f"number {number}")
            raise CaseError(f"Case {named} of {path} has no {', '.join(missing)}.")
        if layout == "sizing" and case["per"] not in PER:
            raise CaseError(
                f"Case {case['id']} of {path}: per is {case['per']!r}, not one of {', '.join(PER)}."
            )
    return CaseFile(layout, tuple(cases))


def _layout(case: Case) -> Layout:
    if "intent" in case:
        return "intents"
    return "reading" if "expect" in case else "sizing"
