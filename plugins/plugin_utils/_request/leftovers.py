# SPDX-License-Identifier: GPL-3.0-or-later
"""What a sentence said and no part of the request holds: nothing is dropped silently."""

from __future__ import annotations

import math

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Request
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request import checks
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.clean import fold
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.groups import Head
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.reader import Reading
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.sizes import Size
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.tokens import Token
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.unknown import (
    ends_phrase,
    is_name,
)

#: Words that are named, numbers that may count machines, words of a noun with its adjectives.
MAX_NAMED, MAX_COUNT, MAX_PHRASE = 12, 1000, 3
_DELTAS = {
    "memory_mib": "memory_delta_mib",
    "cores": "cores_delta",
    "disk_gib": "disk_delta_gib",
}


def name_leftovers(reading: Reading, request: Request, verdict: checks.Verdict) -> None:
    """Warn of counts and sizes that no machine has; note other words that were not used.

    Only for requests that become a plan as they are: a question or a refusal names its reason.
    """
    if verdict.answer != "plan" or reading.following or request.kind is None:
        return
    ordered, words = _unknown_words(reading, request, verdict)
    dropped = []
    if not reading.mentions("cue.correction"):  # "3 masters, no wait, 5": the 3 is taken back
        dropped += [_said(reading, s.start, s.end) for s in _lost_sizes(reading, request)]
        dropped += [_said(reading, _first(h), h.end) for h in _lost_heads(reading, request)]
    for phrase in dict.fromkeys([*dropped, *ordered]):
        verdict.warn(
            "not_used",
            "machines",
            f"{phrase[:60]!r} was not understood as part of this plan and was not used.",
        )
    if words:
        listed = ", ".join(word[:40] for word in list(dict.fromkeys(words))[:MAX_NAMED])
        verdict.note("not_used", "text", f"Not used from the request: {listed}.")


def _said(reading: Reading, start: int, end: int) -> str:
    return " ".join(token.word for token in reading.tokens[start:end])


def _first(head: Head) -> int:
    return head.number if head.number is not None and head.number < head.end else head.index


#: Words that stand for a literal that was taken out of the text.
_MARKERS = ("onstorag", "kubernet")


def _explained(tokens: list[Token], index: int) -> bool:
    """Tell whether a word is denied ("not debian") or says which service ("payment service")."""
    denied = index > 0 and tokens[index - 1].has("cue.not")
    near = tokens[max(index - 2, 0) : index + 3]
    purpose = any(token.has("noun.service") for token in near)
    marker = tokens[index].word.startswith(_MARKERS)
    return denied or purpose or marker or tokens[index].word.endswith(("dienst", "service"))


def _ends(tokens: list[Token], index: int) -> bool:
    joined = index < len(tokens) and tokens[index].word == "-" and tokens[index].glued
    return ends_phrase(tokens, index) and not joined


def _lost_sizes(reading: Reading, request: Request) -> list[Size]:
    """Return the sizes whose value no machine, total or driver has."""
    held: dict[str, set[float]] = {name: set() for name in (*_DELTAS, "gpu")}
    for machine in request.machines:
        for name, delta in _DELTAS.items():
            held[name].update(
                abs(value) for value in (getattr(machine, name), getattr(machine, delta)) if value
            )
    for name, value in {**request.totals, **request.drivers}.items():
        for kind, values in held.items():
            if kind in name or kind == name:
                values.update({value, math.ceil(value)})
    amounts = {round(value * factor) for value in request.drivers.values() for factor in (1, 1024)}
    beside = [run for head in reading.heads if head.beside for run in head.runs]
    apart = {size.number for run in beside for size in run.sizes}
    lost: list[Size] = []
    for size in reading.sizes:
        value = abs(size.value)
        fits = {
            "bytes": round(value) in held["memory_mib"]
            or math.ceil(value / 1024) in held["disk_gib"],
            "memory_mib": round(value) in held["memory_mib"],
            "disk_gib": math.ceil(value) in held["disk_gib"],
            "cores": math.ceil(value) in held["cores"],
            "gpu": True,
        }[size.dimension]
        if not (fits or round(value) in amounts or size.number in apart):
            lost.append(size)
    return lost


