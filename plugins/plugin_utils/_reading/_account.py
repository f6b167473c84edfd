# SPDX-License-Identifier: GPL-3.0-or-later
"""Code's judgement of any reading, whoever made it: is every word that matters accounted for?"""

from __future__ import annotations

import collections
import dataclasses
import functools
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
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clauses import (
    clauses,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clean import (
    clean,
    fold,
    template_syntax,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import load
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._numbers import (
    is_number_word,
    numerals,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._slots import (
    can_be_a_thing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import (
    Token,
    tokenise,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._told import told
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._words import (
    Vocabulary,
    detect,
    words_of,
)

#: Topics with a number, and what one of its units is in the number's own.
NUMBERS = frozenset({"count", "cores", "memory_mib", "disk_gib", "data_disk_gib", "gpu", "driver"})
#: Topics whose value is a word of the sentence.
LITERALS = frozenset(
    {"name", "vmid", "address", "gateway", "dns_server", "bridge", "vlan", "pool", "storage"}
    | {"node", "tag", "iso", "image", "port", "vip", "version", "template", "os"}
)
#: Topics of which a thing has one.
SINGLE = frozenset({"count", "cores", "memory_mib", "disk_gib", "os", "version", "cni", "vlan"})
TOLERANCE = 0.001
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
MAX_RANGE = 100
_RANGE = re.compile(
    r"\b(?P<base>[a-z][a-z0-9-]*?)(?P<first>\d{1,3})"
    r" ?(?:to|bis|a|-|\.\.|thru|through|until|till|jusqu'a) ?(?:(?P=base))?(?P<last>\d{1,3})\b"
)
#: Kinds of things that are families as well, by their words.
_CALLED = {"kubernetes": ("thing.k8s",), "k3s": ("thing.k3s",)}
#: A quote longer than this does not account for all of its words.
MAX_COVER = 80


@dataclasses.dataclass(frozen=True)
class Sentence:
    """A text with its tokens; what the checks look words up in."""

    text: str
    tokens: tuple[Token, ...]
    language: str
    vocabulary: Vocabulary

    def within(self, start: int, end: int) -> list[Token]:
        """Return the tokens that lie wholly or partly in a span."""
        return [token for token in self.tokens if token.start < end and token.end > start]


def sentence(text: str, vocabulary: Vocabulary) -> Sentence:
    """Return the tokens of a cleaned text."""
    return Sentence(text, tuple(tokenise(text, vocabulary)), detect(fold(text)), vocabulary)


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
    for placed in _placed(reading.statements, said):
        problem = _problem(placed, said, cleaned.hostile)
        if problem is None:
            kept.append(placed)
        else:
            findings.append(_error(*problem))
    findings += [_error("twice", text) for text in _said_twice(kept, said)]
    aside = [quote for q in reading.aside if (quote := _place(q, said.text)) is not None]
    aside += [_quote(said.text, start, end) for start, end in cleaned.hostile]
    questions = list(reading.questions)
    questions += [q for q in _contradictions(kept) if q.text not in {a.text for a in questions}]
    open_, set_aside = _remainder(said, kept, aside, questions)
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


def _quote(text: str, start: int, end: int) -> Quote:
    return Quote(text=text[start : min(end, start + 240)], start=start)


def _place(quote: Quote, text: str) -> Quote | None:
    """Return the quote with its place, None when its words are not in the text."""
    at = quote.start
    if at is not None and text[at : at + len(quote.text)] == quote.text:
        return quote
    at = text.find(quote.text)
    if at < 0:
        at = fold(text).find(fold(quote.text.strip()))
    if at < 0:
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
            places = used[(quote.text, statement.topic)]
            if statement.thing not in places and places:
                following = said.text.find(quote.text, max(places.values()) + 1)
                start = following if following >= 0 else quote.start
                quote = quote.model_copy(update={"start": start})
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
        return same or (isinstance(value, (int, float)) and value in _factors(tokens))
    if value is None or statement.kind == "remark" or statement.topic == "whole":
        return True
    if statement.topic in NUMBERS:
        if isinstance(value, (str, bool)) or not math.isfinite(value):
            return False
        return _holds_number(statement, said, tokens, float(value)) and (
            statement.before is None or _holds_number(statement, said, tokens, statement.before)
        )
    return _holds_words(statement, str(value), said, tokens)


def _holds_words(statement: Statement, value: str, said: Sentence, tokens: list[Token]) -> bool:
    spoken = _spoken(value, statement.quote.text)
    if statement.topic == "name" and not NAME.fullmatch(value):
        return False
    if value in _row(statement.topic, statement.quote.text):
        return True
    families = {token.software.family for token in tokens if token.software}
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


def _spoken(value: str, quote: str) -> bool:
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
    found = _RANGE.search(fold(text))
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


def _factors(tokens: list[Token]) -> set[float]:
    named = {"rel.twice": 2.0, "rel.triple": 3.0, "rel.half": 0.5, "rel.same": 1.0}
    found = {named[token.concept] for token in tokens if token.concept in named}
    return found | {token.value for token in tokens if token.kind == "num"}


def _holds_number(statement: Statement, said: Sentence, tokens: list[Token], value: float) -> bool:
    numbers = [token for token in tokens if token.kind == "num"]
    added = sum(number.value for number in numbers)
    if statement.topic == "driver" and len(numbers) > 1 and value == added:
        return True
    if any(token.has("rel.half") for token in tokens) and _is_half(statement, said, value):
        return True
    if not numbers:
        if statement.topic == "count":
            denied = any(token.has("cue.not", "cue.off") for token in tokens)
            return value == (0 if denied else 1)
        return statement.topic in ("gpu", "driver") and value in (0, 1)
    return any(
        math.isclose(value, candidate, rel_tol=TOLERANCE)
        for number in numbers
        for candidate in amounts(said.tokens, said.tokens.index(number), statement.topic)
    )


def _is_half(statement: Statement, said: Sentence, value: float) -> bool:
    """Tell whether a value is half of one that the sentence holds ("half a terabyte")."""
    return any(
        math.isclose(2 * value, amount, rel_tol=TOLERANCE)
        for index, token in enumerate(said.tokens)
        if token.kind == "num"
        for amount in amounts(said.tokens, index, statement.topic)
    )


def amounts(tokens: t.Sequence[Token], index: int, topic: str) -> list[float]:
    """Return what the number at ``index`` may say of a topic, in the topic's unit."""
    number = tokens[index]
    plain = [number.value, -number.value] + ([number.low] if number.low is not None else [])
    mib = unit_after(tokens, index)
    if topic in ("memory_mib", "disk_gib", "data_disk_gib"):
        share = 1.0 if topic == "memory_mib" else 1 / 1024
        return [value * (mib if mib is not None else 1024.0) * share for value in plain]
    if topic == "driver":
        times = [1.0, 7.0, 30.0, 365.0, 1 / 24, 1000.0, 1e-9]
        scaled = [value * factor for value in plain for factor in times]
        return scaled + [value * mib * f for value in plain if mib for f in (1.0, 1 / 1024)]
    return [] if mib is not None else plain


def unit_after(tokens: t.Sequence[Token], index: int) -> float | None:
    """Return the MiB of the byte unit that belongs to a number; a range shares its unit."""
    at = index + 1
    while at < len(tokens) and at <= index + 3:
        token = tokens[at]
        if token.mib is not None:
            return token.mib
        shares = token.has("cue.to", "cue.and", "cue.instead", "cue.more") or token.word in "-/"
        if not shares and token.kind != "num":
            break
        at += 1
    counts = index + 1 < len(tokens) and tokens[index + 1].kind == "word"
    counts = counts and not tokens[index + 1].has("noun.", "cue.")
    if (
        index > 2
        and tokens[index - 1].has("cue.instead", "cue.to")
        and tokens[index - 2].mib
        and not counts
    ):
        return tokens[index - 2].mib
    return None


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
        if len(topics) > 1 and {topic for topic, _about in topics} != {"disk_gib", "driver"}:
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


def _remainder(
    said: Sentence, kept: t.Iterable[Statement], aside: list[Quote], asked: t.Iterable[Question]
) -> tuple[list[Question], list[Quote]]:
    """Return a question for each group of words that matter and belong to nothing.

    Links, mail addresses and secrets are set aside.
    """
    kept = list(kept)
    spans = [(q.start or 0, q.end or 0) for q in (s.quote for s in kept if _short(s))]
    open_spans = [(q.start or 0, q.end or 0) for q in aside]
    open_spans += [(q.quote.start or 0, q.quote.end or 0) for q in asked if q.quote is not None]
    changes = any(statement.kind == "change" for statement in kept)
    parted = clauses(said.text) if changes else told(said.text, said.tokens)
    apart = [(c.start, c.end) for c in parted if c.kind != "wish"]
    set_aside: list[Quote] = []
    groups: list[list[int]] = []
    for index, token in enumerate(said.tokens):
        if any(start < token.end and end > token.start for start, end in open_spans):
            continue
        covered = any(start < token.end and end > token.start for start, end in spans)
        if token.kind == "num" and _counts(said, index):
            set_apart = any(start <= token.start < end for start, end in apart)
            covered = (covered and set_apart) or any(_uses(s, said, index) for s in kept)
        if covered:
            continue
        if token.lit("url", "mail", "secret", "port", "reference", "path"):
            set_aside.append(_quote(said.text, token.start, token.end))
            continue
        if not matters(said, index):
            continue
        strange = _is_strange(said, index) and not _can_be_a_thing(said, index)
        if strange or _is_model(said, index) or (not changes and _moves_here(said, index)):
            set_aside.append(_quote(said.text, token.start, token.end))
            continue
        if groups and index - groups[-1][-1] <= 2 and not _apart(said, groups[-1][-1], index):
            groups[-1].append(index)
        else:
            groups.append([index])
    questions = []
    for number, group in enumerate(groups[:12], 1):
        start, end = said.tokens[group[0]].start, said.tokens[group[-1]].end
        end = _with_unit(said, group[-1], end)
        quote = _quote(said.text, start, end)
        text = f'What should "{quote.text}" mean?'
        if _beside_addon(said, group[0]):
            known = ", ".join(sorted(set(said.vocabulary.addons.values())))
            text = f"There is no add-on {quote.text}"
            text += f"; the add-ons are {known}. What is meant?" if known else ". What is meant?"
        questions.append(Question(id=f"open.{number}", text=text, quote=quote))
    return questions, set_aside


def _short(statement: Statement) -> bool:
    """Tell whether a quote is short enough to speak for each of its words."""
    return statement.kind in ("remark", "exists") or len(statement.quote.text) <= MAX_COVER


def _counts(said: Sentence, index: int) -> bool:
    """Tell whether a number measures or counts something that a machine could be."""
    token = said.tokens[index]
    return not (token.written and token.value == 1)


def _uses(statement: Statement, said: Sentence, index: int) -> bool:
    """Tell whether a statement takes its value from the number at ``index``."""
    token, quote = said.tokens[index], statement.quote
    outside = token.end <= (quote.start or 0) or token.start >= (quote.end or 0)
    if outside or statement.topic == "text":
        return False
    if statement.topic in LITERALS or statement.topic in ("software", "backup"):
        return True
    values = [v for v in (statement.value, statement.before) if isinstance(v, (int, float))]
    topics = {"hardware": statement.about, "sla": "driver", "whole": "count"}
    topic = topics.get(statement.topic, statement.topic)
    found = amounts(said.tokens, index, topic)
    return any(
        math.isclose(value, amount, rel_tol=TOLERANCE) for value in values for amount in found
    )


def _apart(said: Sentence, left: int, right: int) -> bool:
    return any(token.word in {".", ";", ",", "\n"} for token in said.tokens[left + 1 : right])


def _with_unit(said: Sentence, index: int, end: int) -> int:
    following = said.tokens[index + 1 : index + 2]
    if said.tokens[index].kind == "num" and following and following[0].kind == "word":
        return following[0].end
    return end


@functools.lru_cache(maxsize=1)
def _mattering() -> tuple[str, ...]:
    return tuple(load("words.yml")["mattering"])


def matters(said: Sentence, index: int) -> bool:
    """Tell whether a token could change a machine."""
    token = said.tokens[index]
    if token.kind == "num":
        return not (token.written and (token.value == 1 or token.word in numerals().vague))
    following = said.tokens[index + 1 : index + 3]
    hyphen = len(following) == 2 and following[0].word == "-" and following[0].glued
    if hyphen and token.has("unit.", "noun.") and following[1].glued and not following[1].concept:
        return False  # "CPU-hungry"
    if token.kind == "lit" or token.name or token.software is not None:
        return True
    return token.has(*_mattering()) or _unknown(said, index) or _like_a_name(said, index)


def _is_strange(said: Sentence, index: int) -> bool:
    """Tell whether a word matters for nothing but being unknown."""
    token = said.tokens[index]
    known = token.kind != "word" or token.software or token.concept or token.driver
    following = said.tokens[index + 1] if index + 1 < len(said.tokens) else None
    noun = following is not None and (following.software or following.has("thing.", "part."))
    modifies = noun and not any(char.isdigit() for char in token.word)  # "self-hosted GitLab"
    return not known and (not token.name or bool(modifies))


def _can_be_a_thing(said: Sentence, index: int) -> bool:
    return _beside_addon(said, index) or can_be_a_thing(
        said.tokens,
        index,
        said.language,
        lambda at: _is_strange(said, at) and matters(said, at),
        lambda at: (
            said.text[said.tokens[at].start].isupper()
            if said.language == "de"
            else _like_a_name(said, at)
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
    strange = _is_strange(said, index - 1) and not _can_be_a_thing(said, index - 1)
    return named and (strange or before.has("thing.hardware"))


def _moves_here(said: Sentence, index: int) -> bool:
    """Tell whether a word says only that people move to what they ask for."""
    near = said.tokens[max(index - 8, 0) : index + 8]
    return said.tokens[index].has("verb.move") and any(k.has("cue.from", "cue.to") for k in near)


def _beside_addon(said: Sentence, index: int) -> bool:
    """Tell whether an unknown word is called an add-on."""
    words = [token.word for token in said.tokens]
    before, after = words[max(index - 3, 0) : index], words[index + 1 : index + 4]
    called = (before[-1:], "".join(before), after[:1], "".join(after))
    names = ("addon", "addons", "add-on", "add-ons")
    return _unknown(said, index) and any("".join(words) in names for words in called)


def _unknown(said: Sentence, index: int) -> bool:
    token = said.tokens[index]
    known = token.concept or token.driver or token.software or token.mib is not None
    return (
        token.kind == "word"
        and not known
        and len(token.word) > 2
        and not is_number_word(token.word)
        and not words_of(said.vocabulary).ordinary(token.word)
    )


def _like_a_name(said: Sentence, index: int) -> bool:
    """Tell whether an unknown word is written like a name ("Storyden")."""
    token = said.tokens[index]
    if token.kind != "word" or token.concept or token.driver or token.mib is not None:
        return False
    raw = said.text[token.start : token.end]
    if len(raw) < 3 or not raw[0].isupper() or token.word in words_of(said.vocabulary).plain:
        return False
    if any(char.isupper() for char in raw[1:]) and not raw.isupper():
        return True
    begins = index == 0 or said.tokens[index - 1].word in {".", ":", "!", "?", ";", "-", '"'}
    return said.language != "de" and not begins
