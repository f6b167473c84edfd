# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts and storage pools for placement: what may still be used under the capacity rules."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Site,
    Snapshot,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._snapshot import (
    NodeState,
    StorageState,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._placement import Host, Pool
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._memory import (
    MemoryRules,
    counted_cpus,
    memory_rules,
    memory_use,
)

#: Free share of a storage that stays after placement, in percent.
STORAGE_HEADROOM_PERCENT = 20


def hosts_and_pools(
    snapshot: Snapshot, site: Site, environment: str, bridges: t.Collection[str]
) -> tuple[list[Host], list[Pool]]:
    """Return the hosts that may take guests and what is free on them."""
    pools: dict[str, Pool] = {}
    by_node: dict[str, dict[str, str]] = {}
    for state in snapshot.storages:
        if not (state.enabled and state.active):
            continue
        pool_id = state.storage if state.shared else f"{state.node}/{state.storage}"
        pool = Pool(pool_id, _free_gib(state))
        if pool_id not in pools or pool.free_gib < pools[pool_id].free_gib:
            pools[pool_id] = pool
        by_node.setdefault(state.node, {})[state.storage] = pool_id
    rules = memory_rules(site, environment)
    hosts = [
        _host(node, snapshot, site, rules, by_node.get(node.name, {}))
        for node in eligible_nodes(snapshot, site, bridges)
    ]
    return hosts, list(pools.values())


def eligible_nodes(snapshot: Snapshot, site: Site, bridges: t.Collection[str]) -> list[NodeState]:
    """Return online nodes of the site that have one of the bridges, in order of their names."""
    with_bridge = {b.node for b in snapshot.bridges if b.name in bridges}
    anywhere = not snapshot.bridges or None in with_bridge
    return sorted(
        (
            node
            for node in snapshot.nodes
            if node.online
            and not node.maintenance
            and (not site.nodes or node.name in site.nodes)
            and (anywhere or node.name in with_bridge)
        ),
        key=lambda node: node.name,
    )


def _host(
    node: NodeState, snapshot: Snapshot, site: Site, rules: MemoryRules, storages: dict[str, str]
) -> Host:
    memory = memory_use(node, snapshot, rules)
    busy = node.cpu_load * 100 >= rules.used
    given = counted_cpus(node, snapshot, rules)
    prices = site.prices
    return Host(
        name=node.name,
        free_cpus=0.0 if busy else max(0.0, node.cpus * site.cpu_overcommit - given),
        free_memory_mib=memory.free,
        cpus=node.cpus,
        total_memory_mib=node.memory_mib,
        used_memory_mib=memory.counted,
        memory_taken=memory.sentence(),
        price=prices.node_factors.get(node.name, 1.0) if prices else 1.0,
        pools=storages,
    )


def _free_gib(state: StorageState) -> float:
    kept = state.total_gib * STORAGE_HEADROOM_PERCENT / 100
    return max(0.0, state.available_gib - kept)


def storage_states(snapshot: Snapshot, storage: str) -> t.Iterator[StorageState]:
    """Yield the usable states of one storage, a node each."""
    return (
        state
        for state in snapshot.storages
        if state.storage == storage and state.enabled and state.active
    )
