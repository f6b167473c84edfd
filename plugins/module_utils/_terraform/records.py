# SPDX-License-Identifier: GPL-3.0-or-later
"""Two small private files beside the state: what was planned, and what a run set out to create."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import typing as t
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

PLAN_FILE = "plan.tfplan"
#: Variables of the last apply that came to its end; what exists is looked at with these.
APPLIED_VARIABLES = "applied-variables.json"
VARIABLES = "terraform.tfvars.json"
_PLAN_RECORD = "plan.json"
_EARLIER = "earlier.tfplan"
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
    #: configuration of each guest that the plan touches, by VMID, as it was before planning
    guests: dict[str, dict[str, t.Any]] = field(default_factory=dict)
    content_sha256: str = ""
    destroy: bool = False

    def says_the_same_as(self, other: PlanRecord) -> bool:
        """Return whether both plans do the same to the same state, made from the same values."""
        same = [replace(record, sha256="", created_at=0.0) for record in (self, other)]
        return bool(self.content_sha256) and same[0] == same[1]


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
    #: configuration of each guest that is touched, by VMID, kept before the first write
    before: dict[str, dict[str, t.Any]] = field(default_factory=dict)

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


def keep_variables(directory: Path) -> None:
    """Make the rendered variables those that are applied."""
    data = _read(directory / VARIABLES)
    if data:
        _write(directory / APPLIED_VARIABLES, data)


def keep_without(directory: Path, names: t.Container[str]) -> None:
    """Leave machines that were let go out of the applied variables."""
    data = _read(directory / APPLIED_VARIABLES)
    if data:
        machines = {name: m for name, m in data["machines"].items() if name not in names}
        _write(directory / APPLIED_VARIABLES, {**data, "machines": machines})


def applied_arguments(directory: Path) -> tuple[str, ...]:
    """Return the arguments with which a plan sees what is applied, not what was rendered since."""
    path = directory / APPLIED_VARIABLES
    return (f"-var-file={path}",) if path.is_file() else ()


def forget_applied(directory: Path) -> None:
    """Remove the applied variables: nothing of the deployment is left."""
    (directory / APPLIED_VARIABLES).unlink(missing_ok=True)


def forget_plan(directory: Path) -> None:
    """Remove the saved plan and its record: it has been applied or must not be."""
    for name in (PLAN_FILE, _PLAN_RECORD, _EARLIER):
        (directory / name).unlink(missing_ok=True)


def put_aside(directory: Path) -> PlanRecord | None:
    """Take the saved plan out of the way of a new one; return its record when it is whole."""
    record, file = read_plan_record(directory), directory / PLAN_FILE
    whole = record is not None and sha256_of(file) == record.sha256
    if whole:
        file.replace(directory / _EARLIER)
        (directory / _PLAN_RECORD).unlink()
        return record
    forget_plan(directory)
    return None


def keep_the_same(directory: Path, earlier: PlanRecord | None, record: PlanRecord) -> PlanRecord:
    """Return the record of the plan that stays: the earlier one where both say the same.

    Its sha256, which a person may have seen, stays good.
    """
    aside = directory / _EARLIER
    if earlier is not None and earlier.says_the_same_as(record):
        aside.replace(directory / PLAN_FILE)
        record = replace(record, sha256=earlier.sha256)
    aside.unlink(missing_ok=True)
    write_plan_record(directory, record)
    return record


def content_sha256(plan: dict[str, t.Any]) -> str:
    """Return a digest of what ``terraform show -json`` says that a plan does."""
    parts = ("terraform_version", "variables", "resource_changes", "output_changes")
    content = json.dumps({part: plan.get(part) for part in parts}, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


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
