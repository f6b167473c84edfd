# SPDX-License-Identifier: GPL-3.0-or-later
"""Text to pieces: numbers, words, names and marks, as they are written."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading import _numbers
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    function_words,
    load,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._literals import (
    Literal,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._words import (
    Software,
    Words,
    compound_stem,
    corrected,
)

_PIECE = re.compile(
    r"(?P<num>\d+(?:e\d{1,2}(?!\w)|(?:[.,']\d+)*))"
    r"|(?P<word>(?:[dlnjcmst]|qu)'(?=[^\W\d_])|[^\W\d_]+(?:'[^\W\d_]+)?(?:\.js|\.net)?)"
    r"|(?P<arrow>->|=>)|(?P<mark>\S)"
)
_IDENT = re.compile(r"[^\W\d_][^\W_]*(?:[-_][^\W_]+)*")
#: Names that differ in a number ("web{1,2}").
_BRACES = re.compile(r"[a-z][\w-]*\{\d+(?:,\d+|\.\.\d+)+\}")
#: The dot of a shortened word before a number ("max. 8 GB").
_SHORTENED = re.compile(r"\.(?=\s?\d)")
_TIMES = re.compile(r"x(?=\d{1,2}\b)")
#: A name whose machines are told apart by a letter ("cache-a").
_LETTERED = re.compile(r"[^\W\d_]{2,}-[a-z]")


@dataclasses.dataclass
class Token:
    """One piece of the text; ``word`` is folded and corrected."""

    kind: t.Literal["num", "word", "mark", "lit"]
    word: str
    start: int
    end: int
    value: float = 0.0
    low: float | None = None  # "400-500": value is 500, low is 400
    concept: str = ""
    software: Software | None = None
    driver: str = ""
    mib: float | None = None  # a byte unit: how many MiB one is
    literal: Literal | None = None
    glued: bool = False  # directly after the token before, without a space
    written: bool = False  # the number was written in words
    name: bool = False  # has the form of a name ("web1", "app-prod-2")

    def has(self, *concepts: str) -> bool:
        """Tell whether the concept is one of these, or below one that ends with a dot."""
        return any(
            self.concept.startswith(name) if name.endswith(".") else self.concept == name
            for name in concepts
        )

    def of(self, *classes: str) -> bool:
        """Tell whether the word is one of these closed classes."""
        return any(self.word in function_words()[name] for name in classes)

    def lit(self, *topics: str) -> bool:
        """Tell whether the token is a literal of one of the topics."""
        return self.literal is not None and self.literal.topic in topics


@functools.lru_cache(maxsize=1)
def byte_units() -> dict[str, float]:
    """Return unit → MiB."""
    units = load("units.yml")["bytes"]
    return {str(word): float(mib) for mib, words in units.items() for word in words}


def _shortens(token: Token, folded: str, position: int) -> bool:
    short = token.end == position and token.of("shortened")
    return short and _SHORTENED.match(folded, position) is not None


def split(folded: str, position: int, stop: int, language: str, words: Words) -> list[Token]:
    tokens: list[Token] = []
    while position < stop:
        if folded[position].isspace():
            if folded[position] == "\n":  # no phrase and no size goes on in the next line
                tokens.append(Token("mark", "\n", position, position + 1))
            position += 1
            continue
        ident = _IDENT.match(folded, position, stop)
        after_number = bool(tokens and tokens[-1].kind == "num" and tokens[-1].end == position)
        times = _TIMES.match(folded, position, stop)
        braces = _BRACES.match(folded, position, stop)
        if braces is not None:
            tokens.append(Token("word", braces.group(0), position, braces.end(), name=True))
            position = braces.end()
            continue
        if times is not None:  # "(x2)"
            tokens.append(Token("word", "x", position, position + 1))
            position += 1
            continue
        if ident and not after_number and (parts := _name_parts(ident.group(0), words)) is not None:
            start = position
            position = ident.end()
            if not parts:
                tokens.append(Token("word", ident.group(0), start, position, name=True))
            for part in parts:
                at = start + part.start()
                tokens.append(Token("word", part.group(0), at, start + part.end()))
            continue
        if tokens and _shortens(tokens[-1], folded, position):
            position += 1
            continue
        piece = _PIECE.match(folded, position, stop)
        if piece is None:  # a lone combining or connector character
            position += 1
            continue
        length = compound_stem(piece.group(0), words) if language == "de" else 0
        if length:  # the end of a compound is read as a word of its own
            stem = folded[position : position + length]
            word = stem if stem in words.known else stem.removesuffix("s")
            tokens.append(Token("word", word, position, position + length))
            position += length
            continue
        tokens.append(_token(piece, tokens, language, words))
        position = piece.end()
    return tokens


def _name_parts(whole: str, words: Words) -> list[re.Match[str]] | None:
    """Return the parts of a word with digits or hyphens that are words of their own.

    An empty list: the whole is one name ("web1"); None: it is read piece by piece.
    """
    parts = re.split(r"[-_]", whole)
    if len(parts) > 1 and parts[0] in function_words()["host_prefixes"]:
        return []
    known = whole in words.known or (len(parts) > 1 and "".join(parts) in words.known)
    if known or tuple(parts) in words.software or tuple(parts) in words.concepts:
        return None
    if any(char.isdigit() for char in whole):
        spoken = len(parts) > 1 and all(p in words.known and not p.isdigit() for p in parts)
        return list(re.finditer(r"[^-_]+", whole)) if spoken else []
    ordinary = [p in words.known or p in words.plain or _numbers.is_number_word(p) for p in parts]
    several = len(parts) > 2 and not all(p in words.plain for p in parts)
    strange = len(parts) == 2 and not any(ordinary) and len(whole) > 6
    strange = strange or bool(_LETTERED.fullmatch(whole))
    return [] if strange or (several and not _is_phrase(parts, words)) else None


def _is_phrase(parts: list[str], words: Words) -> bool:
    """Tell whether hyphens join words of a phrase ("control-plane-node", "web-server-vm")."""
    return all(part in words.known for part in parts) and not any(
        tuple(parts[at : at + 1]) in words.concepts
        and words.concepts[tuple(parts[at : at + 1])].startswith("env.")
        for at in range(len(parts))
    )


def _token(piece: re.Match[str], before: list[Token], language: str, words: Words) -> Token:
    start, end = piece.span()
    glued = bool(before and before[-1].end == start)
    text = piece.group(0)
    if piece.group("num"):
        value = _numbers.digits(text, language)
        if value is None:
            return Token("word", text, start, end, glued=glued)
        return Token("num", text, start, end, value=value, glued=glued)
    if piece.group("word"):
        text = text.removesuffix("'s") if text not in words.known else text
        known = text in byte_units() or text in _numbers.numerals().articles
        return Token("word", text if known else corrected(text, words), start, end, glued=glued)
    if piece.group("arrow"):
        return Token("word", "->", start, end, concept="cue.to", glued=glued)
    return Token("mark", text, start, end, glued=glued)
