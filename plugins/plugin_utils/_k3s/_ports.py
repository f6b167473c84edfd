# SPDX-License-Identifier: GPL-3.0-or-later
"""The ports of a cluster, once, for every firewall and every sentence."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

if t.TYPE_CHECKING:
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._model import (
        Cluster,
        Host,
    )


@dataclass(frozen=True)
class Opening:
    """What comes in: ``protocol`` with ``ports`` (empty: all of it) from ``sources``.

    ``sources`` are addresses or networks; empty: from everywhere.
    """

    protocol: str
    ports: str
    sources: tuple[str, ...]
    what: str


def openings(cluster: Cluster, host: Host) -> list[Opening]:
    """Return what must be able to reach this host."""
    nodes = tuple(part for each in cluster.hosts for part in each.addresses)
    servers = tuple(part for each in cluster.servers for part in each.addresses)
    pods = tuple(
        part.strip()
        for option in ("pod_cidr", "service_cidr")
        for part in str(cluster.options[option]).split(",")
    )
    found = [
        Opening("tcp", "10250", nodes, "kubelet"),
        Opening("udp", "8472", nodes, "pod network (VXLAN)"),
        Opening("udp", "51820-51821", nodes, "pod network (WireGuard)"),
        Opening("any", "", pods, "pods and services"),
    ]
    if host.is_server:
        found += [
            Opening("tcp", str(cluster.port), (), "API"),
            Opening("tcp", "2379-2380", servers, "etcd"),
        ]
        if cluster.vip_provider == "keepalived":
            found.append(Opening("vrrp", "", servers, "keepalived"))
    if host.own_config.get("embedded-registry"):
        found.append(Opening("tcp", "5001", nodes, "embedded registry"))
    return found


def openings_text(cluster: Cluster, host: Host) -> str:
    """Return what the program reads that opens the host's firewall, and closes it again."""
    lines = [f"# firewall: {host.fact.get('firewall')}", *opening_lines(cluster, host)]
    return "\n".join(lines) + "\n"


def opening_lines(cluster: Cluster, host: Host) -> list[str]:
    """Return one line ``PROTOCOL PORTS SOURCE`` for each source of each opening."""
    return [
        f"{opening.protocol} {opening.ports or '-'} {source}"
        for opening in openings(cluster, host)
        for source in opening.sources or ("-",)
    ]


def ports_text(cluster: Cluster) -> str:
    """Return all openings of the cluster in words."""
    seen: dict[str, str] = {}
    for host in cluster.hosts:
        for opening in openings(cluster, host):
            where = f"{opening.ports}/{opening.protocol}" if opening.ports else opening.protocol
            source = "all" if not opening.sources else ", ".join(opening.sources)
            seen[opening.what] = f"{where} from {source} ({opening.what})"
    return "; ".join(seen.values())
