# SPDX-License-Identifier: GPL-3.0-or-later
"""What every write came to: announced before it, received after it, else looked up later."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._decisions import (
    Decisions,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._rules import (
    LedgerError,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._store import (
    Row,
    now,
)

#: Writer whose receipts say what is done to a resource; others begin theirs with their own name.
TERRAFORM = "terraform"
#: Writer whose pending writes hold the values of now, whether they change or not.
TAGS = "tags"
_ACTIONS = ("create", "update", "replace", "delete", "import")


class Receipts(Decisions):
    """One row for each write; ``unknown`` is one that was announced and of which nobody heard."""

    def announce(self, run_id: str, writes: t.Iterable[Row]) -> None:
        """Keep what a run is about to do, with the values before; should it die, nobody knows."""
        self._keep(run_id, [{**write, "outcome": "unknown"} for write in writes])

    def receive(self, run_id: str, receipts: t.Iterable[Row]) -> None:
        """Keep what each write of a run came to, in the place of its announcement.

        ``receipts``: ``{"what", "target", "before", "after", "outcome"}`` and, where known,
        ``exit``, ``seconds`` and ``plan_sha256``. Who asked and who approved is in the ledger.
        """
        self._keep(run_id, receipts)

    def _keep(self, run_id: str, receipts: t.Iterable[Row]) -> None:
        w, r, approver = self._t.workflows, self._t.receipts, self.approved_by(run_id)
        with self._transaction() as c:
            asked = c.execute(self._sa.select(w.c.user).where(w.c.workflow_id == run_id)).scalar()
            if asked is None:
                raise LedgerError(f"Run {run_id} is not in the ledger; start it first.")
            announced = self._announced(c, run_id)
            for receipt in receipts:
                values = {
                    "before": receipt.get("before") or {},
                    "after": receipt.get("after") or {},
                    "approved_by": approver,
                    "plan_sha256": receipt.get("plan_sha256"),
                    "outcome": receipt["outcome"],
                    "exit": receipt.get("exit"),
                    "seconds": receipt.get("seconds"),
                }
                place = announced.pop((receipt["what"], receipt["target"]), None)
                if place is not None:
                    kept = {key: value for key, value in values.items() if value}
                    self._change(c, r, r.c.receipt_id == place, kept)
                    continue
                said = {"what": receipt["what"], "target": receipt["target"], "asked_by": asked}
                self._put(c, r, {"workflow_id": run_id, "at": now(), **said, **values})

    def _announced(self, c: t.Any, run_id: str) -> dict[tuple[str, str], int]:
        """Return the receipts of a run that wait to hear of their write."""
        r = self._t.receipts
        waiting = (r.c.workflow_id == run_id) & (r.c.outcome == "unknown") & r.c.exit.is_(None)
        rows = c.execute(self._sa.select(r.c.what, r.c.target, r.c.receipt_id).where(waiting))
        return {(what, target): number for what, target, number in rows}

    def look_up(
        self,
        run_id: str,
        writer: str,
        pending: t.Sequence[Row],
        *,
        there: t.Collection[str] = (),
        only: t.Collection[str] = (),
    ) -> list[Row]:
        """Find out what came of the writes of earlier runs of the same deployment.

        Returns the receipts of which it is known now.

        Args:
            run_id: of the run that has looked.
            writer: terraform, or how ``what`` begins for everything that was looked at.
            pending: what would be done now, in the form of receipts; for tags also what is as it
                should be.
            there: targets that exist now, for terraform.
            only: targets that were looked at; empty for all of them.
        """
        found = []
        with self._transaction() as c:
            for row in self._unknown(c, run_id, writer):
                if only and row["target"] not in only:
                    continue
                outcome = _outcome(writer, row, pending, there)
                if outcome == "unknown":
                    continue
                known = {"outcome": outcome, "looked_up_by": run_id}
                r = self._t.receipts
                self._change(c, r, r.c.receipt_id == row["receipt_id"], known)
                found.append({**row, **known})
        return found

    def _unknown(self, c: t.Any, run_id: str, writer: str) -> list[Row]:
        """Return what earlier runs of the deployment of a run announced and never heard of."""
        sa, r, w = self._sa, self._t.receipts, self._t.workflows
        deployment = sa.select(w.c.deployment).where(w.c.workflow_id == run_id).scalar_subquery()
        earlier = sa.select(w.c.workflow_id).where(
            w.c.deployment == deployment, w.c.workflow_id != run_id
        )
        kind = (
            r.c.what.in_(_ACTIONS)
            if writer == TERRAFORM
            else (r.c.what == writer) | r.c.what.startswith(f"{writer} ")
        )
        query = sa.select(r).where(r.c.workflow_id.in_(earlier), r.c.outcome == "unknown", kind)
        return [dict(row) for row in c.execute(query.order_by(r.c.receipt_id)).mappings()]

    def receipts(self, run_id: str) -> list[Row]:
        """Return the receipts of a run, oldest first."""
        sa, r = self._sa, self._t.receipts
        query = sa.select(r).where(r.c.workflow_id == run_id).order_by(r.c.receipt_id)
        with self._transaction() as c:
            return [dict(row) for row in c.execute(query).mappings()]


def _outcome(writer: str, row: Row, pending: t.Sequence[Row], there: t.Collection[str]) -> str:
    """Return what came of a write of some writer."""
    if writer == TERRAFORM:
        return came_of(row, pending, there)
    now = [w for w in pending if (w["what"], w["target"]) == (row["what"], row["target"])]
    if writer != TAGS:
        return "not" if now else "happened"
    values = [w.get("before") or {} for w in now]
    return "happened" if row["after"] in values else "not" if row["before"] in values else "unknown"


def came_of(row: Row, pending: t.Iterable[Row], there: t.Collection[str]) -> str:
    """Return what came of a write of Terraform: happened, not, or unknown as before.

    Args:
        row: receipt of the write, with the values before and after it.
        pending: what Terraform would do now; the values before are those of now.
        there: targets that exist now.
    """
    exists = row["target"] in there
    if row["what"] in ("create", "import"):
        return "happened" if exists else "not"
    if row["what"] == "delete":
        return "not" if exists else "happened"
    if not exists:
        return "unknown"
    now: dict[str, t.Any] = {}
    for write in pending:
        if write["target"] == row["target"]:
            if write["what"] == row["what"] == "replace":
                return "not"
            now.update(write.get("before") or {})
    after = row["after"]
    untouched = [
        field
        for field, value in row["before"].items()
        if now.get(field, after.get(field)) == value != after.get(field)
    ]
    return "not" if untouched else "happened"
