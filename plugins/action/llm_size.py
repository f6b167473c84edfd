# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Size a request: one call on the controller; see the module's docs."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _contracts, _sizing
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import (
    Knowledge,
    KnowledgeError,
    load_knowledge,
)

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
        try:
            request, plan = _sized(args)
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


def _sized(args: dict[str, t.Any]) -> tuple[_contracts.Request, _contracts.Plan]:
    _contracts.require()
    site = _contracts.parse(_contracts.Site, args["site"])
    snapshot = _contracts.parse(_contracts.Snapshot, args["snapshot"]) if args["snapshot"] else None
    previous = _optional(_contracts.Plan, args["previous_plan"])
    if args["request"] is not None:
        request = _contracts.parse(_contracts.Request, args["request"])
    else:
        knowledge = load_knowledge(tuple(site.knowledge_dirs))
        earlier = _optional(_contracts.Request, args["previous_request"])
        request = _read(args["intent"], knowledge, snapshot, earlier)
    reserved = args["reserved"]
    plan = _sizing.decide(
        request,
        snapshot,
        site,
        provider=args["provider"],
        settings=args["provider_settings"],
        deployment=args["deployment"] or None,
        reserved=_sizing.Reserved(
            frozenset(reserved.get("vmids") or ()),
            frozenset(reserved.get("addresses") or ()),
            frozenset(reserved.get("names") or ()),
        ),
        previous=previous,
    )
    return request, plan


def _optional(contract: type[_contracts.Contract], data: t.Any) -> _contracts.Contract | None:
    return _contracts.parse(contract, data) if data else None


def _read(
    intent: str,
    knowledge: Knowledge,
    snapshot: _contracts.Snapshot | None,
    previous: _contracts.Request | None,
) -> _contracts.Request:
    """Return the request of a sentence; names of the cluster help to tell names from words."""
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _request

    guests = snapshot.guests if snapshot else ()
    vocabulary = _request.Vocabulary(
        software=knowledge.vocabulary,
        nodes=tuple(node.name for node in snapshot.nodes) if snapshot else (),
        storages=tuple(sorted({s.storage for s in snapshot.storages})) if snapshot else (),
        templates=tuple(guest.name for guest in guests if guest.template),
        guests=tuple(guest.name for guest in guests if not guest.template),
    )
    return _request.read_request(intent, vocabulary=vocabulary, previous=previous)
