# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model's statements speak for beyond their quotes.

A model quotes values; the verb and the plain nouns around them belong to what it says there. A
number, a name, software and a denial have to be quoted by what they are used for, with exceptions
that code can check itself: a sum of what is listed, a number that its sentence corrects, a number
that measures no machine beside a load, and a number in a remark that says something of its own.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
    Quote,
    Reading,
    Statement,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clauses import (
    sentences,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    function_words,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._matter import (
    matters,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._remainder import (
    uses,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._sentence import (
    Sentence,
    sentence,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import Token
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._words import (
    Vocabulary,
)

#: Words whose meaning is in the values and verbs of a statement.
SOFT = ("verb.", "noun.", "thing.", "role.", "part.", "unit.", "word.", "rel.", "scale.", "work.")
SOFT_CUES = ("cue.more", "cue.less", "cue.only", "cue.each", "cue.with", "cue.correction")
CLUSTERS = ("k3s", "cluster", "kubernetes", "server", "agent", "node")
CORRECTIONS = ("cue.correction", "cue.instead")
_COMMA = re.compile(r",(?!\d)|;|\n| - ")
_TITLE = re.compile(
    r"[\"\u201c\u201e\u00ab] ?[^\W\d][^\"\u201c-\u201e\u00ab\u00bb\n]{0,40}[\"\u201c\u201d\u00bb]"
)
#: Topics of which each statement is a disk of its own.
DISKS = ("disk_gib", "data_disk_gib")

Span = tuple[int, int]


def spoken_for(reading: Reading, vocabulary: Vocabulary, asked: t.Sequence[Question]) -> Reading:
    """Return the reading without the questions of words that its statements speak for.

    ``asked`` are the questions of the model itself; what else is open in the same sentence waits
    for their answer, too.
    """
    said = sentence(reading.text, vocabulary)
    waiting = [span for question in asked for span in _sentence_of(said.text, question.quote)]
    left = []
    aside = list(reading.aside)
    for question in reading.questions:
        opened = question.id.startswith("open.") and question not in asked
        if not opened or question.quote is None:
            left.append(question)
            continue
        start, end = question.quote.start or 0, question.quote.end or 0
        if any(low <= start < high for low, high in waiting):
            continue
        tokens = [
            token
            for index, token in enumerate(said.tokens)
            if token.start < end and token.end > start and matters(said, index)
        ]
        if not all(_spoken(token, reading.statements, said) for token in tokens):
            left.append(question)
        elif any(_only_remarked(token, reading.statements, said) for token in tokens):
            aside.append(question.quote)
    failed = any(finding.severity == "error" for finding in reading.findings)
    return reading.model_copy(
        update={
            "questions": tuple(left),
            "aside": tuple(dict.fromkeys(aside)),
            "closed": not failed and not left,
        }
    )


def _sentence_of(text: str, quote: Quote | None) -> t.Iterator[Span]:
    if quote is not None and quote.start is not None:
        for start, end in sentences(text):
            if start < (quote.end or 0) and end > quote.start:
                yield start, end


def _spoken(token: Token, statements: t.Sequence[Statement], said: Sentence) -> bool:
    if token.kind == "num":
        index = said.tokens.index(token)
        return (
            any(uses(statement, said, index) for statement in statements)
            or _is_sum(token, statements)
            or _is_beside_load(index, statements, said)
            or _is_again(token, statements, said)
            or _corrected(token, statements, said)
            or _remarked(token, statements, said)
            or _is_told_apart(token, statements, said)
            or _in_a_title(token, statements, said.text)
        )
    if any(_covers(statement, token.start, token.end) for statement in statements):
        return True
    if token.has("cue.correction"):  # the numbers around it are looked at on their own
        return True
    start, end = _part(token, said)
    if not any(_covers(statement, start, end) for statement in statements):
        return False
    if token.has("addon."):
        return not _of_cluster(statements)
    return token.has(*SOFT, *SOFT_CUES) or _quoted_elsewhere(token, statements, said)


def _of_cluster(statements: t.Sequence[Statement]) -> bool:
    """Tell whether a reading is of a cluster: only that has add-ons."""
    return any(
        statement.kind == "change"
        or statement.topic == "addon"
        or (statement.topic == "thing" and statement.value in CLUSTERS)
        for statement in statements
    )


def _quoted_elsewhere(token: Token, statements: t.Sequence[Statement], said: Sentence) -> bool:
    """Tell whether the same software or name is quoted where it stands another time."""
    if token.software is None and not token.name:
        return False
    return any(
        other is not token
        and (
            other.word == token.word
            or (other.software is not None and other.software == token.software)
        )
        for statement in statements
        if statement.kind != "remark"
        for other in said.within(statement.quote.start or 0, statement.quote.end or 0)
    )


def _covers(statement: Statement, start: int, end: int) -> bool:
    quote = statement.quote
    return (quote.start or 0) < end and (quote.end or 0) > start


def _part(token: Token, said: Sentence) -> Span:
    """Return the part of a sentence between commas that a token stands in."""
    low, high = said.around(token)
    for comma in _COMMA.finditer(said.text, low, high):
        if comma.end() <= token.start:
            low = comma.end()
        elif comma.start() >= token.end:
            return low, comma.start()
    return low, high


def _is_told_apart(token: Token, statements: t.Sequence[Statement], said: Sentence) -> bool:
    """Tell whether "einer der beiden" is said of one of so many."""
    return any(
        s.topic == "count"
        and s.value == 1
        and _covers(s, token.start, token.end)
        and all(k.kind != "num" or k is token for k in _inside(s, said))
        for s in statements
    )


def _inside(statement: Statement, said: Sentence) -> list[Token]:
    return said.within(statement.quote.start or 0, statement.quote.end or 0)


def _in_a_title(token: Token, statements: t.Sequence[Statement], text: str) -> bool:
    """Tell whether a number stands in quotation marks after a word, and a statement quotes them."""
    return any(
        found.start() < token.start < found.end()
        and any(_covers(s, *found.span()) and (s.quote.end or 0) >= token.end for s in statements)
        for found in _TITLE.finditer(text)
    )


def _is_sum(token: Token, statements: t.Sequence[Statement]) -> bool:
    """Tell whether a number is how many machines, or disks of one, the listed ones are in all."""
    counts: dict[str, float] = {}
    disks: dict[str, set[float]] = {}
    for statement in statements:
        if statement.kind != "wish" or not statement.thing:
            continue
        counts.setdefault(statement.thing, 1.0)
        if statement.topic == "count" and isinstance(statement.value, (int, float)):
            counts[statement.thing] = float(statement.value)
        if statement.topic in DISKS and isinstance(statement.value, (int, float)):
            disks.setdefault(statement.thing, set()).add(float(statement.quote.start or 0))
    several = len(counts) > 1 and sum(counts.values()) == token.value
    return several or any(len(own) == token.value > 1 for own in disks.values())


def _is_beside_load(index: int, statements: t.Sequence[Statement], said: Sentence) -> bool:
    """Tell whether a number stands in the words of a load: one of a sum, or of no machine's unit.

    "50 + 30 users", "two of them transcoding 4K".
    """
    token = said.tokens[index]
    following = said.tokens[index + 1 : index + 2]
    sized = any(k.mib is not None or k.has("unit.", "noun.", "thing.", "role.") for k in following)
    for statement in statements:
        if statement.topic == "driver" and _covers(statement, token.start, token.end):
            quoted = said.within(statement.quote.start or 0, statement.quote.end or 0)
            numbers = [other.value for other in quoted if other.kind == "num"]
            if sum(numbers) == statement.value or (not sized and len(numbers) > 1):
                return True
    return False


def _is_again(token: Token, statements: t.Sequence[Statement], said: Sentence) -> bool:
    """Tell whether "the two servers" says the number of machines another time."""
    index = said.tokens.index(token)
    before = said.tokens[index - 1].word if index else ""
    return before in function_words()["said_again"] and any(
        statement.topic == "count" and statement.value == token.value for statement in statements
    )


def said_elsewhere(
    statements: t.Iterable[Statement], text: str, vocabulary: Vocabulary
) -> t.Iterator[Statement]:
    """Yield statements with the words that "it" and "another one" stand for as their quotes.

    The words that were quoted are kept as a remark.
    """
    said = sentence(text, vocabulary)
    for statement in statements:
        moved = _named_quote(statement, said)
        if moved is None:
            yield statement
        else:
            yield statement.model_copy(update={"quote": moved})
            yield Statement(kind="remark", topic="text", quote=statement.quote)


def _named_quote(statement: Statement, said: Sentence) -> Quote | None:
    if statement.topic not in ("software", "addon") or statement.kind == "remark":
        return None
    named = [token for token in said.tokens if _is_named(token, statement)]
    start = statement.quote.start
    if start is None or not named:
        return None
    quoted = said.within(start, start + len(statement.quote.text))
    if any(token in quoted for token in named):
        return None
    first = named[0]
    return Quote(text=said.text[first.start : first.end], start=first.start)


def _is_named(token: Token, statement: Statement) -> bool:
    value = str(statement.value)
    if statement.topic == "addon" and token.concept == f"addon.{value}":
        return True
    return token.software is not None and token.software.family == value


def _corrected(token: Token, statements: t.Sequence[Statement], said: Sentence) -> bool:
    """Tell whether a remark sets a number aside that another one takes the place of."""
    if not any(_covers(s, token.start, token.end) for s in statements if s.kind == "remark"):
        return False
    low, high = said.around(token)
    around = said.within(max(0, low - 1), min(len(said.text), high + 40))
    if not any(other.has(*CORRECTIONS) for other in around):
        return False
    return any(
        s.kind in ("wish", "change") and isinstance(s.value, (int, float)) and s.value is not True
        for s in statements
    )


def _only_remarked(token: Token, statements: t.Sequence[Statement], said: Sentence) -> bool:
    remarked = token.kind == "num" and _remarked(token, statements, said)
    return remarked and not _corrected(token, statements, said)


def _remarked(token: Token, statements: t.Sequence[Statement], said: Sentence) -> bool:
    """Tell whether a remark holds a number and says something of its own.

    So may another remark of the same number: "800 GB … the 800 were the size of my server".
    """
    spoken = [
        statement
        for statement in statements
        if statement.kind == "remark" and _covers(statement, token.start, token.end)
    ]
    if any(_says_something(statement, said) for statement in spoken):
        return True
    return bool(spoken) and any(
        other.kind == "num" and other.value == token.value and _says_something(statement, said)
        for statement in statements
        if statement.kind == "remark"
        for other in said.within(statement.quote.start or 0, statement.quote.end or 0)
    )


def _says_something(remark: Statement, said: Sentence) -> bool:
    """Tell whether a remark has a word beside numbers, their nouns and units, and small words."""
    small = frozenset().union(*function_words().values())
    return any(
        other.kind == "word"
        and len(other.word) > 1
        and other.word not in small
        and not other.has("noun.", "unit.", "cue.", "thing.", "role.")
        and other.mib is None
        for other in said.within(remark.quote.start or 0, remark.quote.end or 0)
    )
