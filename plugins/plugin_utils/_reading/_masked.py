# SPDX-License-Identifier: GPL-3.0-or-later
"""The sentence as a model sees it: names and addresses of the site as opaque ids, and the way back.

A model answers with quotes of what it saw; each is told in the person's own words again, because
the account looks for quotes in the sentence itself.
"""

from __future__ import annotations

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
        ids = {
            name.lower(): f"{kind}{number}"
            for kind, known in names.items()
            for number, name in enumerate(sorted(set(filter(None, known))), start=1)
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
        return re.sub(r"[a-z]\d+", lambda m: self.meaning.get(m.group(), m.group()), text)

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

    def _foreign(self) -> t.Iterator[tuple[int, int, str]]:
        counted: dict[str, int] = {}
        for found in _FOREIGN.finditer(self.text):
            kind = "l" if found["link"] else "a"
            counted[kind] = counted.get(kind, 0) + 1
            yield found.start(), found.end(), f"{kind}{counted[kind]}"

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
