# SPDX-License-Identifier: GPL-3.0-or-later
"""Ledger: what was asked, planned, approved and done, and which deployment holds what.

One SQLAlchemy URL: SQLite (file mode 0600) by default, PostgreSQL for several controllers.
A run (``workflows``) has stages (``agent_executions``). Statuses and their order are data
(``TRANSITIONS``); a run whose controller process died is recognised and closed as FAILED.
Every row is in a chain (``_chain``), so that a changed, removed or cut one is found.
"""

from __future__ import annotations

import datetime
import socket
import typing as t
import uuid

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._holdings import (
    Holdings,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._process import (
    alive,
    identity,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._receipts import (
    Receipts,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._rules import (
    ACTIVE,
    FINAL,
    TRANSITIONS,
    LedgerError,
    refuse_held,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._store import Row
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._store import (
    now as _now,
)

__all__ = ["ACTIVE", "FINAL", "TRANSITIONS", "Ledger", "LedgerError"]


def _seconds(start: str, end: str) -> float:
    parse = datetime.datetime.fromisoformat
    return round((parse(end) - parse(start)).total_seconds(), 3)


class Ledger(Holdings, Receipts):
    """Read and write the records; every public method is one transaction."""

    # -- runs

    def start(
        self, deployment: str, *, config: Row, user: str, pid: int, takeover: str | None = None
    ) -> Row:
        """Begin a run and take the deployment; refuse while another live run holds it.

        Whether a run of another machine lives cannot be seen from here: ``takeover`` is the id of
        one that a person knows to be dead.

        Returns the new run with ``resumed_from``: the stage at which the previous run of this
        deployment ended early, or None.
        """
        sa, holders = self._sa, self._t.holders
        now, run_id = _now(), str(uuid.uuid4())
        with self._transaction() as c:
            held = (
                c.execute(sa.select(holders).where(holders.c.deployment == deployment))
                .mappings()
                .first()
            )
            if held and alive(held["host"], held["process"]):
                refuse_held(held, takeover)
            if held:
                self._close_dead(c, held["workflow_id"], now)
                c.execute(sa.delete(holders).where(holders.c.deployment == deployment))
            resumed_from = self._last_open_stage(c, deployment)
            self._put(
                c,
                self._t.workflows,
                {
                    "workflow_id": run_id,
                    "deployment": deployment,
                    "status": "PENDING",
                    "platform": "proxmox",
                    "environment": None,
                    "user": user,
                    "created_at": now,
                    "updated_at": now,
                    "config": config,
                    "outputs": {},
                    "errors": [],
                },
            )
            c.execute(
                sa.insert(holders).values(
                    deployment=deployment,
                    workflow_id=run_id,
                    host=socket.gethostname(),
                    process=identity(pid),
                    since=now,
                )
            )
        return {"workflow_id": run_id, "resumed_from": resumed_from}

    def _close_dead(self, c: t.Any, run_id: str, now: str) -> None:
        w, e = self._t.workflows, self._t.executions
        message = "The controller process ended before the run did."
        self._change(
            c,
            e,
            (e.c.workflow_id == run_id) & e.c.completed_at.is_(None),
            {"status": "FAILED", "completed_at": now, "error_message": message},
        )
        self._change(
            c,
            w,
            (w.c.workflow_id == run_id) & w.c.status.in_(ACTIVE),
            {"status": "FAILED", "updated_at": now, "errors": [message]},
        )

    def _last_open_stage(self, c: t.Any, deployment: str) -> str | None:
        sa, w, e = self._sa, self._t.workflows, self._t.executions
        last = c.execute(
            sa.select(w.c.workflow_id, w.c.status)
            .where(w.c.deployment == deployment)
            .order_by(w.c.created_at.desc())
        ).first()
        if last is None or last.status != "FAILED":
            return None
        return c.execute(
            sa.select(e.c.agent_name)
            .where(e.c.workflow_id == last.workflow_id, e.c.status == "FAILED")
            .order_by(e.c.execution_id.desc())
        ).scalar()

    def stage(
        self,
        run_id: str,
        name: str,
        status: str,
        *,
        outputs: Row | None = None,
        inputs: Row | None = None,
    ) -> None:
        """Enter stage ``name`` with run status ``status``; the stage before it is completed.

        ``outputs`` belong to the stage that ends (what it changed), ``inputs`` to the one that
        begins. Neither may hold a secret.
        """
        now = _now()
        with self._transaction() as c:
            self._complete_open(c, run_id, now, outputs or {})
            self._move(c, run_id, status, now)
            self._put(
                c,
                self._t.executions,
                {
                    "workflow_id": run_id,
                    "agent_name": name,
                    "status": "RUNNING",
                    "started_at": now,
                    "input_data": inputs or {},
                    "output_data": {},
                    "logs": [_line(run_id, name, "info", f"{name} began.", at=now)],
                },
            )

    def note(
        self,
        run_id: str,
        *,
        outputs: Row | None = None,
        messages: t.Iterable[str] = (),
        warning: str | None = None,
    ) -> None:
        """Add to the open stage what it has changed and said so far.

        ``warning`` is what it could not do although the run goes on: it will end as ``WARNED``.
        """
        sa, e, now = self._sa, self._t.executions, _now()
        with self._transaction() as c:
            current = (
                c.execute(sa.select(e).where(e.c.workflow_id == run_id, e.c.completed_at.is_(None)))
                .mappings()
                .first()
            )
            if current is None:
                raise LedgerError(f"Run {run_id} is in no stage; enter one first.")
            name = current["agent_name"]
            said = [_line(run_id, name, "info", text, at=now) for text in messages]
            if warning:
                said.append(_line(run_id, name, "warning", warning, at=now))
            self._change(
                c,
                e,
                e.c.execution_id == current["execution_id"],
                {
                    "output_data": {**current["output_data"], **(outputs or {})},
                    "error_message": warning or current["error_message"],
                    "logs": [*current["logs"], *said],
                },
            )

    def _complete_open(
        self,
        c: t.Any,
        run_id: str,
        now: str,
        outputs: Row,
        *,
        error: str | None = None,
        failure: str = "FAILED",
    ) -> None:
        sa, e = self._sa, self._t.executions
        current = c.execute(
            sa.select(e).where(e.c.workflow_id == run_id, e.c.completed_at.is_(None))
        ).first()
        if current is None:
            return
        seconds, name = _seconds(current.started_at, now), current.agent_name
        level, message = ("error", error) if error else ("info", f"{name} ended.")
        ended = "WARNED" if current.error_message else "COMPLETED"
        line = _line(run_id, name, level, message, at=now, seconds=seconds)
        self._change(
            c,
            e,
            e.c.execution_id == current.execution_id,
            {
                "status": failure if error else ended,
                "completed_at": now,
                "output_data": {**current.output_data, **outputs},
                "seconds": seconds,
                "error_message": error or current.error_message,
                "logs": [*current.logs, line],
            },
        )

    def _move(self, c: t.Any, run_id: str, status: str, now: str) -> None:
        sa, w = self._sa, self._t.workflows
        current = c.execute(sa.select(w.c.status).where(w.c.workflow_id == run_id)).scalar()
        if current is None:
            raise LedgerError(f"Run {run_id} is not in the ledger; start it first.")
        if status not in TRANSITIONS.get(current, ()):
            raise LedgerError(f"Run {run_id} cannot go from {current} to {status}.")
        self._change(c, w, w.c.workflow_id == run_id, {"status": status, "updated_at": now})

    def finish(
        self,
        run_id: str,
        status: str = "COMPLETED",
        *,
        stage_outputs: Row | None = None,
        outputs: Row | None = None,
        error: str | None = None,
    ) -> None:
        """End a run: its open stage, its status, its hold on the deployment.

        ``error`` is why it ended so; a run that waits for approval has failed in no stage.
        """
        sa, w, now = self._sa, self._t.workflows, _now()
        wrong = None if status == "DEFERRED" else error
        failure = "REFUSED" if status == "REFUSED" else "FAILED"
        with self._transaction() as c:
            self._complete_open(c, run_id, now, stage_outputs or {}, error=wrong, failure=failure)
            self._move(c, run_id, status, now)
            values: Row = {"errors": [error] if error else []}
            if outputs:
                values["outputs"] = outputs
            self._change(c, w, w.c.workflow_id == run_id, values)
            c.execute(sa.delete(self._t.holders).where(self._t.holders.c.workflow_id == run_id))

    def describe(
        self, run_id: str, *, environment: str | None = None, outputs: Row | None = None
    ) -> None:
        """Add what is known after planning, or what was made, to the record of the run."""
        w = self._t.workflows
        values: Row = {"updated_at": _now()}
        with self._transaction() as c:
            if environment is not None:
                values["environment"] = environment
            if outputs is not None:
                found = c.execute(
                    self._sa.select(w.c.outputs).where(w.c.workflow_id == run_id)
                ).scalar()
                values["outputs"] = {**(found or {}), **outputs}
            self._change(c, w, w.c.workflow_id == run_id, values)

    # -- reading

    def run(self, run_id: str) -> Row:
        """Return one run with its stages."""
        found = self._runs(self._t.workflows.c.workflow_id == run_id, 1)
        if not found:
            raise LedgerError(f"Run {run_id} is not in the ledger.")
        return found[0]

    def runs(self, deployment: str | None = None, *, limit: int = 50) -> list[Row]:
        """Return runs, newest first, each with its ``stages``; dead ones are told apart."""
        w = self._t.workflows
        return self._runs(w.c.deployment == deployment if deployment else self._sa.true(), limit)

    def _runs(self, condition: t.Any, limit: int) -> list[Row]:
        sa, w, e, h = self._sa, self._t.workflows, self._t.executions, self._t.holders
        query = sa.select(w).where(condition).order_by(w.c.created_at.desc()).limit(limit)
        with self._transaction() as c:
            found = [dict(row) for row in c.execute(query).mappings()]
            held = {row["workflow_id"]: row for row in c.execute(sa.select(h)).mappings()}
            for run in found:
                stages = sa.select(e).where(e.c.workflow_id == run["workflow_id"])
                run["stages"] = [
                    dict(row) for row in c.execute(stages.order_by(e.c.execution_id)).mappings()
                ]
                holder = held.get(run["workflow_id"])
                run["interrupted"] = run["status"] in ACTIVE and (
                    holder is None or not alive(holder["host"], holder["process"])
                )
        return found

    def deployments_of(self, run: str) -> set[str]:
        """Return the deployments of the runs whose ids begin with ``run``."""
        w = self._t.workflows
        query = self._sa.select(w.c.deployment).where(w.c.workflow_id.startswith(run)).distinct()
        with self._transaction() as c:
            return set(c.execute(query).scalars())

    def deployments(self) -> list[Row]:
        """Return one row per deployment: last run and the machines it owns, by name.

        What only had runs of playbooks without a deployment, about hosts of an inventory or about
        credentials, is none.
        """
        sa, a = self._sa, self._t.allocations
        latest: dict[str, Row] = {}
        deployed: set[str] = set()
        for run in self.runs(limit=10_000):
            last = latest.setdefault(run["deployment"], run)
            if "playbook" not in run["config"]:
                deployed.add(run["deployment"])
            # A run that ends before planning does not know the environment.
            last["environment"] = last["environment"] or run["environment"]
        with self._transaction() as c:
            held = c.execute(sa.select(a).order_by(a.c.machine)).mappings().all()
        for name, run in latest.items():
            mine = [row for row in held if row["deployment"] == name and row["kind"] == "vmid"]
            run["machines"] = sorted({row["machine"] for row in mine})
            run["running"] = sorted({row["machine"] for row in mine if row["state"] != "planned"})
            run["forgotten"] = bool(run["outputs"].get("forgotten"))
        return [latest[name] for name in sorted(deployed)]


def _line(
    run_id: str,
    stage: str,
    level: str,
    message: str,
    *,
    at: str,
    seconds: float | None = None,
) -> Row:
    return {
        "timestamp": at,
        "workflow_id": run_id,
        "agent": stage,
        "level": level,
        "message": message,
        "execution_time": seconds,
    }
