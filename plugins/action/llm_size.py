# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Size a request: one call on the controller; see the module's docs."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _contracts

PROVIDERS = ("none", "gemini", "openai", "anthropic", "ollama")
ARGUMENTS: dict[str, t.Any] = {
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
        },
    },
    "require_ready": {"type": "bool", "default": True},
}
CONSTRAINTS: dict[str, t.Any] = {
    "mutually_exclusive": [("intent", "request")],
    "required_one_of": [("intent", "request")],
}


class ActionModule(ActionBase):
    """Thin face of ``plugin_utils._request`` and ``plugin_utils._sizing``."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(
        self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None
    ) -> dict[str, t.Any]:
        """Return request, plan, its table and findings; a plan that is not ready fails."""
        super().run(tmp, task_vars)
        _validation, args = self.validate_argument_spec(argument_spec=ARGUMENTS, **CONSTRAINTS)
        # Here, so that loading the plug-in costs little.
        from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _sizing
        from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import (
            KnowledgeError,
        )

        try:
            request, plan = _sizing.size_data(
                **{name: value for name, value in args.items() if name != "require_ready"}
            )
        except (
            _contracts.ContractError,
            KnowledgeError,
            RuntimeError,  # a missing library or provider
        ) as error:
            raise AnsibleActionFail(str(error)) from None
        result: dict[str, t.Any] = {
            "changed": False,
            "request": _contracts.to_data(request),
            "plan": _contracts.to_data(plan),
            "table": _sizing.table(plan),
            "findings": [_contracts.to_data(finding) for finding in plan.findings],
            "msg": plan.summary,
        }
        if plan.status != "ready" and args["require_ready"]:
            result["failed"] = True
        return result
