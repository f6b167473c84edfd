# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Freeze and thaw; see the module's docs."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
    who,
    typed,
)

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import (
    Ledger,
    LedgerError,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._freezes import (
    freezes_of,
    write_files,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report._table import table


class ActionModule(ControllerAction):
    """A freeze is in the ledger and beside the deployments."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "state": {"type": "str", "choices": ["frozen", "lifted", "shown"], "default": "shown"},
        "scope": {
            "type": "str",
            "choices": ["site", "production", "staging", "development", "test"],
            "default": "site",
        },
        "reason": {"type": "str", "default": ""},
        "ledger": {"type": "str", "required": True, "no_log": False},
        "deployments_dir": {"type": "path", "required": True},
    }
    CONSTRAINTS: t.ClassVar[dict[str, t.Any]] = {}
    ERRORS = (LedgerError,)

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the freezes that hold now."""
        said = typed("reason")
        reason = said.text if said else args["reason"]
        if args["state"] == "frozen" and not reason.strip():
            return {"failed": True, "msg": "A freeze needs a reason: say why with -e reason=…"}
        by = who().name
        url, folder = args["ledger"], Path(args["deployments_dir"])
        ledger = Ledger(url)
        try:
            held = freezes_of(ledger, url, (), folder)
            mine = [row for row in held if row["scope"] == args["scope"]]
            changed = (args["state"] == "frozen" and not mine) or (
                args["state"] == "lifted" and bool(mine)
            )
            if changed and not self._task.check_mode:
                if args["state"] == "frozen":
                    ledger.freeze(args["scope"], by=by, reason=reason)
                else:
                    ledger.lift(args["scope"], by=by)
                # What only a file says is of a ledger that is lost, or of another one.
                gone = args["scope"] if args["state"] == "lifted" else ""
                now = freezes_of(ledger, url, (), folder)
                held = [row for row in now if row["scope"] != gone]
                write_files(url, folder, held)
        finally:
            ledger.close()
        rows = [(r["scope"], r["by"], r["at"][:19], r["reason"]) for r in held]
        shown = table(("frozen", "by", "at (UTC)", "why"), rows) if rows else "Nothing is frozen."
        return {
            "changed": changed,
            "freezes": [{k: row[k] for k in ("scope", "by", "at", "reason")} for row in held],
            "table": shown,
        }
