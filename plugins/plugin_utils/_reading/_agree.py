# SPDX-License-Identifier: GPL-3.0-or-later
"""Two readings of one sentence: where they agree that is the reading, else code decides or asks."""

from __future__ import annotations

import collections.abc
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Finding,
    Request,
    to_data,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
    Reading,
)

#: Builds the request of a reading, so that readings are compared by what becomes of them.
Build = collections.abc.Callable[[Reading], Request]
#: What of a request changes a machine.
_SAME = ("things", "changes", "environment", "loads", "backups", "destroy", "workload", "scale")


def agree(first: Reading, second: Reading, build: Build) -> Reading:
    """Return the reading that holds: ``first`` (the rules') when both make the same machines.

    An account that does not close loses to one that does. When both close and differ in a
    machine, the difference is one question with the two meanings. When neither closes, the
    reading with fewer open places stays, with its questions.
    """
    if second.off_topic != first.off_topic and second.closed and not second.statements:
        return first
    if first.closed != second.closed:
        winner, loser = (first, second) if first.closed else (second, first)
        return _noted(winner, f"The reading of {loser.reader} did not account for every word.")
    if not first.closed:
        weight = (_weight(first), _weight(second))
        return first if weight[0] <= weight[1] else second
    one, other = _machines(build(first)), _machines(build(second))
    if one == other:
        return first
    meanings = tuple(_in_words(data, against) for data, against in ((one, other), (other, one)))
    if meanings[0] == meanings[1]:
        meanings = (f"{meanings[0]} ({first.reader})", f"{meanings[1]} ({second.reader})")
    question = Question(
        id="reading.differ",
        text=f"The sentence can be read in two ways: {meanings[0]}, or {meanings[1]}."
        " Which is meant?",
        choices=meanings,
    )
    return first.model_copy(update={"questions": (*first.questions, question), "closed": False})


def _weight(reading: Reading) -> tuple[int, int]:
    errors = sum(finding.severity == "error" for finding in reading.findings)
    return errors, len(reading.questions)


def _noted(reading: Reading, message: str) -> Reading:
    finding = Finding(id="reading.other", severity="info", field="text", message=message)
    return reading.model_copy(update={"findings": (*reading.findings, finding)})


def _machines(request: Request) -> dict[str, t.Any]:
    """Return what of a request changes a machine, without ids and the words it was read from."""
    data = to_data(request)
    return {name: _plain(data[name]) for name in _SAME}


def _plain(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        kept = {k: _plain(v) for k, v in value.items() if k not in ("id", "said", "thing")}
        return {k: v for k, v in kept.items() if v not in (None, [], {}, "", False)}
    if isinstance(value, list):
        return sorted((_plain(item) for item in value), key=str)
    return value


def _in_words(data: dict[str, t.Any], against: dict[str, t.Any]) -> str:
    """Return in plain words what one reading makes that the other does not."""
    parts = []
    for name in ("things", "changes"):
        parts += [_words(item) for item in data[name] if item not in against[name]]
    for name in _SAME:
        if name not in ("things", "changes") and data[name] != against[name] and data[name]:
            parts.append(f"{name} {_words(data[name])}")
    return ", ".join(parts)[:400] or "nothing else"


def _words(value: t.Any) -> str:
    if isinstance(value, dict):
        bare = ("family", "type", "kind", "verb")
        labels = {k: "" if k in bare else f"{k.replace('_', ' ')} " for k in value}
        return " ".join(labels[k] + _words(v) for k, v in value.items())
    if isinstance(value, list):
        return " and ".join(_words(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
