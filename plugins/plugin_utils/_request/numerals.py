# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers in digits and in English, French and German words."""

from __future__ import annotations

import functools
import re
import typing as t

_EN = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_FR = [
    "zero",
    "un",
    "deux",
    "trois",
    "quatre",
    "cinq",
    "six",
    "sept",
    "huit",
    "neuf",
    "dix",
    "onze",
    "douze",
    "treize",
    "quatorze",
    "quinze",
    "seize",
]
_DE = [
    "null",
    "eins",
    "zwei",
    "drei",
    "vier",
    "funf",
    "sechs",
    "sieben",
    "acht",
    "neun",
    "zehn",
    "elf",
    "zwolf",
    "dreizehn",
    "vierzehn",
    "funfzehn",
    "sechzehn",
    "siebzehn",
    "achtzehn",
    "neunzehn",
]
_TENS_EN = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_TENS_FR = ["vingt", "trente", "quarante", "cinquante", "soixante"]
_TENS_DE = ["zwanzig", "dreissig", "vierzig", "funfzig", "sechzig", "siebzig", "achtzig", "neunzig"]

UNITS: dict[str, float] = {
    **{word: value for words in (_EN, _FR, _DE) for value, word in enumerate(words)},
    **{word: 10 * value for value, word in enumerate(_TENS_EN, 2)},
    **{word: 10 * value for value, word in enumerate(_TENS_FR, 2)},
    **{word: 10 * value for value, word in enumerate(_TENS_DE, 2)},
    **{"septante": 70, "huitante": 80, "nonante": 90, "quatre-vingt": 80, "quatre-vingts": 80},
    **{"zwo": 2, "fuenf": 5, "zwoelf": 12, "fuenfzig": 50, "fuenfzehn": 15, "fourty": 40},
    **{"anderthalb": 1.5, "eineinhalb": 1.5, "zweieinhalb": 2.5, "single": 1, "seul": 1},
    **{"seule": 1, "einzelne": 1, "einzelner": 1, "einzelnen": 1, "einziger": 1, "unique": 1},
    **{"dual": 2, "quad": 4, "hexa": 6, "octa": 8, "thre": 3, "threee": 3, "fuor": 4, "foru": 4},
    **{"fiev": 5, "sevn": 7, "eigth": 8, "twevle": 12, "drie": 3, "zewi": 2, "duex": 2},
    **{"both": 2, "couple": 2, "pair": 2, "paire": 2, "paar": 2, "half-dozen": 6, "triple": 3},
    **{"dozen": 12, "dozens": 24, "dutzend": 12, "douzaine": 12, "dizaine": 10, "quinzaine": 15},
    **{"vingtaine": 20, "trentaine": 30, "cinquantaine": 50, "centaine": 100, "twin": 2},
}
#: Numbers that are adjectives as well: after another number they count nothing ("9 unique names").
ADJECTIVES = frozenset({"single", "unique", "uniques", "seul", "seule", "triple", "twin", "pair"})
SCALES: dict[str, float] = {
    **dict.fromkeys(("hundred", "hundreds", "cent", "cents", "hundert"), 100),
    **dict.fromkeys(("thousand", "mille", "tausend", "tsd", "millier", "milliers", "grand"), 1e3),
    **dict.fromkeys(("million", "millions", "millionen", "mn", "mio"), 1e6),
    **dict.fromkeys(("billion", "milliard", "milliards", "milliarde", "milliarden", "bn"), 1e9),
}
HALF = frozenset({"half", "demi", "demie", "halb", "halbe", "halbes", "halber", "halben"})
QUARTER = frozenset({"quarter", "viertel"})
ARTICLES = frozenset({"a", "an", "un", "une", "ein", "eine", "einen", "einem", "einer", "eines"})
_JOINERS = frozenset({"and", "et", "und", "-"})


@functools.lru_cache(maxsize=4096)
def compound_de(word: str) -> float | None:
    """Return the value of a German number written as one word (``zweiunddreissig``)."""
    if word in UNITS:
        return UNITS[word]
    for scale, factor in (("tausend", 1000), ("hundert", 100)):
        head, found, tail = word.partition(scale)
        if found:
            high = compound_de(head) if head and head != "ein" else 1.0
            low = compound_de(tail.removeprefix("und")) if tail else 0.0
            return None if high is None or low is None else high * factor + low
    head, found, tail = word.rpartition("und")
    if found and UNITS.get(tail, 0) >= 20 and head:
        ones = 1.0 if head == "ein" else UNITS.get(head)
        return None if ones is None or ones > 9 else ones + UNITS[tail]
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
    return (
        word in UNITS or word in SCALES or word in HALF | QUARTER or compound_de(word) is not None
    )


def words(parts: t.Sequence[str], start: int) -> tuple[float, int] | None:
    """Read a number written in words from ``parts[start:]``: its value and the next index.

    Articles count only before a scale or a half ("a hundred", "half a", "une douzaine").
    """
    total, current, index, seen = 0.0, 0.0, start, False
    while index < len(parts):
        word = parts[index]
        value = compound_de(word)
        if word == "quatre" and index + 1 < len(parts) and parts[index + 1] in ("vingt", "vingts"):
            current, index, seen = current + 80, index + 2, True
            continue
        if value is not None:
            if seen and not _continues(current, value):
                break
            current, seen = current + value, True
        elif word in SCALES:
            factor = SCALES[word]
            if factor == 100 or current == 0:
                current = (current or 1) * factor
            else:
                current *= factor
            if factor > 100:
                total, current = total + current, 0.0
            seen = True
        elif word in QUARTER:
            rest = _half(parts, index + 1 + (parts[index + 1 : index + 2] == ["of"]))
            if rest[0] < 1:
                break
            current, index, seen = current + rest[0] / 2, rest[1], True
            break
        elif word in HALF:
            value, index = _half(parts, index + 1)
            current, seen = current + value, True
            break
        elif not _bridges(parts, index, seen):
            break
        index += 1
    return (total + current, index) if seen else None


def _half(parts: t.Sequence[str], index: int) -> tuple[float, int]:
    """Read what follows "half": "a dozen", "a million", "an" hour; its value and the next index."""
    if index < len(parts) and parts[index] in ARTICLES:
        index += 1
    whole = parts[index] if index < len(parts) else ""
    if whole in SCALES:
        return SCALES[whole] / 2, index + 1
    if UNITS.get(whole, 0) >= 10:
        return UNITS[whole] / 2, index + 1
    return 0.5, index


def _continues(current: float, value: float) -> bool:
    """Tell whether ``value`` may follow inside one number (twenty + five, hundred + ten)."""
    if current == 0 or current >= 100:
        return value < 100 or current == 0
    french_teen = current == 10 and 7 <= value <= 9
    return french_teen or (current >= 20 and current % 10 == 0 and 0 < value < 20)


def _bridges(parts: t.Sequence[str], index: int, seen: bool) -> bool:
    """Tell whether an article or "and" belongs to the number around it."""
    word = parts[index]
    after = parts[index + 1] if index + 1 < len(parts) else ""
    if word in ARTICLES:
        collective = {"dozen", "couple", "pair", "paire", "paar", "dutzend"}
        return after in SCALES or after in HALF or after in collective or after.endswith("aine")
    if word in _JOINERS and seen:
        tail = parts[index + 2] if index + 2 < len(parts) else ""
        if after in HALF or (after in ARTICLES and tail in HALF):
            return True
        return word == "and" and index > 0 and parts[index - 1] in SCALES and after in UNITS
    return False
