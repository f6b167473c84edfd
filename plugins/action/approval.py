# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Decide whether a saved Terraform plan may be applied; see the module's docs."""

from __future__ import annotations

import getpass
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
    next_commands,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._approval import decide


class ActionModule(ControllerAction):
    """Thin face of ``_approval.decide``."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "deployment": {"type": "str", "default": ""},
        "plan_sha256": {"type": "str", "required": True},
        "counts": {"type": "dict", "required": True},
        "destructive": {"type": "list", "elements": "str", "default": []},
        "approve": {"type": "str", "default": ""},
        "consent": {"type": "list", "elements": "str", "default": []},
        "auto_approve": {"type": "bool", "default": False},
        "environment": {"type": "str", "required": True},
        "user": {"type": "str"},
        "approvers": {"type": "list", "elements": "str", "default": []},
        "answer": {"type": "str"},
    }

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return ``status``, ``reason`` and ``user``; no approval fails unless in check mode."""
        args["user"] = args["user"] or getpass.getuser()
        command = next_commands(args.pop("deployment"))["apply"]
        decision = decide(command=command, **args)
        stopped = decision.status in ("refused", "deferred")
        return {
            "changed": False,
            "failed": stopped and not self._task.check_mode,
            "status": decision.status,
            "reason": decision.reason,
            "user": args["user"],
            "msg": decision.reason,
        }
