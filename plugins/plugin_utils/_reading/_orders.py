# SPDX-License-Identifier: GPL-3.0-or-later
"""A text that changes what is there into pieces: orders, bare nouns beside them, and talk."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import (
    Chunk,
    chunks,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clauses import (
    sentences,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clean import fold
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    function_words,
    load,
    spoken,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._numbers import (
    numerals,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._pointing import (
    Pointer,
    pointer,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import Token

Kind = t.Literal["order", "bare", "talk"]
NOUNS = ("head", "name")
DIMENSIONS = {"noun.memory": "memory_mib", "noun.disk": "disk_gib", "unit.core": "cores"}
FACTORS = {"rel.twice": 2.0, "rel.triple": 3.0, "rel.half": 0.5}
MORE = ("cue.more", "cue.larger", "cue.less")
DENIALS = ("cue.not", "cue.off", "word.not_needed", "cue.only")
#: Verbs that change nothing by themselves.
PASSIVE = ("verb.create", "verb.keep")
#: Literals that are a value wherever they stand; a node only where something goes to it.
VALUES = ("version", "storage", "bridge", "vlan", "pool", "os", "tag")


@functools.lru_cache(maxsize=16)
def words(name: str) -> frozenset[str]:
    """Return a closed class of words of changes."""
    return spoken(load("changes.yml")[name])


@functools.lru_cache(maxsize=1)
def _patterns() -> dict[str, re.Pattern[str]]:
    data = load("changes.yml")
    return {
        name: re.compile("|".join(entry["pattern"] for entry in data[name]))
        for name in ("openers", "conditions", "polite", "tells", "done", "asks", "please", "same")
    }


def is_name(chunk: Chunk) -> bool:
    """Tell whether a chunk is written like a name of a machine."""
    return chunk.kind == "name" or (chunk.kind == "literal" and chunk.what == "name")


@dataclasses.dataclass
class Piece:
    """Words between two separators; ``tokens`` are those of its whole sentence."""

    chunks: list[Chunk]
    tokens: list[Token]
    opening: Chunk | None = None  # the separator before it
    kind: Kind = "order"
    excepted: bool = False  # "except A and B"
    reason: bool = False  # opened by "because", "if", "since"
    condition: bool = False  # opened by "if", "as soon as"
    fragment: bool = False  # no clause of its own: what it says may belong to the order beside it
    unknown: str = ""  # a word that stands in a list with an order and is nothing known

    def cues(self, *concepts: str) -> list[Chunk]:
        """Return the chunks with one of the concepts."""
        return [chunk for chunk in self.chunks if chunk.has(*concepts)]

    def of(self, kind: str) -> list[Chunk]:
        """Return the chunks of a kind."""
        return [chunk for chunk in self.chunks if chunk.kind == kind]

    def inside(self) -> list[Token]:
        """Return the tokens of its chunks."""
        return [token for c in self.chunks for token in self.tokens[c.start : c.end]]

    def words(self) -> set[str]:
        """Return the words that are said."""
        return {word for token in self.inside() for word in token.word.split()}

    def said(self, chunk: Chunk) -> str:
        """Return the words of one chunk."""
        return " ".join(token.word for token in self.tokens[chunk.start : chunk.end])

    def dimensions(self) -> list[str]:
        """Return the sizes that are named without a number."""
        disks = [t_ for t_ in self.inside() if t_.driver == "disks"]
        named = [DIMENSIONS[c.what] for c in self.chunks if c.what in DIMENSIONS]
        return named + ["disk_gib"] * bool(disks and "disk_gib" not in named)

    def follows(self) -> bool:
        """Tell whether it is said to follow from what was told before ("…, so give it 8 GB")."""
        first = [self.opening] if self.opening else []
        said = [c for c in (*first, self.chunks[0]) if not c.has("cue.with")]
        return any(self.said(chunk) in words("therefore") for chunk in said)

    def nouns(self) -> list[Chunk]:
        """Return what may name machines."""
        return [c for c in self.chunks if c.kind == "head" or is_name(c)]

    def content(self) -> list[Chunk]:
        """Return the words that are neither nouns nor small words around them."""
        closed = function_words()
        small = closed["determiners"] | closed["pronouns"] | words("before_nouns")
        small |= words("pronouns") | words("everything")
        return [c for c in self.of("word") if self.said(c) not in small]

    def pointer(self) -> Pointer | None:
        """Return what points at machines without naming them ("the other one")."""
        return pointer(self.tokens, self.chunks)

    def verbs(self) -> list[Chunk]:
        """Return the verbs that change something."""
        points = self.pointer()  # "die andere" is no "ändere"
        found = [c for c in self.cues("verb.") if not c.has(*PASSIVE)]
        return [c for c in found if points is None or c is not points.chunk]

    def values(self) -> list[Chunk]:
        """Return what says to what, or by how much, something shall change."""
        found = self.of("size") + self.cues(*FACTORS) + self.next_one()
        if self.cues(*MORE, "verb.increase", "verb.decrease", "cue.by"):
            found += self.cues("unit.percent")
        found += [c for c in self.of("literal") if c.what in VALUES or self.is_place(c)]
        found += [c for c in self.of("flag") if c.has("addon.", "ha", "cni.", "word.single_node")]
        found += [c for c in self.of("head") if c.count is not None and c.count_at is not None]
        points = self.pointer()
        numbers = [c for c in self.of("number") if points is None or c is not points.chunk]
        found += [c for c in numbers if self.counts(c)]
        return found

    def is_for(self, place: int) -> bool:
        """Tell whether a number goes on for another machine ("16 GB for X, *8 for Y*")."""
        after = [c for c in self.chunks[place + 1 :] if c.kind != "word"]
        noun = any(c.kind == "head" or is_name(c) for c in after[1:2])
        return self.opening is not None and noun and after[0].has("cue.for")

    def counts(self, number: Chunk) -> bool:
        """Tell whether a bare number is a size to set, or how many more there shall be."""
        place = self.chunks.index(number)
        before, after = self.chunks[:place][-1:], self.chunks[place + 1 :][:1]
        rest = [c for c in self.chunks if not c.has("verb.", "cue.with", "filler")]
        alone = all(c.kind in ("word", "number", "mark") for c in rest)
        nouns = [c for c in after if c.kind == "word" and self.said(c) not in words("behind")]
        if (alone and not nouns) or self.words() & words("enough"):  # "make 16 of it", "4 will do"
            return True
        more = [c for c in (*before, *after) if c.has("cue.more")]
        more += [number] if sign(self.tokens, number.start) else []
        if more or any(map(self.leads, before)) or self.is_for(place):
            return True
        points = self.pointer()  # "…, the other one 6"
        noun = any(c.kind == "head" or is_name(c) or (points and c is points.chunk) for c in before)
        return noun and not after and self.opening is not None and not self.verbs()

    def leads(self, chunk: Chunk) -> bool:
        """Tell whether a chunk is the "to" before a number or a host."""
        return chunk.has("cue.to") or self.said(chunk) in words("directions")

    def next_one(self) -> list[Chunk]:
        """Return what says that there shall be one more ("a fourth node")."""
        articles, found = numerals().articles, []
        for chunk in self.cues("word.second"):
            before = " ".join(token.word for token in self.tokens[: chunk.start][-1:])
            if articles & {*before.split()[-1:], *self.said(chunk).split()[:1]}:
                found.append(chunk)
        return found

    def is_place(self, literal: Chunk) -> bool:
        """Tell whether something shall go to a node."""
        if literal.what != "node":
            return False
        if self.goes_to(literal):
            return True
        others = [c for c in self.of("literal") if c is not literal and c.what == "node"]
        return bool(self.cues("verb.move")) and not any(map(self.goes_to, others))

    def goes_to(self, literal: Chunk) -> bool:
        """Tell whether a preposition of direction stands before a host."""
        at = literal.start
        words_ = self.said(literal).split()
        before = self.tokens[at - 1] if at else None
        lead = words_[0] if len(words_) > 1 else before.word if before is not None else ""
        if lead in words("places"):  # "auf pve2": there, or to it
            named = self.nouns() or self.words() & words("everything")
            return bool(self.cues("verb.move") or (named and not self.of("size")))
        return lead in words("directions") or (before is not None and before.has("cue.to"))

    def likens(self) -> int | None:
        """Return the index behind the words that make something as large as another thing."""
        for at, token in enumerate(self.inside()):
            if token.has("rel.same") or token.word in words("like"):
                return at + 1
        inside = self.inside()
        said = " ".join(token.word for token in inside)
        found = _patterns()["same"].search(said)
        return None if found is None else len(said[: found.end()].split())

    def says(self) -> bool:
        """Tell whether something in it can be an order."""
        named = bool(self.nouns() or self.dimensions() or self.of("flag"))
        named = named or bool(self.words() & words("pronouns") or self.pointer())
        return bool(
            self.values()
            or self.verbs()
            or self.cues("verb.keep")
            or (self.cues(*MORE) and named)
            or (self.cues("cue.instead", "verb.replace", "noun.swap") and self.of("head"))
            or (self.of("number") and self.dimensions())
            or (self.cues(*DENIALS) and (self.nouns() or self.of("flag") or self.pointer()))
            or self.cues("verb.create")
        )


def pieces(text: str, tokens: list[Token]) -> list[list[Piece]]:
    """Return the pieces of each sentence of a text."""
    folded = fold(text)
    result = []
    for start, end in sentences(text):
        inside = [token for token in tokens if start <= token.start < end]
        if inside:
            found = _split(folded, inside, chunks(inside))
            for piece in found:
                piece.kind = "talk" if piece.kind == "talk" else _kind(folded, piece)
            for piece, after in itertools.pairwise(found):
                if after.kind == "order" and after.follows() and not piece.verbs():
                    piece.kind = "talk"  # "web1 is at 100 % CPU, so give it 4 cores"
            result.append(found)
    told = [piece for found in result for piece in found]
    if not any(piece.kind == "order" for piece in told):
        for piece in told:  # nothing else is said: a remark may be meant as an order
            if piece.kind == "talk" and piece.says() and not _opens(folded, piece):
                piece.kind = "order"
    return result


def talk(text: str, tokens: list[Token]) -> list[tuple[int, int]]:
    """Return the places of what orders nothing."""
    return [
        (piece.inside()[0].start, piece.inside()[-1].end)
        for found in pieces(text, tokens)
        for piece in found
        if piece.kind == "talk"
    ]


def _text(folded: str, piece: Piece) -> str:
    inside = piece.inside()
    return folded[inside[0].start : inside[-1].end]


def _opens(folded: str, piece: Piece) -> bool:
    found = _text(folded, piece)
    begins = (_patterns()[name].match(found) for name in ("openers", "conditions"))
    return any(begins) or bool(_patterns()["done"].search(found))


def _kind(folded: str, piece: Piece) -> Kind:
    """Tell what a piece is by its own words."""
    patterns, said = _patterns(), _text(folded, piece)
    if piece.excepted:
        return "order"
    if patterns["done"].search(said):
        return "talk"
    if piece.cues("deed."):
        return "order"  # nothing here does it, so it is asked about
    tells = patterns["tells"].search(said)
    asked = patterns["asks"].search(said)
    please = patterns["please"].search(said)
    if not piece.says() and please and (piece.nouns() or piece.of("flag")) and not tells:
        return "order"
    if not piece.says():
        short = len(piece.chunks) <= 6 and not (piece.of("number") or piece.of("load"))
        piece.fragment = not tells
        return "bare" if short and not tells and len(piece.content()) < 2 else "talk"
    meant = piece.verbs() or piece.cues("verb.keep", "word.not_needed", "cue.off")
    return "talk" if tells and not meant and not asked else "order"


def _split(folded: str, tokens: list[Token], found: list[Chunk]) -> list[Piece]:
    """Cut the chunks of a sentence at its separators, and before what opens talk."""
    low, high = tokens[0].start, tokens[-1].end
    begins, conditions, polite = (
        {low + found.start() for found in _patterns()[name].finditer(folded[low:high])}
        for name in ("openers", "conditions", "polite")
    )
    result: list[Piece] = [Piece([], tokens)]
    taken = 0
    for place, chunk in enumerate(found):
        if place < taken:
            continue
        last = result[-1]
        at = tokens[chunk.start].start
        if at in conditions or (at in begins and not chunk.has("verb.", "cue.instead")):
            result.append(Piece([chunk], tokens, last.opening, kind="talk", reason=True))
            result[-1].condition = at in conditions - polite
        elif (taken := _excepted(last, found, place)) > place:
            result.insert(len(result) - 1, Piece(found[place:taken], tokens, chunk, excepted=True))
        elif _separates(tokens, found, place):
            ordered = any(c.has("verb.") for c in found[place + 1 :][:1])
            goes_on = last.kind == "talk" and chunk.has("cue.and", "cue.but", "cue.or")
            goes_on = goes_on and not ordered
            kind: Kind = "talk" if goes_on else "order"
            result.append(Piece([], tokens, chunk, kind, reason=goes_on))
        elif _begins_next(last, found, place):
            result.append(Piece([chunk], tokens, last.opening))
        else:
            last.chunks.append(chunk)
    return [piece for piece in result if piece.chunks]


def _begins_next(last: Piece, found: list[Chunk], place: int) -> bool:
    """Tell whether one more pair of a noun and its size begins ("web1 8 GB *web2* 6 GB")."""
    chunk = found[place]
    ahead = list(itertools.takewhile(lambda c: c.kind != "mark", found[place + 1 :]))
    if chunk.has("verb.keep") and last.values() and last.nouns():
        return any(c.kind == "head" or is_name(c) for c in ahead)  # "3 masters *leave* the workers"
    sizes, nouns = last.of("size"), last.nouns()
    if not sizes or not nouns:
        return False
    rest = []
    for other in found[place:]:
        if other.kind == "mark" or other.has("cue.and", "cue.but"):
            break
        rest.append(other)
    if nouns[0].start < sizes[0].start:
        noun = chunk.kind == "head" or is_name(chunk)
        return noun and any(c.kind == "size" for c in rest[1:])
    return chunk.kind == "size" and any(c.kind == "head" or is_name(c) for c in rest[1:])


def _separates(tokens: list[Token], found: list[Chunk], place: int) -> bool:
    chunk, token = found[place], tokens[found[place].start]
    following = tokens[chunk.end] if chunk.end < len(tokens) else None
    if token.word in words("therefore") and not chunk.has("cue.with"):
        return place > 0
    if sign(tokens, chunk.end):
        return False
    if chunk.has("cue.and", "cue.but"):
        return True
    if chunk.kind != "mark":
        return False
    if chunk.what == ":":
        label = place > 0 and found[place - 1].what in DIMENSIONS
        return not (label and following is not None and following.kind == "num")
    spaced = following is None or not following.glued
    return chunk.what in ",;()" or (chunk.what == "-" and spaced)


def sign(tokens: list[Token], number: int) -> int:
    """Return 1 or -1 when a sign stands directly before the number at an index ("+2 agents")."""
    if not 0 < number < len(tokens) or tokens[number].kind != "num" or not tokens[number].glued:
        return 0
    if tokens[number - 1].glued:
        return 0
    return {"+": 1, "-": -1}.get(tokens[number - 1].word, 0)


def _excepts(last: Piece, found: list[Chunk], place: int) -> int:
    """Return the index behind the words that begin an exception, ``place`` where none does."""
    every = last.words() & words("everything") and last.nouns() and only(last, "word", "head")
    if every and found[place].has("cue.but"):  # "every machine *but* db1"
        return place + 1
    for at in range(min(place + 4, len(found) - 1), place, -1):
        said = last.tokens[found[place].start : found[at - 1].end]
        if " ".join(token.word for token in said) in words("exceptions"):
            return at
    return place


def _excepted(last_: Piece, found: list[Chunk], place: int) -> int:
    """Return where an exception that begins at ``place`` ends ("all *except A and B* get 8 GB")."""
    begins = last = at = _excepts(last_, found, place)
    if begins == place:
        return place
    while at < len(found):
        chunk = found[at]
        named = chunk.kind == "head" or is_name(chunk) or chunk.what in DIMENSIONS
        if named and chunk.count is None:
            last = at + 1
        elif not (chunk.kind == "word" or chunk.has("cue.and", "cue.or", "cue.of", "cue.for")):
            if not (chunk.what == "," and last == at):
                break
        elif chunk.kind == "word" and last > begins:
            break
        at += 1
    return last if last > begins else place


def only(piece: Piece, *kinds: str) -> bool:
    """Tell whether a piece holds chunks of some kinds alone."""
    return all(chunk.kind in kinds for chunk in piece.chunks)
