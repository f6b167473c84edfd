# SPDX-License-Identifier: GPL-3.0-or-later
"""Words that point at machines without naming them: "both", "the third one", "the others"."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import Chunk
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    function_words,
    load,
    spoken,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._numbers import (
    numerals,
    ordinals,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import Token


@dataclasses.dataclass(frozen=True)
class Pointer:
    """What points: the n-th (-1: the last), n of them together, the others, or all of a kind."""

    how: t.Literal["nth", "together", "others", "all"]
    number: int
    chunk: Chunk

    def pick(self, names: t.Sequence[str], spoken: t.Sequence[str]) -> list[str]:
        """Return which of some machines are meant, where ``spoken`` of were spoken of last."""
        if self.how == "nth":
            fits = self.number <= len(names)
            return [names[self.number - (self.number > 0)]] if fits and names else []
        if self.how == "others":
            rest = [name for name in names if name not in spoken]
            return rest if spoken and len(rest) < len(names) else []
        return list(names) if self.how == "all" or len(names) == self.number else []


def pointer(tokens: t.Sequence[Token], found: t.Sequence[Chunk]) -> Pointer | None:
    """Return what points at machines in a piece; an article of one thing points at none."""
    definite = function_words()["pointing"] | function_words()["all"]
    for place, chunk in enumerate(found):
        said = [w for token in tokens[chunk.start : chunk.end] for w in token.word.split()]
        before = tokens[chunk.start - 1].word if chunk.start else ""
        pointing = before in definite or (len(said) > 1 and said[0] in definite)
        both = chunk.has("cue.each") and _together(said)
        if both:
            return Pointer("together", both, chunk)
        if (
            chunk.kind == "head"
            and chunk.definite
            and chunk.generic()
            and (chunk.plural or chunk.count)
        ):
            number = int(chunk.count or 0)  # "the two VMs", "the VMs"
            return Pointer("together" if number else "all", number, chunk)
        if not pointing or chunk.kind not in ("word", "cue", "number"):
            continue
        nth = next((ordinals()[word] for word in said if word in ordinals()), 0)
        noun = any(c.kind == "head" and c.software for c in found[place + 1 :][:1])
        if nth and not noun:
            return Pointer("nth", nth, chunk)
        if set(said) & spoken(load("changes.yml")["others"]):
            return Pointer("others", 0, chunk)
        if chunk.kind == "number" and chunk.value > 1 and chunk.value == int(chunk.value):
            return Pointer("together", int(chunk.value), chunk)
    return None


def _together(said: t.Sequence[str]) -> int:
    """Return how many "both" and "all three" are; 0 for "each"."""
    two = spoken(load("changes.yml")["both"])
    numbers = [int(numerals().units[word]) for word in said if word in numerals().units]
    return 2 if set(said) & two else numbers[0] if numbers and numbers[0] > 1 else 0


def numbered(word: str, names: t.Iterable[str]) -> list[str]:
    """Return the machines whose names are a word with a number ("web": web1, web2)."""
    return [name for name in names if re.fullmatch(rf"(?:.*-)?{re.escape(word)}-?\d+", name)]
