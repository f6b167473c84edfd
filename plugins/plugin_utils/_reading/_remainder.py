# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of a sentence: words that matter and belong to no statement are asked about."""

from __future__ import annotations

import math
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
    Quote,
    Statement,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    function_words,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._matter import (
    is_strange,
    is_unknown,
    like_a_name,
    matters,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._numbers import (
    numerals,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._orders import talk
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._sentence import (
    LITERALS,
    TOLERANCE,
    Sentence,
    amounts,
    quoted,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._slots import (
    can_be_a_thing,
    ends_a_noun,
    stands_apart,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._told import told

Span = tuple[int, int]
#: A quote longer than this does not account for all of its words.
MAX_COVER = 80
_MARKS = frozenset({",", ";", ".", ":", "(", ")", "!", "?", "\n"})
_SMALL = ("cue.", "verb.", "rel.", "scale.", "work.", "word.")
_IDLE = ("cue.not", "cue.off", "cue.only", "cue.instead", "verb.")
#: What can be planned: a small word without any of it in its part changes nothing.
_THINGS = (
    *("thing.", "role.", "part.", "addon.", "cni.", "ha", "noun.memory", "noun.disk"),
    *("noun.datadisk", "unit.core", "unit.gpu", "cue.instead", "cue.correction"),
)
_PLANNED = (*_THINGS, "env.", "set.", "unset.")
#: A size without a number is no order; with one of these beside it, it may be.
_SIZES = ("noun.memory", "noun.disk", "unit.core")
_MORE = (
    "cue.more",
    "cue.less",
    "cue.larger",
    "cue.not",
    "rel.",
    "scale.",
    "word.several",
    "verb.increase",
)


def remainder(
    said: Sentence, kept: t.Iterable[Statement], aside: list[Quote], asked: t.Iterable[Question]
) -> tuple[list[Question], list[Quote]]:
    """Return a question for each group of words that matter and belong to nothing.

    What can change no machine, and links, mail addresses and secrets, is set aside.
    """
    kept = list(kept)
    changes = any(statement.kind == "change" for statement in kept)
    ordered = changes or any(s.kind == "wish" and s.thing for s in kept)
    single = not changes and _is_one_machine(kept)
    sized = not changes and (single or _all_sized(kept))

    def changes_nothing(index: int) -> bool:
        if said.tokens[index].lit("url", "mail", "secret", "port", "reference", "path"):
            return True
        if not changes and (_moves_here(said, index) or _is_idle(said, index, single)):
            return True
        word = said.tokens[index]
        beside = said.within(*said.around(word))
        if ordered and stands_apart(beside, word, said.language):
            return True
        if single and _measures_nothing(said, index):
            return True
        called = sized and _is_only_called(said, index, single=single)
        return called or _is_harmless(said, index)

    open_spans = [_span(q) for q in aside]
    open_spans += [_span(q.quote) for q in asked if q.quote is not None]
    set_aside: list[Quote] = []
    groups: list[list[int]] = []
    for index in _uncovered(said, kept, open_spans, changes):
        token = said.tokens[index]
        if changes_nothing(index):
            set_aside.append(quoted(said.text, token.start, token.end))
        elif groups and index - groups[-1][-1] <= 2 and not _apart(said, groups[-1][-1], index):
            groups[-1].append(index)
        else:
            groups.append([index])
    return [_question(said, group, n) for n, group in enumerate(groups[:12], 1)], set_aside


def _uncovered(
    said: Sentence, kept: t.Sequence[Statement], spans: t.Sequence[Span], changes: bool
) -> t.Iterator[int]:
    """Yield the tokens that matter and lie in no statement, no question and nothing set aside."""
    quotes = [_span(s.quote) for s in kept if _short(s)]
    apart = _told_apart(said, changes=changes)
    for index, token in enumerate(said.tokens):
        if any(start < token.end and end > token.start for start, end in spans):
            continue
        covered = any(start < token.end and end > token.start for start, end in quotes)
        if token.kind == "num" and _counts(said, index):
            set_apart = any(start <= token.start < end for start, end in apart)
            covered = (covered and set_apart) or any(uses(s, said, index) for s in kept)
        if not covered and matters(said, index):
            yield index


def _question(said: Sentence, group: list[int], number: int) -> Question:
    """Return the question about words; about their whole part where no noun is among them."""
    start, end = said.tokens[group[0]].start, said.tokens[group[-1]].end
    end = _with_unit(said, group[-1], end)
    if all(said.tokens[index].has(*_SMALL) for index in group):
        low, high = _part(said, group[0])
        if said.tokens[high - 1].end - said.tokens[low].start <= MAX_COVER:
            start, end = said.tokens[low].start, said.tokens[high - 1].end
    quote = quoted(said.text, start, end)
    text = f'What should "{quote.text}" mean?'
    return Question(id=f"open.{number}", text=text, quote=quote)


def _span(quote: Quote) -> Span:
    return quote.start or 0, quote.end or 0


def _told_apart(said: Sentence, *, changes: bool) -> list[tuple[int, int]]:
    """Return the places of what orders nothing."""
    if changes:
        return talk(said.text, list(said.tokens))
    return [(c.start, c.end) for c in told(said.text, said.tokens) if c.kind != "wish"]


def _short(statement: Statement) -> bool:
    """Tell whether a quote is short enough to speak for each of its words."""
    return statement.kind in ("remark", "exists") or len(statement.quote.text) <= MAX_COVER


def _counts(said: Sentence, index: int) -> bool:
    """Tell whether a number measures or counts something that a machine could be."""
    token = said.tokens[index]
    return not (token.written and token.value == 1)


def uses(statement: Statement, said: Sentence, index: int) -> bool:
    """Tell whether a statement takes its value from the number at ``index``."""
    token, quote = said.tokens[index], statement.quote
    outside = token.end <= (quote.start or 0) or token.start >= (quote.end or 0)
    if outside or statement.topic == "text":
        following = said.tokens[index + 1 : index + 2]
        return statement.about == "label" and any(k.word == ":" for k in following)
    if statement.topic in LITERALS or statement.topic in ("software", "backup", "setting"):
        return True
    if (statement.topic, statement.about) == ("whole", "name"):
        return True  # "worker 2"
    if statement.kind == "exists" and statement.value is None:
        return True
    disks = statement.topic == "whole" and statement.about in ("disks", "data_disks")
    if statement.verb == "multiply" or (disks and token.value == statement.value):
        return True
    values = [v for v in (statement.value, statement.before) if isinstance(v, (int, float))]
    topics = {"hardware": statement.about, "sla": "driver", "whole": "count"}
    topic = topics.get(statement.topic, statement.topic)
    found = amounts(said.tokens, index, topic)
    return any(
        math.isclose(value, amount, rel_tol=TOLERANCE) for value in values for amount in found
    )


def _part(said: Sentence, index: int) -> tuple[int, int]:
    """Return the first token and the one behind the last of the part between marks."""
    low, high = index, index + 1
    while low > 0 and said.tokens[low - 1].word not in _MARKS:
        low -= 1
    while high < len(said.tokens) and said.tokens[high].word not in _MARKS:
        high += 1
    return low, high


def _is_idle(said: Sentence, index: int, single: bool) -> bool:
    """Tell whether a verb or a denial stands where nothing is that could be planned.

    Beside a ``single`` machine whose sizes are known, no unknown word could be.
    """
    low, high = _part(said, index)
    if said.tokens[index].has(*_SIZES):  # "what about the RAM?"
        return not any(k.kind == "num" or k.has(*_MORE) for k in said.tokens[low:high])
    if not said.tokens[index].has(*_IDLE) or said.tokens[index].software:
        return False
    return not any(
        token.kind in ("lit", "num")
        or token.software
        or token.name
        or token.mib is not None
        or token.has(*(_THINGS if single else _PLANNED))
        or (not single and is_unknown(said, at))
        for at, token in enumerate(said.tokens[low:high], low)
    )


def _is_harmless(said: Sentence, index: int) -> bool:
    """Tell whether an unknown word or a number can be no thing of a plan."""
    following = said.tokens[index + 1 : index + 2]
    if said.tokens[index].kind == "num" and following and following[0].has("unit.other"):
        return True
    around = [*said.tokens[:index][-1:], *said.tokens[index + 2 : index + 3]]
    if following and following[0].mib is not None and any(k.of("of_speed") for k in around):
        return True
    strange = is_strange(said, index) and not _can_be_a_thing(said, index)
    return strange or _is_model(said, index)


def _all_sized(kept: t.Sequence[Statement]) -> bool:
    """Tell whether cores and memory of every machine were said."""
    wished = [s for s in kept if s.kind == "wish" and s.thing]
    things = {s.thing for s in wished if s.topic in ("thing", "software", "count")}
    parts = {s.thing: str(s.value) for s in wished if s.about in ("part_of", "same_machine")}
    sizes = {(s.thing, s.topic) for s in wished}
    return bool(things) and all(
        {(thing, topic), (parts.get(thing, ""), topic)} & sizes
        for thing in things
        for topic in ("cores", "memory_mib")
    )


def _is_one_machine(kept: t.Sequence[Statement]) -> bool:
    """Tell whether all that is asked for is one machine, of which its purpose is known."""
    wished = [s for s in kept if s.kind == "wish" and s.thing]
    counts = [s.value for s in wished if s.topic == "count"]
    told = any(s.topic in ("software", "name") or _is_part(s) for s in wished)
    told = told and any(s.topic == "memory_mib" for s in wished)
    return told and len({s.thing for s in wished}) == 1 and not any(v != 1 for v in counts)


def _is_part(statement: Statement) -> bool:
    return statement.topic == "thing" and statement.value not in ("vm", "container", None)


def _is_only_called(said: Sentence, index: int, *, single: bool) -> bool:
    """Tell whether an unknown word says only what machines of known sizes are for, or run.

    It may be one more machine where it is counted or has an article in a list, and a place behind
    "on"; of several machines in any list.
    """
    part = single and said.tokens[index].has("part.", "addon.", "work.")
    if not (part or is_strange(said, index)):
        return False
    low, high = _part(said, index)
    first, last = index, index
    while first > low and is_unknown(said, first - 1):
        first -= 1
    while last + 1 < high and is_unknown(said, last + 1):
        last += 1
    before = said.tokens[max(first - 1, 0) : first]
    listed, places = ("cue.and", "cue.or", "cue.with"), function_words()["places"]
    if before and before[0].of("determiners"):
        listing = said.tokens[first - 2] if first - 1 > low else None
        following = said.tokens[last + 1] if last + 1 < len(said.tokens) else None
        one = before[0].word in numerals().articles and ends_a_noun(following)
        begins = one and (listing is None or listing.has("cue.more", "verb.add"))
        listing = said.tokens[first - 2] if first > 1 else None
        article = begins or (
            listing is not None and (listing.has("cue.and") or listing.word == ",")
        )
    else:
        article = any(k.kind == "num" or k.has("cue.more", "verb.add", "cue.not") for k in before)
    placed = any(token.word in places for token in before)
    around = () if single else (*before, *said.tokens[last + 1 : last + 2])
    return not (article or placed or any(k.has(*listed) or k.word in ",+&/" for k in around))


def _measures_nothing(said: Sentence, index: int) -> bool:
    """Tell whether a bare number stands among words that no machine has ("open 22 and 443")."""
    low, high = _part(said, index)
    inside = said.tokens[low:high]
    sizes = (*_SIZES, "unit.", "noun.", "thing.", "role.", "part.", "cue.total", "cue.each")
    known = any(k.mib is not None or k.software or k.name or k.has(*sizes) for k in inside)
    small = ("hedges", "copulas", "modals")
    told = any(k.kind == "word" and not (k.concept or k.of(*small)) for k in inside)
    return said.tokens[index].kind == "num" and told and not known


def _apart(said: Sentence, left: int, right: int) -> bool:
    return any(token.word in {".", ";", ",", "\n"} for token in said.tokens[left + 1 : right])


def _with_unit(said: Sentence, index: int, end: int) -> int:
    following = said.tokens[index + 1 : index + 2]
    if said.tokens[index].kind == "num" and following and following[0].kind == "word":
        return following[0].end
    return end


def _can_be_a_thing(said: Sentence, index: int) -> bool:
    return can_be_a_thing(
        said.tokens,
        index,
        said.language,
        lambda at: is_strange(said, at) and matters(said, at),
        lambda at: (
            said.text[said.tokens[at].start].isupper()
            if said.language == "de"
            else like_a_name(said, at)
        ),
    )


def _is_model(said: Sentence, index: int) -> bool:
    """Tell whether a bare number belongs to a name that changes no machine ("Latitude 5420")."""
    before, token = said.tokens[index - 1] if index else None, said.tokens[index]
    following = said.tokens[index + 1] if index + 1 < len(said.tokens) else None
    bare = token.kind == "num" and not token.written and not token.glued
    if not bare or before is None or before.kind != "word" or before.end != token.start - 1:
        return False
    if following is not None and (following.kind == "num" or following.mib is not None):
        return False
    if following is not None and following.kind == "word" and not following.has("cue."):
        return False
    named = before.has("thing.hardware") or said.text[before.start].isupper()
    strange = is_strange(said, index - 1) and not _can_be_a_thing(said, index - 1)
    return named and (strange or before.has("thing.hardware"))


def _moves_here(said: Sentence, index: int) -> bool:
    """Tell whether a word says only that people move to what they ask for."""
    near = said.tokens[max(index - 8, 0) : index + 8]
    return said.tokens[index].has("verb.move") and any(k.has("cue.from", "cue.to") for k in near)
