# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster from a snapshot: in place, or on hosts that never had one."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._bucket import (
    snapshot_problems,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._guard import guard
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._model import (
    Cluster,
    Host,
    Plan,
    Step,
    url,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._releases import binary_of
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._steps import Planner
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._survivors import (
    unanswered,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._upgrade import verify
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._vip import vip_steps


def restore(cluster: Cluster, sources: t.Mapping[str, str], token: str | None) -> Plan:
    """Return the steps; one server takes the snapshot, all others join it anew."""
    snapshot, source = str(cluster.options["snapshot"]), str(cluster.options["snapshot_src"])
    silent = unanswered(cluster)
    if silent:
        return Plan(problems=tuple(silent))
    problems = guard(cluster)
    if not snapshot and not source:
        problems.append(
            "Name the snapshot: k3s_snapshot, its name in S3 or its path on the first server, or "
            "k3s_snapshot_src, a file on the controller."
        )
    problems += snapshot_problems(cluster)
    if token is None and not cluster.exists:
        problems.append(
            f"{cluster.options['token_file']} must hold the token that the snapshot was made with; "
            "without it the snapshot cannot be read."
        )
    if problems:
        return Plan(problems=tuple(dict.fromkeys(problems)))
    founder, fresh = cluster.founder, not cluster.exists
    planner = Planner(cluster, sources, token)
    planner._token_step()
    for host in cluster.hosts:
        planner._install(host, binary_of(cluster, host, sources))
    written = {host.name: planner._write(host) for host in cluster.hosts}
    steps = list(planner.steps)
    planner.steps.clear()
    steps += [Step("stop", host.name, "its data is replaced") for host in cluster.servers]
    path = snapshot
    if source:
        path = f"{founder.data_dir}/server/db/snapshots/{source.rpartition('/')[2]}"
        steps.append(Step("upload", founder.name, source, arguments={"src": source, "dest": path}))
    steps.append(
        Step("restore", founder.name, f"etcd becomes {path}", arguments={"snapshot": path})
    )
    planner.steps += vip_steps(cluster, cluster.hosts, written)
    steps += planner.steps
    steps.append(_start(founder, "it serves the restored data", ""))
    keep = [founder.node] if fresh else [host.node for host in cluster.hosts]
    steps.append(
        Step(
            "only",
            founder.name,
            "nodes of the snapshot that are no more go",
            arguments={"nodes": keep},
        )
    )
    others = [host for host in cluster.servers if host.name != founder.name]
    steps += [
        Step("wipe", host.name, "its member has data of another time")
        for host in others
        if host.has_data
    ]
    join = url(founder.address, cluster.port)
    steps += [_start(host, "it joins anew", join) for host in others]
    steps += [_start(host, "it joins anew", "") for host in cluster.agents]
    steps.append(verify(cluster))
    return Plan(tuple(steps))


def _start(host: Host, reason: str, join: str) -> Step:
    arguments: dict[str, t.Any] = {"verb": "restarted", "voter": host.is_server}
    if join:
        arguments["join_url"] = join
    return Step("start", host.name, reason, arguments=arguments, together=not host.is_server)


__all__ = ["restore"]
