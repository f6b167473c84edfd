# SPDX-License-Identifier: GPL-3.0-or-later
"""Text to tokens with meaning: numbers with multipliers and units, literals, known phrases."""

from __future__ import annotations

import dataclasses
import itertools
import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading import _numbers
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clean import fold
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    load,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._lexer import (
    Token,
    byte_units,
    split,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._literals import (
    find_literals,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._words import (
    Software,
    Vocabulary,
    Words,
    detect,
    words_of,
)

__all__ = ["Token", "byte_units", "tokenise"]


def tokenise(text: str, vocabulary: Vocabulary) -> list[Token]:
    """Return the tokens of a cleaned text; literals are tokens of their own."""
    words = words_of(vocabulary)
    folded = fold(text)
    language = detect(folded)
    tokens: list[Token] = []
    position = 0
    literals = find_literals(text, vocabulary)
    ends = [*[(lit.start, lit.end, lit) for lit in literals], (len(text), len(text), None)]
    for start, end, literal in ends:
        raw = _grouped(split(folded, position, start, language, words))
        counted = _multiply(_read_numbers(raw), language)
        tokens += _ranges(_versions(_in_lists(_look_up(counted, words), words)))
        if literal is not None:
            tokens.append(Token("lit", folded[start:end], start, end, literal=literal))
        position = end
    for before, token in itertools.pairwise(tokens):
        if token.has("verb.") and before.of("before_nouns"):
            token.concept = ""  # "for the move"
        noun = token.software or token.lit("os") or token.has("thing.", "role.", "part.")
        if (
            noun
            and before.has("rate.second")
            and before.word.rpartition(" ")[2] in _numbers.ordinals()
        ):
            before.concept = "word.second"  # "a second VM"
    _join_particles(tokens, words)
    return tokens


def _join_particles(tokens: list[Token], words: Words) -> None:
    """Read a verb and its particle that stand around a noun as one ("take monitoring out")."""
    for index, token in enumerate(tokens):
        ends = all(k.kind == "mark" or k.has("cue.and") for k in tokens[index + 1 : index + 2])
        if index and ends and token.of("particles") and tokens[index - 1].has("addon."):
            token.concept = "verb.remove"  # "one more worker, and monitoring *out*"
        for other in tokens[index + 2 : index + 6]:
            if other.kind == "mark" or other.has("cue.and", "verb."):
                break
            concept = words.concepts.get((token.word, other.word), "")
            if concept == "verb.remove" and other.of("particles"):
                token.concept, other.concept = concept, ""


def _grouped(tokens: list[Token]) -> list[Token]:
    """Join thousands that spaces group ("25 000 users"); "2 100 GB disks" stays two numbers."""
    result: list[Token] = []
    for index, token in enumerate(tokens):
        before = result[-1] if result else None
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        noun = following is not None and following.kind == "word" and not following.glued
        counts = noun and following is not None and following.word not in byte_units()
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


def _read_numbers(tokens: list[Token]) -> list[Token]:
    """Turn number words into numbers; hyphens inside a number word are skipped."""
    result: list[Token] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        run = _word_run(tokens, index)
        read = _numbers.words([tokens[i].word for i in run], 0) if run else None
        if read is None or _not_a_number(tokens, run, read):
            result.append(token)
            index += 1
            continue
        last = run[read[1] - 1]
        end = tokens[last].end
        result.append(Token("num", token.word, token.start, end, value=read[0], written=True))
        index = last + 1
    return result


def _word_run(tokens: list[Token], start: int) -> list[int]:
    """Return the indexes of the words from ``start`` that hyphens or nothing separate."""
    run: list[int] = []
    for index in range(start, min(start + 12, len(tokens))):
        if tokens[index].kind == "word":
            run.append(index)
        elif not (tokens[index].word == "-" and run):
            break
    return run


def _not_a_number(tokens: list[Token], run: list[int], read: tuple[float, int]) -> bool:
    """Tell whether the words are something else: "half of", French "neuf" (new), "a couple of"."""
    known = _numbers.numerals()
    first, (value, used) = tokens[run[0]], read
    before = tokens[run[0] - 1] if run[0] else None
    counted = before is not None and (before.kind == "num" or before.word in {"k", "m"})
    if counted and first.word in known.adjectives:
        return True
    following = tokens[run[used]].word if used < len(run) else ""
    if first.word in {"unique", "single"} and following in {"of", "node", "noded"}:
        return True
    if used == 1 and first.word in known.scales and following not in byte_units():
        # a lone scale word is a multiplier of the number before it or no number at all
        return before is None or before.kind != "num" or first.word in {"cent", "cents"}
    if first.word in known.half and value < 1:
        return following not in byte_units() and following not in known.scales
    return False


def _multiply(tokens: list[Token], language: str) -> list[Token]:
    """Apply multipliers (50k, 2 million, 1.5M series) and find byte units."""
    result: list[Token] = []
    for index, token in enumerate(tokens):
        before = result[-1] if result else None
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        factor = _multiplier(token, before, following)
        if factor and before:
            before.value *= factor
            before.end = token.end
            continue
        if token.kind == "word" and before:
            apart = len(result) > 1 and result[-2].kind == "num" and before.of("before_units")
            number = before.kind == "num" or apart or (before.word == "-" and token.glued)
            token.mib = _byte_unit(token, following, language) if number else None
        if token.kind == "word" and token.mib is None and len(token.word) > 3:
            token.mib = byte_units().get(token.word)
        result.append(token)
    return result


def _multiplier(token: Token, before: Token | None, following: Token | None) -> float | None:
    if before is None or before.kind != "num" or token.kind == "mark":
        return None
    if token.kind == "num":
        scales = _numbers.numerals().scales
        return token.value if token.written and token.word in scales else None
    if token.word == "k" and token.glued:
        return 1e3
    counted = following is not None and following.kind == "word" and not following.glued
    if token.word in {"m", "mio"} and (token.glued or token.word == "mio"):
        if not counted or following is None:
            return None
        sized = following.word in {"ram", "memory", "memoire", "of", "de", "and", "disk", "swap"}
        plural = following.word.endswith(("s", "en", "er", "e")) or following.word == "request"
        return 1e6 if plural and len(following.word) > 4 and not sized else None
    return None


def _byte_unit(token: Token, following: Token | None, language: str) -> float | None:
    """Return the MiB of a byte unit after a number; one letter counts only when glued."""
    factor = byte_units().get(token.word)
    if factor is None or len(token.word) > 2:
        return factor
    if token.word == "to" and not token.glued:
        nothing = language == "en" or (following is None and language != "fr")
        nothing = nothing or (following is not None and following.kind == "num")
        return None if nothing else factor
    if len(token.word) == 1 and not token.glued:
        ends = following is None or following.kind == "mark"
        described = following is not None and following.word in {"ram", "memory", "disk", "ssd"}
        return factor if token.word in "gt" and (ends or described) else None
    return factor


def _look_up(tokens: list[Token], words: Words) -> list[Token]:
    """Join the longest known phrases and attach their meanings."""
    result: list[Token] = []
    index = 0
    while index < len(tokens):
        for size in range(min(words.longest, len(tokens) - index), 0, -1):
            joined = _joined(tokens, index, size, words)
            if joined is not None:
                result.append(joined[0])
                index = joined[1]
                break
        else:
            result.append(tokens[index])
            index += 1
    return result


def _joined(tokens: list[Token], start: int, size: int, words: Words) -> tuple[Token, int] | None:
    """Return the phrase of ``size`` words at ``start`` when it is known, and what follows."""
    said: list[str] = []
    index = start
    while index < len(tokens) and len(said) < size:
        token = tokens[index]
        if token.word in {"-", "_"} and said and token.glued:
            index += 1
            continue
        multiplied = token.kind == "num" and token.end - token.start != len(token.word)
        if token.mib is not None or multiplied or token.concept:
            return None
        if token.kind == "mark" and token.word not in "/&%.+~$€":
            return None
        said.append(token.word)
        index += 1
    if len(said) < size or (size == 1 and tokens[start].kind == "num"):
        return None
    whole = size > 1 and said[0] not in _numbers.numerals().articles  # "a pi" is no "api"
    singular = (*said[:-1], said[-1].removesuffix("s"))  # "domain controllers"
    for phrase in (tuple(said), ("".join(said),)) if whole else (tuple(said),):
        concept = words.concepts.get(phrase, "")
        driver = words.drivers.get(phrase, "")
        software = words.software.get(phrase) or (words.software.get(singular) if whole else None)
        if concept or software or driver:
            first, last = tokens[start], tokens[index - 1]
            token = dataclasses.replace(first, kind="word", word=" ".join(said), end=last.end)
            token.concept, token.driver, token.software = concept, driver, software
            token.name = False
            return token, index
    return None


def _in_lists(tokens: list[Token], words: Words) -> list[Token]:
    """Read everyday words as software beside "+" or "/" and other software ("Go + PostgreSQL")."""
    listed = load("software.yml")["in_lists"]
    for index, token in enumerate(tokens):
        family = listed.get(token.word)
        if family is None or token.mib is not None or token.kind != "word":
            continue
        links = [i for i in (index - 1, index + 1) if 0 <= i < len(tokens)]
        others = [2 * i - index for i in links if tokens[i].word in {"+", "/"}]
        written = index > 1 and tokens[index - 1].word in {"in", "en"}
        beside = any(0 <= i < len(tokens) and tokens[i].software for i in others)
        if beside or (written and len(tokens) > index + 1):
            token.software, token.concept = Software(family, None, stack=True), ""
    return tokens


def _versions(tokens: list[Token]) -> list[Token]:
    """Make the number after a name of software its version when it counts nothing."""
    nothing = Token("mark", ".", 0, 0)
    for before, token, after in zip(tokens, tokens[1:], [*tokens[2:], nothing], strict=False):
        if before.software is None or token.kind != "num" or token.written or token.glued:
            continue
        if after.word == "-" and after.glued:  # "Gitea 4-core"
            continue
        measured = after.mib is not None or after.driver or after.has("unit.", "role.", "thing.")
        counted = after.kind in ("word", "num") and not after.has("cue.", "verb.", "word.")
        counted = counted and not after.of("places")
        whole = token.value == int(token.value)
        if whole and (measured or counted or after.word in {"x", "*"}):
            continue
        if after.mib is None:
            token.kind, token.concept = "word", "word.version"
    return tokens


def _ranges(tokens: list[Token]) -> list[Token]:
    """Join "400-500", "3 to 5" and "between 3 and 30" to their upper end."""
    result: list[Token] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        if (high := _range_at(tokens, index)) is not None:
            result.append(dataclasses.replace(token, end=high.end, value=high.value))
            result[-1].low = token.value
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
    if mark.word == "-" and mark.glued and high.glued:
        return high
    before = tokens[index - 1] if index else None
    if mark.has("cue.and") and before is not None and before.has("cue.between"):
        return high
    following = tokens[index + 3] if index + 3 < len(tokens) else None
    counted = following is not None and (following.driver or following.has("unit.", "role."))
    moved = before is not None and before.has("cue.from")
    return high if mark.word in {"to", "bis", "a"} and counted and not moved else None
