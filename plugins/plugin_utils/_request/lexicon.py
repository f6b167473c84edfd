# SPDX-License-Identifier: GPL-3.0-or-later
"""The closed vocabulary of reading: phrases to concepts, names of software, typo correction."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t
from collections.abc import Iterable, Mapping
from pathlib import Path

HERE = Path(__file__).parent
Phrase = tuple[str, ...]
MAX_SLIPS = 4096


@dataclasses.dataclass(frozen=True)
class Software:
    """What a name of software stands for."""

    family: str
    component: str | None = None
    kind: t.Literal["vm", "app"] = "app"
    stack: bool = False  # a language or framework: part of an application, never asked for alone
    store: bool = False  # keeps the data of other software
    forge: bool = False  # keeps source code and lets runners build it
    builds: bool = False  # a build server with agents of its own


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """Names that reading knows besides the built-in words.

    ``software``: alias → ``(family, component)``; the others are names that exist at the site.
    """

    software: Mapping[str, tuple[str, str | None]] = dataclasses.field(default_factory=dict)
    nodes: tuple[str, ...] = ()
    storages: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    guests: tuple[str, ...] = ()
    addons: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Lexicon:
    """Everything that tokens are looked up in."""

    concepts: Mapping[Phrase, str]
    software: Mapping[Phrase, Software]
    drivers: Mapping[Phrase, str]
    operating_systems: tuple[str, ...]
    known_words: frozenset[str]
    correctable: Mapping[int, tuple[str, ...]]  # by length
    not_typos: frozenset[str]  # ordinary words, no slips of others
    guarded: frozenset[str]  # names of software: only a clear slip is corrected to one
    compounds: tuple[str, ...]  # ends of German compounds
    system_aliases: Mapping[str, str]
    rhythms: Mapping[str, str]  # how often backups are made → calendar event
    longest: int
    languages: Mapping[str, frozenset[str]]  # function words
    slips: dict[str, str] = dataclasses.field(compare=False)  # words already looked at
    literal_cues: frozenset[str]  # words that literals are found by
    naming_cues: frozenset[str]  # what follows one of these is a name
    not_a: Mapping[str, frozenset[str]]  # words that are no add-on, purpose or name in its place
    presence: frozenset[str]  # words that may stand between people and "at once"
    in_lists: Mapping[str, str]  # everyday word → family, only in a list of software
    build_servers: frozenset[str]  # families whose build agents run on machines of their own
    renamed: Mapping[str, Mapping[str, str]]  # family → driver as read → driver of its knowledge

    def components(self, family: str) -> frozenset[str]:
        """Return the known components of a family."""
        entries = self.software.values()
        return frozenset(e.component for e in entries if e.family == family and e.component)


def read_data(name: str) -> dict[str, t.Any]:
    """Return a data file beside this module."""
    import yaml

    loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((HERE / name).read_text(encoding="utf-8"), Loader=loader)  # noqa: S506


def _phrase(text: str) -> Phrase:
    apart = re.sub(r"\b([dlnjcmst]|qu)'(?=\w)", r"\1' ", text.replace("-", " "))
    return tuple(apart.split())


def _phrases(table: Mapping[str, Iterable[t.Any]]) -> dict[Phrase, str]:
    found: dict[Phrase, str] = {}
    for meaning, phrases in table.items():
        for phrase in phrases:
            found.setdefault(_phrase(str(phrase)), meaning)
    return found


def _software(data: Mapping[str, t.Any]) -> dict[Phrase, Software]:
    found: dict[Phrase, Software] = {}
    for family, entry in data["families"].items():
        kind, stack, store = entry["as"], bool(entry.get("stack")), family in data["stores"]
        forge, builds = family in data["forges"], family in data["build_servers"]
        for alias in entry["aliases"]:
            found[_phrase(str(alias))] = Software(family, None, kind, stack, store, forge, builds)
        for component, aliases in entry.get("parts", {}).items():
            for alias in aliases:
                found[_phrase(str(alias))] = Software(family, component, kind, store=store)
    return found


@functools.lru_cache(maxsize=1)
def builtin() -> Lexicon:
    """Return the lexicon of the data files beside this module."""
    words, software = read_data("lexicon.yml"), read_data("software.yml")
    everyday = frozenset(" ".join(read_data("plain.yml").values()).split())
    concepts, names = _phrases(words["concepts"]), _software(software)
    drivers = _phrases(words["drivers"])
    known, correctable, longest = _indexed(concepts, names, drivers)
    return Lexicon(
        concepts=concepts,
        software=names,
        drivers=drivers,
        operating_systems=tuple(sorted(software["operating_systems"], key=len, reverse=True)),
        known_words=known,
        correctable=correctable,
        not_typos=frozenset(software["not_typos"]) | everyday,
        guarded=_guarded(concepts, names, drivers),
        compounds=tuple(words["compounds"]),
        system_aliases=software["system_aliases"],
        rhythms=words["rhythms"],
        longest=longest,
        literal_cues=frozenset(words["literal_cues"]),
        naming_cues=frozenset(words["naming_cues"]),
        not_a={name: frozenset(listed) for name, listed in words["not_a"].items()},
        presence=frozenset(words["presence"]),
        in_lists=software["in_lists"],
        build_servers=frozenset(software["build_servers"]),
        renamed=software["renamed_drivers"],
        slips={},
        languages={name: frozenset(entry) for name, entry in words["languages"].items()},
    )


def _indexed(
    *tables: Mapping[Phrase, t.Any],
) -> tuple[frozenset[str], dict[int, tuple[str, ...]], int]:
    """Return all words, those that slips are corrected to by length, and the longest phrase."""
    phrases = [phrase for table in tables for phrase in table]
    known = frozenset(word for phrase in phrases for word in phrase)
    by_length: dict[int, list[str]] = {}
    for word in sorted(known):
        if len(word) >= 5 and word.isalpha():
            by_length.setdefault(len(word), []).append(word)
    correctable = {length: tuple(words) for length, words in by_length.items()}
    return known, correctable, max(len(phrase) for phrase in phrases)


def _guarded(
    concepts: Mapping[Phrase, str],
    software: Mapping[Phrase, Software],
    drivers: Mapping[Phrase, str],
) -> frozenset[str]:
    """Return the words that occur in names of software only."""
    meant = {word for table in (concepts, drivers) for phrase in table for word in phrase}
    return frozenset(word for phrase in software for word in phrase) - meant


def load(vocabulary: Vocabulary | None) -> Lexicon:
    """Return the built-in lexicon, with the software of ``vocabulary`` added."""
    base = builtin()
    if vocabulary is None or not vocabulary.software:
        return base
    return _merged(tuple(sorted(vocabulary.software.items())))


@functools.lru_cache(maxsize=8)
def _merged(names: tuple[tuple[str, tuple[str, str | None]], ...]) -> Lexicon:
    base = builtin()
    kinds = {entry.family: entry for entry in base.software.values()}
    software = dict(base.software)
    for alias, (family, component) in names:
        phrase = _phrase(alias.lower())
        if not phrase or (len(phrase) == 1 and phrase in base.concepts and len(phrase[0]) < 4):
            continue
        like = software.get(phrase) or kinds.get(family)
        software[phrase] = (
            dataclasses.replace(like, family=family, component=component)
            if like
            else Software(family, component, builds=family in base.build_servers)
        )
    known, correctable, longest = _indexed(base.concepts, software, base.drivers)
    return dataclasses.replace(
        base,
        software=software,
        known_words=known,
        correctable=correctable,
        longest=longest,
        guarded=_guarded(base.concepts, software, base.drivers),
        slips={},
    )


def corrected(word: str, lexicon: Lexicon) -> str:
    """Return the known word that ``word`` is a slip of, or ``word`` itself.

    Only words of five letters and more, with the same first letter, at distance one (two from
    nine letters on); a swap of neighbours counts as one.
    """
    if (
        len(word) < 5
        or not word.isascii()
        or not word.isalpha()
        or word in lexicon.known_words
        or word in lexicon.not_typos
    ):
        return word
    known = lexicon.slips.get(word)
    if known is None:
        if len(lexicon.slips) >= MAX_SLIPS:
            lexicon.slips.clear()
        known = lexicon.slips[word] = _nearest(word, lexicon)
    return known


def _nearest(word: str, lexicon: Lexicon) -> str:
    limit = 2 if len(word) >= 9 else 1
    best, fewest = word, limit + 1
    for length in range(len(word) - limit, len(word) + limit + 1):
        for candidate in lexicon.correctable.get(length, ()):
            if not _same_start(word, candidate):
                continue
            slips = distance(word, candidate, limit)
            swapped = sorted(word) == sorted(candidate)
            if candidate in lexicon.guarded and not _clear_slip(word, candidate, slips):
                continue
            if len(word) == 5 and slips == 1 and not swapped and len(candidate) != 6:
                continue
            if slips < fewest:
                best, fewest = candidate, slips
    return best


def compound_stem(word: str, lexicon: Lexicon) -> int:
    """Return the length of the first part of a German compound of two known words, else 0."""
    if word in lexicon.known_words:
        return 0
    for end in lexicon.compounds:
        stem = word.removesuffix(end)
        if stem != word and {stem, stem.removesuffix("s")} & lexicon.known_words:
            return len(stem)
    return 0


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


def _same_start(word: str, candidate: str) -> bool:
    return word[0] == candidate[0] or word[1::-1] == candidate[:2]


def distance(left: str, right: str, limit: int) -> int:
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
