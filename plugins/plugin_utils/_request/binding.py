# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sizes belong to which group: per worker, each, in total, for everything."""

from __future__ import annotations

import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.groups import (
    CLUSTER_ROLES,
    Head,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.sizes import (
    Run,
    skip,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.tokens import Token


def bind(
    tokens: list[Token], runs: list[Run], heads: list[Head]
) -> tuple[list[Run], list[Run], list[Run]]:
    """Attach runs of sizes to their heads; return those for everything, each, and in total."""
    everything: list[Run] = []
    common: list[Run] = []
    totals: list[Run] = []
    usable = [head for head in heads if not head.host]
    for run in runs:
        if _is_total(tokens, run):
            totals.append(run)
            continue
        target = next((h for h in usable if h.name and 0 <= run.start - h.end <= 1), None)
        target = target or _named_after(tokens, run, usable) or _premodified(tokens, run, usable)
        each = has_each(tokens, run)
        if each and of_every_node(tokens, run) and any(h.role in CLUSTER_ROLES for h in usable):
            common.append(run)
            continue
        if target is None:
            target = _before(tokens, run, usable)
            if target is not None and each:
                chain = _chain(tokens, run, usable)
                if len({head.role for head in chain}) > 1:
                    common.append(run)
                    continue
        if target is None:
            everything.append(run)
        else:
            target.runs.append(run)
    return everything, common, totals


def _is_total(tokens: list[Token], run: Run) -> bool:
    after = tokens[run.end : run.end + 2]
    if any(token.has("word.total") for token in after):
        return True
    for index in range(max(run.start - 2, 0), run.start):
        counted = index > 0 and tokens[index - 1].has("role.", "kind.")  # "five nodes in total"
        if tokens[index].has("word.total") and not counted:
            return True
    return False


def of_every_node(tokens: list[Token], run: Run) -> bool:
    """Tell whether "per node", "all nodes" or the like stands beside the run."""
    near = [*tokens[max(run.start - 3, 0) : run.start], *tokens[run.end : run.end + 2]]
    return any(
        token.has("word.each")
        and re.search(r"node|machine|maschine|noeud|knoten|vm|server|host|box", token.word)
        for token in near
    )


def has_each(tokens: list[Token], run: Run) -> bool:
    lead = tokens[max(run.start - 4, 0) : run.start]
    if any(token.kind == "num" for token in lead[:-2]):
        lead = lead[-2:]
    around = [*lead, *tokens[run.start : run.end + 2]]
    if any(token.has("word.each") for token in around):
        return True
    following = tokens[run.end : run.end + 3]
    return any(token.has("word.per") for token in following)


def _named_after(tokens: list[Token], run: Run, heads: list[Head]) -> Head | None:
    """Find "… per worker", "… for the masters"."""
    at = run.end
    if at < len(tokens) and tokens[at].word in {")", "]"}:
        at += 1
    if at >= len(tokens):
        return None
    plain = tokens[at].word in {"the", "les", "die", "den", "der", "le"}
    linked = tokens[at].has("word.per", "cue.for", "word.each")
    if plain:  # "4 GB the server": the noun is named again, without a number of its own
        again = next((head for head in heads if head.index == at + 1), None)
        return again if again is not None and again.number is None else None
    if not (linked or tokens[at].word in {"on", "auf", "sur"}):
        return None
    at = skip(
        tokens,
        at + 1,
        1,
        "word.each",
        words="the a each every le la les die den das der jeden jedem chaque un une",
    )
    return next((head for head in heads if head.index == at), None)


def _premodified(tokens: list[Token], run: Run, heads: list[Head]) -> Head | None:
    """Find "three 4-core 8 GB workers", "3x(4c/8g) workers", "2 cores, 4 GB box"."""
    at, unknown = run.end, 0
    while at < len(tokens) and at - run.end < 6:
        head = next((h for h in heads if h.index == at), None)
        if head is not None:
            own = head.number is not None and head.number >= run.end
            return None if own else head
        token = tokens[at]
        quiet = token.word in {")", "-", "]"} or token.has(
            "kind.k3s", "kind.k8s", "env.", "size.", "noun.", "kind.cluster", "word.ha"
        )
        if not quiet and token.software is None:
            if token.kind != "word" or token.concept or token.driver:
                return None
            unknown += 1
            if unknown > 2:
                return None
        at += 1
    return None


def _before(tokens: list[Token], run: Run, heads: list[Head]) -> Head | None:
    before = [head for head in heads if head.index < run.start]
    return before[-1] if before else None


def _chain(tokens: list[Token], run: Run, heads: list[Head]) -> list[Head]:
    """Return the heads before the run that have no sizes of their own, back to the last sized."""
    chain: list[Head] = []
    for head in reversed([head for head in heads if head.index < run.start]):
        if head.runs:
            break
        if head.role in CLUSTER_ROLES or chain == [] or head.role == chain[0].role:
            chain.append(head)
    return chain
