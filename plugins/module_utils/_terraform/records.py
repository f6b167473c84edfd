# SPDX-License-Identifier: GPL-3.0-or-later
"""Two small private files beside the state: what was planned, and what a run set out to create."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import typing as t
from dataclasses import asdict, dataclass
from pathlib import Path

PLAN_FILE = "plan.tfplan"
_PLAN_RECORD = "plan.json"
_JOURNAL = "run.json"


@dataclass(frozen=True)
class PlanRecord:
    """What a saved plan was made from and of; seconds are of the Unix epoch, UTC."""

    deployment: str
    sha256: str
    variables_sha256: str
    created_at: float
    serial: int
    lineage: str
    destroy: bool = False


@dataclass(frozen=True)
class Creation:
    """A machine that a run set out to create."""

    name: str
    address: str
    vmid: int
    kind: str
    node: str


@dataclass(frozen=True)
class Journal:
    """Written before an apply, so that a killed run can be resumed or rolled back.

    ``creations`` are the machines that did not exist before; ``finished`` whether the apply
    came to its end. Creations of an unfinished run stay in the journal of the next one.
    """

    plan_sha256: str
    started_at: float
    creations: tuple[Creation, ...] = ()
    finished: bool = False

    @property
    def open_creations(self) -> tuple[Creation, ...]:
        """Machines of an unfinished run."""
        return () if self.finished else self.creations


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file; empty when there is none."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_plan_record(directory: Path) -> PlanRecord | None:
    """Return the record of the saved plan, None when there is none or it is unreadable."""
    data = _read(directory / _PLAN_RECORD)
    try:
        return PlanRecord(**data) if data else None
    except TypeError:
        return None


def write_plan_record(directory: Path, record: PlanRecord) -> None:
    """Write the record of the saved plan."""
    _write(directory / _PLAN_RECORD, asdict(record))


def read_journal(directory: Path) -> Journal | None:
    """Return the journal of the last apply, None when there is none or it is unreadable."""
    data = _read(directory / _JOURNAL)
    try:
        creations = tuple(Creation(**item) for item in data.pop("creations", []))
        return Journal(creations=creations, **data) if data else None
    except (TypeError, AttributeError):
        return None


def write_journal(directory: Path, journal: Journal) -> None:
    """Write the journal so that it survives a crash of the machine."""
    _write(directory / _JOURNAL, asdict(journal))


def forget_plan(directory: Path) -> None:
    """Remove the saved plan and its record: it has been applied or must not be."""
    for name in (PLAN_FILE, _PLAN_RECORD):
        (directory / name).unlink(missing_ok=True)


def forget_journal(directory: Path) -> None:
    """Remove the journal: nothing of the deployment is left."""
    (directory / _JOURNAL).unlink(missing_ok=True)


def _read(path: Path) -> dict[str, t.Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _write(path: Path, data: dict[str, t.Any]) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(data, file, indent=2, sort_keys=True)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
