# SPDX-License-Identifier: GPL-3.0-or-later
"""What was understood, for the person: the words and their meaning, and what was set aside.

The words for it are data (``data/understood.yml``); quotes are the person's own.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import parse
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Reading,
    Statement,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import load
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._settings import (
    setting_of,
)

#: Fields of a request that are of no thing in particular.
_WHOLE = ("environment", "loads", "scale", "sla", "backups", "workload", "destroy", "insist")
_SIZES = {"memory_mib": 1024.0, "disk_gib": 1.0, "data_disk_gib": 1.0}


@dataclasses.dataclass(frozen=True)
class Understood:
    """Rows of quote and meaning in the order of the sentence, and the words that were set aside.

    Rows of a request that was given as data have its fields instead of quotes.
    """

    rows: tuple[tuple[str, str], ...]
    aside: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()


def understood_of(request: t.Mapping[str, t.Any]) -> Understood:
    """Return what was understood of a request, as data: of its sentence, else of its fields."""
    if request.get("reading"):
        return understood(parse(Reading, request["reading"]))
    rows = []
    for part in ("things", "changes"):
        for item in request.get(part) or ():
            fields = {k: v for k, v in item.items() if k not in ("id", "type", "said")}
            head = " ".join(str(item[k]) for k in ("type", "id", "verb") if item.get(k))
            rows.append((head, ", ".join(_flat(fields)) or "as the rules say"))
    rest = {k: request[k] for k in _WHOLE if request.get(k)}
    rows += [(key, ", ".join(_flat({"": value}))) for key, value in rest.items()]
    return Understood(tuple(rows))


def _flat(value: t.Any, path: str = "") -> t.Iterator[str]:
    """Yield what a mapping says, each field with its path; what is empty says nothing."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(item, f"{path} {key}".strip())
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _flat(item, path)
    elif value is not None and value != "" and value is not False:
        yield path if value is True else f"{path} {value}".strip()


def understood(reading: Reading) -> Understood:
    """Return what was understood; statements with the same words share a row."""
    told: dict[tuple[int, int], list[str]] = {}
    heard = [s for s in reading.statements if s.kind != "remark"]
    places = sorted({_span(s) for s in heard}, key=lambda span: (span[0], -span[1]))
    for statement in heard:
        start, end = _span(statement)
        # "workers" in "3 workers" is told together with the number.
        around = next((p for p in places if p[0] <= start and end <= p[1]), (start, end))
        told.setdefault(around, []).append(meaning(statement))
    rows = [
        (reading.text[start:end], ", ".join(dict.fromkeys(filter(None, said))) or "said")
        for (start, end), said in sorted(told.items())
    ]
    remarks = [s.quote.text for s in reading.statements if s.kind == "remark"]
    aside = dict.fromkeys([*remarks, *(quote.text for quote in reading.aside)])
    return Understood(tuple(rows), tuple(aside), reading.answers)


def _span(statement: Statement) -> tuple[int, int]:
    start = statement.quote.start or 0
    return start, start + len(statement.quote.text)


def meaning(statement: Statement) -> str:
    """Return a statement in plain words ("memory at least 16 GiB")."""
    words = load("understood.yml")
    about = statement.about.replace("_", " ")
    if statement.topic == "setting":
        about = setting_of(statement.about).title
    value = _value(statement, words)
    form = words["topics"].get(statement.topic, statement.topic.replace("_", " ") + " {value}")
    if statement.verb == "multiply" and statement.value is not None:
        form, value = form.replace("{value}", "times {value}"), f"{statement.value:g}"
    text = " ".join(form.format(value=value, about=about).split())
    if statement.value is False:
        text = f"no {text}"
    if statement.total:
        text += " in all"
    if statement.before is not None:
        text += f", before {_amount(statement.topic, statement.before)}"
    if statement.kind == "change":
        return str(words["verbs"].get(statement.verb or "", "{text}").format(text=text)).strip(": ")
    return str(words["kinds"].get(statement.kind, "{text}").format(text=text)).strip(": ")


def _value(statement: Statement, words: dict[str, t.Any]) -> str:
    value = statement.value
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, str):
        return str(words["things"].get(value, value)) if statement.topic == "thing" else value
    topic = statement.about if statement.topic == "hardware" else statement.topic
    bound = words["bounds"].get(statement.bound, "")
    return f"{bound} {_amount(topic, value)}".strip()


def _amount(topic: str, value: float) -> str:
    """Return a number in the unit that a person uses."""
    if topic not in _SIZES:
        return f"{value:g}"
    if topic == "memory_mib" and value < 1024:
        return f"{value:g} MiB"
    return f"{value / _SIZES[topic]:g} GiB"
