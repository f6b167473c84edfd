# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of the ledger: runs and stages, who holds what, decisions, receipts, and their chain."""

from __future__ import annotations

import typing as t
from functools import cache
from types import SimpleNamespace

#: Tables whose rows are chained. Locks come and go with a run and prove nothing.
CHAINED = (
    "workflows",
    "agent_executions",
    "allocations",
    "approvals",
    "receipts",
    "freezes",
    "retirements",
    "acknowledgements",
)


@cache
def tables() -> t.Any:
    """Return the SQLAlchemy tables; imported here because SQLAlchemy is optional elsewhere."""
    import sqlalchemy as sa

    metadata = sa.MetaData()

    def moment(name: str, **options: t.Any) -> sa.Column[t.Any]:
        return sa.Column(name, sa.String(32), **options)  # RFC 3339, UTC

    def number(name: str) -> sa.Column[t.Any]:
        return sa.Column(name, sa.Integer, primary_key=True, autoincrement=True)

    workflows = sa.Table(
        "workflows",
        metadata,
        sa.Column("workflow_id", sa.String(36), primary_key=True),
        sa.Column("deployment", sa.String(63), nullable=False, index=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("platform", sa.String(16), nullable=False),
        sa.Column("environment", sa.String(16)),
        sa.Column("user", sa.String(128), nullable=False),
        moment("created_at", nullable=False),
        moment("updated_at", nullable=False),
        sa.Column("config", sa.JSON, nullable=False),
        sa.Column("outputs", sa.JSON, nullable=False),
        sa.Column("errors", sa.JSON, nullable=False),
    )
    executions = sa.Table(
        "agent_executions",
        metadata,
        number("execution_id"),
        sa.Column("workflow_id", sa.String(36), sa.ForeignKey("workflows.workflow_id")),
        sa.Column("agent_name", sa.String(32), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        moment("started_at", nullable=False),
        moment("completed_at"),
        sa.Column("seconds", sa.Float),
        sa.Column("input_data", sa.JSON, nullable=False),
        sa.Column("output_data", sa.JSON, nullable=False),
        sa.Column("error_message", sa.Text),
        sa.Column("logs", sa.JSON, nullable=False),
    )
    holders = sa.Table(
        "deployment_locks",
        metadata,
        sa.Column("deployment", sa.String(63), primary_key=True),
        sa.Column("workflow_id", sa.String(36), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("process", sa.String(64), nullable=False),  # "pid:start time"
        moment("since", nullable=False),
    )
    allocations = sa.Table(
        "allocations",
        metadata,
        # vmid, address, name, vrrp, network, ha_rule, pci, backup, sentence
        sa.Column("kind", sa.String(8), primary_key=True),
        sa.Column("value", sa.String(64), primary_key=True),
        sa.Column("deployment", sa.String(63), nullable=False, index=True),
        sa.Column("machine", sa.String(63), nullable=False),
        sa.Column("state", sa.String(8)),  # planned, begun, applied
    )
    approvals = sa.Table(
        "approvals",
        metadata,
        number("approval_id"),
        sa.Column("workflow_id", sa.String(36), sa.ForeignKey("workflows.workflow_id")),
        sa.Column("plan_sha256", sa.String(64), nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        moment("at", nullable=False),
    )
    receipts = sa.Table(
        "receipts",
        metadata,
        number("receipt_id"),
        sa.Column("workflow_id", sa.String(36), sa.ForeignKey("workflows.workflow_id")),
        moment("at", nullable=False),
        sa.Column("what", sa.String(32), nullable=False),  # create, update, delete, helm, k3s …
        sa.Column("target", sa.String(255), nullable=False),
        sa.Column("before", sa.JSON, nullable=False),
        sa.Column("after", sa.JSON, nullable=False),
        sa.Column("asked_by", sa.String(128), nullable=False),
        sa.Column("approved_by", sa.String(128)),
        sa.Column("plan_sha256", sa.String(64)),
        sa.Column("outcome", sa.String(8), nullable=False),  # happened, not, unknown
        sa.Column("exit", sa.Text),
        sa.Column("seconds", sa.Float),
        sa.Column("looked_up_by", sa.String(36)),  # run that found out what came of it
    )
    freezes = sa.Table(
        "freezes",
        metadata,
        number("freeze_id"),
        sa.Column("scope", sa.String(16), nullable=False),  # site or an environment
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        moment("at", nullable=False),
        sa.Column("lifted_by", sa.String(128)),
        moment("lifted_at"),
    )
    retirements = sa.Table(
        "retirements",
        metadata,
        number("retirement_id"),
        sa.Column("deployment", sa.String(63), nullable=False, index=True),
        sa.Column("end_of_life", sa.String(10), nullable=False),  # YYYY-MM-DD
        sa.Column("machines", sa.JSON, nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        moment("at", nullable=False),
    )
    acknowledgements = sa.Table(
        "acknowledgements",
        metadata,
        number("acknowledgement_id"),
        # Pinned heads that are gone, oldest first, and where the chain stood when that was said.
        sa.Column("heads", sa.JSON, nullable=False),  # [{"seq", "hash"}]
        sa.Column("entries", sa.Integer, nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        moment("at", nullable=False),
    )
    chain = sa.Table(
        "chain",
        metadata,
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        moment("at", nullable=False),
        sa.Column("table", sa.String(32), nullable=False),
        sa.Column("key", sa.String(160), nullable=False),
        sa.Column("op", sa.String(4), nullable=False),  # put, drop
        sa.Column("row_sha256", sa.String(64), nullable=False),
        sa.Column("prev", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    return SimpleNamespace(
        metadata=metadata,
        workflows=workflows,
        executions=executions,
        holders=holders,
        allocations=allocations,
        approvals=approvals,
        receipts=receipts,
        freezes=freezes,
        retirements=retirements,
        acknowledgements=acknowledgements,
        chain=chain,
    )
