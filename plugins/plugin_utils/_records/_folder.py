# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of a deployment: proposals by their hash, and the one applied record.

``proposed/ID.json``  every plan that was made: request, facts, plan with findings, who, when
``asked.json``        the conversation whose question is open, until a plan is made
``plan.json`` …       the newest proposal in its parts, to be looked at
``applied.json``      request, plan and facts of the last successful apply: what is
``history/RUN.json``  the applied record before and after a run, for taking it back
"""

from __future__ import annotations

import datetime
import glob
import json
import re
import shutil
import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    canonical_json,
    digest,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._files import write_private

Data = dict[str, t.Any]

SCHEMA_VERSION = 1
PARTS = ("request", "snapshot", "plan")
#: What gives access to machines or tells of them; it goes with the last one.
ACCESS = (
    *("kubeconfig", "k3s.token", "known_hosts", "inventory.json", "plan.json", "verification.json"),
    "docs",
)
#: Generated passwords of add-ons, which go with them; the catalogue names each of them so.
PASSWORDS = "*.password"
#: How many proposals stay, and for how long; the newest and the applied one always do.
KEEP_NUMBER = 20
KEEP_DAYS = 30
KEEP_HISTORY = 50
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
#: What changes whenever facts are read again, although the plan is the same.
_VOLATILE = ("facts_collected_at", "snapshot_sha256")


class RecordError(ValueError):
    """A record cannot be read or found; the message is one sentence."""


def refuse_name(deployment: str) -> None:
    """Raise ``RecordError`` for what is no name of a deployment: folders are named so."""
    if not deployment:
        raise RecordError(
            "Name a deployment with -e deployment=NAME; the playbook list shows them."
        )
    if not _NAME.fullmatch(deployment):
        raise RecordError(
            f"The deployment name {deployment!r} is not valid; use small letters, digits and"
            " dashes, at most 63."
        )


def proposal_id(request: Data | None, plan: Data) -> str:
    """Return the id of a proposal: the same request and plan have the same."""
    provenance = plan.get("provenance") or {}
    kept = {key: value for key, value in provenance.items() if key not in _VOLATILE}
    return digest({"request": request, "plan": {**plan, "provenance": kept}})[:12]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


class Folder:
    """One deployment's folder; every file in it is written whole or not at all, mode 0600."""

    def __init__(self, path: Path) -> None:
        self.path = path

    # -- proposed

    def propose(
        self,
        *,
        plan: Data,
        request: Data | None,
        snapshot: Data | None,
        by: str,
        run: str,
        at: str | None = None,
        approves: bool = False,
    ) -> str:
        """Keep a proposal and return its id; nothing that is applied changes.

        ``approves``: who runs it came with the sha256 of a plan, so that one who asked before did.
        """
        applied = self.applied()
        name = proposal_id(request, plan)
        known = self._read(self.path / f"proposed/{name}.json") or {}
        record = {
            "schema_version": SCHEMA_VERSION,
            "id": name,
            "deployment": plan["deployment"],
            "at": at or _now(),
            "by": by,
            "askers": _askers(by, known, approves=approves),
            "run": run,
            "base": applied["id"] if applied else None,
            "request": request,
            "snapshot": snapshot,
            "plan": plan,
        }
        write_private(self.path / f"proposed/{name}.json", canonical_json(record))
        for part in PARTS:
            if record[part]:
                write_private(self.path / f"{part}.json", canonical_json(record[part]))
        (self.path / "asked.json").unlink(missing_ok=True)
        self.prune()
        return name

    def ask(self, conversation: Data, questions: t.Sequence[Data], *, by: str) -> None:
        """Keep a conversation whose question is open; nothing else changes.

        ``conversation``: ``variable``, ``text``, ``form``, ``answers``, ``accept``, ``insist``.
        """
        record = {
            "schema_version": SCHEMA_VERSION,
            "at": _now(),
            "by": by,
            **conversation,
            "questions": list(questions),
        }
        write_private(self.path / "asked.json", canonical_json(record))

    def asked(self) -> Data | None:
        """Return the conversation whose question is open, None when none is."""
        return self._read(self.path / "asked.json")

    def proposals(self) -> list[Data]:
        """Return all proposals, newest first."""
        found = [self._read(path) for path in (self.path / "proposed").glob("*.json")]
        return sorted((r for r in found if r), key=lambda r: (r["at"], r["id"]), reverse=True)

    def proposal(self, name: str) -> Data:
        """Return the proposal whose id begins with ``name``.

        Raises:
            RecordError: there is none, or several.
        """
        found = [record for record in self.proposals() if record["id"].startswith(name)]
        if len(found) != 1:
            known = ", ".join(record["id"] for record in self.proposals()) or "none"
            raise RecordError(
                f"{self.path.name} has {'no' if not found else 'more than one'} proposal"
                f" {name}; there are: {known}."
            )
        return found[0]

    def newest(self) -> Data | None:
        """Return the newest proposal in its parts, as the folder shows it."""
        parts = {part: self._read(self.path / f"{part}.json") for part in PARTS}
        return parts if any(parts.values()) else None

    def prune(self, *, number: int = KEEP_NUMBER, days: int = KEEP_DAYS) -> list[str]:
        """Remove old proposals, never the newest or the applied one; return their ids."""
        oldest = (datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days)).isoformat()
        applied = self.applied()
        kept = applied["id"] if applied else None
        gone = [
            record["id"]
            for place, record in enumerate(self.proposals())
            if place and record["id"] != kept and (place >= number or record["at"] < oldest)
        ]
        for name in gone:
            (self.path / f"proposed/{name}.json").unlink(missing_ok=True)
        return gone

    # -- applied

    def applied(self) -> Data | None:
        """Return the applied record, None when nothing of the deployment is applied."""
        return self._read(self.path / "applied.json")

    def apply(
        self,
        *,
        plan: Data,
        request: Data | None,
        snapshot: Data | None,
        by: str,
        run: str,
        how: str,
        plan_sha256: str = "",
    ) -> bool:
        """Make a plan what is applied, in one step; return whether that is new.

        Args:
            plan: the plan.
            request: its request; None for guests that were taken over.
            snapshot: the facts behind it.
            by: who ran it.
            run: id of the run.
            how: apply, import, rollback, undo, release or retire.
            plan_sha256: of the Terraform plan that did it.
        """
        before = self.applied()
        name = proposal_id(request, plan)
        if before is not None and before["id"] == name:
            return False
        record = {
            "schema_version": SCHEMA_VERSION,
            "id": name,
            "deployment": plan["deployment"],
            "at": _now(),
            "by": by,
            "run": run,
            "how": how,
            "plan_sha256": plan_sha256,
            "request": request,
            "snapshot": snapshot,
            "plan": plan,
        }
        self._remember(run, before, record, how)
        write_private(self.path / "applied.json", canonical_json(record))
        return True

    def unapply(self, run: str, *, how: str = "destroy") -> None:
        """Nothing is applied any more: what was goes to the history of the run.

        ``how``: destroy, undo, or release where the guests go on without us, and with them what
        gives access to them.
        """
        if how != "release":
            for path in (*(self.path / name for name in ACCESS), *self.path.glob(PASSWORDS)):
                _remove(path)
        before = self.applied()
        if before is not None:
            self._remember(run, before, None, how)
            (self.path / "applied.json").unlink()
        write_private(self.path / "emptied.json", {"run": run, "at": _now()})

    def emptied_at(self) -> str:
        """Return when the last machine went, empty when the deployment never was emptied."""
        return str((self._read(self.path / "emptied.json") or {}).get("at", ""))

    def history(self, run: str) -> Data:
        """Return ``how`` and the applied record before and after a run, by the start of its id.

        Raises:
            RecordError: no such run changed what is applied, or several did.
        """
        found = sorted((self.path / "history").glob(f"{glob.escape(run)}*.json"))
        if len(found) != 1:
            raise RecordError(
                f"{self.path.name} has {'no' if not found else 'more than one'} applied run {run};"
                " status.yml shows the runs."
            )
        return self._read(found[0]) or {}

    def _remember(self, run: str, before: Data | None, after: Data | None, how: str) -> None:
        place = self.path / f"history/{run}.json"
        known = self._read(place)
        first = known["before"] if known else before
        kept = {"run": run, "how": how, "before": first, "after": after}
        write_private(place, canonical_json(kept))
        files = sorted(place.parent.glob("*.json"), key=lambda path: path.stat().st_mtime)
        for old in files[:-KEEP_HISTORY]:
            old.unlink(missing_ok=True)

    def _read(self, path: Path) -> Data | None:
        """Return the JSON object in ``path``, None where there is no such file."""
        if not path.is_file():
            return None
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise RecordError(
                f"{path} is damaged: remove it, then run again with the sentence of the deployment."
            )
        return found


def _askers(by: str, known: Data, *, approves: bool) -> list[str]:
    """Return who asked for a proposal; who asks for the same again has asked for it, too."""
    before = list(known.get("askers", ()))
    return before if before and approves else sorted({by, *before})


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
