# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizing before anything is set up: no site profile, no facts."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    ContractError,
    to_data,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import size_data
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    site,
    snapshot,
)


def warnings(plan: t.Any) -> set[str]:
    return {finding.id for finding in plan.findings if finding.severity == "warning"}


@pytest.mark.parametrize(
    ("words", "cores", "memory_mib"),
    [
        ("vm with 3 cores and 5 GB", 3, 5120),
        ("debian 12 vm with 2 cores, 4gb, on node pve2, static ip 192.168.10.5/24", 2, 4096),
        ("ubuntu 24.04 vm with 2 cores and 4gb", 2, 4096),
        ("container with 1 core and 512 MB", 1, 512),
        ("300 vms with 1 core and 1 GB", 1, 1024),
        ("HA cluster with monitoring", 4, 8192),
    ],
)
def test_sizes_need_no_site(words: str, cores: int, memory_mib: int) -> None:
    _request, plan = size_data(site={}, intent=words)
    assert plan.status == "ready", plan.summary
    assert {(one.cores, one.memory_mib) for one in plan.machines} == {(cores, memory_mib)}
    assert warnings(plan) == {"site.missing", "facts.unverified"}


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("10.20.30.40/16", "10.20.30.40/16"),
        ("10.20.30.1", "10.20.30.1/24"),  # where the first idea for a gateway would be
    ],
)
def test_an_address_that_was_said_stays(said: str, address: str) -> None:
    _request, plan = size_data(site={}, intent=f"vm with 2 cores, ip {said}")
    assert [nic.address for machine in plan.machines for nic in machine.nics] == [address]


def test_with_facts_a_site_is_needed() -> None:
    with pytest.raises(ContractError, match="There is no site profile"):
        size_data(site={}, snapshot=to_data(snapshot()), intent="vm with 2 cores")


def test_nothing_of_a_made_up_place_is_kept_in_a_real_one() -> None:
    _request, sketch = size_data(site={}, intent="HA cluster")
    _request, plan = size_data(
        site=to_data(site()),
        snapshot=to_data(snapshot()),
        intent="HA cluster",
        previous_plan=to_data(sketch),
    )
    assert plan.status == "ready", plan.summary
    assert {machine.node for machine in plan.machines} <= {"pve1", "pve2", "pve3"}
    assert [machine.name for machine in plan.machines] == [one.name for one in sketch.machines]
    assert not [nic for one in plan.machines for nic in one.nics if nic.address.startswith("198.")]
