# SPDX-License-Identifier: GPL-3.0-or-later
"""What people decided: approvals, freezes, ends of life, rows that are gone."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._rules import (
    LedgerError,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._store import (
    Row,
    Store,
    now,
)

#: Of a hash, to know it again.
FEWEST_LETTERS = 12


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

    def freezes(self) -> list[Row]:
        """Return the freezes that hold, of whatever scope."""
        sa, f = self._sa, self._t.freezes
        query = sa.select(f).where(f.c.lifted_at.is_(None)).order_by(f.c.freeze_id)
        with self._transaction() as c:
            return [dict(row) for row in c.execute(query).mappings()]

    def lifted(self) -> list[Row]:
        """Return the freezes that do not hold any more."""
        f = self._t.freezes
        with self._transaction() as c:
            query = self._sa.select(f).where(f.c.lifted_at.is_not(None))
            return [dict(row) for row in c.execute(query).mappings()]

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

    # -- rows that are gone

    def acknowledge(
        self, head: str, *, by: str, reason: str, pins: t.Sequence[Row] = (), check: bool = False
    ) -> bool:
        """Record that somebody knows of pinned heads which the chain does not hold any more.

        Returns whether there was something to record: saying it again changes nothing.

        Args:
            head: hash of the newest of them, or how it begins; it shows which cut is meant.
            by: who knows of it.
            reason: how it came to that.
            pins: heads that were written down elsewhere.
            check: record nothing.

        Raises:
            LedgerError: that head is not missing, or a row was touched.
        """
        found = self.audit(pins)
        if not found.missing and not found.holds:
            raise LedgerError(" ".join(found.problems))
        sa, a = self._sa, self._t.acknowledgements
        with self._transaction() as c:
            newest = [found.missing[-1]] if found.missing else []
            told = [row[-1] for row in c.execute(sa.select(a.c.heads)).scalars()]
            meant = [one for one in (newest or told) if one["hash"].startswith(head)]
            if len(head) < FEWEST_LETTERS or not meant:
                missing = f"the head {newest[0]['hash']} is" if newest else "no pinned head is"
                raise LedgerError(
                    f"Nothing was acknowledged: {missing} missing, and {head!r} is not how its hash"
                    f" begins; at least {FEWEST_LETTERS} letters of it are needed."
                )
            if newest and not check:
                said = {"heads": list(found.missing), "by": by, "reason": reason, "at": now()}
                self._put(c, a, {**said, "entries": found.entries, "head": found.head})
        return bool(newest)
