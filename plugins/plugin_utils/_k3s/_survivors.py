# SPDX-License-Identifier: GPL-3.0-or-later
"""Work on a cluster of which a host does not answer."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._model import Cluster


def survivors(cluster: Cluster) -> tuple[list[str], list[str]]:
    """Return (hosts that do not answer, why the work cannot go on without them)."""
    lost = [host.name for host in cluster.hosts if host.facts is None]
    if not lost:
        return [], _sick(cluster)
    if not cluster.exists:
        return lost, [
            f"{', '.join(lost)} did not answer in time; a cluster is formed by all of its hosts or "
            "not at all."
        ]
    if not cluster.living:
        return lost, [
            f"{', '.join(lost)} did not answer in time, and no server's API does; "
            "bring a majority of the servers back, or restore a snapshot."
        ]
    return lost, []


def unanswered(cluster: Cluster) -> list[str]:
    """Return why work that needs every host cannot begin."""
    lost = [host.name for host in cluster.hosts if host.facts is None]
    if not lost:
        return []
    return [
        f"{', '.join(lost)} did not answer in time, and this needs every host; bring back what is "
        "down, or remove or replace it first."
    ]


def dead_first(cluster: Cluster, nodes: t.Iterable[str]) -> list[str]:
    """Return nodes in the order in which etcd lets go: a dead member counts until it is gone."""
    alive = {host.node for host in cluster.living}
    return sorted(nodes, key=lambda node: node in alive)


def majority_problems(cluster: Cluster, leaving: t.Iterable[str]) -> list[str]:
    """Return why etcd would not let the members of nodes go, one after the other.

    It refuses whatever leaves less than a majority of the members that stay, but is asked only
    when the node is empty already.
    """
    alive = {host.node for host in cluster.living}
    members = {
        name for name, node in cluster.nodes.items() if node["voter"] and not node["removed"]
    }
    for name in leaving:
        if name not in members:
            continue
        members.discard(name)
        dead = sorted(members - alive)
        if dead and 2 * len(dead) >= len(members):
            return [
                f"{name} cannot go while {', '.join(dead)} is down: {len(dead)} of the "
                f"{len(members)} servers that stay would not answer, and etcd needs a majority; "
                "bring back what is down, or remove it first."
            ]
    return []


def _sick(cluster: Cluster) -> list[str]:
    """Return the servers that run and whose API refuses its own administrator."""
    return [
        f"The API of {host.name} refuses the administrator of its own kubeconfig "
        f"({host.fact['api']}): its certificates have expired. Run the entry point rotate with "
        "k3s_rotate: certificates."
        for host in cluster.servers
        if "nauthorized" in str(host.fact.get("api", ""))
        or "certificate has expired" in str(host.fact.get("api", ""))
    ]
