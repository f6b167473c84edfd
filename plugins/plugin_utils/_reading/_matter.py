# SPDX-License-Identifier: GPL-3.0-or-later
"""Could a word change a machine? Known words by their meaning, unknown ones by their form."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import (
    describes,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    function_words,
    load,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._numbers import (
    is_number_word,
    numerals,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._sentence import (
    Sentence,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._words import (
    words_of,
)


@functools.lru_cache(maxsize=1)
def _mattering() -> tuple[str, ...]:
    return tuple(load("words.yml")["mattering"])


def matters(said: Sentence, index: int) -> bool:
    """Tell whether a token could change a machine."""
    token = said.tokens[index]
    if token.kind == "num" and _numbers_a_point(said, index):
        return False
    if token.kind == "num":
        around = said.tokens[max(index - 1, 0) : index + 2]
        again = len(around) == 3 and around[0].of("said_again") and token.written
        if again and around[2].has("cue.", "verb."):
            return False  # "for these two to run"
        return not (token.written and (token.value == 1 or token.word in numerals().vague))
    if describes(said.tokens, index):
        return False
    if token.kind == "lit" or token.name or token.software is not None:
        return True
    unknown = is_unknown(said, index) or like_a_name(said, index)
    return token.has(*_mattering()) or unknown or _is_listed(said, index)


def _is_listed(said: Sentence, index: int) -> bool:
    """Tell whether an everyday word is an item of a list of software ("gitea, registry, drone")."""
    token = said.tokens[index]
    plain = token.kind == "word" and not token.concept and token.word not in _closed()
    before, after = said.tokens[:index], said.tokens[index + 1 :]
    if not plain or not before or not (before[-1].word == "," or before[-1].has("cue.and")):
        return False
    ends = not after or after[0].word in {",", ".", ";", "\n"} or after[0].has("cue.and")
    item = before[-2] if len(before) > 1 else None
    follows = item is not None and item.software is not None
    leads = len(before) > 2 and (before[-3].word in {",", ":"} or before[-3].has("cue.and"))
    return ends and follows and leads


@functools.cache
def _closed() -> frozenset[str]:
    return frozenset().union(*function_words().values())


def _numbers_a_point(said: Sentence, index: int) -> bool:
    """Tell whether a number begins a point of a list ("1. more cores. 2. more memory")."""

    def points() -> t.Iterator[tuple[int, float]]:
        begins = True
        for at, token in enumerate(said.tokens[:-1]):
            ends = said.tokens[at + 1].word in (".", ")")
            if begins and ends and token.kind == "num" and not token.written:
                yield at, token.value
            begins = token.word in (".", "\n", ":", ";", "!", "?", ",")

    found = dict(points())
    listed = [*found.values()] == [float(n) for n in range(1, len(found) + 1)]
    return index in found and listed and len(found) > 1


def is_strange(said: Sentence, index: int) -> bool:
    """Tell whether a word matters for nothing but being unknown."""
    token = said.tokens[index]
    known = token.kind != "word" or token.software or token.concept or token.driver
    following = said.tokens[index + 1] if index + 1 < len(said.tokens) else None
    noun = following is not None and (following.software or following.has("thing.", "part."))
    modifies = noun and not any(char.isdigit() for char in token.word)  # "self-hosted GitLab"
    return not known and (not token.name or bool(modifies))


def is_unknown(said: Sentence, index: int) -> bool:
    token = said.tokens[index]
    known = token.concept or token.driver or token.software or token.mib is not None
    return (
        token.kind == "word"
        and not known
        and len(token.word) > 2
        and not is_number_word(token.word)
        and not words_of(said.vocabulary).ordinary(token.word)
    )


def like_a_name(said: Sentence, index: int) -> bool:
    """Tell whether an unknown word is written like a name ("Storyden")."""
    token = said.tokens[index]
    if token.kind != "word" or token.concept or token.driver or token.mib is not None:
        return False
    raw = said.text[token.start : token.end]
    if len(raw) < 3 or not raw[0].isupper() or token.word in words_of(said.vocabulary).plain:
        return False
    if any(char.isupper() for char in raw[1:]) and not raw.isupper():
        return True
    begins = index == 0 or said.tokens[index - 1].word in {".", ":", "!", "?", ";", "-", '"'}
    return said.language != "de" and not begins
