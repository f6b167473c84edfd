# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether words hold a number: as it is written, in its unit, or by what they mean."""

from __future__ import annotations

import math
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Statement,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._numbers import (
    numerals,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._sentence import (
    TOLERANCE,
    Sentence,
    amounts,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import (
    Token,
)


def factors(tokens: list[Token]) -> set[float]:
    named = {"rel.twice": 2.0, "rel.triple": 3.0, "rel.half": 0.5, "rel.same": 1.0}
    found = {named[token.concept] for token in tokens if token.concept in named}
    numbers = [token.value for token in tokens if token.kind == "num"]
    shares = numbers if any(token.has("unit.percent") for token in tokens) else []
    return found | {*numbers} | {round(1 + s * n / 100, 4) for n in shares for s in (1, -1)}


def holds_number(statement: Statement, said: Sentence, tokens: list[Token], value: float) -> bool:
    numbers = [token for token in tokens if token.kind == "num"]
    added = sum(number.value for number in numbers)
    if statement.topic == "driver" and len(numbers) > 1 and value == added:
        return True
    if any(token.has("rel.half") for token in tokens) and _is_half(statement, said, value):
        return True
    one = statement.verb in ("increase", "decrease", "remove") and value == 1
    if not numbers or (one and statement.topic == "count" and _one_of(numbers[0], tokens)):
        return _holds_without_number(statement, said, tokens, value)
    if statement.topic == "count" and any(token.has("cue.each") for token in tokens):
        shares = {float(number.value) for number in numbers}  # "one VM per host", and three hosts
        if value in {share * there for share in shares for there in _counted(said)}:
            return True
    return any(
        math.isclose(value, candidate, rel_tol=TOLERANCE)
        for number in numbers
        for candidate in amounts(said.tokens, said.tokens.index(number), statement.topic)
    )


def _holds_without_number(
    statement: Statement, said: Sentence, tokens: list[Token], value: float
) -> bool:
    """Tell whether words without a number mean one, none or the rest of those that were said."""
    if statement.topic == "count":
        if value in factors(tokens):
            return True  # "Pi-hole twice"
        rest = any(token.has("word.rest", "word.second") for token in tokens)
        if rest and value > 1:
            return any(k.kind == "num" and k.value > value for k in said.tokens)
        if value == 0 and any(token.has("cue.only") for token in tokens):
            return True  # "masters only": no workers
        denied = any(token.has("cue.not", "cue.off") for token in tokens)
        environments = sum(token.has("env.") for token in tokens)  # "dev and prod VMs"
        return value == (0 if denied else 1) or 1 < value == environments
    by_one = statement.verb in ("increase", "decrease") and value == 1
    one_core = statement.topic == "cores" and by_one
    return one_core or (statement.topic in ("gpu", "driver") and value in (0, 1))


def rest_of_a_number(statements: t.Iterable[Statement], said: Sentence) -> Statement | None:
    """Return the count that is a said number less those that are told apart without one.

    "Three VMs with 4 GB, except the last": two of them and one.
    """
    counts = [s for s in statements if s.kind == "wish" and s.topic == "count" and s.thing]
    numbers = {
        id(s): [k.value for k in _quoted(s, said) if k.kind == "num"]
        for s in counts
        if isinstance(s.value, (int, float))
    }
    named = [s for s in counts if numbers.get(id(s))]
    if len(counts) < 2 or len(numbers) < len(counts) or len(named) != 1:
        return None
    total = sum(float(s.value or 0) for s in counts)
    return named[0] if total in numbers[id(named[0])] else None


def _quoted(statement: Statement, said: Sentence) -> list[Token]:
    start = statement.quote.start or 0
    return said.within(start, start + len(statement.quote.text))


def _one_of(number: Token, tokens: t.Sequence[Token]) -> bool:
    """Tell whether "one of" stands before a number ("einer der beiden")."""
    before = tokens[: tokens.index(number)]
    return any(token.word in numerals().articles for token in before)


def _counted(said: Sentence) -> set[float]:
    """Return the numbers that the sentence counts something with, and of how many hosts."""
    hosts = {token.word for token in said.tokens if token.word in said.vocabulary.nodes}
    return {*(float(k.value) for k in said.tokens if k.kind == "num"), float(len(hosts))}


def _is_half(statement: Statement, said: Sentence, value: float) -> bool:
    """Tell whether a value is half of one that the sentence holds ("half a terabyte")."""
    return any(
        math.isclose(2 * value, amount, rel_tol=TOLERANCE)
        for index, token in enumerate(said.tokens)
        if token.kind == "num"
        for amount in amounts(said.tokens, index, statement.topic)
    )
