# SPDX-License-Identifier: GPL-3.0-or-later
"""What words mean: concepts, loads, names of software, and slips of the keyboard."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t
from collections.abc import Iterable, Mapping

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import load
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._numbers import (
    is_number_word,
)

Phrase = tuple[str, ...]
_ELISION = re.compile(r"\b([dlnjcmst]|qu)'(?=\w)")
_MARKS = re.compile(r"([/&%+~])")
MAX_SLIPS = 4096


@dataclasses.dataclass(frozen=True)
class Software:
    """What a name of software stands for; ``stack``: a language or framework."""

    family: str
    component: str | None = None
    stack: bool = False


@dataclasses.dataclass(frozen=True)
class Words:
    """Everything that words are looked up in."""

    concepts: Mapping[Phrase, str]
    software: Mapping[Phrase, Software]
    drivers: Mapping[Phrase, str]
    known: frozenset[str]
    correctable: Mapping[int, tuple[str, ...]]  # by length
    guarded: frozenset[str]  # words of software only: no more than a clear slip becomes one
    plain: frozenset[str]  # everyday words: neither names nor slips
    longest: int
    slips: dict[str, str] = dataclasses.field(compare=False, default_factory=dict)

    def ordinary(self, word: str) -> bool:
        """Tell whether a word, or what it is a form of, is an everyday one."""
        return word in self.plain or any(stem in self.plain for stem in stems(word))

    @functools.cached_property
    def families(self) -> frozenset[str]:
        """Return all families that words stand for."""
        return frozenset(entry.family for entry in self.software.values())


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """Names that reading knows besides the words of its data.

    ``software``: alias → ``(family, component)``; ``addons``: word → name in the catalogue; the
    others are names that exist at the site.
    """

    software: Mapping[str, tuple[str, str | None]] = dataclasses.field(default_factory=dict)
    addons: Mapping[str, str] = dataclasses.field(default_factory=dict)
    nodes: tuple[str, ...] = ()
    node_addresses: tuple[str, ...] = ()
    storages: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    guests: tuple[str, ...] = ()

    @functools.cached_property
    def words(self) -> Words:
        """Return the words of the data files with those of this vocabulary added."""
        if not (self.software or self.addons):
            return _builtin()
        addons = tuple(sorted(self.addons.items()))
        return _merged(tuple(sorted(self.software.items())), addons)


def stems(word: str) -> t.Iterator[str]:
    """Yield what a word may be a form of ("moved" → "move", "kleinerer" → "klein")."""
    for ending, others in load("words.yml")["endings"].items():
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 2:
            yield from (stem + other for other in others)
            if stem[-1] == stem[-2]:  # "stopped"
                yield stem[:-1]


def phrase(text: str) -> Phrase:
    """Return the words of a phrase as tokens have them (hyphens apart, French elisions too)."""
    apart = text.replace("-", " ")
    if "'" in apart:
        apart = _ELISION.sub(r"\1' ", apart)
    return tuple(_MARKS.sub(r" \1 ", apart).split())


def _phrases(table: Mapping[str, Mapping[str, Iterable[t.Any]]]) -> dict[Phrase, str]:
    found: dict[Phrase, str] = {}
    for meaning, entry in table.items():
        for word in entry["words"]:
            found.setdefault(phrase(str(word)), meaning)
    return found


@functools.lru_cache(maxsize=1)
def _builtin() -> Words:
    data, software = load("words.yml"), load("software.yml")
    names: dict[Phrase, Software] = {}
    for table, stack in (("families", False), ("stacks", True)):
        for family, aliases in software[table].items():
            names.update({phrase(str(a)): Software(family, None, stack) for a in aliases})
    for family, parts in software["parts"].items():
        for part, aliases in parts.items():
            names.update({phrase(str(alias)): Software(family, part) for alias in aliases})
    plain = frozenset(" ".join(load("plain.yml").values()).split())
    plain |= frozenset(software["not_typos"])
    plain |= frozenset(word for listed in data["languages"].values() for word in listed)
    concepts = {**_settings(), **_phrases(data["concepts"])}
    return _indexed(concepts, names, _phrases(data["drivers"]), plain)


def _settings() -> dict[Phrase, str]:
    """Return the words for settings of a guest, and those that turn one off."""
    found: dict[Phrase, str] = {}
    for name, entry in load("settings.yml")["settings"].items():
        for key, concept in (("words", "set"), ("denied", "unset")):
            found.update({phrase(str(w)): f"{concept}.{name}" for w in entry.get(key, ())})
    return found


def _indexed(
    concepts: Mapping[Phrase, str],
    software: Mapping[Phrase, Software],
    drivers: Mapping[Phrase, str],
    plain: frozenset[str],
) -> Words:
    phrases = [words for table in (concepts, software, drivers) for words in table]
    known = frozenset(word for words in phrases for word in words)
    meant = {word for table in (concepts, drivers) for words in table for word in words}
    by_length: dict[int, list[str]] = {}
    for word in sorted(known):
        if len(word) >= 5 and word.isalpha():
            by_length.setdefault(len(word), []).append(word)
    return Words(
        concepts=concepts,
        software=software,
        drivers=drivers,
        known=known,
        correctable={length: tuple(words) for length, words in by_length.items()},
        guarded=known - meant,
        plain=plain,
        longest=max(len(words) for words in phrases),
    )


def words_of(vocabulary: Vocabulary | None) -> Words:
    """Return the words of a vocabulary, or those of the data files alone."""
    return _builtin() if vocabulary is None else vocabulary.words


@functools.lru_cache(maxsize=8)
def _merged(
    names: tuple[tuple[str, tuple[str, str | None]], ...], addons: tuple[tuple[str, str], ...]
) -> Words:
    base = _builtin()
    software, concepts = dict(base.software), dict(base.concepts)
    for alias, (family, component) in names:
        words = phrase(alias.lower())
        ordinary = words in base.concepts or words in base.drivers or set(words) <= base.plain
        if words and not (len(words) == 1 and ordinary and words not in base.software):
            stack = words in software and software[words].stack
            software.setdefault(words, Software(family, component, stack))
            if not stack:
                software[words] = Software(family, component)
    for alias, name in addons:
        concepts.setdefault(phrase(alias.lower()), f"addon.{name}")
    return _indexed(concepts, software, base.drivers, base.plain)


#: Letters that stand for an umlaut or a sharp s ("fuer", "groesser").
_DIGRAPH = re.compile(r"([aou])e|(?<=s)s")


def corrected(word: str, words: Words) -> str:
    """Return the known word that ``word`` is a slip of, or ``word`` itself.

    Only words of five letters and more, with the same first letter, at distance one (two from
    nine letters on); a swap of neighbours counts as one.
    """
    ordinary = word in words.known or word in words.plain or is_number_word(word)
    spelled = _DIGRAPH.sub(r"\1", word)
    if not ordinary and spelled != word and (spelled in words.known or spelled in words.plain):
        return spelled
    if len(word) < 5 or not word.isascii() or not word.isalpha() or ordinary:
        return word
    known = words.slips.get(word)
    if known is None:
        if len(words.slips) >= MAX_SLIPS:
            words.slips.clear()
        known = words.slips[word] = _nearest(word, words)
    return known


def _nearest(word: str, words: Words) -> str:
    limit = 2 if len(word) >= 9 else 1
    best, fewest = word, limit + 1
    for length in range(len(word) - limit, len(word) + limit + 1):
        for candidate in words.correctable.get(length, ()):
            if word[0] != candidate[0] and word[1::-1] != candidate[:2]:
                continue
            slips = _distance(word, candidate, limit)
            swapped = sorted(word) == sorted(candidate)
            if candidate in words.guarded and not _clear_slip(word, candidate, slips):
                continue
            if len(word) == 5 and slips == 1 and not swapped and len(candidate) != 6:
                continue
            if slips < fewest:
                best, fewest = candidate, slips
    return best


def _clear_slip(word: str, name: str, slips: int) -> bool:
    """Tell whether a word is one slip away from a name, and not another word of its stem.

    "temporary" is not "temporal", "opened" is not "openedx": an end of its own is no slip, a
    swap, a doubled or a lost letter inside the word is one.
    """
    if slips > 1 or len(name) < 6:
        return False
    if sorted(word) == sorted(name) or word == name + name[-1]:
        return True
    shared = next((i for i, (a, b) in enumerate(zip(word, name, strict=False)) if a != b), None)
    return shared is not None and shared < min(len(word), len(name)) - 2


def _distance(left: str, right: str, limit: int) -> int:
    """Return the Damerau-Levenshtein distance (neighbour swaps count one), capped above limit."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        current = [i]
        for j, b in enumerate(right, 1):
            cost = min(row[j] + 1, current[j - 1] + 1, row[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > limit:
            return limit + 1
        before, row = row, current
    return row[-1]


def compound_stem(word: str, words: Words) -> int:
    """Return the length of the first part of a German compound of two known words, else 0."""
    if word in words.known:
        return 0
    for end in load("words.yml")["compounds"]:
        stem = word.removesuffix(end)
        if stem != word and {stem, stem.removesuffix("s")} & words.known:
            return len(stem)
    return 0


@functools.lru_cache(maxsize=1)
def _function_words() -> dict[str, frozenset[str]]:
    languages = load("words.yml")["languages"]
    return {name: frozenset(words) for name, words in languages.items()}


def detect(folded: str) -> t.Literal["en", "fr", "de"]:
    """Return the language with the most function words; English when nothing tells."""
    said = re.findall(r"[a-z]+", folded)
    listed = _function_words()
    best = max(listed, key=lambda name: (sum(word in listed[name] for word in said), name == "en"))
    return t.cast("t.Literal['en', 'fr', 'de']", best)
