# SPDX-License-Identifier: GPL-3.0-or-later
"""What each write of an apply came to: happened, did not happen, or nobody can know."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.errors import PveError
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.guests import (
    Guests,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.summary import (
    ResourceChange,
)

Outcome = t.Literal["happened", "not", "unknown"]
Receipt = dict[str, t.Any]


def planned(changes: t.Iterable[ResourceChange], *, plan_sha256: str = "") -> list[Receipt]:
    """Return the receipts of what is about to be done; nobody knows yet what comes of it."""
    return [_receipt(change, "unknown", plan_sha256, None) for change in changes]


def done(
    changes: t.Iterable[ResourceChange], *, plan_sha256: str = "", seconds: float | None = None
) -> list[Receipt]:
    """Return the receipts of an apply that came to its end."""
    return [_receipt(change, "happened", plan_sha256, seconds) for change in changes]


def looked_up(
    changes: t.Iterable[ResourceChange],
    guests: Guests,
    before: t.Mapping[str, t.Mapping[str, t.Any]],
    in_state: t.Mapping[str, str],
    *,
    plan_sha256: str = "",
) -> list[Receipt]:
    """Return the receipts of an apply that stopped: each guest is looked at once more.

    Args:
        changes: what the plan would have done.
        guests: the cluster now.
        before: configuration of each touched guest before, by VMID.
        in_state: machines of the state now, ``ok`` or ``tainted``, by name.
        plan_sha256: of the plan.
    """
    try:
        there = {guest.vmid: guest for guest in guests.all()}
    except PveError:
        return [_receipt(change, "unknown", plan_sha256, None) for change in changes]
    found = []
    for change in changes:
        guest = there.get(change.vmid or 0)
        outcome: Outcome = "unknown"
        if change.kind is None:
            outcome = "unknown"
        elif change.action == "delete":
            outcome = "not" if guest else "happened"
        elif change.action == "create" and guest is None:
            outcome = "not"
        elif change.action == "create":
            outcome = "happened" if in_state.get(change.name) == "ok" else "unknown"
        elif guest is not None and str(change.vmid) in before:
            outcome = _same(guests, guest, before[str(change.vmid)])
        found.append(_receipt(change, outcome, plan_sha256, None))
    return found


def _same(guests: Guests, guest: t.Any, before: t.Mapping[str, t.Any]) -> Outcome:
    try:
        digest = guests.config(guest).get("digest")
    except PveError:
        return "unknown"
    return "not" if digest == before.get("digest") else "happened"


def _receipt(
    change: ResourceChange, outcome: Outcome, plan_sha256: str, seconds: float | None
) -> Receipt:
    return {
        "what": change.action,
        "target": change.title,
        "before": {f.field: f.before for f in change.fields},
        "after": {f.field: f.after for f in change.fields}
        or ({"vmid": change.vmid, "node": change.node} if change.action == "create" else {}),
        "outcome": outcome,
        "plan_sha256": plan_sha256 or None,
        "seconds": seconds,
    }
