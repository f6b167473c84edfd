# SPDX-License-Identifier: GPL-3.0-or-later
"""A host is looked at as soon as it answers; one that never does is told to the planner."""

from __future__ import annotations

import time
import typing as t

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.clusterwright.proxmox.plugins.action import k3s_facts
from unit.plugins.action.conftest import RunAction
from unit.plugins.plugin_utils._k3s.builders import cluster


def task_vars() -> dict[str, t.Any]:
    host = cluster(["s1"]).founder
    return {"inventory_hostname": host.name, "__k3s": host.options, "hostvars": {}}


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    ("silences", "seconds"),
    [(0, 60), (2, 60), (9, 0)],
    ids=["at once", "later", "never"],
)
def test_it_waits_for_the_host(
    run_action: RunAction,
    monkeypatch: pytest.MonkeyPatch,
    check_mode: bool,
    silences: int,
    seconds: int,
) -> None:
    asked = []

    def execute(_self: t.Any, **_more: t.Any) -> dict[str, t.Any]:
        asked.append(1)
        if len(asked) <= silences:
            raise AnsibleConnectionFailure("no route to host")
        now = time.time()
        return {"changed": False, "hostname": "s1", "begun": now, "ended": now}

    monkeypatch.setattr(k3s_facts.ActionModule, "_execute_module", execute)
    monkeypatch.setattr(k3s_facts, "PAUSE_SECONDS", 0.0)
    found = run_action(
        k3s_facts.ActionModule,
        check_mode=check_mode,
        task_vars=task_vars(),
        timeout_seconds=seconds,
    )
    facts = found["ansible_facts"]["__k3s_facts"]
    assert not found.get("failed")
    if seconds:
        assert facts["hostname"] == "s1" and facts["clock_offset_seconds"] == 0
        assert len(asked) == silences + 1
    else:
        assert facts == {} and "no route to host" in found["msg"]
