# SPDX-License-Identifier: GPL-3.0-or-later
"""Another release, server by server, and the way back."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue import load_catalogue
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue._schema import (
    Versions,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._bucket import (
    bucket_problems,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._guard import (
    guard,
    strangers,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._model import (
    Cluster,
    Host,
    Plan,
    Step,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._releases import (
    binary_of,
    binary_problems,
    parts,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._survivors import (
    unanswered,
)


def upgrade(cluster: Cluster, sources: t.Mapping[str, str], token: str | None) -> Plan:
    """Return snapshot, binaries beside the old ones, then one server after another, then agents."""
    silent = unanswered(cluster)
    if silent:
        return Plan(problems=tuple(silent))
    problems = guard(cluster) + binary_problems(cluster, sources)
    binaries = {host.name: binary_of(cluster, host, sources) for host in cluster.hosts}
    behind = [host for host in cluster.hosts if host.has_joined and not binaries[host.name].wanted]
    wanted = str(cluster.options["version"])
    if not cluster.living:
        problems.append("No server's API answers; mend that, or run the entry point rollback.")
    problems += _bounds(cluster, wanted)
    problems += _sick(cluster, behind)
    problems += bucket_problems(cluster, must_answer=True) if behind else []
    if problems:
        return Plan(problems=tuple(dict.fromkeys(problems)))
    if not behind:
        left = left_cordoned(cluster)
        return Plan((*left, verify(cluster)) if left else ())
    steps = [
        Step(
            "snapshot",
            cluster.living[0].name,
            "the way back to the data of before",
            arguments={"name": "before-upgrade"},
        )
    ]
    steps += [
        Step(
            "stage_binary",
            host.name,
            f"k3s {wanted} beside the running one",
            "remove it",
            arguments=binaries[host.name].arguments(f"{host.binary}.new"),
        )
        for host in behind
    ]
    broken = [host for host in behind if host.is_server and host not in cluster.living]
    servers = broken + [host for host in behind if host.is_server and host not in broken]
    for host in servers:
        steps += _one(cluster, [host], "switch", wanted, [server.name for server in cluster.living])
    agents = [host for host in behind if not host.is_server]
    size = max(1, int(cluster.options["upgrade_batch"]))
    for start in range(0, len(agents), size):
        steps += _one(
            cluster,
            agents[start : start + size],
            "switch",
            wanted,
            [server.name for server in cluster.living],
        )
    steps += left_cordoned(cluster, [host.name for host in behind])
    return Plan((*steps, verify(cluster)))


def verify(cluster: Cluster) -> Step:
    """Return the last step: all nodes of hosts that answer are Ready."""
    nodes = [host.node for host in cluster.hosts if host.facts is not None]
    arguments = {"nodes": nodes}
    return Step("verify", cluster.founder.name, "all nodes are Ready", arguments=arguments)


def _one(
    cluster: Cluster, hosts: t.Sequence[Host], action: str, version: str, living: list[str]
) -> list[Step]:
    """Return the steps by which one server, or a batch of agents, changes its binary."""
    names = {host.name for host in hosts}
    others = [name for name in living if name not in names]
    via = others[0] if others else (living or [hosts[0].name])[0]
    steps, drain = [], bool(cluster.options["drain"])
    known = [host for host in hosts if host.node in cluster.nodes]
    free = [host for host in known if not kept_cordoned(cluster.nodes[host.node])]
    alone = len(cluster.nodes) == 1
    if known and not alone:
        steps += [
            Step("cordon", host.name, "no new pods", "uncordon", via, {"node": host.node})
            for host in free
        ]
        if drain:
            steps += [
                Step("drain", host.name, "its pods move", "uncordon", via, {"node": host.node})
                for host in known
                if cluster.nodes[host.node]["ready"]
            ]
    back = "rollback" if action == "switch" else "upgrade"
    steps += [
        Step(
            action,
            host.name,
            f"k3s {version}" if action == "switch" else "the binary of before",
            back,
            arguments={"voter": host.is_server},
        )
        for host in hosts
    ]
    if version and not hosts[0].is_server:
        # A server's start waits for this itself; an agent cannot ask the API.
        nodes = [host.node for host in hosts]
        arguments = {"nodes": nodes, "version": version}
        steps.append(Step("verify", via, f"{', '.join(nodes)} run it", arguments=arguments))
    if known and not alone:
        steps += [
            Step("uncordon", host.name, "pods may come", "cordon", via, {"node": host.node})
            for host in free
        ]
    return steps


def kept_cordoned(node: t.Mapping[str, t.Any]) -> bool:
    """Return whether somebody else cordoned a node, who shall uncordon it too."""
    return bool(node["cordoned"] and not node.get("cordoned_by_us"))


def left_cordoned(cluster: Cluster, but: t.Collection[str] = ()) -> list[Step]:
    """Return the steps that let pods come to nodes that a run which ended early left cordoned."""
    return [
        Step(
            "uncordon",
            host.name,
            "a run that ended early left it cordoned",
            "cordon",
            cluster.living[0].name,
            {"node": host.node},
        )
        for host in cluster.hosts
        if host.name not in but
        and cluster.nodes.get(host.node, {}).get("cordoned_by_us")
        and cluster.nodes[host.node]["ready"]
    ]


def _bounds(cluster: Cluster, wanted: str) -> list[str]:
    """Return why no node may run ``wanted``: a step too far, or back."""
    problems, target = [], parts(wanted)
    if target is None:
        return [f"k3s_version {wanted} is no release."]
    for node in cluster.nodes.values():
        now = parts(node["version"])
        if now is None:
            continue
        if target < now:
            problems.append(
                f"{node['name']} runs {node['version']}, which is newer than {wanted}; k3s cannot "
                "go back. After a failed upgrade run the entry point rollback."
            )
        elif target[:1] != now[:1] or target[1] > now[1] + 1:
            problems.append(
                f"{node['name']} runs {node['version']}; {wanted} skips a minor release: go to "
                f"v{now[0]}.{now[1] + 1} first."
            )
    rancher = str(cluster.options["rancher_version"]).lstrip("v")
    if rancher:
        bounds = _accepted_by_rancher(rancher)
        if bounds is None:
            problems.append(f"It is not known which Kubernetes Rancher {rancher} accepts.")
        else:
            least, below = parts(f"{bounds.least}.0"), parts(f"{bounds.below}.0")
            if least is None or below is None or not least[:2] <= target[:2] < below[:2]:
                problems.append(
                    f"Rancher {rancher} accepts Kubernetes from {bounds.least} to below "
                    f"{bounds.below}, not {wanted}; upgrade Rancher first."
                )
    return problems


def _accepted_by_rancher(version: str) -> Versions | None:
    """Return the range of Kubernetes that a release of Rancher accepts, None when not known."""
    minor = ".".join(version.split(".")[:2])
    return load_catalogue().entries["rancher"].kubernetes.get(minor)


def _sick(cluster: Cluster, behind: t.Sequence[Host]) -> list[str]:
    """Return servers that must be well before another one goes down."""
    waiting = {host.node for host in behind}
    return [
        f"{name} is not {'Ready' if not node['ready'] else 'a voter in etcd'}; no other server may "
        "go down before it is."
        for name, node in cluster.nodes.items()
        if node["server"]
        and (not node["ready"] or node["voter"] == "False")
        and name not in waiting
    ]


def rollback(cluster: Cluster, sources: t.Mapping[str, str], token: str | None) -> Plan:
    """Return the steps back to the binaries that an upgrade put aside."""
    problems = strangers(cluster)
    silent = [host.name for host in cluster.hosts if host.facts is None]
    if len(silent) == len(cluster.hosts):
        problems.append("No host answers; nothing was changed.")
    if problems:
        return Plan(problems=tuple(problems))
    switched = []
    for host in cluster.hosts:
        present = {line.split(" ")[0] for line in host.fact.get("files", ())}
        if f"{host.binary}.previous" in present:
            switched.append(host)
    notes = [f"{name} does not answer and keeps the binary that it has." for name in silent]
    if switched and len([host for host in switched if host.is_server]) == len(cluster.servers):
        notes.append(
            "All servers had the newer release. If its minor differs, etcd's data may not be read "
            "by the older one: restore the snapshot before-upgrade then."
        )
    living = [host.name for host in cluster.living]
    steps: list[Step] = []
    order = [host for host in switched if host.is_server and host not in cluster.living]
    order += [host for host in switched if host.is_server and host in cluster.living]
    for host in [*order, *(host for host in switched if not host.is_server)]:
        steps += (
            _one(cluster, [host], "back", "", living)
            if living
            else [
                Step("back", host.name, "the binary of before", arguments={"voter": host.is_server})
            ]
        )
    steps += left_cordoned(cluster, [host.name for host in switched])
    if steps:
        steps.append(verify(cluster))
    return Plan(tuple(steps), (), tuple(notes))
