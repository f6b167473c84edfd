# SPDX-License-Identifier: GPL-3.0-or-later
"""Ledger: what was asked, planned, approved and done, and which deployment owns which ids.

One SQLAlchemy URL: SQLite (file mode 0600) by default, PostgreSQL for several controllers.
A run (``workflows``) has stages (``agent_executions``). Statuses and their order are data
(``TRANSITIONS``); a run whose controller process died is recognised and closed as FAILED.
"""

from __future__ import annotations

import datetime
import os
import socket
import typing as t
import uuid
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._process import (
    alive,
    identity,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._rules import (
    ACTIVE,
    FINAL,
    TRANSITIONS,
    LedgerError,
    refuse_held,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._schema import tables

__all__ = ["ACTIVE", "FINAL", "TRANSITIONS", "Ledger", "LedgerError"]

Row = dict[str, t.Any]


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


def _seconds(start: str, end: str) -> float:
    parse = datetime.datetime.fromisoformat
    return round((parse(end) - parse(start)).total_seconds(), 3)


def _reason(error: Exception) -> str:
    """Return the database's own words, without statement and parameters."""
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0].rstrip(".")


class Ledger:
    """Read and write the records; every public method is one transaction."""

    def __init__(self, url: str) -> None:
        """Open ``url``; a plain path means SQLite. The tables are made when missing."""
        try:
            import sqlalchemy as sa
        except ImportError as error:
            raise LedgerError(
                f"The ledger needs the Python package SQLAlchemy ({error});"
                " install it with pip install sqlalchemy."
            ) from None
        self._sa = sa
        self._t = tables()
        if "://" not in url:
            url = f"sqlite:///{self._private_file(Path(url))}"
        self._shown = sa.engine.make_url(url).render_as_string(hide_password=True)
        try:
            self._engine = sa.create_engine(url)
            if self._engine.dialect.name == "sqlite":
                self._serialize_writers()
            self._make_tables()
        except sa.exc.SQLAlchemyError as error:
            raise LedgerError(
                f"The ledger at {self._shown} cannot be opened: {_reason(error)}."
            ) from None

    def _make_tables(self) -> None:
        try:
            self._t.metadata.create_all(self._engine)
        except (self._sa.exc.IntegrityError, self._sa.exc.ProgrammingError):
            # Another controller was making them; now they are there.
            self._t.metadata.create_all(self._engine)

    @staticmethod
    def _private_file(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        path.chmod(0o600)
        return path.resolve()

    def _serialize_writers(self) -> None:
        """Begin SQLite transactions with the write lock, so that two runs queue up."""
        event = self._sa.event

        @event.listens_for(self._engine, "connect")
        def _connect(connection: t.Any, _record: t.Any) -> None:
            connection.isolation_level = None
            connection.execute("PRAGMA busy_timeout = 30000")

        @event.listens_for(self._engine, "begin")
        def _begin(connection: t.Any) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    def close(self) -> None:
        """Give back the connections."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> t.Iterator[t.Any]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except self._sa.exc.IntegrityError:
            raise LedgerError(
                "Another run took the same at this very moment; run this again."
            ) from None
        except self._sa.exc.SQLAlchemyError as error:
            raise LedgerError(
                f"The ledger at {self._shown} cannot be used: {_reason(error)}."
            ) from None

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
            c.execute(
                sa.insert(self._t.workflows).values(
                    workflow_id=run_id,
                    deployment=deployment,
                    status="PENDING",
                    platform="proxmox",
                    environment=None,
                    user=user,
                    created_at=now,
                    updated_at=now,
                    config=config,
                    outputs={},
                    errors=[],
                )
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
        sa, w, e = self._sa, self._t.workflows, self._t.executions
        message = "The controller process ended before the run did."
        c.execute(
            sa.update(e)
            .where(e.c.workflow_id == run_id, e.c.completed_at.is_(None))
            .values(status="FAILED", completed_at=now, error_message=message)
        )
        c.execute(
            sa.update(w)
            .where(w.c.workflow_id == run_id, w.c.status.in_(ACTIVE))
            .values(status="FAILED", updated_at=now, errors=[message])
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

    def stage(self, run_id: str, name: str, status: str, *, outputs: Row | None = None) -> None:
        """Enter stage ``name`` with run status ``status``; the stage before it is completed.

        ``outputs`` belong to the stage that ends (what it changed).
        """
        sa, e, now = self._sa, self._t.executions, _now()
        with self._transaction() as c:
            self._complete_open(c, run_id, now, outputs or {})
            self._move(c, run_id, status, now)
            c.execute(
                sa.insert(e).values(
                    workflow_id=run_id,
                    agent_name=name,
                    status="RUNNING",
                    started_at=now,
                    input_data={},
                    output_data={},
                    logs=[],
                )
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
            sa.select(e.c.execution_id, e.c.started_at).where(
                e.c.workflow_id == run_id, e.c.completed_at.is_(None)
            )
        ).first()
        if current is None:
            return
        c.execute(
            sa.update(e)
            .where(e.c.execution_id == current.execution_id)
            .values(
                status=failure if error else "COMPLETED",
                completed_at=now,
                output_data=outputs,
                seconds=_seconds(current.started_at, now),
                error_message=error,
            )
        )

    def _move(self, c: t.Any, run_id: str, status: str, now: str) -> None:
        sa, w = self._sa, self._t.workflows
        current = c.execute(sa.select(w.c.status).where(w.c.workflow_id == run_id)).scalar()
        if current is None:
            raise LedgerError(f"Run {run_id} is not in the ledger; start it first.")
        if status not in TRANSITIONS.get(current, ()):
            raise LedgerError(f"Run {run_id} cannot go from {current} to {status}.")
        c.execute(
            sa.update(w).where(w.c.workflow_id == run_id).values(status=status, updated_at=now)
        )

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
            c.execute(sa.update(w).where(w.c.workflow_id == run_id).values(**values))
            c.execute(sa.delete(self._t.holders).where(self._t.holders.c.workflow_id == run_id))

    def describe(self, run_id: str, *, environment: str) -> None:
        """Add what is known after planning to the record of the run."""
        sa, w = self._sa, self._t.workflows
        with self._transaction() as c:
            c.execute(
                sa.update(w)
                .where(w.c.workflow_id == run_id)
                .values(environment=environment, updated_at=_now())
            )

    def approve(self, run_id: str, plan_sha256: str, decision: str, by: str, reason: str) -> None:
        """Record a decision about a Terraform plan."""
        with self._transaction() as c:
            c.execute(
                self._sa.insert(self._t.approvals).values(
                    workflow_id=run_id,
                    plan_sha256=plan_sha256,
                    decision=decision,
                    by=by,
                    reason=reason,
                    at=_now(),
                )
            )

    # -- ids and addresses

    def reserve(self, deployment: str, machines: t.Iterable[Row]) -> None:
        """Hold VMIDs, names and addresses for a deployment, all or nothing.

        ``machines``: ``{"name", "vmid", "address"}``; replaces what the deployment held before.
        Raises ``LedgerError`` naming the first thing that another deployment holds.
        """
        sa, a = self._sa, self._t.allocations
        rows = [
            {"kind": kind, "value": str(value), "deployment": deployment, "machine": m["name"]}
            for m in machines
            for kind, value in (
                ("vmid", m["vmid"]),
                ("name", m["name"]),
                ("address", m.get("address")),
            )
            if value
        ]
        with self._transaction() as c:
            c.execute(sa.delete(a).where(a.c.deployment == deployment))
            for row in rows:
                other = c.execute(
                    sa.select(a.c.deployment).where(
                        a.c.kind == row["kind"], a.c.value == row["value"]
                    )
                ).scalar()
                if other:
                    raise LedgerError(
                        f"{row['kind'].capitalize()} {row['value']} was taken by deployment"
                        f" {other} in the meantime; run the plan again."
                    )
                c.execute(sa.insert(a).values(**row))

    def release(self, deployment: str) -> None:
        """Give back everything a destroyed deployment held."""
        a = self._t.allocations
        with self._transaction() as c:
            c.execute(self._sa.delete(a).where(a.c.deployment == deployment))

    def reserved(self, *, but: str) -> dict[str, list[t.Any]]:
        """Return what other deployments hold: ``{"vmids", "addresses", "names"}``, sorted."""
        sa, a = self._sa, self._t.allocations
        with self._transaction() as c:
            rows = c.execute(sa.select(a.c.kind, a.c.value).where(a.c.deployment != but)).all()
        held: dict[str, list[t.Any]] = {"vmids": [], "addresses": [], "names": []}
        names = {"vmid": "vmids", "address": "addresses", "name": "names"}
        for kind, value in sorted(rows):
            held[names[kind]].append(int(value) if kind == "vmid" else value)
        return held

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

    def deployments(self) -> list[Row]:
        """Return one row per deployment: last run and the machines it owns, by name."""
        sa, a = self._sa, self._t.allocations
        latest: dict[str, Row] = {}
        for run in self.runs(limit=10_000):
            last = latest.setdefault(run["deployment"], run)
            # A run that ends before planning does not know the environment.
            last["environment"] = last["environment"] or run["environment"]
        with self._transaction() as c:
            held = c.execute(sa.select(a).order_by(a.c.machine)).mappings().all()
        for name, run in latest.items():
            run["machines"] = sorted({row["machine"] for row in held if row["deployment"] == name})
        return [latest[name] for name in sorted(latest)]
