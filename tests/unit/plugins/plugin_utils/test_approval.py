# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._approval import decide

SHA = "a" * 64
CREATE = {"create": 3, "update": 0, "replace": 0, "delete": 0}
UPDATE = {"create": 1, "update": 2, "replace": 0, "delete": 0}
DELETE = {"create": 0, "update": 0, "replace": 0, "delete": 1}
NOTHING = {"create": 0, "update": 0, "replace": 0, "delete": 0}


@pytest.mark.parametrize(
    ("case", "status", "said"),
    [
        ({"counts": NOTHING}, "nothing", "nothing to approve"),
        ({"counts": CREATE}, "ask", SHA),
        ({"counts": CREATE, "approve": SHA}, "approved", "sha256"),
        ({"counts": CREATE, "approve": "b" * 64}, "refused", "changed since"),
        ({"counts": CREATE, "approve": "auto"}, "refused", "auto_approve"),
        ({"counts": CREATE, "approve": "auto", "auto_approve": True}, "approved", "pure creates"),
        ({"counts": UPDATE, "approve": "auto", "auto_approve": True}, "refused", "2 to update"),
        ({"counts": UPDATE, "approve": SHA}, "approved", "sha256"),
        ({"counts": DELETE, "destructive": ["db"], "approve": SHA}, "refused", "-e consent=db"),
        (
            {"counts": DELETE, "destructive": ["db"], "consent": ["web"], "approve": SHA},
            "refused",
            "-e consent=db",
        ),
        (
            {"counts": DELETE, "destructive": ["db"], "consent": ["db"], "approve": SHA},
            "approved",
            "sha256",
        ),
        (
            {
                "counts": DELETE,
                "destructive": ["db"],
                "consent": ["db"],
                "approve": "auto",
                "auto_approve": True,
            },
            "refused",
            "1 to delete",
        ),
        ({"counts": CREATE, "answer": "yes"}, "approved", "prompt"),
        ({"counts": CREATE, "answer": " Y "}, "approved", "prompt"),
        ({"counts": CREATE, "answer": "defer"}, "deferred", SHA),
        ({"counts": CREATE, "answer": ""}, "deferred", "waits"),
        ({"counts": CREATE, "answer": "no"}, "refused", "Rejected"),
        ({"counts": CREATE, "answer": "yes please"}, "refused", "Rejected"),
        ({"counts": CREATE, "approve": SHA, "answer": "no"}, "approved", "sha256"),
        ({"counts": CREATE, "approve": "b" * 64, "answer": "yes"}, "refused", "changed since"),
        ({"counts": DELETE, "destructive": ["db"], "answer": "yes"}, "refused", "-e consent=db"),
        ({"counts": CREATE, "approvers": ["ada"], "user": "ada"}, "ask", SHA),
        *(
            ({"counts": CREATE, "approvers": ["bob", "ada"], "user": user, **way}, "refused", said)
            for user, said in (("eve", "eve may look at plans"), ("", "approvers are ada, bob"))
            for way in ({}, {"approve": SHA}, {"answer": "yes"})
        ),
        (
            {
                "counts": CREATE,
                "approvers": ["ada"],
                "user": "eve",
                "approve": "auto",
                "auto_approve": True,
            },
            "approved",
            "pure creates",
        ),
    ],
)
def test_decisions(case: dict[str, t.Any], status: str, said: str) -> None:
    defaults: dict[str, t.Any] = {
        "command": "ansible-playbook apply.yml -e deployment=web",
        "plan_sha256": SHA,
        "destructive": [],
        "approve": "",
        "consent": [],
        "auto_approve": False,
        "environment": "production",
    }
    decision = decide(**{**defaults, **case})
    assert decision.status == status
    assert said in decision.reason
