# SPDX-License-Identifier: GPL-3.0-or-later
"""The form in which a model writes its reading: a bounded JSON Schema, and the way back.

Values are text in the person's own unit ("16 GB"); code turns them into the unit of the topic, so
that no model has to calculate. Every list and text has an end, or a small model does not find one.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Finding
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._pydantic import (
    ValidationError,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Bound,
    Kind,
    Question,
    Quote,
    Statement,
    Topic,
    Verb,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._answer import (
    AnswerError,
    read_object,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._masked import Masked

MAX_ROWS = 48
LENGTHS = {"quote": 120, "thing": 8, "about": 32, "value": 96, "before": 24}
NO_VERB = "none"
#: What a row says that leaves a field out; a provider may not enforce the form.
DEFAULTS: dict[str, str | bool] = {
    "thing": "",
    "about": "",
    "value": "",
    "bound": "exact",
    "total": False,
    "verb": NO_VERB,
    "before": "",
}
FIELDS = ("kind", "topic", "quote", *DEFAULTS)
#: A row of this kind is no statement: it asks the person what the words mean.
UNCLEAR = "unclear"
#: MiB and GiB by the first letter of a unit, in English and French.
_MIB = {"k": 1 / 1024, "m": 1.0, "g": 1024.0, "t": 1024.0**2, "p": 1024.0**3}
_AMOUNT = re.compile(r"^\s*[+-]?(?P<number>\d+(?:[.,]\d+)*)\s*(?P<unit>[a-z%]*)", re.IGNORECASE)
_NUMBERS = frozenset({"sla", "count", "cores", "gpu", "vmid", "vlan", "port", "driver", "hardware"})
_MEMORY = frozenset({"memory_mib"})
_DISK = frozenset({"disk_gib", "data_disk_gib"})
_ADDRESSES = frozenset({"address", "gateway", "dns_server", "vip"})
#: Kinds of which no machine is made: a value that cannot be read is left out.
_MAKE_NOTHING = ("exists", "remark")
#: What has a number that can grow, or is all sizes at once.
_GROWING = frozenset({"count", "gpu", "cores", "scale", "whole", "driver", *_MEMORY, *_DISK})
#: Topics of a change that a verb fits; the others fit all.
_FITTING: dict[str, frozenset[str]] = {
    **dict.fromkeys(("increase", "decrease", "multiply"), _GROWING),
    "move": frozenset({"node", "storage", "whole", "thing"}),
    "rename": frozenset({"name", "whole", "thing"}),
    "remove": frozenset({"addon", "backup", "count", "data_disk_gib", "gpu", "ha", "name"})
    | frozenset({"setting", "software", "tag", "text", "thing", "whole", "node"}),
}
_FALSE = frozenset({"false", "no", "not", "none", "off", "nein", "non", "0"})


def schema() -> dict[str, t.Any]:
    """Return the JSON Schema of the form; it uses only what every provider takes."""
    row: dict[str, t.Any] = {
        "kind": {"type": "string", "enum": [*t.get_args(Kind), UNCLEAR]},
        "thing": {"type": "string", "maxLength": LENGTHS["thing"]},
        "topic": {"type": "string", "enum": list(t.get_args(Topic))},
        "about": {"type": "string", "maxLength": LENGTHS["about"]},
        "value": {"type": "string", "maxLength": LENGTHS["value"]},
        "bound": {"type": "string", "enum": list(t.get_args(Bound))},
        "total": {"type": "boolean"},
        "verb": {"type": "string", "enum": [NO_VERB, *t.get_args(Verb)]},
        "before": {"type": "string", "maxLength": LENGTHS["before"]},
        "quote": {"type": "string", "minLength": 1, "maxLength": LENGTHS["quote"]},
    }
    rows = {
        "type": "array",
        "minItems": 1,
        "maxItems": MAX_ROWS,
        "items": {
            "type": "object",
            "properties": row,
            "required": list(row),
            "additionalProperties": False,
        },
    }
    return {
        "type": "object",
        "properties": {"statements": rows},
        "required": ["statements"],
        "additionalProperties": False,
    }


@dataclasses.dataclass(frozen=True)
class Filled:
    """What a filled form says: statements, what the person has to be asked, and what was wrong."""

    statements: tuple[Statement, ...] = ()
    questions: tuple[Question, ...] = ()
    findings: tuple[Finding, ...] = ()


def read_form(text: str, masked: Masked) -> Filled:
    """Return what an answer says, and what in it could not be used.

    A row that is wrong is named by its number and left out; the account then misses its words.
    """
    try:
        rows = read_object(text).get("statements")
    except AnswerError as error:
        message = f"{str(error).capitalize()}; answer with the form."
        return Filled(findings=(_wrong("answer", "", message),))
    if not isinstance(rows, list) or len(rows) > MAX_ROWS:
        message = f"The answer has no list of at most {MAX_ROWS} statements."
        return Filled(findings=(_wrong("answer", "statements", message),))
    said: list[Statement | Question] = []
    findings: list[Finding] = []
    for number, row in enumerate(rows):
        try:
            said.append(_said(_checked(row), masked, number))
        except (ValueError, TypeError, KeyError) as error:
            findings.append(_wrong("statement", f"statements.{number}", _reason(error)))
    return Filled(
        tuple(item for item in said if isinstance(item, Statement)),
        tuple(item for item in said if isinstance(item, Question)),
        tuple(findings),
    )


def _checked(row: t.Any) -> dict[str, t.Any]:
    """Return a row with every field, each of them text that is not too long."""
    if not isinstance(row, dict) or not {"kind", "topic", "quote"} <= set(row) <= set(FIELDS):
        raise ValueError(f"each statement has exactly {', '.join(FIELDS)}")
    row = {**DEFAULTS, **row}
    for name, longest in LENGTHS.items():
        if not isinstance(row[name], str) or len(row[name]) > longest:
            raise ValueError(f"{name} is text of at most {longest} characters")
    return row


def _said(row: dict[str, t.Any], masked: Masked, number: int) -> Statement | Question:
    place = masked.original(row["quote"])
    if place is None:
        raise ValueError("the quote is not in the sentence, word for word")
    topic: Topic = row["topic"]
    if row["kind"] == UNCLEAR:
        asked = " ".join(masked.value(row["value"]).split()) or "what should that mean?"
        plain = "".join(char for char in asked if char.isprintable())
        start = masked.text.find(place[0]) if place[1] is None else place[1]
        return Question(
            id=f"open.unclear.{number + 1}",
            text=f'"{place[0]}": {plain}',
            quote=Quote(text=place[0], start=start),
        )
    if _says_no_address(row, masked):
        topic, row = "text", {**row, "kind": "remark", "value": "", "verb": NO_VERB}
    if row["kind"] in _MAKE_NOTHING and not _has_value(row, masked):
        row = {**row, "value": "", "before": ""}  # its words are what it says
    return Statement(
        kind=row["kind"],
        quote=Quote(text=place[0], start=place[1]),
        thing=row["thing"].strip().lower(),
        topic=topic,
        about=masked.value(row["about"].strip()),
        value=_value({**row, "topic": topic}, masked),
        bound=row["bound"],
        total=row["total"],
        verb=None if row["verb"] == NO_VERB else row["verb"],
        before=_before(row),
    )


def _has_value(row: dict[str, t.Any], masked: Masked) -> bool:
    try:
        _value(row, masked)
        _before(row)
    except ValueError:
        return False
    return True


def _says_no_address(row: dict[str, t.Any], masked: Masked) -> bool:
    """Tell whether a wish for an address holds none ("a public IPv4"): that is a remark.

    Raises ``ValueError`` where digits of an address are there and are none.
    """
    text = masked.value(row["value"].strip())
    if row["topic"] not in _ADDRESSES or text.lower() in ("", "dhcp") or _is_address(text):
        return False
    if re.search(r"[0-9a-f][.:]+[0-9a-f]", text.lower()):
        raise ValueError(f"{text} is no address")
    return True


def _value(row: dict[str, t.Any], masked: Masked) -> bool | int | float | str | None:
    text = masked.value(row["value"].strip())
    if row["kind"] == "change" and row["topic"] not in _FITTING.get(row["verb"], (row["topic"],)):
        raise ValueError(f"{row['verb']} is no verb for {row['topic']}")
    if row["verb"] == "multiply":
        return _plain(text)
    return typed(row["topic"], row["about"].strip(), text)


def _before(row: dict[str, t.Any]) -> float | None:
    """Return what is there as the person says it; "from 8 to 16 GB" says one unit for both."""
    text = row["before"].strip()
    found, now = _AMOUNT.match(text), _AMOUNT.match(row["value"].strip())
    if found and not found["unit"] and now:
        text += now["unit"]
    value = typed(row["topic"], row["about"].strip(), text) if text else None
    return float(value) if isinstance(value, (int, float)) and value is not True else None


def typed(topic: Topic, about: str, text: str) -> bool | int | float | str | None:
    """Return a value as its topic wants it: a number in the topic's unit, a truth or text.

    Raises ``ValueError`` where a number is wanted and none is there.
    """
    if topic in ("ha", "setting") or about == "zero_downtime":
        return text.lower() not in _FALSE
    about = re.sub(r"_per_[a-z]+$", "", about)
    measured = topic in ("hardware", "driver")
    if topic in _MEMORY or (measured and about == "memory_mib"):
        return _amount(text, "g", 1.0)
    if topic in _DISK or (measured and about.endswith("_gib")):
        return _amount(text, "g", 1024.0)
    if topic in _NUMBERS:
        return _plain(text)
    if topic == "name":
        return text.lower() or None
    return text or None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return True


def _amount(text: str, default_unit: str, mib_of_unit: float) -> float | int | None:
    """Return an amount of memory or disk; a bare number is in ``default_unit``."""
    if not text:
        return None
    found = _AMOUNT.match(text)
    if not found:
        raise ValueError("the value is no amount")
    number = _number(found["number"])
    unit = found["unit"].lower()[:1] or default_unit
    if unit not in _MIB:
        raise ValueError("the value has no unit of memory or disk")
    return _whole(number * _MIB[unit] / mib_of_unit)


def _plain(text: str) -> float | int | None:
    if not text:
        return None
    found = _AMOUNT.match(text)
    if not found:
        raise ValueError("the value is no number")
    thousands = {"k": 1e3, "m": 1e6}.get(found["unit"].lower(), 1.0)
    return _whole(_number(found["number"]) * thousands)


def _number(text: str) -> float:
    """Return a number as people write it: 1.5, 1,5, 10,000, 10.000."""
    groups = re.split(r"[.,]", text)
    if len(groups) > 2 or (len(groups) == 2 and len(groups[1]) == 3 and groups[0] != "0"):
        return float("".join(groups))
    return float(".".join(groups))


def _whole(value: float) -> float | int:
    return int(value) if value == int(value) else value


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        item = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in item["loc"])
        return f"{field}: {item['msg']}."
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def _wrong(rule: str, where: str, message: str) -> Finding:
    return Finding(
        id=f"model.{rule}", severity="warning", field=where, message=message, source="model"
    )
