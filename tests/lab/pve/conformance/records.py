# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded requests and answers: one JSON object a line, or one object of path to answer."""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

SERIES = {"9.1.8": "9.1", "8.4": "8.4"}
ROOT = "root@pam"


@dataclass(frozen=True)
class Record:
    """One recorded request with its answer, and the end of the task that it started."""

    step: str
    version: str
    method: str
    path: str
    params: dict[str, Any]
    auth: str
    user: str | None
    auth_detail: str
    status: int | None
    reason: str | None
    body: Any
    task: dict[str, Any] | None
    as_json: bool

    @property
    def parallel(self) -> str | None:
        """The name that requests sent at the same time share, or None."""
        found = re.fullmatch(r"(.*) \[\d+/\d+\]", self.step)
        return found[1] if found else None

    @property
    def data(self) -> Any:
        return self.body.get("data") if isinstance(self.body, dict) else None


def load(path: Path) -> list[Record]:
    """The records of a file, in the order in which they were sent."""
    return _load_answers(path) if path.suffix == ".json" else _load_lines(path)


def _load_answers(path: Path) -> list[Record]:
    """One object of path (with query) to answer: reads of root, without an order."""
    answers = json.loads(path.read_text(encoding="utf-8"))
    version = answers["/version"]["body"]["data"]["version"]
    records = []
    for asked, answer in answers.items():
        place, _, query = asked.partition("?")
        records.append(
            Record(
                step=asked,
                version=version,
                method="GET",
                path=place,
                params=dict(urllib.parse.parse_qsl(query)),
                auth="ticket",
                user=ROOT,
                auth_detail="",
                status=answer["status"],
                reason=answer.get("reason"),
                body=answer["body"],
                task=None,
                as_json=False,
            )
        )
    return records


def _load_lines(path: Path) -> list[Record]:
    records = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            raw = json.loads(line)
            records.append(
                Record(
                    step=raw["step"],
                    version=raw["version"],
                    method=raw["method"],
                    path=raw["path"],
                    params=raw.get("params") or {},
                    auth=raw["auth"],
                    user=raw.get("user"),
                    auth_detail=raw.get("auth_detail") or "",
                    status=raw["status"],
                    reason=raw.get("reason"),
                    body=raw.get("body"),
                    task=raw.get("task"),
                    as_json="json" in (raw.get("content_type") or ""),
                )
            )
    return records


def by_version(records: list[Record]) -> Iterator[tuple[str, list[Record]]]:
    """The records of each version that can be simulated."""
    for version, series in SERIES.items():
        own = [record for record in records if record.version == version]
        if own:
            yield series, own


def in_turns(records: list[Record]) -> Iterator[list[Record]]:
    """Single records, and those sent at the same time together."""
    for _, group in groupby(enumerate(records), key=lambda x: x[1].parallel or x[0]):
        yield [record for _, record in group]
