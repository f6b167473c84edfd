# SPDX-License-Identifier: GPL-3.0-or-later
"""Brackets that only explain what stands before them: they order nothing of their own."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clauses import (
    Clause,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import load
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._sizes import (
    Size,
    size_at,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import Token

#: With one of these, brackets go on with the order ("(and a proxy)", "(without Redis)").
_ORDERS = ("cue.with", "cue.and", "cue.for", "cue.of", "cue.each", "cue.total", "bound.", "word.")
_BYTES = frozenset({"bytes", "memory_mib", "disk_gib", "data_disk_gib"})


def glosses(tokens: t.Sequence[Token]) -> t.Iterator[Clause]:
    """Yield the brackets that explain: words alone, or sizes of what was just sized.

    "(may change later)", "16 GB (the database 4 GB, the rest 12 GB)", "2 cores (4 recommended)".
    """
    opened = None
    for index, token in enumerate(tokens):
        if token.word == "(":
            opened = index
        elif token.word == ")" and opened is not None:
            inside = tokens[opened + 1 : index]
            if inside and (
                (_is_talk(inside) and not _is_row(inside)) or _resizes(tokens[:opened], inside)
            ):
                yield Clause("remark", tokens[opened].start, token.end)
            opened = None


def _is_row(inside: t.Sequence[Token]) -> bool:
    """Tell whether brackets hold a list of single words, which may be names."""
    words = inside[::2]
    apart = all(token.word == "," or token.has("cue.and") for token in inside[1::2])
    return apart and len(words) > 1 and all(k.kind == "word" and not k.concept for k in words)


def _is_talk(inside: t.Sequence[Token]) -> bool:
    """Tell whether words can change no machine: nothing of a plan is among them."""
    planned = (*(c for c in load("words.yml")["mattering"] if not c.startswith("verb.")), *_ORDERS)
    return not any(
        token.kind in ("num", "lit")
        or token.software
        or token.name
        or token.driver
        or token.mib is not None
        or token.has(*planned)
        for token in inside
    )


def _resizes(before: t.Sequence[Token], inside: t.Sequence[Token]) -> bool:
    """Tell whether sizes in brackets are only of what the row before them is of."""
    said, told = _row(before), list(_sizes(inside))
    wishes = any(k.of("hedges") for k in inside)  # "2 cores (4 if possible)"
    if not said or wishes or any(k.kind == "lit" or k.has("bound.") for k in inside):
        return False
    topics = {size.topic for size in said}
    known = topics | ({"bytes"} if topics & _BYTES else set())
    known |= _BYTES if "bytes" in topics else set()
    numbers = [at for at, token in enumerate(inside) if token.kind == "num"]
    sized = {size.number for size in told}
    bare = [at for at in numbers if at not in sized]
    if not numbers or any(size.topic not in known for size in told):
        return False
    denied = any(token.has("cue.not", "cue.off", "cue.only") for token in inside)
    parts = any(token.software or token.has("thing.", "role.", "part.") for token in inside)
    if parts and denied:
        return False
    if parts and any(_mib(size) > max(map(_mib, said)) for size in told):
        return False
    return all(_is_share(inside, at, said[-1]) for at in bare)


def _mib(size: Size) -> float:
    return size.value * (1024 if size.topic in ("disk_gib", "data_disk_gib") else 1)


def _is_share(inside: t.Sequence[Token], at: int, size: Size) -> bool:
    """Tell whether a bare number in brackets is of the size before them ("(4 recommended)")."""
    following = inside[at + 1] if at + 1 < len(inside) else None
    counts = following is not None and following.has("thing.", "role.", "part.", "unit.")
    return not counts and inside[at].value <= 8 * size.value


def _row(tokens: t.Sequence[Token]) -> list[Size]:
    """Return the sizes that stand directly before, in a row."""
    found = list(_sizes(tokens))
    row: list[Size] = []
    end = len(tokens)
    for size in reversed(found):
        between = tokens[size.end : end]
        if not all(k.kind == "mark" or k.has("cue.and", "noun.", "bound.") for k in between):
            break
        row.insert(0, size)
        end = size.start
    return row


def _sizes(tokens: t.Sequence[Token]) -> t.Iterator[Size]:
    index = 0
    while index < len(tokens):
        size = size_at(tokens, index)
        if size is not None:
            yield size
        index = index + 1 if size is None else size.end
