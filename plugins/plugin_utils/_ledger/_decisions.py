# SPDX-License-Identifier: GPL-3.0-or-later
"""What people decided: approvals, freezes, ends of life."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._store import (
    Row,
    Store,
    now,
)

#: Scope of a freeze that stops every environment.
SITE = "site"


class Decisions(Store):
    """Append-only records; a freeze is lifted, never removed."""

    def approve(self, run_id: str, plan_sha256: str, decision: str, by: str, reason: str) -> None:
        """Record a decision about a Terraform plan."""
        with self._transaction() as c:
            self._put(
                c,
                self._t.approvals,
                {
                    "workflow_id": run_id,
                    "plan_sha256": plan_sha256,
                    "decision": decision,
                    "by": by,
                    "reason": reason,
                    "at": now(),
                },
            )

    def approved_by(self, run_id: str) -> str | None:
        """Return who approved the plan of a run, None when nobody has."""
        sa, a = self._sa, self._t.approvals
        query = sa.select(a.c.by).where(a.c.workflow_id == run_id, a.c.decision == "approved")
        with self._transaction() as c:
            found = c.execute(query.order_by(a.c.approval_id.desc()).limit(1)).scalar()
        return None if found is None else str(found)

    # -- freezes

    def freeze(self, scope: str, *, by: str, reason: str) -> None:
        """Stop every write of the site or of one environment until it is lifted."""
        with self._transaction() as c:
            self._put(c, self._t.freezes, {"scope": scope, "reason": reason, "by": by, "at": now()})

    def lift(self, scope: str, *, by: str) -> int:
        """Lift the freezes of a scope; return how many there were."""
        f = self._t.freezes
        held = (f.c.scope == scope) & f.c.lifted_at.is_(None)
        with self._transaction() as c:
            found = len(self._keys(c, f, held))
            self._change(c, f, held, {"lifted_by": by, "lifted_at": now()})
        return found

    def freezes(self, environment: str | None = None) -> list[Row]:
        """Return the freezes that hold: all of them, or those that stop one environment."""
        sa, f = self._sa, self._t.freezes
        query = sa.select(f).where(f.c.lifted_at.is_(None)).order_by(f.c.freeze_id)
        with self._transaction() as c:
            rows = [dict(row) for row in c.execute(query).mappings()]
        return [row for row in rows if environment is None or row["scope"] in (SITE, environment)]

    # -- ends of life

    def retire(
        self,
        deployment: str,
        end_of_life: str,
        *,
        by: str,
        reason: str,
        machines: t.Sequence[str] = (),
    ) -> None:
        """Record the request to delete machines of a deployment from a day on."""
        with self._transaction() as c:
            self._put(
                c,
                self._t.retirements,
                {
                    "deployment": deployment,
                    "end_of_life": end_of_life,
                    "machines": list(machines),
                    "by": by,
                    "reason": reason,
                    "at": now(),
                },
            )

    def retirement(self, deployment: str) -> Row | None:
        """Return the newest request to delete a deployment, None when there is none."""
        sa, r = self._sa, self._t.retirements
        query = sa.select(r).where(r.c.deployment == deployment)
        with self._transaction() as c:
            found = c.execute(query.order_by(r.c.retirement_id.desc()).limit(1)).mappings().first()
        return dict(found) if found else None
