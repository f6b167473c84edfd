# SPDX-License-Identifier: GPL-3.0-or-later
"""Clauses that speak to the machinery instead of asking for infrastructure are dropped."""

from __future__ import annotations

import functools
import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.clean import fold
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.lexicon import (
    read_data,
)

_GAP = r"[^.;!?\n]{0,48}?"
_ROLE = re.compile(
    r"<\s*(?P<closing>/)?\s*(?P<role>system|assistant|developer|tool|function|user)\s*>"
)
_BOUNDARY = re.compile(r"[.;!?\n](?=\s|$)")


@functools.lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    data = read_data("injection.yml")
    triggers = "|".join(pattern.replace("{gap}", _GAP) for pattern in data["triggers"])
    return re.compile(triggers), re.compile(data["imperative"])


def drop_injections(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the text with such clauses blanked (same length) and the clauses.

    A clause reaches from its trigger to the end of the sentence, or to the end of the brackets or
    quotes around it; orders that directly follow it go as well.
    """
    triggers, imperative = _patterns()
    kept, dropped = _drop_roles(text)
    folded = fold(kept)
    position = 0
    while (match := triggers.search(folded, position)) is not None:
        start, end = _clause(folded, match)
        while (following := _next_sentence(folded, end)) is not None:
            if not imperative.match(folded[following[0] : following[1]]):
                break
            end = following[1]
        dropped.append(text[start:end].strip())
        kept = kept[:start] + " " * (end - start) + kept[end:]
        position = max(end, match.end())
    return kept, tuple(dropped)


def _drop_roles(text: str) -> tuple[str, list[str]]:
    """Blank what stands between the marks of another speaker ("<system>…</system>")."""
    dropped: list[str] = []
    folded = fold(text)
    while (match := _ROLE.search(folded)) is not None:
        end = match.end()
        if not match.group("closing"):
            last = re.search(rf"</\s*{match.group('role')}\s*>", folded[end:])
            end = end + last.end() if last else len(folded)
            dropped.append(text[match.start() : end].strip())
        blank = " " * (end - match.start())
        text = text[: match.start()] + blank + text[end:]
        folded = folded[: match.start()] + blank + folded[end:]
    return text, dropped


def _clause(folded: str, match: re.Match[str]) -> tuple[int, int]:
    start = match.start()
    for opening, closing in (("(", ")"), ("[", "]"), ('"', '"'), ("<", ">")):
        opened = folded.rfind(opening, 0, start + 1)
        if opened >= 0 and closing not in folded[opened + 1 : start]:
            closed = folded.find(closing, max(match.end() - 1, opened + 1))
            if closed >= 0:
                return opened, closed + 1
    boundary = _BOUNDARY.search(folded, match.end())
    return start, boundary.start() if boundary else len(folded)


def _next_sentence(folded: str, end: int) -> tuple[int, int] | None:
    start = end
    while start < len(folded) and folded[start] in ".;!?\n ":
        start += 1
    if start >= len(folded) or start == end:
        return None
    boundary = _BOUNDARY.search(folded, start)
    return start, boundary.start() if boundary else len(folded)
