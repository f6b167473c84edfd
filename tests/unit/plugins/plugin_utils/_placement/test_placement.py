# SPDX-License-Identifier: GPL-3.0-or-later
"""Placement keeps its hard rules and is close to the optimum."""

from __future__ import annotations

import typing as t
from collections import Counter

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._placement import (
    Host,
    Item,
    Pool,
    Result,
    pack,
    place,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._placement.exact import (  # noqa: E501
    least_hosts,
)
from hypothesis import given
from hypothesis import strategies as st


def host(name: str, cpus: int = 16, memory: int = 65536, used: int = 0, price: float = 1.0) -> Host:
    return Host(
        name=name,
        free_cpus=float(cpus),
        free_memory_mib=memory - used,
        cpus=cpus,
        total_memory_mib=memory,
        used_memory_mib=used,
        price=price,
        pools={"local": f"{name}/local", "shared": "shared"},
    )


ITEMS = st.lists(
    st.tuples(
        st.integers(1, 10),
        st.integers(256, 40000),
        st.sampled_from(["a", "b", "c"]),
        st.booleans(),
        st.none() | st.sets(st.sampled_from(["h0", "h1", "h2", "h3"]), min_size=1),
        st.sampled_from([(), (("local", 30.0),), (("shared", 50.0), ("shared", 20.0))]),
        st.sampled_from(["", "", "", "h0", "h1"]),  # where it is already
    ),
    max_size=14,
).map(
    lambda rows: [
        Item(f"i{n}", cpus, memory, disks, group, hosts=frozenset({there}), width=cpus)
        if there
        else Item(f"i{n}", cpus, memory, disks, group, spread, hosts and frozenset(hosts))
        for n, (cpus, memory, group, spread, hosts, disks, there) in enumerate(rows)
    ]
)
HOSTS = st.lists(
    st.tuples(st.integers(2, 32), st.integers(8192, 131072), st.integers(0, 8192)),
    min_size=1,
    max_size=5,
).map(lambda rows: [host(f"h{n}", *row) for n, row in enumerate(rows)])
POOLS = [Pool("shared", 200.0), *(Pool(f"h{n}/local", 100.0) for n in range(5))]


def violations(result: Result, items: list[Item], hosts: list[Host]) -> list[str]:
    found = []
    by_name = {h.name: h for h in hosts}
    placed = {item.name: item for item in items if item.name in result.where}
    memory, cpus, disks = Counter[str](), Counter[str](), Counter[str]()
    for name, item in placed.items():
        on = by_name[result.where[name]]
        memory[on.name] += item.memory_mib
        cpus[on.name] += item.cpus
        if item.hosts is not None and on.name not in item.hosts:
            found.append(f"{name} is on {on.name}")
        if item.cpus > on.cpus:
            found.append(f"{name} is wider than {on.name}")
        for storage, size in item.disks:
            disks[on.pools[storage]] += int(size)
    found += [f"memory of {n}" for n in memory if memory[n] > by_name[n].free_memory_mib]
    found += [f"cpus of {n}" for n in cpus if cpus[n] > by_name[n].free_cpus]
    found += [f"pool {p.id}" for p in POOLS if disks[p.id] > p.free_gib]
    for name, item in placed.items():
        others = [o for o in placed.values() if o.group == item.group and o is not item]
        beside = [o for o in others if result.where[o.name] == result.where[name]]
        if item.spread and any(other.spread or other.there for other in beside):
            found.append(f"{name} is on one host with another of {item.group}")
    return found


@pytest.mark.fuzz
@given(ITEMS, HOSTS)
def test_every_rule_holds(items: list[Item], hosts: list[Host]) -> None:
    for search in (place, pack):
        result = search(items, hosts, POOLS)
        assert violations(result, items, hosts) == []
        missing = {shortfall.item for shortfall in result.missing}
        assert missing.isdisjoint(result.where)
        assert missing | result.where.keys() == {item.name for item in items}


@pytest.mark.fuzz
@given(ITEMS, HOSTS)
def test_the_same_input_gives_the_same_answer(items: list[Item], hosts: list[Host]) -> None:
    assert place(items, hosts, POOLS) == place(items, hosts, POOLS)


@pytest.mark.fuzz
@given(st.lists(st.tuples(st.integers(1, 8), st.integers(512, 16384)), max_size=9))
def test_packing_is_within_one_host_of_the_optimum(sizes: list[tuple[int, int]]) -> None:
    hosts = [host(f"h{n}", 16, 32768) for n in range(9)]
    items = [Item(f"i{n}", cpus, memory) for n, (cpus, memory) in enumerate(sizes)]
    result = pack(items, hosts)
    assert not result.missing
    assert len(set(result.where.values())) <= least_hosts(sizes, 16, 32768) + 1


def test_a_host_is_emptied_when_its_guests_fit_elsewhere() -> None:
    # First-fit decreasing alone takes three hosts for these.
    sizes = [(7, 4096), (8, 1024), (8, 10240), (5, 10240), (4, 5120)]
    items = [Item(f"i{n}", *size) for n, size in enumerate(sizes)]
    result = pack(items, [host(f"h{n}", 16, 32768) for n in range(5)])
    assert len(set(result.where.values())) == least_hosts(sizes, 16, 32768) == 2


def test_the_least_loaded_host_is_taken() -> None:
    hosts = [host("a", used=20000), host("b", used=1000), host("c", used=30000)]
    assert place([Item("x", 1, 1024)], hosts).where == {"x": "b"}


def test_a_group_spreads_even_when_that_is_not_asked_for() -> None:
    items = [Item(f"i{n}", 1, 1024, group="agents") for n in range(3)]
    assert set(place(items, [host("a"), host("b"), host("c")]).where.values()) == {"a", "b", "c"}


@pytest.mark.parametrize("search", [place, pack])
def test_what_is_added_goes_where_nothing_of_its_group_is(search: t.Any) -> None:
    hosts = [host("h0", 8, 32768), host("h1", 8, 32768)]
    there = Item("old", 0, 0, group="a", hosts=frozenset({"h0"}), width=4)
    either = frozenset({"h0", "h1"})
    added = Item("new", 2, 4096, group="a", spread=True, hosts=either)
    assert search([added, there], hosts).where == {"old": "h0", "new": "h1"}


def test_room_is_made_by_moving_another() -> None:
    hosts = [host("a", memory=4096), host("b", memory=4096)]
    small = [Item(f"s{n}", 1, 1000, group=f"g{n}", spread=True) for n in range(2)]
    result = place([*small, Item("big", 1, 4000)], hosts)
    assert not result.missing
    assert result.where["s0"] == result.where["s1"] != result.where["big"]


@pytest.mark.parametrize(
    ("item", "resource"),
    [
        (Item("x", 99, 1), "cores"),
        (Item("x", 1, 10**9), "memory"),
        (Item("x", 1, 1, disks=(("local", 1000.0),)), "disk"),
        (Item("x", 1, 1, disks=(("nowhere", 1.0),)), "disk"),
        (Item("x", 1, 1, hosts=frozenset({"z"})), "host"),
    ],
)
def test_the_shortfall_names_resource_and_host(item: Item, resource: str) -> None:
    result = place([item], [host("h0")], POOLS)
    assert {(s.host, s.resource) for s in result.missing} >= {("h0", resource)}


def test_more_of_a_spread_group_than_hosts_is_a_shortfall() -> None:
    items = [Item(f"s{n}", 1, 1024, group="servers", spread=True) for n in range(3)]
    result = place(items, [host("a"), host("b")])
    assert len(result.where) == 2
    assert {shortfall.resource for shortfall in result.missing} == {"spread"}
