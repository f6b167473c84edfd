# SPDX-License-Identifier: GPL-3.0-or-later
"""An application is sized by the knowledge first and by its measured past afterwards."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Plan, Request
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    group,
    plan,
    request,
)

MEASURED = {
    "observed_cores_peak": 1.1,
    "observed_memory_mib_peak": 4000.0,
    "observed_replicas_peak": 4.0,
}


def application(**loads: float) -> Request:
    """Return a request for an application with what was measured of it."""
    return request(kind="vm", components=["application"], drivers=loads)


def sources(of: Plan) -> dict[str, str]:
    """Return the first word of the source of each number of the first machine."""
    return {why.field: why.source.partition(" ")[0] for why in of.machines[0].why}


def test_an_application_without_a_past_is_sized_by_the_knowledge() -> None:
    found = sources(plan(application()))
    assert found["cores"] == found["memory_mib"] == "table-application.application"


def test_an_application_with_a_past_is_sized_by_what_was_measured() -> None:
    result = plan(application(**MEASURED))
    found = sources(result)
    assert found["cores"] == found["memory_mib"] == found["count"] == "metrics"
    # 1.1 x 1.15 vCPU; 4000 x 1.15 MiB and the system's 512; the highest number of replicas.
    assert group(result, result.machines[0].group) == (4, 2, 5120)
    assert result.provenance is not None and "metrics" in result.provenance.knowledge


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"machines": [{"role": "vm", "memory_mib": 2048}]}, 2048),  # said
        ({"apps": [{"family": "mailcow"}]}, 6144),  # its documented minimum
    ],
)
def test_the_past_overrides_neither_a_word_nor_a_documented_minimum(
    fields: dict[str, t.Any], expected: int
) -> None:
    wanted = request(kind="vm", drivers={"observed_memory_mib_peak": 100.0}, **fields)
    assert plan(wanted).machines[0].memory_mib == expected
