# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers in digits and in English, French and German words."""

from __future__ import annotations

import functools
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import load

#: How many "a few" are before a scale ("a few hundred").
VAGUE = 3.0
_JOINERS = frozenset({"and", "et", "und", "-"})
_COLLECTIVES = frozenset({"dozen", "couple", "pair", "paire", "dutzend"})


class Numerals(t.NamedTuple):
    """The words that numbers are made of."""

    units: dict[str, float]
    scales: dict[str, float]
    half: frozenset[str]
    quarter: frozenset[str]
    articles: frozenset[str]
    adjectives: frozenset[str]
    vague: frozenset[str]


@functools.lru_cache(maxsize=1)
def numerals() -> Numerals:
    """Return the number words of the data file."""
    data = load("numbers.yml")
    tables = [
        {word: float(value) for value, words in data[name].items() for word in words}
        for name in ("units", "scales")
    ]
    sets = (
        frozenset(data[name]) for name in ("half", "quarter", "articles", "adjectives", "vague")
    )
    return Numerals(tables[0], tables[1], *sets)


@functools.lru_cache(maxsize=4096)
def compound_de(word: str) -> float | None:
    """Return the value of a German number written as one word (``zweiunddreissig``)."""
    units = numerals().units
    if word in units:
        return units[word]
    for scale, factor in (("tausend", 1000), ("hundert", 100)):
        head, found, tail = word.partition(scale)
        if found:
            high = compound_de(head) if head and head != "ein" else 1.0
            low = compound_de(tail.removeprefix("und")) if tail else 0.0
            return None if high is None or low is None else high * factor + low
    head, found, tail = word.rpartition("und")
    if found and units.get(tail, 0) >= 20 and head:
        ones = 1.0 if head == "ein" else units.get(head)
        return None if ones is None or ones > 9 else ones + units[tail]
    return None


def digits(text: str, language: str) -> float | None:
    """Return the value of a number in digits, reading ``,`` and ``.`` as the language does."""
    if not re.fullmatch(r"\d+(?:e\d{1,2}|(?:[.,' ]\d+)*)", text):
        return None
    plain = text.replace(" ", "").replace("'", "")
    marks = [char for char in plain if char in ".,"]
    if not marks:
        return float(plain) if len(plain) < 16 else 1e15
    last = marks[-1]
    tail = plain.rsplit(last, 1)[1]
    grouped = all(len(part) == 3 for part in re.split(r"[.,]", plain)[1:])
    if len(set(marks)) == 2:
        whole, decimal = plain.rsplit(last, 1)
        return float(re.sub(r"[.,]", "", whole) + "." + decimal)
    if len(marks) > 1:
        return float(re.sub(r"[.,]", "", plain)) if grouped else None
    thousands = "," if language == "en" else "."
    if len(tail) == 3 and last == thousands and not plain.startswith("0"):
        return float(plain.replace(last, ""))
    return float(plain.replace(",", "."))


def is_number_word(word: str) -> bool:
    """Tell whether the folded word is a number on its own."""
    known = numerals()
    single = word in known.units or word in known.scales or word in known.half | known.quarter
    return single or compound_de(word) is not None


def words(parts: t.Sequence[str], start: int) -> tuple[float, int] | None:
    """Read a number written in words from ``parts[start:]``: its value and the next index.

    Articles count only before a scale or a half ("a hundred", "half a", "une douzaine").
    """
    known = numerals()
    total, current, index, seen = 0.0, 0.0, start, False
    while index < len(parts):
        word = parts[index]
        value = compound_de(word)
        if word == "quatre" and parts[index + 1 : index + 2] in (["vingt"], ["vingts"]):
            current, index, seen = current + 80, index + 2, True
            continue
        after = parts[index + 1] if index + 1 < len(parts) else ""
        if word in known.articles and not seen and after in known.half:
            index += 1  # "un demi": a half, not one and a half
            continue
        if word in known.vague and after in known.scales:
            current, index, seen = VAGUE, index + 1, True  # "a few hundred"
            continue
        if value is not None:
            if seen and not _continues(current, value):
                break
            current, seen = current + value, True
        elif word in known.scales:
            factor = known.scales[word]
            current = (current or 1) * factor
            if factor > 100:
                total, current = total + current, 0.0
            seen = True
        elif word in known.half or word in known.quarter:
            share = 1.0 if word in known.half else 0.5
            value, index = _half(parts, index + 1 + (parts[index + 1 : index + 2] == ["of"]))
            if share < 1 and value < 1:
                break
            one = index > start + 1 and current == 1 and parts[start] in known.units
            joined = any(part in _JOINERS for part in parts[start:index])
            current = 0.0 if one and not joined else current  # "un demi", "one half"
            current, seen = current + value * share, True
            break
        elif not _bridges(parts, index, seen):
            break
        index += 1
    return (total + current, index) if seen else None


def _half(parts: t.Sequence[str], index: int) -> tuple[float, int]:
    """Read what follows "half": "a dozen", "a million", "an" hour; its value and the next index."""
    known = numerals()
    if index < len(parts) and parts[index] in known.articles:
        index += 1
    whole = parts[index] if index < len(parts) else ""
    if whole in known.scales:
        return known.scales[whole] / 2, index + 1
    if known.units.get(whole, 0) >= 10:
        return known.units[whole] / 2, index + 1
    return 0.5, index


def _continues(current: float, value: float) -> bool:
    """Tell whether ``value`` may follow inside one number (twenty + five, hundred + ten)."""
    if current == 0 or current >= 100:
        return value < 100 or current == 0
    french_teen = current == 10 and 7 <= value <= 9
    return french_teen or (current >= 20 and current % 10 == 0 and 0 < value < 20)


def _bridges(parts: t.Sequence[str], index: int, seen: bool) -> bool:
    """Tell whether an article or "and" belongs to the number around it."""
    known = numerals()
    word = parts[index]
    after = parts[index + 1] if index + 1 < len(parts) else ""
    if word in known.articles:
        scaled = after in known.scales or after in known.half or after in _COLLECTIVES
        return scaled or after.endswith("aine")
    if word in _JOINERS and seen:
        tail = parts[index + 2] if index + 2 < len(parts) else ""
        if after in known.half or (after in known.articles and tail in known.half):
            return True
        return word == "and" and parts[index - 1] in known.scales and after in known.units
    return False


@functools.lru_cache(maxsize=1)
def ordinals() -> dict[str, int]:
    """Return the place in a row that a word names, -1 for the last one."""
    data = load("numbers.yml")["ordinals"]
    return {word: int(place) for place, said in data.items() for word in said}
