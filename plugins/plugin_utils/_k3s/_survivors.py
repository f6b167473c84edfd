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
