# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms that a model fills: JSON Schemas every provider takes, and the check of what came.

Lists and texts have an end in the schema; numbers are bounded here and not there, because
providers ignore or reject their bounds differently.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Finding
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._answer import (
    AnswerError,
    read_object,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._redact import redact

#: Widest range of each number; the sizing engine is narrower.
RANGES = {
    "count": (1, 1000),
    "cores": (1, 1024),
    "memory_mib": (16, 16_777_216),
    "disk_gib": (1, 65_536),
}
MAX_DRIVER = 10_000_000
MAX_REASON = 160
MAX_DRIVERS = 8
NO_DRIVER = "none"


@dataclass(frozen=True)
class Sizes:
    """Numbers and reasons by opaque group id; ``findings`` say what could not be used."""

    numbers: t.Mapping[str, t.Mapping[str, int]] = field(default_factory=dict)
    reasons: t.Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Families:
    """Families by opaque id of unknown software, and drivers of the request."""

    families: t.Mapping[str, str] = field(default_factory=dict)
    drivers: t.Mapping[str, float] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def sizes_schema(groups: t.Sequence[str]) -> dict[str, t.Any]:
    """Return the schema of the form of sizes for these group ids."""
    row = {
        "id": {"type": "string", "enum": list(groups)},
        **{number: {"type": "integer"} for number in RANGES},
        "reason": {"type": "string", "maxLength": MAX_REASON},
    }
    return _object({"groups": _rows_of(row, len(groups), len(groups))})


def families_schema(
    unknown: t.Sequence[str], families: t.Sequence[str], drivers: t.Sequence[str]
) -> dict[str, t.Any]:
    """Return the schema of the form that says what unknown software is."""
    software = {
        "id": {"type": "string", "enum": list(unknown)},
        "family": {"type": "string", "enum": [*families, "unknown"]},
    }
    driver = {
        "driver": {"type": "string", "enum": [*drivers, NO_DRIVER]},
        "value": {"type": "integer"},
    }
    return _object(
        {
            "software": _rows_of(software, len(unknown), len(unknown)),
            "drivers": _rows_of(driver, 0, MAX_DRIVERS),
        }
    )


def _rows_of(row: dict[str, t.Any], least: int, most: int) -> dict[str, t.Any]:
    """Return a list with an end: a small model repeats rows until something stops it."""
    return {"type": "array", "items": _object(row), "minItems": least, "maxItems": most}


def _object(properties: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def read_sizes(text: str, groups: t.Sequence[str]) -> Sizes:
    """Return the sizes in an answer; anything wrong in it is a finding and nothing is used."""
    rows, findings = _rows(text, "groups", {"id", *RANGES, "reason"})
    numbers: dict[str, dict[str, int]] = {}
    reasons: dict[str, str] = {}
    for row in rows:
        group = row["id"]
        if group not in groups or group in numbers:
            findings.append(_wrong("group", "groups.id", "A group is unknown or named twice."))
            continue
        numbers[group] = {}
        reasons[group] = plain(redact(row["reason"])) if isinstance(row["reason"], str) else ""
        for number, (low, high) in RANGES.items():
            value = row[number]
            if not _whole(value) or not low <= value <= high:
                message = f"It must be a whole number from {low} to {high}."
                findings.append(_wrong("range", f"{group}.{number}", message))
            else:
                numbers[group][number] = value
    for group in groups if not findings else ():
        if group not in numbers:
            findings.append(_wrong("incomplete", group, "The group is missing in the answer."))
    return Sizes(findings=tuple(findings)) if findings else Sizes(numbers, reasons)


def read_families(
    text: str, unknown: t.Sequence[str], families: t.Collection[str], drivers: t.Collection[str]
) -> Families:
    """Return families and drivers in an answer; only names of the lists are taken."""
    rows, findings = _rows(text, "software", {"id", "family"})
    found: dict[str, str] = {}
    for row in rows:
        if row["id"] not in unknown or row["id"] in found:
            findings.append(_wrong("group", "software.id", "An id is unknown or named twice."))
        elif row["family"] in families:
            found[row["id"]] = row["family"]
        elif row["family"] != "unknown":
            findings.append(_wrong("family", row["id"], "The family is not one of the list."))
    values: dict[str, float] = {}
    more, wrong = _rows(text, "drivers", {"driver", "value"})
    findings += [finding for finding in wrong if finding not in findings]
    for row in more:
        if row["driver"] == NO_DRIVER:
            continue
        whole = _whole(row["value"]) and 1 <= row["value"] <= MAX_DRIVER
        if row["driver"] not in drivers or not whole:
            message = f"A driver is of the list and from 1 to {MAX_DRIVER}."
            findings.append(_wrong("driver", "drivers", message))
        else:
            values[row["driver"]] = float(row["value"])
    return Families(findings=tuple(findings)) if findings else Families(found, values)


def _rows(text: str, key: str, fields: set[str]) -> tuple[list[dict[str, t.Any]], list[Finding]]:
    try:
        rows = read_object(text).get(key)
    except AnswerError as error:
        return [], [_wrong("answer", "", f"{str(error).capitalize()}; answer with the form.")]
    if not isinstance(rows, list) or len(rows) > 256:
        return [], [_wrong("answer", key, f"The answer has no list {key}.")]
    good = [row for row in rows if isinstance(row, dict) and set(row) == fields]
    if len(good) != len(rows) or not all(isinstance(row.get("id", ""), str) for row in good):
        message = f"Each entry is an object with exactly {', '.join(sorted(fields))}."
        return [], [_wrong("answer", key, message)]
    strings = [row for row in good for name in ("family", "driver") if name in row]
    if not all(isinstance(row.get("family", row.get("driver")), str) for row in strings):
        return [], [_wrong("answer", key, "A name must be text.")]
    return good, []


def _whole(value: t.Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _wrong(rule: str, where: str, message: str) -> Finding:
    return Finding(
        id=f"model.{rule}", severity="warning", field=where, message=message, source="model"
    )


def plain(text: str) -> str:
    """Return a sentence that is safe to show anywhere: letters, digits and plain punctuation."""
    kept = (c if c.isalnum() or c in " .,:;()/+-%'" else " " for c in text[: 4 * MAX_REASON])
    return " ".join("".join(kept).split())[:MAX_REASON].strip()
