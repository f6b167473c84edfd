# SPDX-License-Identifier: GPL-3.0-or-later
"""What the planner of k3s would write is announced, one receipt of a kind for each host."""

from __future__ import annotations

import itertools
import json

from ansible_collections.clusterwright.proxmox.plugins.action.k3s_plan import (
    GOALS,
    LOOKING,
    _receipts,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s import plan_cluster
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._hooks import ACTIONS
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._schema import tables
from unit.plugins.plugin_utils._k3s.builders import TOKEN, changed, cluster, running


def test_every_write_of_a_new_cluster_has_one() -> None:
    made = cluster()
    plan = plan_cluster(made, {}, TOKEN)
    found = _receipts("cluster", plan, made)
    wanted = {(f"k3s cluster {s.action}", s.host) for s in plan.steps if s.action not in LOOKING}
    assert {(row["what"], row["target"]) for row in found} == wanted
    assert len(found) == len(wanted)
    assert all(row["before"] == {} for row in found), "nothing was there"
    assert TOKEN not in json.dumps(found)


def test_what_was_there_is_kept_and_a_second_run_announces_nothing() -> None:
    made = running(["s1"])
    assert _receipts("cluster", plan_cluster(made, {}, TOKEN), made) == []
    other = changed(made, server_config={"node-label": ["disk=fast"]})
    found = _receipts("cluster", plan_cluster(other, {}, TOKEN), other)
    assert found and all(row["before"]["k3s"].startswith("k3s version ") for row in found)


def test_what_a_receipt_is_called_fits_the_ledger() -> None:
    room = tables().receipts.c.what.type.length
    names = [f"k3s {goal} {action}" for goal, action in itertools.product(GOALS, ACTIONS)]
    assert [name for name in names if len(name) > room] == []
