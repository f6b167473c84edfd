# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Verify the chain of the ledger; see the module's docs."""

from __future__ import annotations

import datetime
import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
    who,
)

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._files import write_private
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import (
    Ledger,
    LedgerError,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._chain import Audit
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._decisions import (
    FEWEST_LETTERS,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._heads import Place


class ActionModule(ControllerAction):
    """The heads that were pinned before are checked first, then this one is pinned."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "ledger": {"type": "str", "required": True, "no_log": False},
        "pin": {"type": "str"},
        "pin_method": {"type": "str", "choices": ["POST", "PUT"], "default": "POST"},
        "pin_token_file": {"type": "path", "no_log": False},
        "pin_ca_path": {"type": "path"},
        "export": {"type": "path"},
        "acknowledge": {"type": "str"},
        "reason": {"type": "str", "default": ""},
    }
    ERRORS = (LedgerError,)

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return what holds, or fail with every row that was touched, the first one first."""
        if "://" not in args["ledger"] and not Path(args["ledger"]).is_file():
            return {"failed": True, "msg": f"There is no ledger at {args['ledger']}."}
        said = args["acknowledge"]
        if said and not args["reason"].strip():
            return {"failed": True, "msg": "Say how the rows were lost with -e reason=…"}
        place = _place(args)
        pins = place.heads() if place else []
        ledger = Ledger(args["ledger"])
        try:
            changed = bool(said) and ledger.acknowledge(
                said,
                by=who().name,
                reason=args["reason"].strip(),
                pins=pins,
                check=self._task.check_mode,
            )
            audit = ledger.audit(pins)
            exported = ledger.export() if args["export"] else None
        finally:
            ledger.close()
        found: dict[str, t.Any] = {
            "changed": changed,
            "entries": audit.entries,
            "head": audit.head,
            "problems": list(audit.problems),
            "acknowledged": list(audit.acknowledged),
        }
        if self._task.check_mode and changed:
            return {**found, "msg": f"That these rows are gone would be kept: {audit.problems[0]}"}
        if not audit.holds:
            return {**found, "failed": True, "msg": " ".join([*audit.problems, *_way_out(audit)])}
        if exported is not None and not self._task.check_mode:
            found["changed"] |= write_private(Path(args["export"]), exported)
        if place is not None and not self._task.check_mode:
            at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
            head = {"at": at, "seq": audit.entries, "hash": audit.head}
            found["changed"] |= place.keep(pins, head)
        told = [f"The ledger holds: {audit.entries} entries, head {audit.head}."]
        return {**found, "msg": " ".join([*told, *audit.acknowledged])}


def _way_out(audit: Audit) -> t.Iterator[str]:
    """Yield what to do about rows that are known to be lost."""
    if audit.missing:
        start = audit.missing[-1]["hash"][:FEWEST_LETTERS]
        yield f"If it is known how they were lost, say so: -e acknowledge={start} -e reason=…"


def _place(args: dict[str, t.Any]) -> Place | None:
    """Return where heads are kept; a path is made absolute as Ansible does it."""
    where = args["pin"]
    if not where:
        return None
    if "://" not in where:
        where = str(Path(where).expanduser())
    elif not where.startswith(("http://", "https://")):
        raise LedgerError(f"{where} is no file and no address that begins with https://.")
    return Place(where, args["pin_method"], args["pin_token_file"] or "", args["pin_ca_path"] or "")
