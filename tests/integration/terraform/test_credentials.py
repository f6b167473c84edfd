# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole life of machines with the writer that doctor's commands make, on both versions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from integration.terraform.conftest import Lab
from lab.pve import PveServer
from unit.plugins.plugin_utils._doctor.test_doctor import made
from unit.plugins.plugin_utils._render.samples import container, machine

POOL = "clusterwright"
MACHINES = [machine(pool=POOL), container(pool=POOL)]


@pytest.fixture(params=["8.4", "9.1"])
def pve(request: pytest.FixtureRequest) -> Iterator[PveServer]:
    """A simulated cluster of each version."""
    with PveServer(version=request.param) as server:
        yield server


def test_plan_apply_second_plan_drift_and_destroy(lab: Lab) -> None:
    tokens = made(lab.pve)
    major = int(lab.pve.state.series[0])
    before = lab.guests()
    lab.token = tokens["writer"]
    lab.render(*MACHINES, pve_major=major)
    lab.apply()
    again = lab.run("planned")
    assert not any(again["summary"]["counts"].values()), again["summary"]["text"]
    lab.render(machine(pool=POOL, memory_mib=4096), container(pool=POOL), pve_major=major)
    lab.apply()
    drift = lab.run("drift")
    assert drift.get("drift") == [], drift["msg"]
    lab.token = tokens["reader"]
    refused = lab.run("absent", consent=[m["name"] for m in MACHINES])
    assert refused["failed"] and len(lab.guests()) == len(before) + len(MACHINES)
    lab.token = tokens["writer"]
    gone = lab.run("absent", consent=[m["name"] for m in MACHINES])
    assert not gone.get("failed"), gone["msg"]
    assert lab.guests() == before
