# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Judge a plan and its Terraform plan by the policies; see the module's docs."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._gates import (
    Situation,
    judge,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _contracts
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
)


class ActionModule(ControllerAction):
    """Thin face of ``plugin_utils._policy``."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "plan": {"type": "dict", "required": True},
        "site": {"type": "dict", "required": True},
        "terraform": {"type": "dict"},
        "changes_only": {"type": "bool", "default": False},
        "request": {"type": "dict"},
        "snapshot": {"type": "dict"},
    }
    # ContractError and PolicyError among them.
    ERRORS = (ValueError, RuntimeError)

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the findings; one of severity error fails."""
        # Here, so that loading the plug-in costs little.
        from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _policy

        plan = _contracts.parse(_contracts.Plan, args["plan"])
        objects = (
            plan,
            _request(args["request"]),
            _contracts.parse(_contracts.Site, args["site"]),
            _contracts.parse(_contracts.Snapshot, args["snapshot"]) if args["snapshot"] else None,
        )
        findings = _policy.check(*objects, args["terraform"] or None)
        if args["changes_only"]:
            of_plan = {(finding.id, finding.field) for finding in _policy.check(*objects, None)}
            findings = tuple(f for f in findings if (f.id, f.field) not in of_plan)
        errors = [finding for finding in findings if finding.severity == "error"]
        verdict = judge("policy", Situation(policy_errors=[_sentence(e) for e in errors]))
        known = {(finding.id, finding.field) for finding in plan.findings}
        return {
            "changed": False,
            "failed": verdict.stopped,
            "status": "refused" if verdict.stopped else "allowed",
            "findings": [_contracts.to_data(finding) for finding in findings],
            "warnings": [
                finding.message
                for finding in findings
                if finding.severity != "error" and (finding.id, finding.field) not in known
            ],
            "msg": verdict.text or "The policies allow the plan.",
        }


def _request(given: dict[str, t.Any] | None) -> _contracts.Request:
    """Return the request; guests that were taken over came without one."""
    if given:
        return _contracts.parse(_contracts.Request, given)
    return _contracts.Request(text="", answer="plan")


def _sentence(error: _contracts.Finding) -> str:
    return f"{error.message} ({error.source}: {error.id})"
