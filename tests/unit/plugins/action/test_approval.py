# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person may answer, and what a refusal does to the task."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.action.approval import ActionModule

SHA = "ab" * 32
CREATE = {"create": 1, "update": 0, "replace": 0, "delete": 0}
#: A plan of development that has a machine of production.
SEVERAL = ["development", "production"]
BOTH = {"development": {"auto_approve": True}, "production": {"approvers": ["ada"]}}
DELETE = {"create": 0, "update": 0, "replace": 0, "delete": 1}


@pytest.mark.parametrize(
    ("args", "status"),
    [
        ({}, "ask"),
        ({"answer": "yes"}, "approved"),
        ({"answer": " Y "}, "approved"),
        ({"answer": "no"}, "refused"),
        ({"answer": ""}, "deferred"),
        ({"answer": "later"}, "deferred"),
        ({"approvers": ["ada"], "by": "eve"}, "refused"),
        ({"approvers": ["ada"], "by": "ada", "approve": SHA}, "approved"),
        ({"answer": "yes please"}, "refused"),
        ({"approve": SHA}, "approved"),
        ({"approve": SHA, "answer": "no"}, "approved"),
        ({"approve": "cd" * 32}, "refused"),
        ({"approve": "cd" * 32, "answer": "yes"}, "refused"),
        ({"approve": "auto"}, "refused"),
        ({"approve": "auto", "rules": {"development": {"auto_approve": True}}}, "approved"),
        ({"approve": SHA, "approvers": ["eve"], "rules": BOTH, "by": "eve"}, "approved"),
        ({"approve": SHA, "approvers": ["eve"], "rules": BOTH, "by": "ada"}, "refused"),
        ({"approve": SHA, "environments": SEVERAL, "rules": BOTH, "by": "ada"}, "approved"),
        ({"approve": SHA, "environments": SEVERAL, "rules": BOTH, "by": "eve"}, "refused"),
        ({"approve": "auto", "environments": SEVERAL, "rules": BOTH, "by": "ada"}, "refused"),
        ({"environments": SEVERAL, "rules": BOTH, "by": "ada"}, "ask"),
        ({"counts": {**CREATE, "create": 0}}, "nothing"),
        ({"counts": DELETE, "destructive": ["web"], "answer": "yes"}, "refused"),
        ({"counts": DELETE, "destructive": ["web"], "consent": ["web"]}, "ask"),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_decisions(
    run_action: t.Any, args: dict[str, t.Any], status: str, check_mode: bool
) -> None:
    options = {"plan_sha256": SHA, "counts": CREATE, "environments": ["development"], **args}
    result = run_action(ActionModule, check_mode=check_mode, **options)
    assert result["status"] == status
    assert result["changed"] is False
    assert result["failed"] is (status in ("refused", "deferred") and not check_mode)
    assert result["msg"] == result["reason"] and result["reason"].endswith(
        (".", SHA, "consent=web")
    )


def test_the_user_of_the_process_decides(run_action: t.Any) -> None:
    options = {"plan_sha256": SHA, "counts": CREATE, "environments": ["test"], "approve": SHA}
    user = run_action(ActionModule, **options)["user"]
    assert run_action(ActionModule, **options, approvers=[user])["status"] == "approved"
    assert run_action(ActionModule, **options, approvers=[f"not-{user}"])["status"] == "refused"


def test_what_is_no_rule_is_refused(run_action: t.Any) -> None:
    options = {"plan_sha256": SHA, "counts": CREATE, "environments": ["test"], "approve": SHA}
    refused = run_action(ActionModule, **options, rules={"test": {"four_eyes": "of course"}})
    assert refused["failed"] and refused["msg"].startswith("site.environments.test: ")
