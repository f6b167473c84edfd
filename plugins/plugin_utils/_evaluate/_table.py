# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of an evaluation as lines that a person can read."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._score import FIELDS
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._verdict import (
    VERDICTS,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report._table import (
    table as columns,
)

Data = t.Mapping[str, t.Any]
#: What a model used; ``fallbacks``: cases that the rules decided alone because it failed.
USED = ("fallbacks", "requests", "tokens in", "out", "seconds")
READING_HEAD = ("who", "language", "cases", *VERDICTS, "right or asked", "95 %", *USED)
HEAD = ("who", "field", "cases", "hit", "95 %", "under")
FAMILY_HEAD = ("software", "cases", *(f"{field} hit" for field in FIELDS))


def table(result: Data) -> list[str]:
    """Return totals beside the baselines, each family, and every case that is not right."""
    lines: list[str] = []
    if "sizing" in result:
        lines += _sizing(result["sizing"], str(result["provider"]))
    if "intents" in result:
        lines += [*([""] if lines else []), *_intents(result["intents"])]
    if "reading" in result:
        lines += [*([""] if lines else []), *_reading(result["reading"])]
    return lines


def _sizing(sizing: Data, provider: str) -> list[str]:
    # The ablation: nothing, the table, the knowledge; each with and without a model.
    names = {
        "constant_4_8": "constant 4 vCPU, 8 GiB",
        "table": "table",
        "rules": "table + knowledge (rules)",
        "model_on_table": f"table + {provider}",
    }
    ours = names["rules"] if provider == "none" else f"table + knowledge + {provider}"
    rows = _rows(ours, sizing)
    for name, baseline in sizing["baselines"].items():
        rows += _rows(names[name], baseline)
    lines = [f"Sizing, {sizing['cases']} cases", *columns(HEAD, rows).splitlines()]
    families = [_family(name, found) for name, found in sizing["families"].items()]
    lines += ["", *columns(FAMILY_HEAD, families).splitlines()]
    wrong = [row for row in sizing["per_case"] if not all(row["hit"].values())]
    if wrong:
        lines += ["", "Not hit"]
        lines += [f"  {row['id']}: {_missed(row)} [{row['rule']}]" for row in wrong]
    return lines


def _rows(who: str, part: Data) -> list[tuple[str, ...]]:
    return [
        (
            who,
            field,
            str(part[field]["scored"]),
            f"{part[field]['hit']:.3f}",
            _interval(part[field]["hit_interval"]),
            f"{part[field]['under']:.3f}",
        )
        for field in FIELDS
        if part[field]["scored"]
    ]


def _interval(bounds: t.Sequence[float]) -> str:
    return f"{bounds[0]:.2f}-{bounds[1]:.2f}"


def _family(name: str, found: Data) -> tuple[str, ...]:
    shares = [
        f"{found[field]['hit']:.2f} of {found[field]['scored']}" if found[field]["scored"] else "-"
        for field in FIELDS
    ]
    return (name, str(found["cases"]), *shares)


def _missed(row: Data) -> str:
    fields = [field for field, hit in row["hit"].items() if not hit]
    if not row["answer"]:
        return "no answer"
    return ", ".join(
        f"{field} {row['answer'].get(field, 0):g}{' (under)' if row['under'][field] else ''}"
        for field in fields
    )


def _intents(intents: Data) -> list[str]:
    lines = [
        f"Intents, {intents['cases']} cases",
        f"  action {intents['action']:.3f} ({_interval(intents['action_interval'])})",
        f"  facts  {intents['facts']:.3f} ({_interval(intents['facts_interval'])})"
        f" of {intents['facts_scored']}",
        f"  must_not broken: {intents['must_not_broken']}",
    ]
    for row in intents["per_case"]:
        if not row["action_right"]:
            wanted = row["expected_action"]
            lines.append(f"  {row['id']}: {row['action']} instead of {wanted}")
        for name, pair in row["wrong"].items():
            lines.append(f"  {row['id']}: {name} {pair['read']!r} instead of {pair['expected']!r}")
    return lines


def _reading(reading: Data) -> list[str]:
    """Return verdicts per reader and language, and what the model used."""
    parts = {who: part for who, part in reading.items() if who != "cases"}
    rows = [
        (
            who if who == "rules" else f"rules + {who}",
            language,
            str(found["cases"]),
            *(f"{found[verdict]['count']} ({found[verdict]['share']:.2f})" for verdict in VERDICTS),
            f"{found['right_or_asked']['share']:.2f}",
            _interval(found["right_or_asked"]["interval"]),
            *(_used(part) if language == "all" and who != "rules" else ["-"] * len(USED)),
        )
        for who, part in parts.items()
        for language, found in part["summary"].items()
    ]
    lines = [f"Reading, {reading['cases']} cases", *columns(READING_HEAD, rows).splitlines()]
    for who, part in parts.items():
        for row in part["per_case"]:
            if row["verdict"] in ("silent", "crash"):
                lines.append(f"  {who} {row['id']}: {row['verdict']} {_told(row)}".rstrip())
    return lines


def _used(part: Data) -> list[str]:
    numbers = ("requests", "input_tokens", "output_tokens", "seconds")
    return [str(part["failures"]), *(f"{part['used'][name]:.0f}" for name in numbers)]


def _told(row: Data) -> str:
    silent = [d for d in row["differences"] if not d["named"]]
    said = [f"{d['kind']} {d['what']}: {d['want']} expected, {d['got']} planned" for d in silent]
    return "; ".join(said) or str(row["note"])
