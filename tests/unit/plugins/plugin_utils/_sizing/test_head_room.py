# SPDX-License-Identifier: GPL-3.0-or-later
"""How full a host may become, and that the tests notice a looser rule."""

from __future__ import annotations

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import _memory
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    finding_ids,
    node,
    plan,
    request,
    site,
    snapshot,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.rules import (  # noqa: E501
    broken,
)

GIB = 1024
#: A host of 100 GiB with nothing on it.
HOST = snapshot([node("pve1", memory_mib=100 * GIB, memory_used_mib=0)])


@pytest.mark.parametrize(
    ("environment", "memory_gib", "fits"),
    [
        ("production", 59, True),
        ("production", 60, False),
        ("staging", 79, True),
        ("staging", 80, False),
        ("development", 79, True),
        ("development", 80, False),
        ("test", 80, False),
    ],
)
def test_a_host_stays_below_the_share_of_its_environment(
    environment: str, memory_gib: int, fits: bool
) -> None:
    machines = [{"role": "vm", "cores": 1, "memory_mib": memory_gib * GIB, "disk_gib": 10}]
    result = plan(request(kind="vm", environment=environment, machines=machines), HOST)
    assert (result.status == "ready") is fits
    assert fits or any(name.startswith("capacity") for name in finding_ids(result, "error"))


@pytest.mark.parametrize(
    ("environment", "percent", "memory_gib"), [("production", 70, 65), ("development", 90, 85)]
)
def test_a_looser_rule_is_seen_by_the_rules_of_the_tests(
    environment: str, percent: int, memory_gib: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(_memory.MAX_USED_PERCENT, environment, percent)
    machines = [{"role": "vm", "cores": 1, "memory_mib": memory_gib * GIB, "disk_gib": 10}]
    result = plan(request(kind="vm", environment=environment, machines=machines), HOST)
    assert result.status == "ready"
    assert any("would use" in sentence for sentence in broken(result, HOST, site()))
