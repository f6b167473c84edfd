# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that are called by their number: "worker 2", "workers 2 and 3"."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._record import (
    Group,
    Record,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import Token


def by_their_names(tokens: t.Sequence[Token], previous: Record | None) -> list[Token]:
    """Return the tokens of a change with one for each machine that a number picks.

    A number with a unit is a size. Several numbers follow a plural ("workers 2 and 3"); a plural
    with one number counts ("workers 4").
    """
    found: list[Token] = []
    at = 0
    while at < len(tokens):
        group = _group_of(tokens[at], previous)
        listed = _numbers(tokens, at + 1) if group is not None else []
        names = [_name(group, int(tokens[place].value)) for place in listed if group is not None]
        plural = tokens[at].word.endswith(("s", "n"))
        if not names or None in names or (plural and len(names) == 1):
            found.append(tokens[at])
            at += 1
            continue
        for number, (place, name) in enumerate(zip(listed, names, strict=True)):
            first = tokens[at] if number == 0 else tokens[place]
            found += tokens[at + 1 : place] if number else []
            found.append(Token("word", str(name), first.start, tokens[place].end, name=True))
            at = place
        at += 1
    return found


def _group_of(token: Token, previous: Record | None) -> Group | None:
    """Return the one group that a noun names."""
    called = {token.concept.partition(".")[2]} if token.has("role.", "part.") else set()
    called |= {token.software.family} if token.software else set()
    groups = [
        group
        for group in (previous.groups if previous and called else ())
        if called & {group.role, group.software, *group.words}
    ]
    return groups[0] if len(groups) == 1 else None


def _numbers(tokens: t.Sequence[Token], at: int) -> list[int]:
    """Return the places of numbers in a row, of which none is a size."""
    found: list[int] = []
    while at < len(tokens) and _is_number(tokens, at):
        found.append(at)
        joined = tokens[at + 1 : at + 2]
        if not joined or not (joined[0].word == "," or joined[0].has("cue.and")):
            break
        at += 2
    return found


def _is_number(tokens: t.Sequence[Token], at: int) -> bool:
    token, after = tokens[at], tokens[at + 1 : at + 2]
    whole = token.kind == "num" and not token.written and token.value == int(token.value)
    size = any(k.mib is not None or k.has("unit.", "noun.", "thing.", "role.") for k in after)
    return whole and token.low is None and not size and not any(k.word == "x" for k in after)


def _name(group: Group | None, number: int) -> str | None:
    """Return the name of a machine by its number."""
    names = group.names if group is not None else ()
    numbered = [name for name in names if re.search(rf"(?<!\d){number}$", name)]
    return numbered[0] if len(numbered) == 1 else None
