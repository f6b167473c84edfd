# SPDX-License-Identifier: GPL-3.0-or-later
"""Slips in the words that literals are found by ("caled web-01", "debain 12"), before they are."""

from __future__ import annotations

import functools
import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.clean import fold
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.lexicon import (
    Lexicon,
    distance,
)

_WORD = re.compile(r"(?<![\w.-])[^\W\d_]{5,}(?![\w-]|\.\w)")


def repair(text: str, lexicon: Lexicon) -> str:
    """Return the text with slips in cue words and operating systems corrected."""
    systems = (name for name in lexicon.operating_systems if name.isalpha())
    cues = lexicon.literal_cues.union(systems)

    def corrected(match: re.Match[str]) -> str:
        before = fold(text[: match.start()]).split()
        word = fold(match.group(0))
        known = word in lexicon.known_words or word in lexicon.not_typos
        if known or (before and before[-1].strip("\"':") in lexicon.naming_cues):
            return match.group(0)
        return _nearest(word, cues) or match.group(0)

    return _WORD.sub(corrected, text)


@functools.lru_cache(maxsize=1024)
def _nearest(word: str, candidates: frozenset[str]) -> str | None:
    """Return the one cue word that a slip of one letter or a swap makes of this, or None."""
    if word in candidates:
        return None
    near = [
        other
        for other in sorted(candidates)
        if other[0] == word[0] and len(other) >= 5 and distance(word, other, 1) == 1
    ]
    return near[0] if len(near) == 1 else None
