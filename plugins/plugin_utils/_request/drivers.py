# SPDX-License-Identifier: GPL-3.0-or-later
"""What the size of software depends on: users, rates, amounts of data, promises of service."""

from __future__ import annotations

import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request import numerals
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.lexicon import (
    builtin,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.tokens import Token

_PER_SECOND = {
    "samples": "samples_per_second",
    "logins": "logins",
    "grants": "grants",
    "refreshes": "refreshes",
    "messages": "messages_per_second",
    "writes": "writes_per_second",
    "notifications": "notifications_per_second",
    "requests": "rps",
    "queries": "qps",
    "transactions": "transactions_per_second",
    "users": "users",
    "concurrent_users": "concurrent_users",
    "documents": "documents_per_second",
}
_PER_OTHER = {
    "rate.month": "_per_month",
    "rate.day": "_per_day",
    "rate.hour": "_per_hour",
    "rate.minute": "_per_minute",
}
_DAYS = {"unit.day": 1, "unit.week": 7, "unit.month": 30, "unit.year": 365, "unit.hour": 1 / 24}
_MS = {"unit.ms": 1, "unit.second": 1000}
_ROLE_DRIVERS = {"role.worker": "workers", "role.node": "nodes", "kind.cluster": "clusters"}


Levels = dict[str, float | bool | str]


def find_drivers(
    tokens: list[Token], taken: set[int], loads: dict[int, str]
) -> tuple[dict[str, float], Levels, frozenset[str]]:
    """Return drivers, service levels, and the drivers whose number is exceeded ("over 1800").

    ``taken`` holds the indexes of numbers that already mean something; ``loads`` says which
    role nouns are loads of the software (token index of the noun → driver).
    """
    drivers: dict[str, float] = {}
    exceeded: set[str] = set()
    levels: Levels = {}
    for index, token in enumerate(tokens):
        if token.has("word.zero_downtime"):
            levels["zero_downtime"] = True
        if token.kind != "num" or index in taken:
            continue
        before = dict(drivers)
        if (
            _level(tokens, index, levels)
            or _amount(tokens, index, drivers)
            or _counted(tokens, index, drivers, loads)
            or _at_once(tokens, index, drivers)
            or _group_of(tokens, index, drivers)
        ):
            taken.add(index)
        if index and tokens[index - 1].has("cue.about.over"):
            exceeded.update(name for name in drivers if drivers[name] != before.get(name))
    _peaks(tokens, drivers)
    return drivers, levels, frozenset(exceeded)


def _level(tokens: list[Token], index: int, levels: Levels) -> bool:
    """Read "P99 < 50 ms", "99.9 % availability" and "15 days"."""
    value = tokens[index].value
    unit = tokens[index + 1] if index + 1 < len(tokens) else None
    if unit is None:
        return False
    if unit.concept in _MS:
        before = " ".join(token.word for token in tokens[max(index - 7, 0) : index])
        after = " ".join(token.word for token in tokens[index + 2 : index + 5])
        around = f"{before} {after}"
        found = re.findall(r"\bp ?(\d{2,3})\b", around) or re.findall(
            r"\b(\d{2,3}) ?(?:th|st|nd|rd|e|eme|er|\.)?[ -]?(?:percentile|perzentil|centile)",
            around,
        )
        latency = re.search(
            r"latenc|latenz|antwortzeit|response|temps de reponse", f"{before} {after}"
        )
        if found:
            levels[f"p{found[-1]}_ms"] = value * _MS[unit.concept]
        elif latency or unit.concept == "unit.ms":
            levels["latency_ms"] = value * _MS[unit.concept]
        else:
            return False
        return True
    if unit.has("unit.percent") and 90 <= value <= 100:
        levels["availability_percent"] = value
        return True
    return False


def _amount(tokens: list[Token], index: int, drivers: dict[str, float]) -> bool:
    """Read "10 MB/s", "3 TB of logs a day", "15 days", "13B", "replication factor three"."""
    value = tokens[index].value
    at = index + 1
    if at < len(tokens) and tokens[at].word in numerals.ARTICLES | {"-"}:
        at += 1
    unit = tokens[at] if at < len(tokens) else None
    if index and tokens[index - 1].has("word.replication"):
        drivers["replication_factor"] = value
        return True
    if unit is None:
        return False
    if unit.mib is not None:
        _add_bytes(value * unit.mib, tokens[at + 1 : at + 6], drivers)
        return True
    words = [token.word for token in tokens[at : at + 3]]
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    if unit.concept in _DAYS:
        drivers["retention_days"] = value * _DAYS[unit.concept]
    elif unit.word == "b" and unit.glued:
        drivers["parameters_b"] = value
    elif value >= 1e8 and any(word.startswith("paramet") for word in words):
        drivers["parameters_b"] = value / 1e9
    else:
        return following is not None and following.has("word.replication")
    return True


def _add_bytes(mib: float, following: list[Token], drivers: dict[str, float]) -> None:
    """Add an amount that is no size of a machine: a rate, a heap, data; swap is none of these."""
    rate = next((token for token in following if token.has("rate.")), None)
    if any(token.has("noun.swap") for token in following[:2]):
        return
    if any(token.has("noun.heap") for token in following[:3]):
        drivers["heap_gib"] = mib / 1024
    elif rate is not None and rate.has("rate.second"):
        drivers["throughput_mib_per_second"] = mib
    elif rate is not None and rate.has("rate.day"):
        drivers["ingest_gib_per_day"] = mib / 1024
    else:
        drivers["data_gib"] = mib / 1024


def _counted(
    tokens: list[Token], index: int, drivers: dict[str, float], loads: dict[int, str]
) -> bool:
    """Read "100 concurrent users", "45 logins/s", "5000 pods", "250 downstream clusters"."""
    value = tokens[index].value
    unknown = 0
    for at in range(index + 1, min(index + 6, len(tokens))):
        token = tokens[at]
        name = token.driver or loads.get(at, "")
        if name and value == 1 and drivers and _each(tokens, at):
            drivers[name] = list(drivers.values())[-1]  # "24 disks, one OSD each"
            return True
        if name:
            rate = next((t for t in tokens[at + 1 : at + 3] if t.has("rate.")), None)
            _set(drivers, _named(name, rate, tokens, at), value)
            return True
        if token.kind == "num" or token.word in {";", ".", ":"} or token.mib is not None:
            return False
        if token.has("cue.with", "cue.and", "unit.") or token.word == ",":
            return False
        if not token.concept and token.kind == "word":
            unknown += 1
            if unknown > 2:
                return False
    return False


def _group_of(tokens: list[Token], index: int, drivers: dict[str, float]) -> bool:
    """Read "a family of 6" and "a team of twelve"."""
    if index < 2 or not tokens[index - 1].has("cue.of"):
        return False
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    ends = following is None or following.kind == "mark" or following.has("cue.")
    if ends and tokens[index - 2].has("word.group"):
        _set(drivers, "users", tokens[index].value)
        return True
    return False


def _each(tokens: list[Token], at: int) -> bool:
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    return following is not None and following.has("word.each", "word.per")


def _at_once(tokens: list[Token], index: int, drivers: dict[str, float]) -> bool:
    """Read people who are meant but not named: "40 work simultaneously", "40 of them online"."""
    for token in tokens[index + 1 : index + 6]:
        if token.has("word.at_once"):
            _set(drivers, "concurrent_users", tokens[index].value)
            return True
        if not (token.has("word.of_them") or token.word in builtin().presence):
            return False
    return False


def _set(drivers: dict[str, float], name: str, value: float) -> None:
    drivers[name] = max(value, drivers.get(name, 0.0))


def _named(name: str, rate: Token | None, tokens: list[Token], at: int) -> str:
    if rate is not None and rate.has("rate.second"):
        return _PER_SECOND.get(name, name)
    if rate is not None and rate.concept in _PER_OTHER:
        return name + _PER_OTHER[rate.concept]
    if name == "users":
        around = tokens[max(at - 2, 0) : at]
        for token in tokens[at + 1 : at + 6]:
            if token.kind != "word" or token.has("cue.and"):
                break
            around.append(token)
        if any(token.has("word.at_once") for token in around):
            return "concurrent_users"
    return name


def _peaks(tokens: list[Token], drivers: dict[str, float]) -> None:
    peak = any(re.match(r"peak|spitze|pointe|lastspitze", token.word) for token in tokens)
    for name in ("qps", "rps"):
        if peak and name in drivers:
            drivers[f"{name}_peak"] = drivers[name]
