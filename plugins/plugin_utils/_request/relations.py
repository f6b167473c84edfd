# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups that are said through other groups: "twice that size", "two of them", "the second one"."""

from __future__ import annotations

import itertools
import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request import checks
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.groups import (
    CLUSTER_ROLES,
    Head,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.sizes import (
    Dimension,
    Run,
    Size,
    values,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.tokens import Token

_FACTORS = {"rel.twice": 2.0, "rel.triple": 3.0, "rel.half": 0.5, "rel.same": 1.0}
_NOUNS: dict[str, Dimension] = {
    "noun.memory": "memory_mib",
    "unit.core": "cores",
    "noun.disk": "disk_gib",
}


def size_by_others(tokens: list[Token], heads: list[Head]) -> None:
    """Give a group the sizes it has through another ("4 workers twice that size").

    The other is named ("of the masters") or the nearest before that has sizes. Named machines
    ("twice the memory of db1") are no groups of this sentence and are left alone.
    """
    groups = [head for head in heads if not head.host and not head.driver]
    for position, head in enumerate(groups):
        following = [other for other in groups[position + 1 :] if other.count is not None]
        end = min((_start(other) for other in following), default=len(tokens))
        found = _factor(tokens, head.end, end)
        if found is None or head.runs:
            continue
        factor, at = found
        base = _base(tokens, groups, position, at, end)
        if base is None:
            continue
        only = [_NOUNS[t.concept] for t in tokens[at:end] if t.concept in _NOUNS]
        sizes = {
            name: value for name, value in values(base.runs).items() if not only or name in only
        }
        head.runs.append(Run([_size(name, value * factor, head) for name, value in sizes.items()]))
    for head in groups:
        head.runs = [run for run in head.runs if run.sizes]


def set_apart(tokens: list[Token], heads: list[Head]) -> None:
    """Mark the machines beside a cluster: "a separate VM", "a PostgreSQL VM", "a mail server"."""
    for position, head in enumerate(heads):
        if head.role in CLUSTER_ROLES and not tokens[head.index].has("kind.server_word"):
            continue
        start = heads[position - 1].end if position else 0
        lead = tokens[max(_start(head), start, head.index - 4) : head.end]
        follow = tokens[head.end : head.end + 4]
        apart = any(t.has("word.separate") for t in [*lead, *follow[:1]])
        brand = any(t.software or t.has(*_MACHINE_PARTS) or "balanc" in t.word for t in lead[:-1])
        served = bool(follow) and follow[0].has("cue.for", "cue.with") and _is_purpose(follow[1:])
        single = head.article or (head.count is not None and head.count > 0)
        plain = head.role in ("vm", "container", *CLUSTER_ROLES)
        whole = bool(re.search(r"server|serveur|host|bastion|nas\b|machine|vm", lead[-1].word))
        head.beside = single and (apart or brand or served if plain else apart or whole)


_MACHINE_PARTS = (
    "part.database",
    "part.mail",
    "part.dns",
    "part.file",
    "part.vpn",
    "part.cache",
    "part.bastion",
    "part.proxy",
    "part.queue",
    "part.game",
)


def bind_parts(tokens: list[Token], heads: list[Head]) -> list[Head]:
    """Tie nouns to what they belong to: "a PostgreSQL database", "database cluster of 3 nodes"."""
    for head in heads:
        if not tokens[head.index].has(*_STORES):
            continue
        start = max(head.index - 2, 0)
        near = [*reversed(tokens[start : head.index]), *tokens[head.end : head.end + 2]]
        stores = [token.software for token in near if token.software and token.software.store]
        if stores:
            head.family = stores[0].family
    return _clustered(tokens, heads)


def _clustered(tokens: list[Token], heads: list[Head]) -> list[Head]:
    """Give the number of nodes of "a database cluster with 3 nodes" to the database."""
    for part, nodes in itertools.pairwise(heads):
        linked = tokens[part.end : nodes.number or nodes.index]
        if (
            tokens[part.index].has("part.")
            and nodes.role == "node"
            and nodes.count is not None
            and part.count in (None, 1)
            and linked
            and linked[0].has("kind.cluster")
            and all(token.has("kind.cluster", "cue.with", "cue.of") for token in linked)
        ):
            part.count, part.number, part.article = nodes.count, nodes.number, False
            part.end = nodes.end
            return [head for head in heads if head is not nodes]
    return heads


_STORES = ("part.database", "part.cache", "part.queue")


def _is_purpose(tokens: list[Token]) -> bool:
    return any(token.software or token.has(*_MACHINE_PARTS) for token in tokens)


def _start(head: Head) -> int:
    return head.number if head.number is not None else head.index


def _size(name: str, value: float, head: Head) -> Size:
    dimension: Dimension = next(d for d in _NOUNS.values() if d == name)
    return Size(dimension, value, head.index, head.end, head.index)


def _factor(tokens: list[Token], start: int, end: int) -> tuple[float, int] | None:
    """Return the factor that is said between two tokens and where."""
    for index in range(start, end):
        token = tokens[index]
        if token.concept in _FACTORS:
            return _FACTORS[token.concept], index
        if token.has("rel.times") and tokens[index - 1].kind == "num":
            return tokens[index - 1].value, index
        if token.word in {";", "."}:
            return None
    return None


def _base(tokens: list[Token], groups: list[Head], position: int, at: int, end: int) -> Head | None:
    named = [other for other in groups if at < other.index < end and other is not groups[position]]
    if named:
        return next((g for g in groups if g.role == named[0].role and g.runs), None)
    if any(token.has("word.first") for token in tokens[at:end]):
        return next((g for g in groups[:position] if g.runs), None)
    sized = [g for g in groups[:position] if g.runs]
    return sized[-1] if sized else None


def resolve_parts(heads: list[Head], verdict: checks.Verdict) -> list[Head]:
    """Take the parts of a total out of it ("five machines, two of them databases").

    A total whose parts are all named stands for no machine of its own; more parts than the total
    are a question.
    """
    for position, head in enumerate(heads):
        parts = [part for part in heads[position + 1 :] if part.elliptic or part.of_them]
        if head.elliptic or head.role not in ("vm", "container") or not parts:
            continue
        if head.count == 1:  # one of them itself: "one machine with 2 cores and one with 4"
            head.elliptic = True
            return heads
        named = sum(part.count or 1 for part in parts)
        for part in parts:
            part.count, part.article = part.count or 1, False
            part.runs = [*part.runs, *head.runs]
        if head.count is None or head.count == named:
            return [other for other in heads if other is not head]
        if head.count < named:
            verdict.ask(
                "machines.count",
                f"{head.count:g} machines were said but {named:g} are described; which is right?",
            )
        else:
            head.count -= named
        return heads
    return heads
