# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Verify the chain of the ledger; see the module's docs."""

from __future__ import annotations

import datetime
import json
import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
)

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._files import write_private
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import (
    Ledger,
    LedgerError,
)


class ActionModule(ControllerAction):
    """The heads that were pinned before are checked first, then this one is pinned."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "ledger": {"type": "str", "required": True, "no_log": False},
        "pin": {"type": "path"},
        "export": {"type": "path"},
    }
    ERRORS = (LedgerError, ValueError)

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return what holds, or fail with every row that was touched, the first one first."""
        if "://" not in args["ledger"] and not Path(args["ledger"]).is_file():
            return {"failed": True, "msg": f"There is no ledger at {args['ledger']}."}
        pin = Path(args["pin"]) if args["pin"] else None
        ledger = Ledger(args["ledger"])
        try:
            audit = ledger.audit(_pins(pin))
            exported = ledger.export() if args["export"] else None
        finally:
            ledger.close()
        found: dict[str, t.Any] = {
            "changed": False,
            "entries": audit.entries,
            "head": audit.head,
            "problems": list(audit.problems),
        }
        if not audit.holds:
            return {**found, "failed": True, "msg": " ".join(audit.problems)}
        if exported is not None and not self._task.check_mode:
            found["changed"] = write_private(Path(args["export"]), exported)
        if pin is not None and not self._task.check_mode:
            at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
            line = json.dumps({"at": at, "seq": audit.entries, "hash": audit.head})
            before = pin.read_text(encoding="utf-8") if pin.is_file() else ""
            found["changed"] = write_private(pin, f"{before}{line}\n") or found["changed"]
        return {**found, "msg": f"The ledger holds: {audit.entries} entries, head {audit.head}."}


def _pins(pin: Path | None) -> list[dict[str, t.Any]]:
    if pin is None or not pin.is_file():
        return []
    try:
        return [json.loads(line) for line in pin.read_text(encoding="utf-8").splitlines() if line]
    except ValueError:
        raise ValueError(f"{pin} holds no pinned heads, one JSON object a line.") from None
