# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Decide whether a saved Terraform plan may be applied, or a deployment may go."""

from __future__ import annotations

import datetime
import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._action import (
    ControllerAction,
    who,
    next_commands,
)

from ansible_collections.clusterwright.proxmox.plugins.module_utils._gates import (
    Situation,
    Verdict,
    judge,
    strictest,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    ContractError,
    parse,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._environment import (
    EnvironmentRules,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import (
    Ledger,
    LedgerError,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._freezes import (
    freezes_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._folder import (
    Folder,
    RecordError,
)


class ActionModule(ControllerAction):
    """Thin face of ``_gates.judge``."""

    ARGUMENTS: t.ClassVar[dict[str, t.Any]] = {
        "moment": {
            "type": "str",
            "choices": ["approval", "destruction", "release"],
            "default": "approval",
        },
        "deployment": {"type": "str", "default": ""},
        "plan_sha256": {"type": "str", "default": ""},
        "counts": {"type": "dict", "default": {}},
        "destructive": {"type": "list", "elements": "str", "default": []},
        "taken_over": {"type": "list", "elements": "str", "default": []},
        "tags": {"type": "dict", "default": {}},
        "approve": {"type": "str", "default": ""},
        "consent": {"type": "list", "elements": "str", "default": []},
        "directory": {"type": "path"},
        "proposal": {"type": "str", "default": ""},
        "environments": {"type": "list", "elements": "str", "required": True},
        "rules": {"type": "dict", "default": {}},
        "approvers": {"type": "list", "elements": "str", "default": []},
        "answer": {"type": "str"},
        "command": {"type": "str", "default": ""},
        "ledger": {"type": "str", "no_log": False},
    }
    ERRORS = (LedgerError, RecordError, ContractError)

    def act(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return ``status``, ``reason`` and ``user``; no approval fails unless in check mode."""
        user = who().name
        moment, deployment = args.pop("moment"), args.pop("deployment")
        url, rules = args.pop("ledger"), args.pop("rules")
        command = args.pop("command") or next_commands(deployment)["apply"]
        asked = _askers(args.pop("directory"), args.pop("proposal"))
        approvers, verdicts = args.pop("approvers"), list[Verdict]()
        for environment in args.pop("environments"):
            known = _known(url, deployment, environment)
            if moment != "approval" and known["retirement"]:
                asked = [known["retirement"]["by"]]
            own = _rules(rules, environment)
            situation = Situation(
                **{**args, "user": user},
                **known,
                environment=environment,
                auto_approve=own.auto_approve,
                four_eyes=own.four_eyes,
                approvers=own.approvers or approvers,
                asked_by=asked,
                today=datetime.datetime.now(datetime.UTC).date().isoformat(),
                command=f"{command} -e approve={args['plan_sha256']}",
            )
            verdicts.append(judge(moment, situation))
        verdict = strictest(verdicts)
        return {
            "changed": False,
            "failed": verdict.stopped and not self._task.check_mode,
            "status": verdict.status,
            "reason": verdict.text,
            "reasons": [{"gate": r.gate, "text": r.text} for r in verdict.reasons],
            "asked": list(verdict.asked),
            "user": user,
            "msg": verdict.text,
        }


def _rules(rules: dict[str, t.Any], environment: str) -> EnvironmentRules:
    """Return what the site profile says of an environment."""
    try:
        return parse(EnvironmentRules, rules.get(environment) or {})
    except ContractError as error:
        raise ContractError(f"site.environments.{environment}: {error}") from None


def _known(url: str | None, deployment: str, environment: str) -> dict[str, t.Any]:
    """Return what the ledger knows against it: freezes, and the request to delete."""
    if not url or not ("://" in url or Path(url).is_file()):
        return {"freezes": freezes_of(None, url, [environment]), "retirement": None}
    ledger = Ledger(url)
    try:
        return {
            "freezes": freezes_of(ledger, url, [environment]),
            "retirement": ledger.retirement(deployment),
        }
    finally:
        ledger.close()


def _askers(directory: str | None, proposal: str) -> list[str]:
    """Return everybody who asked for exactly the plan that is decided about."""
    if not directory:
        return []
    folder = Folder(Path(directory))
    record = folder.proposal(proposal) if proposal else next(iter(folder.proposals()), None)
    return list(record["askers"]) if record else []
