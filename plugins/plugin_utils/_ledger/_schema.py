# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of the ledger: one workflow per run, one execution per stage, who holds which ids."""

from __future__ import annotations

import typing as t
from functools import cache
from types import SimpleNamespace


@cache
def tables() -> t.Any:
    """Return the SQLAlchemy tables; imported here because SQLAlchemy is optional elsewhere."""
    import sqlalchemy as sa

    metadata = sa.MetaData()

    def moment(name: str, **options: t.Any) -> sa.Column[t.Any]:
        return sa.Column(name, sa.String(32), **options)  # RFC 3339, UTC

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
        sa.Column("execution_id", sa.Integer, primary_key=True, autoincrement=True),
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
        sa.Column("kind", sa.String(8), primary_key=True),  # vmid, address, name
        sa.Column("value", sa.String(64), primary_key=True),
        sa.Column("deployment", sa.String(63), nullable=False, index=True),
        sa.Column("machine", sa.String(63), nullable=False),
    )
    approvals = sa.Table(
        "approvals",
        metadata,
        sa.Column("approval_id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("workflow_id", sa.String(36), sa.ForeignKey("workflows.workflow_id")),
        sa.Column("plan_sha256", sa.String(64), nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        moment("at", nullable=False),
    )
    return SimpleNamespace(
        metadata=metadata,
        workflows=workflows,
        executions=executions,
        holders=holders,
        allocations=allocations,
        approvals=approvals,
    )
