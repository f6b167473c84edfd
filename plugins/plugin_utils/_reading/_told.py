# SPDX-License-Identifier: GPL-3.0-or-later
"""Which clauses order nothing: they tell of what is there, beside clauses that order something."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._clauses import (
    Clause,
    clauses,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    function_words,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._glosses import (
    glosses,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._numbers import (
    numerals,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import Token
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._words import (
    words_of,
)

_HOSTS = ("thing.hardware", "thing.host")
_MADE = ("thing.lxc", "thing.dockerhost", "thing.k3s", "thing.k8s", "thing.cluster", "role.")
_ORDERS = ("verb.create", "verb.add", "verb.remove", "verb.increase", "verb.decrease", "verb.set")
_CHANGES = ("verb.upgrade", "verb.move", "verb.rename", "verb.replace", "cue.instead", "cue.insist")


def told(text: str, tokens: t.Sequence[Token]) -> list[Clause]:
    """Return the clauses of a text; one that orders nothing beside an order tells what exists.

    Brackets that only explain are remarks of their own inside a clause.
    """
    found = clauses(text)
    inside = [[k for k in tokens if c.start <= k.start < c.end] for c in found]
    orders = [_orders(c, said) for c, said in zip(found, inside, strict=True)]
    result = []
    for at, (clause, said) in enumerate(zip(found, inside, strict=True)):
        others = any(order for other, order in enumerate(orders) if other != at)
        free = not clause.ordered or any(token.has("verb.keep") for token in said)
        tells = clause.kind == "wish" and others and free and _tells(said)
        result.append(dataclasses.replace(clause, kind="exists") if tells else clause)
    result = [part for clause in result for part in _parted(clause, tokens)]
    wishes = [c for c in result if c.kind == "wish"]
    apart = [g for g in glosses(tokens) if any(c.start <= g.start < c.end for c in wishes)]
    return [*result, *apart]


def _parted(clause: Clause, tokens: t.Sequence[Token]) -> t.Iterator[Clause]:
    """Yield a reason without the order that goes on behind it ("because it is slow, and a redis").

    Behind a bare "and" it may be either; it is part of no clause then, and asked about.
    """
    inside = [token for token in tokens if clause.start <= token.start < clause.end]
    ends = [at for at, token in enumerate(inside) if token.word == "," or token.has("cue.and")]
    found = next((at for at in ends if at and _begins_an_order(inside[at:])), None)
    if clause.kind != "remark" or found is None:
        yield clause
        return
    yield dataclasses.replace(clause, end=inside[found].start)
    if inside[found].word == ",":
        yield Clause("wish", inside[found].start, clause.end, ordered=True)


def _begins_an_order(tokens: t.Sequence[Token]) -> bool:
    """Tell whether a comma or "and" is followed by things alone: no verb says anything of them."""
    closed = function_words()
    small = ("cue.and", "cue.with", "cue.more")
    rest = [*itertools.dropwhile(lambda k: k.word == "," or k.has(*small), tokens)]
    led = any(token.has("cue.with", "cue.more") for token in tokens[: len(tokens) - len(rest)])
    led = led or bool(rest and (rest[0].kind == "num" or rest[0].word in numerals().articles))
    thing = ("thing.vm", "thing.lxc", "part.", "role.", "addon.", "cni.")
    things = any(token.software or token.has(*thing) for token in rest[:4])
    verbs = closed["pronouns"] | closed["modals"] | closed["passives"] | closed["copulas"]
    told = any(token.word in verbs or token.has("verb.", "cue.not") for token in rest)
    return led and things and not told


def _orders(clause: Clause, tokens: t.Sequence[Token]) -> bool:
    """Tell whether a clause asks for a thing in so many words, or names one with software."""
    if clause.kind != "wish":
        return False
    named = any(token.software or token.has("thing.vm", *_MADE, "part.") for token in tokens)
    asked = clause.ordered or any(token.has("verb.create", "verb.add") for token in tokens)
    return named and (asked or not _tells(tokens))


def _tells(tokens: t.Sequence[Token]) -> bool:
    """Tell whether a clause has the form of a statement about what is there."""
    closed = function_words()
    words = [token.word for token in tokens if token.kind != "mark"]
    orders = any(token.has(*_ORDERS, *_CHANGES) for token in tokens)
    each = tokens[0].has("cue.each") and any(token.kind == "num" for token in tokens[1:2])
    if not words or orders or each or any(token.has(*_MADE) for token in tokens):
        return _replaces(tokens)  # "Je 4 Kerne" is said of what was ordered
    software = any(token.software for token in tokens)
    machine = any(token.has("thing.vm") for token in tokens)
    kept = not machine and any(token.has("verb.keep") for token in tokens)
    strange = not (software or machine)
    if kept:
        return True
    if any(word in closed["modals"] for word in words):
        return False
    if strange and (_speaks_of_others(tokens) or _has_hosts(tokens)):
        return True
    definite = words[0] in closed["definite"]
    machine = any(token.has("thing.vm", "thing.server_word") for token in tokens[:4])
    speaks = words[0] in closed["speakers"] and not software
    return words[0] in closed["possessives"] or speaks or (definite and machine)


def _has_hosts(tokens: t.Sequence[Token]) -> bool:
    return any(token.has(*_HOSTS) for token in tokens)


def _speaks_of_others(tokens: t.Sequence[Token]) -> bool:
    """Tell whether a strange thing does or is something ("The Zyxel does the DHCP")."""
    closed, ordinary = function_words(), words_of(None).ordinary
    strange = any(
        before.word in closed["determiners"] if k.name else not ordinary(k.word)
        for before, k in itertools.pairwise(tokens)
        if k.kind == "word" and len(k.word) > 2 and not (k.concept or k.driver or k.mib)
    )
    subject = tokens[1:3]
    said = len(subject) == 2 and not any(k.concept or k.driver for k in subject)
    return tokens[0].word in closed["definite"] and strange and said


def _replaces(tokens: t.Sequence[Token]) -> bool:
    """Tell whether a clause only says that something of one's own goes ("Replacing my old box")."""
    closed = function_words()
    verb, owned = (tokens[0], tokens[1]) if len(tokens) > 1 else (None, None)
    if verb is None or owned is None or not verb.has("verb.replace"):
        return False
    valued = any(k.kind == "num" or k.software or k.has("cue.with", "cue.by") for k in tokens)
    return owned.word in closed["possessives"] and not valued
