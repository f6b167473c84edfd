# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order a run goes through its statuses, and when a deployment may not be taken."""

from __future__ import annotations

import socket
import typing as t

#: REFUSED: a request or plan that may not or cannot be; DEFERRED: a plan that waits for approval.
FINAL = ("COMPLETED", "FAILED", "ROLLED_BACK", "REFUSED", "DEFERRED")
ACTIVE = ("PENDING", "PLANNING", "PROVISIONING", "CONFIGURING", "VALIDATING", "DOCUMENTING")
#: From an active status a run goes forward, skips ahead, or ends; it never goes back.
TRANSITIONS: dict[str, tuple[str, ...]] = {
    status: (*ACTIVE[ACTIVE.index(status) :], *FINAL) for status in ACTIVE
}


class LedgerError(RuntimeError):
    """The ledger refuses; the message is one sentence for the person who runs the playbook."""


def refuse_held(held: t.Mapping[str, t.Any], takeover: str | None) -> None:
    """Refuse a deployment that a run holds, unless that is elsewhere and named in ``takeover``.

    Raises:
        LedgerError: names the run and where it is.
    """
    run_id, elsewhere = held["workflow_id"], held["host"] != socket.gethostname()
    if elsewhere and run_id == takeover:
        return
    hint = f" If that machine is gone, go on with -e takeover={run_id}." if elsewhere else ""
    raise LedgerError(
        f"Deployment {held['deployment']} is in use by run {run_id} on {held['host']} since"
        f" {held['since']}; wait until it ends.{hint}"
    )
