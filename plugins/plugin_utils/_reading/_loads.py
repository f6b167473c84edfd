# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be served: users, rates, amounts of data, retention, promises of service."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._tokens import Token

_PER_SECOND = {"requests": "rps", "queries": "qps", "transactions": "transactions_per_second"}
_STAYS = frozenset({"logins", "grants", "refreshes", "users", "concurrent_users"})
#: Periods over which data is said to grow; no source sizes a disk by them.
_GROWTH = {"rate.month": "_per_month", "rate.week": "_per_week", "rate.year": "_per_year"}
_PER_OTHER = {
    **_GROWTH,
    "rate.day": "_per_day",
    "rate.hour": "_per_hour",
    "rate.minute": "_per_minute",
}
_DAYS = {"unit.day": 1, "unit.week": 7, "unit.month": 30, "unit.year": 365, "unit.hour": 1 / 24}
_PERSONS = frozenset({"users", "concurrent_users"})
_MS = {"unit.ms": 1, "unit.second": 1000}


@dataclasses.dataclass(frozen=True)
class Load:
    """One number of what is served; ``level``: a promise of service instead."""

    driver: str
    value: float | bool
    end: int
    level: bool = False
    start: int | None = None  # where its words begin, when before the number


def load_at(tokens: t.Sequence[Token], index: int) -> Load | None:
    """Return the load whose number stands at ``index``."""
    token = tokens[index]
    if token.has("word.zero_downtime"):
        return Load("zero_downtime", True, index + 1, level=True)
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    if token.has("word.replication") and following is not None and following.kind == "num":
        return Load("replication_factor", following.value, index + 2)
    if token.kind != "num":
        return None
    if re.fullmatch(r"p\d{2,3}", token.word):
        return None
    return (
        _level(tokens, index)
        or _amount(tokens, index)
        or _counted(tokens, index)
        or _group_of(tokens, index)
    )


def _level(tokens: t.Sequence[Token], index: int) -> Load | None:
    """Read "P99 < 50 ms" and "99.9 % availability"."""
    unit = tokens[index + 1] if index + 1 < len(tokens) else None
    if unit is None:
        return None
    value = tokens[index].value
    if unit.concept in _MS:
        before = " ".join(token.word for token in tokens[max(index - 7, 0) : index])
        around = before + " " + " ".join(token.word for token in tokens[index + 2 : index + 5])
        found = re.findall(r"\bp ?(\d{2,3})\b", around) or re.findall(
            r"\b(\d{2,3}) ?(?:th|st|nd|rd|e|eme|er|\.)?[ -]?(?:percentile|perzentil|centile)",
            around,
        )
        latency = re.search(r"latenc|latenz|antwortzeit|response|temps de reponse", around)
        if found or latency or unit.has("unit.ms"):
            name = f"p{found[-1]}_ms" if found else "latency_ms"
            words = (
                [i for i in range(max(index - 7, 0), index) if tokens[i].word == f"p{found[-1]}"]
                if found
                else []
            )
            start = words[0] if words else None
            return Load(name, value * _MS[unit.concept], index + 2, level=True, start=start)
    promised = re.search(
        r"avail|uptime|verfugbar|disponib", " ".join(t_.word for t_ in tokens[index : index + 5])
    )
    if unit.has("unit.percent") and 90 <= value <= 100 and promised:
        return Load("availability_percent", value, index + 3, level=True)
    return None


def _amount(tokens: t.Sequence[Token], index: int) -> Load | None:
    """Read "10 MB/s", "3 TB of logs a day", "15 days", "500 GB of photos"."""
    value, at = tokens[index].value, index + 1
    if at < len(tokens) and tokens[at].word in {"-", "a", "an"}:
        at += 1
    unit = tokens[at] if at < len(tokens) else None
    if unit is None:
        return None
    if unit.mib is not None:
        return _of_person(tokens, index, at, value * unit.mib) or _of_bytes(
            tokens, index, at, value * unit.mib
        )
    words = [token.word for token in tokens[at : at + 3]]
    if unit.concept in _DAYS and not (at + 1 < len(tokens) and tokens[at + 1].word == "old"):
        return Load("retention_days", value * _DAYS[unit.concept], at + 1)
    if unit.word == "b" and unit.glued:
        return Load("parameters_b", value, at + 1)
    if value >= 1e8 and any(word.startswith("paramet") for word in words):
        return Load("parameters_b", value / 1e9, at + 1)
    return None


def _of_person(tokens: t.Sequence[Token], index: int, unit: int, mib: float) -> Load | None:
    """Read what each person gets: "50 GB per user", "for 30 students with 1 GB of memory each"."""
    end, memory = unit + 1, False
    while end < len(tokens) and (tokens[end].of("of") or tokens[end].has("cue.of", "noun.")):
        memory = memory or tokens[end].has("noun.memory")
        end += 1
    before, apiece = index - 1, False
    while before >= 0 and (
        tokens[before].of("of")
        or tokens[before].of("apiece")
        or tokens[before].has("noun.", "bound.")
    ):
        apiece = apiece or tokens[before].of("apiece")
        memory = memory or tokens[before].has("noun.memory")
        before -= 1
    behind = end < len(tokens) and tokens[end].has("cue.each")
    if behind and end + 1 < len(tokens) and tokens[end + 1].driver in _PERSONS:
        end += 2
    else:
        told = [at for at in range(before, -1, -1) if tokens[at].driver in _PERSONS]
        between = tokens[told[0] + 1 : before + 1] if told else []
        each = behind or any(token.has("cue.each") for token in between)
        each = each or (apiece and bool(told) and not between)  # "20 mailboxes of 5 GB"
        near = all(_is_small(token) for token in between)
        if not (each and near and told and _alone(tokens[: told[0]])):
            return None
        end += behind
    if memory:
        return Load("memory_mib_per_user", mib, end)
    return Load("disk_gib_per_user", mib / 1024, end)


