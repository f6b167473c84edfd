# SPDX-License-Identifier: GPL-3.0-or-later
"""N+1: what is highly available must find room elsewhere when any one host is lost."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._placement._model import (
    Host,
    Item,
    Shortfall,
)

#: Share of a host's memory that guests may take while another host is lost; the rest is its own.
EMERGENCY_SHARE = 0.9


def failover_shortfalls(
    items: t.Sequence[Item], where: t.Mapping[str, str], hosts: t.Sequence[Host]
) -> tuple[Shortfall, ...]:
    """Return which items would have no host after the loss of theirs.

    Args:
        items: all placed items; those with ``restart`` must survive.
        where: item name -> host name.
        hosts: the hosts before the items were placed.
    """
    free = {h.name: h.total_memory_mib * EMERGENCY_SHARE - h.used_memory_mib for h in hosts}
    for item in items:
        free[where[item.name]] -= item.memory_mib
    cpus = {host.name: host.cpus for host in hosts}
    missing: list[Shortfall] = []
    for lost in sorted(set(where.values())):
        left = dict(free)
        stranded = [item for item in items if item.restart and where[item.name] == lost]
        for item in sorted(stranded, key=lambda i: (-i.memory_mib, i.name)):
            fitting = [
                name
                for name in left
                if name != lost
                and left[name] >= item.memory_mib
                and cpus[name] >= item.threads
                and (item.hosts is None or name in item.hosts)
            ]
            if not fitting:
                most = max((left[name] for name in left if name != lost), default=0.0)
                shortfall = Shortfall(item.name, lost, "failover", item.memory_mib, max(most, 0.0))
                missing.append(shortfall)
                continue
            left[max(fitting, key=lambda name: (left[name], name))] -= item.memory_mib
    return tuple(missing)
