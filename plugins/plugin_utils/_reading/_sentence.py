# SPDX-License-Identifier: GPL-3.0-or-later
"""A cleaned text with its tokens, and what its numbers may say: what the account looks up."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Quote,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clauses import (
    sentences,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clean import fold
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._sizes import (
    FEWEST_MIB,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import (
    Token,
    tokenise,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._words import (
    Vocabulary,
    detect,
)

#: Topics whose value is a word of the sentence.
LITERALS = frozenset(
    {"name", "vmid", "address", "gateway", "dns_server", "bridge", "vlan", "pool", "storage"}
    | {"node", "tag", "iso", "image", "port", "vip", "version", "template", "os"}
)
#: How far an amount may be from what is said of it.
TOLERANCE = 0.001


@dataclasses.dataclass(frozen=True)
class Sentence:
    """A text with its tokens; what the checks look words up in."""

    text: str
    tokens: tuple[Token, ...]
    language: str
    vocabulary: Vocabulary

    def around(self, token: Token) -> tuple[int, int]:
        """Return the span of the sentence that a token stands in."""
        return next(
            (span for span in sentences(self.text) if span[0] <= token.start < span[1]),
            (0, len(self.text)),
        )

    def within(self, start: int, end: int) -> list[Token]:
        """Return the tokens that lie wholly or partly in a span."""
        return [token for token in self.tokens if token.start < end and token.end > start]


def sentence(text: str, vocabulary: Vocabulary) -> Sentence:
    """Return the tokens of a cleaned text."""
    return Sentence(text, tuple(tokenise(text, vocabulary)), detect(fold(text)), vocabulary)


def quoted(text: str, start: int, end: int) -> Quote:
    """Return a place of a text as a quote."""
    return Quote(text=text[start : min(end, start + 240)], start=start)


def amounts(tokens: t.Sequence[Token], index: int, topic: str) -> list[float]:
    """Return what the number at ``index`` may say of a topic, in the topic's unit."""
    number = tokens[index]
    plain = [number.value, -number.value] + ([number.low] if number.low is not None else [])
    mib = unit_after(tokens, index)
    if topic in ("memory_mib", "disk_gib", "data_disk_gib"):
        share = 1.0 if topic == "memory_mib" else 1 / 1024
        if mib is None and topic == "memory_mib" and number.value >= FEWEST_MIB:
            mib = 1.0
        return [value * (mib if mib is not None else 1024.0) * share for value in plain]
    if topic == "driver":
        times = [1.0, 7.0, 30.0, 365.0, 1 / 24, 1000.0, 1e-9]
        scaled = [value * factor for value in plain for factor in times]
        return scaled + [value * mib * f for value in plain if mib for f in (1.0, 1 / 1024)]
    return [] if mib is not None else plain


def unit_after(tokens: t.Sequence[Token], index: int) -> float | None:
    """Return the MiB of the byte unit that belongs to a number; a range shares its unit."""
    at = index + 1
    while at < len(tokens) and at <= index + 3:
        token = tokens[at]
        if token.mib is not None:
            return token.mib
        shares = token.has("cue.to", "cue.and", "cue.instead", "cue.more") or token.word in "-/"
        if not shares and token.kind != "num":
            break
        at += 1
    counts = index + 1 < len(tokens) and tokens[index + 1].kind == "word"
    counts = counts and not tokens[index + 1].has("noun.", "cue.")
    if (
        index > 2
        and tokens[index - 1].has("cue.instead", "cue.to")
        and tokens[index - 2].mib
        and not counts
    ):
        return tokens[index - 2].mib
    return None
