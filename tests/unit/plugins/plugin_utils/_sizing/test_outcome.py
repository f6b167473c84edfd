# SPDX-License-Identifier: GPL-3.0-or-later
"""What two readings of a sentence are compared by: what sizing makes of them."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import parse
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._agree import Outcome
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import size
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._outcome import outcome
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    site,
    snapshot,
)

Thing = dict[str, t.Any]


def made(*things: Thing, **fields: t.Any) -> Outcome:
    rows = [{"id": f"t{n}", "type": "machines", **thing} for n, thing in enumerate(things, 1)]
    request = parse(Request, {"things": rows, **fields})
    return outcome(request, size(request, snapshot(3), site()), None)


STORE: Thing = {"software": [{"family": "mariadb"}], "cores": 2, "memory_mib": 4096, "disk_gib": 40}


@pytest.mark.parametrize(
    "other",
    [
        {"part": "database"},
        {"count": 1},
        {"kind": "vm"},
        {"os": "debian"},
        {"loads": {"users": 5}},
    ],
)
def test_what_changes_no_machine_is_no_difference(other: Thing) -> None:
    assert made(STORE) == made({**STORE, **other})


@pytest.mark.parametrize(
    "other",
    [
        {"count": 2},
        {"cores": 4},
        {"memory_mib": 8192},
        {"disk_gib": 80},
        {"data_disks_gib": [100]},
        {"kind": "lxc"},
        {"names": ["db7"]},
        {"vmids": [777]},
        {"vlan": 7},
        {"nodes": ["pve2"]},
    ],
)
def test_what_changes_a_machine_is_one(other: Thing) -> None:
    assert made({**STORE, "nodes": ["pve1"]}) != made({**STORE, "nodes": ["pve1"], **other})


def test_a_cluster_and_its_add_ons_are_compared() -> None:
    def cluster(**fields: t.Any) -> Outcome:
        thing = {"id": "t1", "type": "cluster", "distribution": "k3s", **fields}
        request = parse(Request, {"things": [thing]})
        return outcome(request, size(request, snapshot(3), site()), None)

    assert cluster() == cluster()
    assert cluster() != cluster(addons=["prometheus"])
    assert cluster(servers={"count": 3}) != cluster(servers={"count": 1})


def test_a_plan_that_is_not_ready_says_why() -> None:
    found = made({**STORE, "memory_mib": 1 << 30})
    assert not found.ready
    assert found.parts[0]
