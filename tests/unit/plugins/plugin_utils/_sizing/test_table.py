# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as text: complete, and no wider than a terminal."""

from __future__ import annotations

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Request
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import table
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    plan,
    request,
    site,
    snapshot,
)

PRICED = site(prices={"core_month": 2.5})
REQUESTS: dict[str, Request] = {
    "cluster": request(ha=True, cluster={"agents": 5}),
    "apps": request(
        kind="app",
        apps=[{"family": "postgresql", "known": True}, {"family": "gitlab", "known": True}],
    ),
    "machines": request(kind="vm", machines=[{"role": "vm", "count": 2, "memory_mib": 4096}]),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_table_has_every_number_with_its_source_and_fits(name: str) -> None:
    made = plan(REQUESTS[name], snapshot(4), PRICED)
    assert made.status == "ready"
    lines = table(made)
    assert max(map(len, lines)) <= 100
    flat = " ".join(" ".join(lines).split())
    for machine in made.machines:
        assert machine.name in flat
        for why in machine.why:
            if why.field != "node":
                assert why.reason in flat
                assert why.source in flat
    assert made.cost is not None and f"{made.cost.monthly:.2f} EUR" in flat
    for option in made.alternatives:
        assert f"{option.label}: {option.summary}, {option.monthly_cost:.2f} EUR" in flat


def test_without_another_plan_it_says_none() -> None:
    said = {"count": 1, "cores": 2, "memory_mib": 2048, "disk_gib": 20}
    wanted = request(kind="vm", machines=[{"role": "vm", **said}])
    made = plan(wanted, snapshot(1))
    assert made.alternatives == ()
    assert "Alternatives: none" in table(made)


def test_a_refusal_is_its_summary() -> None:
    made = plan(request(cluster={"servers": 2}), snapshot(3))
    assert made.status == "refused"
    assert " ".join(table(made)).replace("    ", "") == made.summary
