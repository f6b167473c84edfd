# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that no word list holds: software that is asked for, and extras that were not understood.

A name is a run of words without any meaning here that are no everyday words either. It counts only
where a name is expected: after "for", "install" or "with", or in front of "server".
"""

from __future__ import annotations

import dataclasses
import functools

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request import numerals
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.lexicon import (
    builtin,
    read_data,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.tokens import Token

MAX_WORDS = 3
_MACHINES = ("kind.vm", "kind.lxc", "kind.server_word", "kind.instance", "kind.host")


@dataclasses.dataclass(frozen=True)
class Name:
    """Words that are a name, and the token indexes they cover."""

    words: str
    start: int
    end: int


@functools.lru_cache(maxsize=1)
def _everyday() -> frozenset[str]:
    listed = " ".join(read_data("plain.yml").values()).split()
    functional = builtin().languages.values()
    return frozenset(listed).union(*functional, numerals.ARTICLES)


def unknown_software(tokens: list[Token]) -> Name | None:
    """Return the unknown software that is the subject of a request, None when there is none."""
    for index, token in enumerate(tokens):
        if not index or token.has("op.create"):
            name = _name_at(tokens, _skip_everyday(tokens, index + 1 if token.concept else index))
            if name is not None and _ends_subject(tokens, name):
                return name
        if token.has("cue.for") and index and tokens[index - 1].has(*_MACHINES):
            name = _name_at(tokens, index + 1)
            if name is not None and ends_phrase(tokens, name.end):
                return name
        if token.has(*_MACHINES):
            name = _name_before(tokens, index)
            if name is not None:
                return name
    return None


def unread_extras(tokens: list[Token]) -> list[Name]:
    """Return the unknown names in lists that begin with "with" or "running"."""
    found: list[Name] = []
    listing = False
    for index, token in enumerate(tokens):
        if token.has("cue.with") or token.word in {"running", "to run", "that runs", "using"}:
            listing = True
        elif not (listing and (token.has("cue.and") or token.word in {",", "+"})):
            if token.word in {".", ";", ":"} or token.has("cue.for", "cue.but", "cue.not"):
                listing = False
            continue
        following = index + 1
        if following < len(tokens) and tokens[following].word in numerals.ARTICLES:
            following += 1
        name = _name_at(tokens, following)
        if name is not None and ends_phrase(tokens, name.end):
            found.append(name)
    return found


def is_name(token: Token) -> bool:
    """Tell whether a word has no meaning here and is no everyday word."""
    meaning = token.concept or token.driver or token.software or token.mib is not None
    return (
        token.kind == "word"
        and not meaning
        and len(token.word) > 2
        and "'" not in token.word
        and not token.word[-1].isdigit()  # a host or a machine
        and token.word not in _everyday()
        and token.word.removesuffix("s") not in _everyday()
    )


def _name_at(tokens: list[Token], start: int) -> Name | None:
    end = start
    while end < len(tokens) and (is_name(tokens[end]) or _joins(tokens, start, end)):
        end += 1
    words = [token.word for token in tokens[start:end] if token.kind == "word"]
    if not words or len(words) > MAX_WORDS:
        return None
    return Name(" ".join(words), start, end)


def _joins(tokens: list[Token], start: int, index: int) -> bool:
    """Tell whether a hyphen or dot holds two words of one name together."""
    hyphen = tokens[index].word in {"-", "."} and tokens[index].glued and index > start
    return hyphen and index + 1 < len(tokens) and tokens[index + 1].glued


def _name_before(tokens: list[Token], index: int) -> Name | None:
    """Return the name in front of "server" when it begins the phrase ("Foobar server")."""
    start = index
    while start and (is_name(tokens[start - 1]) or _joins(tokens, 0, start - 1)):
        start -= 1
    before = tokens[start - 1] if start else None
    opens = before is None or before.word in numerals.ARTICLES or before.has("op.create", "size.")
    return _name_at(tokens, start) if opens and start < index else None


def _skip_everyday(tokens: list[Token], index: int) -> int:
    for at in range(index, min(index + 3, len(tokens))):
        lead = tokens[at].word in numerals.ARTICLES or tokens[at].has("filler", "size.", "env.")
        if not (lead or tokens[at].word in {"to", "us", "me", "up", "our", "the", "new"}):
            return at
    return index


def ends_phrase(tokens: list[Token], index: int) -> bool:
    """Tell whether the phrase is over at this token."""
    if index >= len(tokens):
        return True
    token = tokens[index]
    return (
        token.kind == "mark"
        or token.has("cue.", "word.on", "word.at_once")
        or token.word
        in {
            "on",
            "auf",
            "sur",
            "in",
            "please",
        }
    )


def _ends_subject(tokens: list[Token], name: Name) -> bool:
    following = tokens[name.end] if name.end < len(tokens) else None
    return ends_phrase(tokens, name.end) or (following is not None and following.has(*_MACHINES))
