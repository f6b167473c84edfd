# SPDX-License-Identifier: GPL-3.0-or-later
"""Code's judgement of any reading, whoever made it: is every word that matters accounted for?"""

from __future__ import annotations

import collections
import math
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Finding
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
    Quote,
    Reading,
    Statement,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import (
    ids_said,
    names_between,
    names_in_braces,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clean import (
    clean,
    fold,
    template_syntax,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    called_by,
    load,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._holding import (
    factors,
    holds_number,
    rest_of_a_number,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._remainder import (
    remainder,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._sentence import (
    LITERALS,
    TOLERANCE,
    Sentence,
    amounts,
    quoted,
    sentence,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import (
    Token,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._words import (
    Vocabulary,
    words_of,
)

#: Topics with a number, and what one of its units is in the number's own.
NUMBERS = frozenset({"count", "cores", "memory_mib", "disk_gib", "data_disk_gib", "gpu", "driver"})
#: Topics of which a thing has one.
SINGLE = frozenset(
    {"count", "cores", "memory_mib", "disk_gib", "os", "version", "cni", "vlan", "scale"}
)
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
MAX_RANGE = 100
_RANGE = re.compile(
    r"\b(?P<base>[a-z][a-z0-9-]*?)(?P<first>\d{1,3})"
    r" ?(?:to|bis|a|-|\.\.|thru|through|until|till|jusqu'a) ?(?:(?P=base))?(?P<last>\d{1,3})\b"
)
#: Kinds of things that are families as well, by their words.
_CALLED = {"kubernetes": ("thing.k8s",), "k3s": ("thing.k3s",)}


def account(reading: Reading, vocabulary: Vocabulary) -> Reading:
    """Return the reading with findings, questions and whether its account is closed.

    Questions that the reader asked stay. A statement whose quote is not in the sentence, or does
    not hold its value, is dropped with an error.
    """
    cleaned = clean(reading.text)
    said = sentence(cleaned.text, vocabulary)
    findings = [f for f in reading.findings if not f.id.startswith("reading.")]
    findings += [f for f in cleaned.findings if f not in findings]
    kept: list[Statement] = []
    found = list(_placed(reading.statements, said))
    rest = rest_of_a_number(found, said)
    for placed in found:
        problem = _problem(placed, said, cleaned.hostile)
        if problem and problem[0] == "value" and placed is rest:
            problem = None
        if problem is None:
            kept.append(placed)
        elif placed.kind == "exists" and problem[0] == "value":
            kept.append(placed.model_copy(update={"value": None}))  # nothing is made of it
        else:
            findings.append(_error(*problem))
    findings += [_error("twice", text) for text in _said_twice(kept, said)]
    aside = [quote for q in reading.aside if (quote := _place(q, said.text)) is not None]
    aside += [quoted(said.text, start, end) for start, end in cleaned.hostile]
    questions = list(reading.questions)
    questions += [q for q in _contradictions(kept) if q.text not in {a.text for a in questions}]
    open_, set_aside = remainder(said, kept, aside, questions)
    questions += open_
    syntax = template_syntax(said.text)
    if syntax is not None:
        message = f"The text holds template syntax ({syntax}); write plain words and names."
        findings.append(_finding("request.syntax", "error", message))
    failed = any(finding.severity == "error" for finding in findings)
    return reading.model_copy(
        update={
            "text": said.text,
            "language": said.language,
            "statements": tuple(kept),
            "aside": tuple(dict.fromkeys([*aside, *set_aside])),
            "questions": tuple(questions),
            "findings": tuple(dict.fromkeys(findings)),
            "closed": not failed and not questions,
        }
    )


def _finding(rule: str, severity: t.Literal["info", "warning", "error"], text: str) -> Finding:
    return Finding(id=rule, severity=severity, field="text", message=text)


def _error(rule: str, text: str) -> Finding:
    return _finding(f"reading.{rule}", "error", text)


def _place(quote: Quote, text: str) -> Quote | None:
    """Return the quote with its place, None when its words are not in the text."""
    at = quote.start
    if at is not None and text[at : at + len(quote.text)] == quote.text:
        return quote
    at = text.find(quote.text)
    if at < 0:
        at = fold(text).find(fold(quote.text.strip()))
    if at < 0 or not quote.text.strip():
        return None
    return Quote(text=text[at : at + len(quote.text.strip())], start=at)


def _placed(statements: t.Iterable[Statement], said: Sentence) -> t.Iterator[Statement]:
    """Yield the statements with the places of their quotes.

    The same words said twice ("2 cores … 2 cores") are given out in order, one place for each
    thing.
    """
    used: dict[tuple[str, str], dict[str, int]] = collections.defaultdict(dict)
    for statement in statements:
        quote = _place(statement.quote, said.text)
        if quote is not None and statement.quote.start is None:
            places = used[(fold(quote.text), statement.topic)]
            if statement.thing not in places and places:
                following = fold(said.text).find(fold(quote.text), max(places.values()) + 1)
                start = following if following >= 0 else quote.start or 0
                again = said.text[start : start + len(quote.text)]
                quote = Quote(text=again, start=start)
            places.setdefault(statement.thing, quote.start or 0)
        yield statement if quote is None else statement.model_copy(update={"quote": quote})


def _problem(
    statement: Statement, said: Sentence, hostile: t.Sequence[tuple[int, int]]
) -> tuple[str, str] | None:
    """Return the rule that a statement breaks and a sentence that says so."""
    quote = statement.quote
    if quote.start is None or said.text[quote.start : quote.end] != quote.text:
        return "quote", f"The words {quote.text[:80]!r} are not in the sentence."
    start, end = quote.start, quote.start + len(quote.text)
    if statement.kind != "remark" and any(start < e and end > s for s, e in hostile):
        return (
            "hostile",
            f"{quote.text[:80]!r} gives orders to the machinery; nothing is made of it.",
        )
    if not _holds(statement, said, said.within(start, end)):
        value = f"{statement.value:g}" if isinstance(statement.value, float) else statement.value
        return "value", f"{quote.text[:80]!r} does not say {statement.topic} {value}."
    return None


def _holds(statement: Statement, said: Sentence, tokens: list[Token]) -> bool:
    """Tell whether the words of the quote hold the value of the statement."""
    value = statement.value
    if statement.verb == "multiply" and statement.kind != "remark":
        same = value == 1 and not any(token.kind == "num" for token in tokens)
        return same or (isinstance(value, (int, float)) and value in factors(tokens))
    if value is None or statement.kind == "remark" or statement.topic == "whole":
        return True
    if statement.topic in NUMBERS:
        if isinstance(value, (str, bool)) or not math.isfinite(value):
            return False
        before = statement.before  # what is there now may be said in another clause
        return holds_number(statement, said, tokens, float(value)) and (
            before is None or holds_number(statement, said, list(said.tokens), before)
        )
    return _holds_words(statement, str(value), said, tokens)


def _holds_words(statement: Statement, value: str, said: Sentence, tokens: list[Token]) -> bool:
    spoken = is_spoken(value, statement.quote.text)
    if statement.topic == "name" and not NAME.fullmatch(value):
        return False
    if value in _row(statement.topic, statement.quote.text):
        return True
    families = {token.software.family for token in tokens if token.software}
    families |= {name for token in tokens for name in _called(token)}
    families |= {value} if _abbreviates(statement.quote.text, value) else set()
    if statement.topic in LITERALS:
        return spoken or _names(statement.topic, value, tokens)
    if statement.topic in ("software", "thing"):
        known = words_of(said.vocabulary).families
        called = any(token.has(*_CALLED.get(value, ())) for token in tokens)
        plain = statement.topic == "thing" and value not in known
        return plain or called or spoken or value in families
    if statement.topic in ("addon", "cni"):
        named = {token.concept.partition(".")[2] for token in tokens if token.has("addon.", "cni.")}
        return spoken or value in named | families
    return True


def _called(token: Token) -> list[str]:
    """Return the families that a word for a part may mean ("the database")."""
    part = token.concept.removeprefix("part.") if token.has("part.") else ""
    return called_by(part) if part else []


def _abbreviates(quote: str, value: str) -> bool:
    """Tell whether a word in capitals may stand for a longer one ("ELS" for Elasticsearch)."""
    if not re.fullmatch(r"[A-Z]{3,6}", quote) or fold(value[:1]) != fold(quote[0]):
        return False
    letters = iter(fold(value))
    return all(letter in letters for letter in fold(quote))


def is_spoken(value: str, quote: str) -> bool:
    """Tell whether a quote holds the letters and digits of a value, in their order."""
    plain = "".join(c for c in fold(quote) if c.isalnum())
    letters = "".join(c for c in fold(value) if c.isalnum())
    return bool(letters) and letters in plain


def _row(topic: str, text: str) -> tuple[str, ...]:
    """Return the names or VMIDs that a row from one to another means."""
    if topic == "vmid":
        return tuple(map(str, ids_said(text)))
    return name_range(text) if topic == "name" else ()


def name_range(text: str) -> tuple[str, ...]:
    """Return the names that "web1 to web4" means, none where it is no such range."""
    folded = fold(text)
    if listed := re.search(r"[a-z][\w-]*\{[\d,.]+\}", folded):
        return names_in_braces(listed.group(0))
    found = _RANGE.search(folded)
    if found is None or not 0 < int(found["last"]) - int(found["first"]) < MAX_RANGE:
        return ()
    return names_between(f"{found['base']}{found['first']}", f"{found['base']}{found['last']}")


def _names(topic: str, value: object, tokens: list[Token]) -> bool:
    """Tell whether a short way of saying the value is meant ("deb12", "v1.33")."""
    if topic != "os":
        return False
    aliases = load("software.yml")["system_aliases"]
    said = " ".join(token.word for token in tokens)
    return any(short in said and name in str(value) for short, name in aliases.items())


def _may_share(topics: set[str], group: t.Sequence[Statement], said: Sentence) -> bool:
    """Tell whether one number may stand for two values: data on its disk, "two disks of 500 GB"."""
    if topics == {"disk_gib", "data_disk_gib"}:
        start = min(s.quote.start or 0 for s in group)
        inside = said.within(start, max(s.quote.end or 0 for s in group))
        return any(token.kind == "num" and (token.value or 0) > 1 for token in inside)
    return topics == {"disk_gib", "driver"}


def _said_twice(statements: t.Sequence[Statement], said: Sentence) -> list[str]:
    """Return a sentence for each number that two statements use for different values."""
    used: dict[int, list[Statement]] = collections.defaultdict(list)
    for statement in statements:
        start = statement.quote.start or 0
        if statement.topic not in NUMBERS or not isinstance(statement.value, (int, float)):
            continue
        tokens = said.within(start, start + len(statement.quote.text))
        numbers = [token for token in tokens if token.kind == "num"]
        matching = [
            n
            for n in numbers
            if any(
                math.isclose(float(statement.value), amount, rel_tol=TOLERANCE)
                for amount in amounts(said.tokens, said.tokens.index(n), statement.topic)
            )
        ]
        if len(matching) == 1:
            used[matching[0].start].append(statement)
    problems = []
    for start, group in used.items():
        topics = {
            (s.topic, s.about.removesuffix("_peak") if s.topic == "driver" else "") for s in group
        }
        named_topics: set[str] = {topic for topic, _about in topics}
        if len(topics) > 1 and not _may_share(named_topics, group, said):
            word = next(token for token in said.tokens if token.start == start).word
            named = " and ".join(sorted(topic for topic, _about in topics))
            problems.append(f"The number {word} was taken for {named} at once.")
    return problems


def _contradictions(statements: t.Sequence[Statement]) -> t.Iterator[Question]:
    """Ask where one thing was given two values, or was wished and excluded."""
    values: dict[tuple[str, str], list[Statement]] = collections.defaultdict(list)
    for statement in statements:
        exact = statement.bound == "exact" and not statement.total and statement.value is not None
        if statement.kind == "wish" and exact and statement.topic in SINGLE:
            values[(statement.thing, statement.topic)].append(statement)
    for (_thing, topic), group in values.items():
        if len({str(s.value) for s in group}) > 1:
            quotes = " and ".join(f'"{s.quote.text}"' for s in group[:3])
            yield Question(
                id=f"contradiction.{topic.replace('_', '-')}",
                text=f"{quotes} say different things of the same machine; which is right?",
                quote=group[-1].quote,
                choices=tuple(dict.fromkeys(s.quote.text for s in group)),
            )
    excluded = {(s.topic, str(s.value)): s for s in statements if s.kind == "exclude"}
    for statement in statements:
        other = excluded.get((statement.topic, str(statement.value)))
        if statement.kind == "wish" and other is not None and statement.value is not None:
            yield Question(
                id=f"contradiction.{statement.topic.replace('_', '-')}",
                text=f'"{statement.quote.text}" and "{other.quote.text}" contradict each other;'
                f" shall there be {statement.value} or not?",
                quote=other.quote,
            )
