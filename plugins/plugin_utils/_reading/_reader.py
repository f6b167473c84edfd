# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules reader: a sentence into statements, clause by clause."""

from __future__ import annotations

import itertools
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    MAX_STATEMENTS,
    Quote,
    Reading,
    Statement,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._changes import (
    ChangeReader,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._chunks import (
    Chunk,
    chunks,
    is_repeated,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clauses import (
    Clause,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clean import (
    Cleaned,
    clean,
    fold,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import load
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._numbered import (
    by_their_names,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._numbers import (
    numerals,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._orders import pieces
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._record import Record
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._said import CLUSTER
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._settle import settle
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import (
    Token,
    tokenise,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._told import told
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._wishes import (
    Reader,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._words import (
    Vocabulary,
    detect,
)

#: A pronoun for what is there already.
_NEW_ONE = re.compile(
    r"\b(?:new|bigger|larger|better|second|another) one\b|\breplacement\b|\bersatz\b|\bremplac"
    r"|\bneue[rsn]?\b(?=[ ,.]|$)(?! (?:vm|server))|\b(?:un nouveau|une nouvelle)\b(?! \w+)"
)
_IT = re.compile(
    r"\b(?:it|that|this|ihn|es|das|den|le|la)\b(?= (?:on|in|to|onto|into|auf|in|sur|dans)\b)"
)


def statements(text: str, vocabulary: Vocabulary, previous: Record | None = None) -> Reading:
    """Return what rules read in a text; the account is still to be made.

    With ``previous`` orders change what is there, unless they ask for something new.
    """
    cleaned = clean(text)
    text = cleaned.text
    body = cleaned.body
    tokens = tokenise(body, vocabulary)
    parts = []
    found_clauses = told(body, tokens) if previous is None else []
    for clause in found_clauses:
        inside = _within(tokens, clause, found_clauses)
        parts.append((clause, inside, chunks(inside)))
    wished = [c for clause, _tokens, found in parts if clause.kind == "wish" for c in found]
    if previous is not None or _changes_something(wished):
        return _changed(cleaned, tokens, previous)
    agents = any(chunk.what == "agent" for chunk in wished)
    reader = Reader(text, clusterish=clusterish(wished), agents=agents)
    said: list[Statement] = []
    for number, (clause, inside, found) in enumerate(parts, 1):
        if clause.kind == "wish":
            reader.read(inside, found)
        elif clause.kind == "exists":
            said += existing(text, clause, inside, found, f"e{number}")
            reader.ask_network(inside, found)
        else:
            said.append(remark(text, clause))
    reader.finish()
    there = [s for s in said if s.kind == "exists" and s.topic == "software"]
    meant = [text[c.start : c.end] for c, _tokens, _found in parts if c.kind == "wish"]
    again = _NEW_ONE.search(fold(text)) or any(_IT.search(fold(words)) for words in meant)
    if len({s.value for s in there}) == 1 and again:
        reader.replace(str(there[0].value), there[0].quote)
    stacks = {word for words in load("software.yml")["stacks"].values() for word in words}
    named = [s for s in reader.statements if fold(s.quote.text) not in stacks]
    off_topic = not named and any(t_.has("off.topic") for t_ in tokens)
    return Reading(
        text=text,
        language=detect(fold(text)),
        statements=tuple([*said, *(named if off_topic else reader.statements)][:MAX_STATEMENTS]),
        questions=tuple(reader.questions),
        findings=cleaned.findings,
        off_topic=off_topic,
    )


def _changes_something(wished: t.Sequence[Chunk]) -> bool:
    """Tell whether orders speak of what is there, when no record was given."""
    first = next(
        (c for c in wished if c.kind not in ("mark", "word") and not c.has("filler")), None
    )
    if first is not None and first.has("verb.remove", "verb.move", "verb.rename"):
        return any(chunk.kind in ("head", "name") or chunk.has("addon.") for chunk in wished)
    grows = any(
        chunk.has("verb.increase", "verb.decrease", "rel.twice") and not is_repeated(wished, place)
        for place, chunk in enumerate(wished)
    )
    heads = [c for c in wished if c.kind == "head" and not c.definite]
    made = any(c.count or c is first for c in heads)
    made = made and any(c.kind == "size" for c in wished)
    if grows and (made or any(chunk.has("verb.create") for chunk in wished)):
        return False
    more = any(chunk.has("cue.more") for chunk in wished) and any(c.role() for c in wished)
    return grows or (more and any(chunk.has("verb.add", "word.existing") for chunk in wished))


def _changed(cleaned: Cleaned, tokens: list[Token], previous: Record | None) -> Reading:
    """Return what is read in a text that changes what is there."""
    text = cleaned.text
    reader = Reader(text, clusterish=False, agents=False)
    changer = ChangeReader(text, previous)
    tokens = by_their_names(tokens, previous)
    for article, token in itertools.pairwise(tokens):
        if token.has("word.replica") and article.word in numerals().articles:
            token.concept = "word.second"  # "a standby": one more of what is there
    said: list[Statement] = []
    for found in pieces(cleaned.body, tokens):
        changer.read(found)
    for wish in changer.wishes:
        before = len(reader.things)
        reader.read(wish.tokens, wish.chunks)
        for thing in reader.things[before:] if wish.quote is not None else ():
            fields = {"topic": "whole", "about": wish.like, "verb": "multiply", "value": 1}
            like = Statement(kind="wish", quote=wish.quote, thing=thing.id, **fields)  # type: ignore[arg-type]
            reader.statements.append(like)
    changer.left()
    for piece in changer.aside:
        inside = piece.inside()
        quote = _quote(text, inside[0].start, inside[-1].end)
        said.append(Statement(kind="remark", quote=quote, topic="text"))
    reader.finish()
    return Reading(
        text=text,
        language=detect(fold(text)),
        statements=tuple([*said, *changer.statements, *reader.statements][:MAX_STATEMENTS]),
        questions=(*reader.questions, *changer.questions),
        findings=cleaned.findings,
    )


def _within(tokens: t.Iterable[Token], clause: Clause, others: t.Iterable[Clause]) -> list[Token]:
    """Return the tokens of a clause without those of a remark inside it."""
    apart = [c for c in others if c != clause and clause.start <= c.start and c.end <= clause.end]
    return [
        token
        for token in tokens
        if clause.start <= token.start < clause.end
        and not any(c.start <= token.start < c.end for c in apart)
    ]


def clusterish(wished: t.Sequence[Chunk]) -> bool:
    """Tell whether the wishes are about a Kubernetes cluster."""
    denied = False
    machines = False
    software = any(chunk.kind == "head" and chunk.software for chunk in wished)
    for chunk in wished:
        if chunk.has("cue.not"):
            denied = True
        elif chunk.has("cue.but") or (chunk.kind == "mark" and chunk.what in ",;."):
            denied = False
        if chunk.has("cni.", "word.single_node") and not denied:
            return True
        if chunk.kind != "head":
            continue
        named = chunk.what in CLUSTER and not chunk.software and not denied
        if named and not (software and chunk.count is not None and chunk.what == "cluster"):
            return True
        if chunk.what == "server" and not denied:
            return True
        plain = chunk.what == "agent" and chunk.value == "vm"  # "worker VMs" of any kind
        plain = plain or chunk.is_lone_node()
        if chunk.what in ("agent", "node") and not (software or machines or denied or plain):
            return True
        machines = machines or chunk.generic()
    return False


def remark(text: str, clause: Clause) -> Statement:
    """Return what changes no machine, as its words."""
    return Statement(kind="remark", quote=_quote(text, clause.start, clause.end), topic="text")


def _quote(text: str, start: int, end: int) -> Quote:
    words = text[start:end]
    start += len(words) - len(words.lstrip(" ,"))
    words = words.strip(" ,")[:240]
    return Quote(text=words, start=start)


def existing(
    text: str, clause: Clause, tokens: list[Token], found: list[Chunk], thing: str
) -> list[Statement]:
    """Return what a clause says is there already, with its sizes; loads in it are loads."""
    whole = _quote(text, clause.start, clause.end)
    said: list[Statement] = []

    def say(topic: str, value: t.Any, chunk: Chunk, about: str = "", kind: str = "exists") -> None:
        quote = _quote(text, tokens[chunk.start].start, tokens[chunk.end - 1].end)
        value = int(value) if isinstance(value, float) and value == int(value) else value
        fields = {"kind": kind, "quote": quote, "topic": topic, "value": value, "about": about}
        said.append(Statement(thing=thing if kind == "exists" else "", **fields))  # type: ignore[arg-type]

    settle([chunk.size for chunk in found if chunk.size is not None])
    for chunk in found:
        if chunk.kind == "head":
            for token, _at in chunk.software:
                say("software", token.software.family if token.software else token.word, chunk)
            if not chunk.software:
                say("thing", chunk.what.removeprefix("part."), chunk)
            if chunk.count is not None and chunk.count_at is not None:
                counted = Chunk("head", chunk.count_at[0], chunk.end)
                say("count", chunk.count, counted)
        elif chunk.kind == "size" and chunk.size is not None:
            say("hardware", chunk.size.value, chunk, about=chunk.size.topic)
        elif chunk.kind == "load" and chunk.load is not None and not chunk.load.level:
            say("driver", chunk.load.value, chunk, about=chunk.load.driver, kind="load")
    first = Statement(kind="exists", quote=whole, thing=thing, topic="hardware")
    return [first, *said]
