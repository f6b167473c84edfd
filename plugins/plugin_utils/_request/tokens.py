# SPDX-License-Identifier: GPL-3.0-or-later
"""Text to tokens with meaning: numbers (with sizes and rates) and known phrases."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request import numerals
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.clean import fold
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.lexicon import (
    Lexicon,
    Software,
    compound_stem,
    corrected,
)

_PIECE = re.compile(
    r"(?P<num>\d+(?:e\d{1,2}(?!\w)|(?:[.,']\d+)*))|(?P<word>(?:[dlnjcmst]|qu)'(?=[^\W\d_])|[^\W\d_]+(?:'[^\W\d_]+)?(?:\.js|\.net)?)|(?P<mark>\S)"
)
_IDENT = re.compile(r"[^\W\d_][^\W_]*(?:[-_][^\W_]+)*")
_BYTE_UNITS = {
    prefix + suffix: factor
    for prefix, factor in (("k", 1 / 1024), ("m", 1.0), ("g", 1024.0), ("t", 1024.0**2))
    for suffix in ("b", "ib", "o", "io", "byte", "bytes", "octet", "octets", "bit")
    if suffix != "bit"
} | {
    **{"eb": 1024.0**4, "eib": 1024.0**4, "exabyte": 1024.0**4, "exabytes": 1024.0**4},
    **{"pb": 1024.0**3, "pib": 1024.0**3, "po": 1024.0**3, "pio": 1024.0**3},
    **{"g": 1024.0, "m": 1.0, "t": 1024.0**2, "gig": 1024.0, "gigs": 1024.0, "meg": 1.0},
    **{"megs": 1.0, "gb's": 1024.0, "gigabyte": 1024.0, "gigabytes": 1024.0, "megabyte": 1.0},
    **{"megabytes": 1.0, "terabyte": 1024.0**2, "terabytes": 1024.0**2, "kilobyte": 1 / 1024},
    **{"kilobytes": 1 / 1024, "gibibyte": 1024.0, "gibibytes": 1024.0, "mebibyte": 1.0},
    **{"mebibytes": 1.0, "tebibyte": 1024.0**2, "tebibytes": 1024.0**2, "petabyte": 1024.0**3},
    **{"petabytes": 1024.0**3, "gigaoctet": 1024.0, "gigaoctets": 1024.0, "megaoctet": 1.0},
    **{"megaoctets": 1.0, "teraoctet": 1024.0**2, "teraoctets": 1024.0**2, "gigas": 1024.0},
    **{"giga": 1024.0, "tera": 1024.0**2, "terra": 1024.0**2, "teras": 1024.0**2},
    **{"byte": 1 / 1024**2, "bytes": 1 / 1024**2, "octet": 1 / 1024**2, "octets": 1 / 1024**2},
}
_SHORT_BYTE = frozenset({"g", "m", "t", "k", "ko", "go", "mo", "to", "po", "mio", "tio"})


@dataclasses.dataclass
class Token:
    """One piece of the text. ``kind``: num, word or mark; ``word`` is folded and corrected."""

    kind: t.Literal["num", "word", "mark"]
    word: str
    start: int
    end: int
    value: float = 0.0
    low: float | None = None  # "400-500": value is 500, low is 400
    concept: str = ""
    software: Software | None = None
    driver: str = ""
    mib: float | None = None  # a byte unit: how many MiB one is
    glued: bool = False  # directly after the token before, without a space
    written: bool = False  # the number was written in words

    def has(self, *concepts: str) -> bool:
        """Tell whether the concept is one of these, or below one that ends with a dot."""
        return any(
            self.concept.startswith(name) if name.endswith(".") else self.concept == name
            for name in concepts
        )


def tokenise(text: str, language: str, lexicon: Lexicon) -> list[Token]:
    """Return the tokens of a cleaned text whose literals are already blanked out."""
    raw = _grouped(_split(fold(text), language, lexicon))
    counted = _multiply(_read_numbers(raw, language))
    return _versions(_ranges(_in_lists(_look_up(counted, lexicon), lexicon)))


def _split(folded: str, language: str, lexicon: Lexicon) -> list[Token]:
    tokens: list[Token] = []
    position = 0
    while position < len(folded):
        if folded[position].isspace():
            position += 1
            continue
        ident = _IDENT.match(folded, position)
        after_number = bool(tokens and tokens[-1].kind == "num" and tokens[-1].end == position)
        if ident and not after_number and any(char.isdigit() for char in ident.group(0)):
            whole = ident.group(0)
            parts = re.split(r"[-_]", whole)
            if len(parts) == 1 or not all(
                part in lexicon.known_words and not part.isdigit() for part in parts
            ):
                tokens.append(Token("word", whole, position, ident.end()))
                position = ident.end()
                continue
            for part in re.finditer(r"[^-_]+", whole):
                start = position + part.start()
                tokens.append(Token("word", part.group(0), start, start + len(part.group(0))))
            position = ident.end()
            continue
        piece = _PIECE.match(folded, position)
        if piece is None:  # a lone combining or connector character
            position += 1
            continue
        length = compound_stem(piece.group(0), lexicon) if language == "de" else 0
        if length:  # the end of a compound is read as a word of its own
            stem = folded[position : position + length]
            word = stem if stem in lexicon.known_words else stem.removesuffix("s")
            tokens.append(Token("word", word, position, position + length))
            position += length
            continue
        tokens.append(_token(piece, tokens, language, lexicon))
        position = piece.end()
    return tokens


def _token(piece: re.Match[str], before: list[Token], language: str, lexicon: Lexicon) -> Token:
    start, end = piece.span()
    glued = bool(before and before[-1].end == start)
    text = piece.group(0)
    if piece.group("num"):
        value = numerals.digits(text, language)
        if value is None:
            return Token("word", text, start, end, glued=glued)
        return Token("num", text, start, end, value=value, glued=glued)
    if piece.group("word"):
        known = text in _BYTE_UNITS or numerals.is_number_word(text) or text in numerals.ARTICLES
        word = text if known else corrected(text, lexicon)
        return Token("word", word, start, end, glued=glued)
    return Token("mark", text, start, end, glued=glued)


def _grouped(tokens: list[Token]) -> list[Token]:
    """Join thousands that spaces group ("25 000 users"); "2 100 GB disks" stays two numbers."""
    result: list[Token] = []
    for index, token in enumerate(tokens):
        before = result[-1] if result else None
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        noun = following is not None and following.kind == "word" and not following.glued
        counts = noun and following is not None and following.word not in _BYTE_UNITS
        joined = (
            before is not None
            and before.kind == token.kind == "num"
            and re.fullmatch(r"[1-9]\d{0,2}(?: \d{3})*", before.word)
            and re.fullmatch(r"\d{3}", token.word)
            and token.start == before.end + 1
            and (token.word == "000" or counts)
        )
        if joined and before is not None:
            before.word += " " + token.word
            before.value, before.end = before.value * 1000 + token.value, token.end
            continue
        result.append(token)
    return result


def _read_numbers(tokens: list[Token], language: str) -> list[Token]:
    """Turn number words into numbers; hyphens inside a number word are skipped."""
    result: list[Token] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        run = _word_run(tokens, index)
        read = numerals.words([tokens[i].word for i in run], 0) if run else None
        if read is None or _not_a_number(tokens, run, read, language):
            result.append(token)
            index += 1
            continue
        last = run[read[1] - 1]
        result.append(
            Token("num", token.word, token.start, tokens[last].end, value=read[0], written=True)
        )
        index = last + 1
    return result


def _word_run(tokens: list[Token], start: int) -> list[int]:
    """Return the indexes of the words from ``start`` that hyphens or nothing separate."""
    run: list[int] = []
    index = start
    while index < len(tokens) and len(run) < 10:
        token = tokens[index]
        if token.kind == "word":
            run.append(index)
        elif not (token.word == "-" and run):
            break
        index += 1
    return run


def _not_a_number(
    tokens: list[Token], run: list[int], read: tuple[float, int], language: str
) -> bool:
    """Tell whether the words are something else: "half of", French "neuf" (new), "a couple of"."""
    first, (value, used) = tokens[run[0]], read
    before = tokens[run[0] - 1] if run[0] else None
    counted = before is not None and (before.kind == "num" or before.word in {"k", "m"})
    if counted and first.word in numerals.ADJECTIVES:
        return True
    if used == 1 and first.word in numerals.SCALES:
        # a lone scale word is a multiplier of the number before it or no number at all
        return run[0] == 0 or tokens[run[0] - 1].kind != "num" or first.word in {"cent", "cents"}
    if first.word in numerals.HALF and value < 1:
        following = tokens[run[used]].word if used < len(run) else ""
        return following not in _BYTE_UNITS and following not in numerals.SCALES
    return False


def _multiply(tokens: list[Token]) -> list[Token]:
    """Apply multipliers: 50k, 2 million, 1.5M series."""
    result: list[Token] = []
    for index, token in enumerate(tokens):
        before = result[-1] if result else None
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        if following is not None and following.word in {"active", "concurrent", "aktive"}:
            following = tokens[index + 2] if index + 2 < len(tokens) else following
        factor = _multiplier(token, before, following)
        if factor and before:
            before.value *= factor
            before.end = token.end
            continue
        if token.kind == "word" and before and before.kind == "num":
            token.mib = _byte_unit(token, following)
        elif token.kind == "word" and token.word in _BYTE_UNITS and len(token.word) > 2:
            token.mib = _BYTE_UNITS[token.word]
        result.append(token)
    return result


def _multiplier(token: Token, before: Token | None, following: Token | None) -> float | None:
    if before is None or before.kind != "num" or token.kind == "mark":
        return None
    if token.kind == "num":
        return token.value if token.written and token.word in numerals.SCALES else None
    if token.word == "k" and token.glued:
        return 1e3
    counted = following is not None and following.kind == "word" and not following.glued
    if token.word == "m" and token.glued and counted and following is not None:
        sized = following.word in {"ram", "memory", "memoire", "of", "de", "and", "disk", "swap"}
        plural = following.word.endswith(("s", "en", "er")) and len(following.word) > 4
        return 1e6 if plural and not sized else None
    if token.word == "mio" and counted and following is not None:
        plural = len(following.word) > 4 and following.word not in {"memoire", "arbeitsspeicher"}
        return 1e6 if plural else None
    return None


def _byte_unit(token: Token, following: Token | None) -> float | None:
    """Return the MiB of a byte unit after a number; one letter counts only when glued."""
    factor = _BYTE_UNITS.get(token.word)
    if factor is None:
        return None
    if token.word == "to" and not token.glued:
        after = following.kind if following else "mark"
        return None if after == "num" else factor
    if token.word in _SHORT_BYTE and len(token.word) == 1 and not token.glued:
        ends = following is None or following.kind == "mark"
        descriptor = following is not None and following.word in {"ram", "memory", "disk", "ssd"}
        return factor if token.word in "gt" and (ends or descriptor) else None
    return factor


def _look_up(tokens: list[Token], lexicon: Lexicon) -> list[Token]:
    """Join the longest known phrases and attach their meanings."""
    result: list[Token] = []
    index = 0
    while index < len(tokens):
        size = min(lexicon.longest, len(tokens) - index)
        while size > 0:
            joined = _joined(tokens, index, size, lexicon)
            if joined is not None:
                result.append(joined[0])
                index = joined[1]
                break
            size -= 1
        else:
            result.append(tokens[index])
            index += 1
    return result


def _one_word(token: Token) -> bool:
    return token.end - token.start == len(token.word)


def _joined(
    tokens: list[Token], start: int, size: int, lexicon: Lexicon
) -> tuple[Token, int] | None:
    """Return the phrase of ``size`` words at ``start`` when it is known, and what follows."""
    words: list[str] = []
    index = start
    while index < len(tokens) and len(words) < size:
        token = tokens[index]
        if token.word == "-" and words and token.glued:
            index += 1
            continue
        if token.mib is not None or (token.kind == "num" and not _one_word(token)):
            return None
        if token.kind == "mark" and token.word not in "/&%.+":
            return None
        words.append(token.word)
        index += 1
    if len(words) < size:
        return None
    whole = size > 1 and words[0] not in numerals.ARTICLES  # "a pi" is no "api"
    singular = (*words[:-1], words[-1].removesuffix("s"))  # "domain controllers"
    for phrase in (tuple(words), ("".join(words),)) if whole else (tuple(words),):
        concept = lexicon.concepts.get(phrase, "")
        software = lexicon.software.get(phrase) or (
            lexicon.software.get(singular) if whole else None
        )
        driver = lexicon.drivers.get(phrase, "")
        if concept or software or driver:
            if size == 1 and tokens[start].kind == "num":
                return None
            first, last = tokens[start], tokens[index - 1]
            return (
                Token(
                    "word",
                    " ".join(words),
                    first.start,
                    last.end,
                    concept=concept,
                    software=software,
                    driver=driver,
                    glued=first.glued,
                ),
                index,
            )
    return None


def _in_lists(tokens: list[Token], lexicon: Lexicon) -> list[Token]:
    """Read everyday words as software beside "+" or "/" and other software ("Go + PostgreSQL")."""
    if not any(token.word in lexicon.in_lists for token in tokens):
        return tokens
    families = {entry.family: entry for entry in lexicon.software.values() if not entry.component}
    for index, token in enumerate(tokens):
        family = lexicon.in_lists.get(token.word)
        if family is None or token.mib is not None or token.kind != "word":
            continue
        links = [i for i in (index - 1, index + 1) if 0 <= i < len(tokens)]
        others = [2 * i - index for i in links if tokens[i].word in {"+", "/"}]
        written = index > 1 and tokens[index - 1].word in {"in", "en"}
        if written or any(0 <= i < len(tokens) and tokens[i].software for i in others):
            token.software, token.concept = families[family], ""
    return tokens


def _versions(tokens: list[Token]) -> list[Token]:
    """Make the number after a name of software a word when it counts nothing ("InfluxDB 1.8")."""
    for before, token, after in zip(
        tokens, tokens[1:], [*tokens[2:], Token("mark", ".", 0, 0)], strict=False
    ):
        if before.software is None or token.kind != "num" or token.written:
            continue
        measured = after.mib is not None or after.driver or after.has("unit.", "role.", "kind.")
        plural = after.kind == "word" and not after.concept and after.word.endswith("s")
        parts = (
            plural
            or after.word in {"x", "*"}
            or after.has("noun.", "part.", "cue.about", "cue.about.")
        )
        if token.value != int(token.value) or not (measured or parts or after.kind == "num"):
            counts = measured and after.mib is not None
            token.kind = "num" if counts else "word"
    return tokens


def _ranges(tokens: list[Token]) -> list[Token]:
    """Join "400-500", "3 to 5" and "between 3 and 30" to their upper end."""
    result: list[Token] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        joined = _range_at(tokens, index)
        if joined is not None:
            high = tokens[index + 2]
            result.append(
                Token("num", token.word, token.start, high.end, high.value, low=token.value)
            )
            index += 3
            continue
        result.append(token)
        index += 1
    return result


def _range_at(tokens: list[Token], index: int) -> Token | None:
    if index + 2 >= len(tokens):
        return None
    low, mark, high = tokens[index : index + 3]
    if low.kind != "num" or high.kind != "num" or high.value <= low.value:
        return None
    if mark.word in "-" and mark.glued and high.glued:
        return high
    before = tokens[index - 1] if index else None
    if mark.has("cue.and") and before is not None and before.has("word.between"):
        return high
    following = tokens[index + 3] if index + 3 < len(tokens) else None
    known = following is not None and bool(following.concept or following.driver)
    return high if mark.word in {"to", "bis", "a"} and known else None
