# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between two plans."""

from __future__ import annotations

import copy
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report import differences


def plan(**sizes: tuple[int, int, int]) -> dict[str, t.Any]:
    """Return a plan with machines of (cores, memory, disk)."""
    return {
        "machines": [
            {
                "name": name,
                "cores": cores,
                "sockets": 2,
                "memory_mib": memory,
                "disks": [{"size_gib": disk}],
                "node": "pve1",
                "nics": [{"address": "10.0.0.5/16", "bridge": "vmbr0"}],
            }
            for name, (cores, memory, disk) in sizes.items()
        ],
        "addons": [],
        "cost": None,
    }


def test_the_same_plan_has_no_difference() -> None:
    assert differences(plan(a=(2, 4096, 20)), plan(a=(2, 4096, 20))) == []


def test_each_changed_field_is_a_line() -> None:
    before, after = plan(a=(2, 4096, 20), b=(1, 512, 8)), plan(a=(1, 2048, 20), c=(4, 8192, 50))
    after["machines"][0]["node"] = "pve2"
    after["machines"][0]["nics"] = []
    assert differences(before, after) == [
        "- b: 2 vCPU, 512 MiB, 8 GiB",
        "+ c: 8 vCPU, 8 GiB, 50 GiB",
        "~ a vCPU: 4 -> 2",
        "~ a memory: 4 GiB -> 2 GiB",
        "~ a node: pve1 -> pve2",
        "~ a network: vmbr0 -> none",
        "~ a address: 10.0.0.5/16 -> -",
    ]


def test_disks_are_told_one_by_one() -> None:
    before, after = plan(a=(2, 4096, 60)), plan(a=(2, 4096, 60))
    after["machines"][0]["disks"].append({"size_gib": 200})
    assert differences(before, after) == ["~ a disk: 60 GiB -> 60 + 200 GiB"]


def test_addons_and_cost_count_too() -> None:
    before = plan(a=(2, 4096, 20))
    after = copy.deepcopy(before)
    before["addons"], after["addons"] = [{"name": "traefik"}], [{"name": "prometheus"}]
    after["cost"] = {"monthly": 12.5, "currency": "EUR"}
    assert differences(before, after) == [
        "- add-on traefik",
        "+ add-on prometheus",
        "~ cost: unknown -> 12.50 EUR a month",
    ]


def test_machines_that_change_in_the_same_way_share_a_line() -> None:
    before, after = plan(a=(2, 4096, 20), b=(2, 4096, 20)), plan(a=(2, 2048, 20), b=(2, 2048, 20))
    assert differences(before, after) == ["~ a, b memory: 4 GiB -> 2 GiB"]


def test_network_storage_and_tags_count_too() -> None:
    before, after = plan(a=(2, 4096, 20)), plan(a=(2, 4096, 20))
    after["machines"][0] |= {
        "nics": [{"address": "10.0.0.5/16", "bridge": "vmbr0", "vlan": 30}],
        "disks": [{"size_gib": 20, "storage": "fast"}],
        "tags": ["x", "y"],
    }
    assert differences(before, after) == [
        "~ a storage: none -> fast",
        "~ a network: vmbr0 -> vmbr0 VLAN 30",
        "~ a tags: none -> x, y",
    ]


def test_the_cluster_and_the_environment_count_too() -> None:
    before, after = plan(a=(2, 4096, 20)), plan(a=(2, 4096, 20))
    before |= {"cluster": {"cni": "flannel", "vip": None}, "environment": "development"}
    after |= {"cluster": {"cni": "calico", "vip": "192.0.2.9"}, "environment": "production"}
    assert differences(before, after) == [
        "~ cluster CNI: flannel -> calico",
        "~ cluster virtual address: none -> 192.0.2.9",
        "~ environment: development -> production",
    ]
