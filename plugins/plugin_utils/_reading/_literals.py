# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read by its form: names, addresses, places, sources, versions, rhythms of backups."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clean import fold
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    function_words,
    load,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._words import (
    Vocabulary,
)

_NOTHING = r"(?!x)x"
_SITE = ("node", "storage", "guest", "template", "node_address")


@dataclasses.dataclass(frozen=True)
class Literal:
    """A value by its form; ``start`` to ``end`` is its quote, cue words included."""

    topic: str
    value: str
    start: int
    end: int
    cluster: bool = False


@dataclasses.dataclass(frozen=True)
class _Rule:
    topic: str
    pattern: re.Pattern[str]
    following: re.Pattern[str] | None
    keep: re.Pattern[str] | None
    cluster: bool


def _named(names: t.Iterable[str]) -> str:
    listed = sorted({re.escape(fold(name)) for name in names if len(name) > 1}, key=len)
    return "|".join(reversed(listed)) or _NOTHING


@functools.lru_cache(maxsize=16)
def _rules(sites: tuple[tuple[str, ...], ...]) -> tuple[_Rule, ...]:
    data = load("literals.yml")
    rhythms = [word for words in load("words.yml")["rhythms"].values() for word in words]
    software = load("software.yml")
    systems = [*software["operating_systems"], *software["system_aliases"]]
    macros = {**data["macros"], "rhythm": _named(rhythms), "os": _named(systems)}
    macros |= {name: _named(names) for name, names in zip(_SITE, sites, strict=True)}
    rules = []
    for entry in data["literals"]:
        pattern = entry["pattern"]
        for name, value in macros.items():
            pattern = pattern.replace(f"{{{name}}}", f"(?:{value})")
        following, keep = (entry.get(key) for key in ("list", "keep"))
        rules.append(
            _Rule(
                entry["topic"],
                re.compile(pattern),
                re.compile(following) if following else None,
                re.compile(keep) if keep else None,
                bool(entry.get("cluster")),
            )
        )
    return tuple(rules)


def find_literals(text: str, vocabulary: Vocabulary) -> list[Literal]:
    """Return the literals of a cleaned text in order; none overlaps another."""
    folded = fold(text)
    names = (vocabulary.nodes, vocabulary.storages, vocabulary.guests, vocabulary.templates)
    sites = (*names, vocabulary.node_addresses)
    found: list[Literal] = []
    for rule in _rules(tuple(map(tuple, sites))):
        position = 0
        while (match := rule.pattern.search(folded, position)) is not None:
            literal = _literal(text, folded, rule, match)
            position = max(literal.end, match.start() + 1)
            if fold(literal.value) in function_words()["determiners"]:
                continue  # "on the node the …": no name
            found.append(literal)
            while rule.following and (more := rule.following.match(folded, position)):
                found.append(Literal(rule.topic, _raw(text, more), more.start("value"), more.end()))
                position = more.end()
            for part in found[-1:] if not rule.following else found:
                if part.start >= match.start():
                    blank = " " * (part.end - part.start)
                    folded = folded[: part.start] + blank + folded[part.end :]
    return sorted(found, key=lambda literal: literal.start)


def _raw(text: str, match: re.Match[str]) -> str:
    start, end = match.span("value")
    return text[start:end].strip("\"'`").rstrip(".!?;") if start >= 0 else ""


def _literal(text: str, folded: str, rule: _Rule, match: re.Match[str]) -> Literal:
    start, end = match.span()
    if rule.keep and (kept := rule.keep.match(folded[start:end])):
        start += kept.end()
    while start < end and folded[start] in " ,;":
        start += 1
    trailing = len(folded[start:end]) - len(folded[start:end].rstrip(".!?; "))
    return Literal(rule.topic, _raw(text, match), start, end - trailing, rule.cluster)


def calendar_event(rhythm: str) -> str:
    """Return the calendar event of Proxmox VE for "nightly" and the like; nightly by default."""
    for event, words in load("words.yml")["rhythms"].items():
        if fold(rhythm) in words:
            return str(event)
    return "02:00"
