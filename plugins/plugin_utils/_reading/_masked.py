# SPDX-License-Identifier: GPL-3.0-or-later
"""The sentence as a model sees it: names and addresses of the site as opaque ids, and the way back.

A model answers with quotes of what it saw; each is told in the person's own words again, because
the account looks for quotes in the sentence itself.
"""

from __future__ import annotations

import itertools
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._redact import (
    HIDDEN,
    redact,
)

_ADDRESS = (
    r"\b(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?\b"
    r"|(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?:/\d{1,3})?(?![\w:])"
)
_LINK = r"\b[a-z][a-z0-9+.-]*://\S+|\b[\w.+-]+@[\w-]+\.[\w.-]+"
#: An id as a word of its own: not a part of "v1.33" or "ubuntu-n1".
_ID = re.compile(r"(?<![\w.-])[a-z]\d+(?![\w-]|\.\d)")
_FOREIGN = re.compile(f"(?P<link>{_LINK})|(?P<address>{_ADDRESS})", re.IGNORECASE)


@dataclass(frozen=True)
class _Piece:
    """Characters of the sentence and what stands for them; ``alias`` None: themselves."""

    start: int
    end: int
    seen: int
    alias: str | None


class Masked:
    """A sentence with ids for what belongs to the site.

    Args:
        text: the sentence.
        names: what is replaced, by kind: ``{"n": nodes, "s": storages, "v": other names}``; an id
            is the kind and a number.
    """

    def __init__(self, text: str, names: t.Mapping[str, t.Iterable[str]]) -> None:
        self.text = text
        #: id → what it stands for
        self.meaning: dict[str, str] = {}
        self._said = frozenset(re.findall(r"[a-z]\d+", text.lower()))
        ids = {
            name.lower(): alias
            for kind, known in names.items()
            for name, alias in zip(sorted(set(filter(None, known))), self._free(kind), strict=False)
        }
        replaced = sorted([*_secrets(text), *self._foreign(), *self._named(ids)])
        pieces: list[_Piece] = []
        parts: list[str] = []
        at = seen = 0
        for start, end, alias in replaced:
            if start < at:
                continue
            pieces.append(_Piece(at, start, seen, None))
            seen += start - at
            pieces.append(_Piece(start, end, seen, alias))
            seen += len(alias)
            parts += [text[at:start], alias]
            if alias != HIDDEN:
                self.meaning.setdefault(alias, text[start:end])
            at = end
        pieces.append(_Piece(at, len(text), seen, None))
        parts.append(text[at:])
        self._pieces = pieces
        #: what the model sees
        self.seen = "".join(parts)

    def original(self, quote: str) -> tuple[str, int | None] | None:
        """Return the person's words for a quote, and their place where there is only one.

        None: the quote is not in what the model saw.
        """
        found = _places(self.seen, quote)
        if not found:
            return None
        start, end = found[0]
        first, last = self._back(start, at_end=False), self._back(end, at_end=True)
        return self.text[first:last], first if len(found) == 1 else None

    def value(self, text: str) -> str:
        """Return a value with ids told as what they stand for."""
        return _ID.sub(lambda m: self.meaning.get(m.group(), m.group()), text)

    def shown(self, name: str) -> str | None:
        """Return what a model may call a name by: its id, or itself where the sentence says it."""
        for alias, words in self.meaning.items():
            if words.lower() == name.lower():
                return alias
        return name if name and _places(self.seen, name) else None

    def hide(self, text: str) -> str:
        """Return a sentence about this one, with the same ids for the same words."""
        for alias, words in self.meaning.items():
            text = re.sub(rf"(?<![\w-]){re.escape(words)}(?![\w-])", alias, text)
        return redact(text)

    def _back(self, place: int, *, at_end: bool) -> int:
        for piece in self._pieces:
            length = piece.end - piece.start if piece.alias is None else len(piece.alias)
            inside = piece.seen < place <= piece.seen + length
            if inside if at_end else piece.seen <= place < piece.seen + length:
                if piece.alias is not None:
                    return piece.end if at_end else piece.start
                return piece.start + place - piece.seen
        return len(self.text)

    def _free(self, kind: str) -> t.Iterator[str]:
        """Yield ids of a kind that are no words of the sentence."""
        numbered = (f"{kind}{number}" for number in itertools.count(1))
        return (alias for alias in numbered if alias not in self._said)

    def _foreign(self) -> list[tuple[int, int, str]]:
        links, addresses = self._free("l"), self._free("a")
        return [
            (found.start(), found.end(), next(links if found["link"] else addresses))
            for found in _FOREIGN.finditer(self.text)
        ]

    def _named(self, ids: t.Mapping[str, str]) -> t.Iterator[tuple[int, int, str]]:
        if not ids:
            return
        words = "|".join(sorted(map(re.escape, ids), key=len, reverse=True))
        for found in re.finditer(rf"(?<![\w-])(?:{words})(?![\w-])", self.text, re.IGNORECASE):
            yield found.start(), found.end(), ids[found.group().lower()]


def _secrets(text: str) -> t.Iterator[tuple[int, int, str]]:
    """Yield the places that redaction hides."""
    hidden = redact(text)
    if hidden == text:
        return
    at = 0
    for kept in re.split(re.escape(HIDDEN), hidden):
        start = text.find(kept, at)
        if start > at:
            yield at, start, HIDDEN
        at = max(start, at) + len(kept)
    if at < len(text):
        yield at, len(text), HIDDEN


def _places(text: str, quote: str) -> list[tuple[int, int]]:
    """Return where a quote stands, whatever its case and white space."""
    words = quote.split()
    if not words:
        return []
    plain = r"\s+".join(map(re.escape, words))
    for pattern in (rf"(?<!\w){plain}(?!\w)", plain):
        found = [match.span() for match in re.finditer(pattern, text, re.IGNORECASE)]
        if found:
            return found
    return []