def _is_small(token: Token) -> bool:
    """Tell whether a word may stand between people and what each of them gets."""
    order = token.has("verb.") and not token.has("verb.create")  # "each may use"
    thing = token.software or token.mib or token.has("thing.", "role.", "part.")
    return not (order or thing or token.kind == "num")


def _alone(tokens: t.Sequence[Token]) -> bool:
    """Tell whether no machines were counted: "each" is said of those then."""
    return not any(
        token.kind == "num"
        and token.value > 1
        and any(k.has("thing.", "role.", "part.") for k in tokens[at + 1 : at + 4])
        for at, token in enumerate(tokens)
    )


def _of_bytes(tokens: t.Sequence[Token], index: int, unit: int, mib: float) -> Load | None:
    """Read an amount as a rate or as data to keep."""
    for at in range(unit + 1, min(unit + 6, len(tokens))):
        token = tokens[at]
        if token.has("rate.second"):
            return Load("throughput_mib_per_second", mib, at + 1)
        if token.has("rate.day"):
            return Load("ingest_gib_per_day", mib / 1024, at + 1)
        if token.concept in _GROWTH:
            return Load(f"growth_gib{_GROWTH[token.concept]}", mib / 1024, at + 1)
        if token.word in {",", ";", "."} or token.kind == "num" or token.has("role.", "thing."):
            break
    at = unit + 1
    while at < min(unit + 5, len(tokens)) and (
        tokens[at].has("cue.of") or tokens[at].word in {"of", "de", "d'", "my", "our", "-", "an"}
    ):
        at += 1
    kinds = {"noun.heap": "heap_gib", "noun.swap": "swap_gib", "noun.data": "data_gib"}
    name = kinds.get(tokens[at].concept) if at < len(tokens) else None
    if name is not None:
        return Load(name, mib / 1024, at + 1)
    at = index - 1
    while at > 0 and (tokens[at].has("cue.of", "bound.") or tokens[at].word in {":", "of", "is"}):
        at -= 1
    labelled = 0 <= at < index - 1 and tokens[at].has("noun.data")
    return Load("data_gib", mib / 1024, unit + 1) if labelled else None


def _counted(tokens: t.Sequence[Token], index: int) -> Load | None:
    """Read "100 concurrent users", "45 logins/s", "5000 pods"."""
    unknown = 0
    for at in range(index + 1, min(index + 5, len(tokens))):
        token = tokens[at]
        if token.driver:
            rate = at + 1 if at + 1 < len(tokens) and tokens[at + 1].has("rate.") else None
            if rate is None and at + 2 < len(tokens) and tokens[at + 2].has("rate."):
                rate = at + 2
            name = _named(token.driver, tokens[rate] if rate is not None else None, tokens, at)
            end = (rate if rate is not None else at) + 1
            if name == "concurrent_users" and token.driver == "users":
                end = _through(tokens, at)
            return Load(name, tokens[index].value, end)
        if token.word in {"-", "de", "d'"} and at == index + 1:  # "a 500-user forum"
            continue
        if token.kind != "word" or token.mib is not None or token.software or token.name:
            return None
        if token.has("cue.", "unit.", "thing.", "role.", "noun.memory", "noun.disk", "verb."):
            return None
        unknown += not token.concept
        if unknown > 2:
            return None
    return None


def _named(name: str, rate: Token | None, tokens: t.Sequence[Token], at: int) -> str:
    if rate is not None and rate.has("rate.second"):
        return name if name in _STAYS else _PER_SECOND.get(name, f"{name}_per_second")
    if rate is not None and rate.concept in _PER_OTHER:
        return name + _PER_OTHER[rate.concept]
    return "concurrent_users" if name == "users" and _through(tokens, at) > at + 1 else name


def _through(tokens: t.Sequence[Token], at: int) -> int:
    """Return the index behind "at once" near people, or directly behind the noun."""
    for later in range(at + 1, min(at + 6, len(tokens))):
        token = tokens[later]
        if token.has("word.at_once"):
            return later + 1
        if token.kind != "word" or not (token.of("presence") or token.has("word.of_them")):
            break
    return at + 1


def _group_of(tokens: t.Sequence[Token], index: int) -> Load | None:
    """Read "a family of 6" and "a team of twelve"."""
    before = tokens[max(index - 2, 0) : index]
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    ends = following is None or following.kind == "mark" or following.has("cue.")
    if len(before) == 2 and ends and before[1].has("cue.of") and before[0].has("word.group"):
        return Load("users", tokens[index].value, index + 1)
    return None
