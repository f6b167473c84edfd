# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses stay inside the subnet and are never those of somebody else."""

from __future__ import annotations

import ipaddress
import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._addresses import (
    AddressPool,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Reserved,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    guest,
    plan,
    request,
    site,
    snapshot,
    vm,
)

SMALL: dict[str, t.Any] = {
    "subnet": "192.0.2.0/29",
    "gateway": "192.0.2.1",
    "dns_servers": ["192.0.2.2"],
    "machine_range": None,
    "vip_range": "192.0.2.3",
    "load_balancer_range": None,
    "reserved_ranges": ["192.0.2.4"],
}


def every(pool: AddressPool) -> list[str]:
    """Return all addresses that the pool gives to machines."""
    return list(iter(pool.next_machine, None))


def test_what_is_left_of_a_small_subnet_is_given_once() -> None:
    # Not network, gateway, DNS, virtual address, reserved range and broadcast.
    pool = AddressPool(site(network=SMALL), ["192.0.2.5"])
    assert every(pool) == ["192.0.2.6"]
    assert (pool.next_vip(), pool.next_vip()) == ("192.0.2.3", None)


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("192.0.2.0", "network or broadcast"),
        ("192.0.2.7", "network or broadcast"),
        ("192.0.2.1", "already used"),
        ("192.0.2.2", "already used"),
        ("192.0.2.3", "reserved range"),
        ("192.0.2.4", "reserved range"),
        ("198.51.100.1", "outside the subnet"),
    ],
)
def test_an_address_that_cannot_be_says_why(address: str, word: str) -> None:
    pool = AddressPool(site(network=SMALL), [])
    assert word in (pool.obstacle(ipaddress.ip_address(address)) or "")
    asked = plan(vm(address=address), at=site(network=SMALL))
    assert asked.status == "refused"
    assert address in asked.summary and word in asked.summary


def test_stopped_guests_and_hosts_keep_their_addresses() -> None:
    facts = snapshot(guests=[guest(700, "old", "pve1", addresses=["10.20.0.10"])])
    nodes = [node.model_copy(update={"address": "10.20.0.11"}) for node in facts.nodes[:1]]
    facts = facts.model_copy(update={"nodes": (*nodes, *facts.nodes[1:])})
    result = plan(request(cluster={"servers": 1, "agents": 2}), facts)
    assert [m.address for m in result.machines] == ["10.20.0.12", "10.20.0.13", "10.20.0.14"]


@pytest.mark.parametrize("total", [1, 3, 8, 20, 31, 200])
def test_each_cluster_gets_a_part_of_the_range_of_the_load_balancers(total: int) -> None:
    first = ipaddress.ip_address("10.20.64.0")
    network = {"subnet": "10.20.0.0/16", "load_balancer_range": f"{first}-{first + total - 1}"}
    given: list[str] = []
    while share := AddressPool(site(network=network), given).next_share():
        assert not set(map(str, share)) & set(given)
        given += map(str, share)
    assert len(given) == total, "nothing is lost between them"


def test_the_second_cluster_gets_other_addresses_and_none_is_said() -> None:
    asked = request(cluster={"servers": 3, "agents": 0})
    first = plan(asked)
    assert first.cluster is not None
    assert first.cluster.load_balancer_range == "10.20.0.200-10.20.0.207"
    held = [f"10.20.0.{number}" for number in range(200, 208)]
    second = plan(asked, reserved=Reserved(addresses=frozenset(held)))
    assert second.cluster is not None
    assert second.cluster.load_balancer_range == "10.20.0.208-10.20.0.215"
    held = [f"10.20.0.{number}" for number in range(200, 220)]
    third = plan(asked, reserved=Reserved(addresses=frozenset(held)))
    assert third.cluster is not None and third.cluster.load_balancer_range is None
    assert "widen load_balancer_range" in str([f.message for f in third.findings])
