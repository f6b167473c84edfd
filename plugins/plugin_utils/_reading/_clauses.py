# SPDX-License-Identifier: GPL-3.0-or-later
"""A sentence into clauses: what is wished, what is there already, and what is only said."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clean import fold
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import load

Kind = t.Literal["wish", "exists", "remark"]
_END = re.compile(r"[.;!?](?=\s|$)|\n")
_COMMA = re.compile(r"(?<!\d),|,(?!\d)| - |[()]")
#: The last sentence of a text is a question about sizes, not an order.
_ABBREVIATION = re.compile(
    r"\b(?:approx|min|max|ca|incl|inkl|z\.b|bzw|etc|no|nr|u|o|bspw|evtl|ggf|e\.g|i\.e|d\.h|ex)\.$"
)


@dataclasses.dataclass(frozen=True)
class Clause:
    """A part of the text of one kind, ``start`` to ``end`` in characters.

    ``ordered``: it holds the words of a wish, and is not one for want of anything else.
    """

    kind: Kind
    start: int
    end: int
    ordered: bool = False


@dataclasses.dataclass(frozen=True)
class _Rule:
    kind: Kind
    reach: str
    pattern: re.Pattern[str]


@functools.lru_cache(maxsize=1)
def _rules() -> tuple[_Rule, ...]:
    data = load("clauses.yml")
    rules = []
    for entry in data["clauses"]:
        pattern = entry["pattern"]
        for name, value in data["macros"].items():
            pattern = pattern.replace(f"{{{name}}}", value)
        rules.append(_Rule(entry["kind"], entry["reach"], re.compile(pattern)))
    return tuple(rules)


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the places of the sentences of a text."""
    spans, start = [], 0
    for match in _END.finditer(text):
        if match.group(0) == "." and _ABBREVIATION.search(fold(text[start : match.end()])):
            continue
        if text[start : match.start()].strip():
            spans.append((start, match.start()))
        start = match.end()
    if text[start:].strip():
        spans.append((start, len(text)))
    return spans


def clauses(text: str) -> list[Clause]:
    """Return the clauses of a text in order; what no rule knows is a wish."""
    found: list[Clause] = []
    for start, end in sentences(text):
        found += _of_sentence(fold(text), start, end)
    return found


def _of_sentence(folded: str, start: int, end: int) -> t.Iterator[Clause]:
    sentence = folded[start:end]
    marks: list[tuple[int, int, _Rule]] = []
    taken = [False] * len(sentence)
    for rule in _rules():
        for match in rule.pattern.finditer(sentence):
            if not any(taken[match.start() : match.end()]):
                marks.append((*match.span(), rule))
                taken[match.start() : match.end()] = [True] * (match.end() - match.start())
    kinds: list[Kind] = ["wish"] * len(sentence)
    marks.sort(key=lambda mark: mark[0])
    begins = [mark[0] for mark in marks if mark[2].reach != "words"]
    for at, stop, rule in sorted(marks, key=lambda mark: mark[2].reach == "around"):
        low, high = _reach(sentence, at, stop, rule.reach, begins)
        for place in range(low, high):
            kinds[place] = rule.kind
    for at, stop, rule in marks:  # the words of a wish belong to it, whatever stands around
        if rule.reach == "words" or (rule.kind == "wish" and not _inside(marks, at)):
            kinds[at:stop] = [rule.kind] * (stop - at)
    place = 0
    while place < len(sentence):
        last = place
        while last < len(sentence) and kinds[last] == kinds[place]:
            last += 1
        if sentence[place:last].strip(" ,"):
            ordered = any(rule.kind == "wish" and place <= at < last for at, _stop, rule in marks)
            yield Clause(kinds[place], start + place, start + last, ordered)
        place = last


def _inside(marks: list[tuple[int, int, _Rule]], at: int) -> bool:
    return any(mark[2].reach == "around" and mark[0] <= at < mark[1] for mark in marks)


def _reach(sentence: str, at: int, stop: int, reach: str, begins: list[int]) -> tuple[int, int]:
    """Return how far a clause reaches around the place of its pattern."""
    if reach == "words":
        return at, stop
    following = [place for place in begins if place > at]
    end = min(following, default=len(sentence))
    if reach == "on":
        return at, end
    opened = sentence.find("(", stop, stop + 2)
    closed = sentence.find(")", opened) if opened >= 0 else -1
    if closed >= 0 and reach == "comma":  # "on my host (64 GB, 16 cores) …"
        return at, min(closed + 1, end)
    comma = _COMMA.search(sentence, closed + 1 if closed >= 0 else stop)
    high = min(comma.start() if comma else len(sentence), end)
    if reach == "comma":
        return at, high
    before = [match.end() for match in _COMMA.finditer(sentence, 0, at)]
    earlier = [place for place in begins if place < at]
    return max([0, *before[-1:], *earlier[-1:]]), high