def _lost_heads(reading: Reading, request: Request) -> list[Head]:
    """Return the nouns with a number that nothing in the request has."""
    counts = _counts(request)
    heads = [h for h in reading.heads if not (h.host or h.driver or h.beside or h.article)]
    if any(head.of_them or head.rest or head.total for head in heads):
        return []  # parts of a total are resolved together
    said = [head for head in heads if head.count is not None and head.count > 1]
    summed: dict[str, float] = {}
    for head in said:
        summed[head.role] = summed.get(head.role, 0) + (head.count or 0)
    return [
        head for head in said if not {head.count, (head.count or 0) + 1, summed[head.role]} & counts
    ]


def _counts(request: Request) -> set[float]:
    """Return every number of machines, or of what they serve, that the request holds."""
    said: list[float | None] = [machine.count for machine in request.machines]
    said += [app.count for app in request.apps] + list(request.drivers.values())
    cluster = request.cluster
    if cluster is not None:
        said += [cluster.servers, cluster.agents, cluster.total_nodes]
        said += [abs(n) for n in (cluster.agents_delta, cluster.servers_delta) if n]
    said.append(sum(machine.count or 1 for machine in request.machines if machine.name))
    return {number for number in said if number is not None}


def _unknown_words(
    reading: Reading, request: Request, verdict: checks.Verdict
) -> tuple[list[str], list[str]]:
    """Return "5 gizmos" where machines are listed, and other unknown words with their number."""
    named = fold(" ".join([*(f.message for f in verdict.findings), request.workload or ""]))
    covered = [*reading.unread, *([reading.unknown] if reading.unknown else [])]
    taken = {index for name in covered for index in range(name.start, name.end)}
    for head in reading.heads:
        if head.beside:
            taken.update(range(max(_first(head) - 1, 0), head.end + 4))
    ordered: list[str] = []
    words: list[str] = []
    counts = _counts(request)
    for index, token in enumerate(reading.tokens):
        if index in taken:
            continue
        end = _phrase_end(reading, index)
        first = 1 if end is not None and "repl" in reading.tokens[index + 1].word else 0
        if end is not None and not {token.value, token.value + first} & counts:
            names = any(is_name(word) for word in reading.tokens[index + 1 : end])
            if _opens(reading.tokens, index) and request.platform != "kubernetes":
                ordered.append(_said(reading, index, end))
            elif names:
                words.append(_said(reading, index, end))
            taken.update(range(index, end))
        elif is_name(token) and not (token.word in named or _explained(reading.tokens, index)):
            words.append(token.word)
    return ordered, words


def _phrase_end(reading: Reading, index: int) -> int | None:
    """Return the end of a number with a noun that nothing used ("two mail relays"), else None."""
    tokens, token = reading.tokens, reading.tokens[index]
    if token.kind != "num" or index in reading.taken or not 2 <= token.value <= MAX_COUNT:
        return None
    if index + 1 < len(tokens) and tokens[index + 1].glued:  # "99th"
        return None
    end = index + 1
    while end < len(tokens) and end - index <= MAX_PHRASE and _plain(tokens[end], reading):
        end += 1
    return end if end > index + 1 and _ends(tokens, end) else None


def _plain(token: Token, reading: Reading) -> bool:
    """Tell whether a word has no meaning; it may be an everyday one ("3 replicas").

    Runners are what a cluster is for, and no machines of another request.
    """
    purpose = token.has("work.") and not reading.clusterish
    known = (
        (token.concept and not purpose) or token.driver or token.software or token.mib is not None
    )
    return token.kind == "word" and not known and not token.word.startswith(_MARKERS)


def _opens(tokens: list[Token], index: int) -> bool:
    """Tell whether machines are counted here: at the beginning of the sentence or of a list."""
    before = tokens[index - 1] if index else None
    return before is None or before.has("cue.with", "cue.and", "op.create") or before.word in ",+:"
