# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Size a request: one call on the controller; see the module's docs."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
)

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _contracts, _sizing

PROVIDERS = ("none", "gemini", "openai", "anthropic", "ollama")


class ActionModule(ControllerAction):
    """Thin face of ``plugin_utils._sizing``."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "intent": {"type": "str"},
        "request": {"type": "dict"},
        "previous_request": {"type": "dict"},
        "snapshot": {"type": "dict", "default": {}},
        "site": {"type": "dict", "required": True},
        "deployment": {"type": "str"},
        "provider": {"type": "str", "choices": list(PROVIDERS), "default": "none"},
        "provider_settings": {"type": "dict", "default": {}},
        "previous_plan": {"type": "dict"},
        "reserved": {
            "type": "dict",
            "default": {},
            "options": {
                "vmids": {"type": "list", "elements": "int", "default": []},
                "addresses": {"type": "list", "elements": "str", "default": []},
                "names": {"type": "list", "elements": "str", "default": []},
                "vrrp_router_ids": {"type": "list", "elements": "int", "default": []},
                "pci_mappings": {"type": "list", "elements": "str", "default": []},
                "networks": {"type": "list", "elements": "str", "default": []},
                "ha_rules": {"type": "list", "elements": "str", "default": []},
                "backup_jobs": {"type": "list", "elements": "str", "default": []},
            },
        },
        "answers": {"type": "list", "elements": "str", "default": []},
        "reading": {"type": "str", "choices": ["strict", "accept"], "default": "strict"},
        "insist": {"type": "bool", "default": False},
        "require_ready": {"type": "bool", "default": True},
    }
    CONSTRAINTS: t.ClassVar[dict[str, t.Any]] = {
        "mutually_exclusive": [("intent", "request")],
        "required_one_of": [("intent", "request")],
    }
    #: RuntimeError: a missing library or provider.
    ERRORS = (_contracts.ContractError, RuntimeError)

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return request, plan, its table and findings; a plan that is not ready fails."""
        require_ready = args.pop("require_ready")
        if self._task.check_mode:  # a prediction costs nothing; kept answers are used
            args["provider_settings"] = {"offline": True, **args["provider_settings"]}
        request, plan = _sizing.size_data(**args)
        result: dict[str, t.Any] = {
            "changed": False,
            "request": _contracts.to_data(request),
            "plan": _contracts.to_data(plan),
            "table": _sizing.table(plan, _contracts.to_data(request)),
            "findings": [_contracts.to_data(finding) for finding in plan.findings],
            "msg": plan.summary,
        }
        if plan.status != "ready" and require_ready:
            # Ansible shows the whole result of a failure: one sentence, and what to ask.
            return {
                "failed": True,
                "changed": False,
                "status": plan.status,
                "msg": plan.summary,
            }
        return result
