# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans that change a running cluster, one for each entry point of the role."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._bucket import (
    bucket_problems,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._config import TOKEN_PATH
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._guard import strangers
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._keys import near
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._model import (
    Cluster,
    Host,
    Plan,
    Step,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._restore import restore
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._steps import Planner
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._survivors import (
    dead_first,
    majority_problems,
    unanswered,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._upgrade import (
    rollback,
    upgrade,
    verify,
)

Sources = t.Mapping[str, str]
#: plans that a person approves by their sha256
APPROVED = frozenset(["remove", "replace", "upgrade", "rollback", "restore", "rotate"])
ROTATIONS = ("token", "certificates", "encryption_key")


def plan_change(goal: str, cluster: Cluster, sources: Sources, token: str | None) -> Plan:
    """Return the plan of one goal of ``GOALS``."""
    return GOALS[goal](cluster, sources, token)


def needs_api(cluster: Cluster) -> list[str]:
    """Return why nothing can be done to the cluster, when no server's API answers."""
    if cluster.living:
        return []
    told = "; ".join(
        f"{host.name}: {'it did not answer in time' if host.facts is None else why}"
        for host in cluster.servers
        for why in [host.fact.get("api") or "k3s does not run"]
    )
    return [f"No server's API answers, and this needs one ({told})."]


def remove(cluster: Cluster, sources: Sources, token: str | None) -> Plan:
    """Take hosts, or nodes that no host stands for any more, out of the cluster."""
    wanted = [str(name) for name in cluster.options["remove"]]
    problems = needs_api(cluster) + strangers(cluster)
    if not wanted:
        problems.append("Name who shall go: k3s_remove: [NAME].")
    by_node = {host.node: host for host in cluster.hosts}
    names = {host.name: host.node for host in cluster.hosts}
    nodes = [names.get(name, name) for name in wanted]
    known = set(cluster.nodes)
    for name, node in zip(wanted, nodes, strict=True):
        gone = by_node.get(node)
        if cluster.living and node not in known and not (gone and gone.has_joined):
            listed = f"the cluster has {', '.join(sorted(known))}"
            problems.append(f"{name} is no node{near(name, known)}; {listed}.")
    staying = [host for host in cluster.living if host.node not in nodes]
    if cluster.living and not staying:
        problems.append("No server whose API answers would stay; use the entry point reset.")
    if problems:
        return Plan(problems=tuple(problems))
    nodes = dead_first(cluster, nodes)
    lost = majority_problems(cluster, nodes)
    if lost:
        return Plan(problems=tuple(lost))
    via, steps = staying[0].name, []
    for node in nodes:
        host = by_node.get(node)
        steps += _leave(node, host, cluster.nodes.get(node), via, bool(cluster.options["drain"]))
        if host is not None and host.facts is not None:
            steps.append(
                Step("reset", host.name, "nothing of k3s stays on it", "add it", together=False)
            )
    left = [
        node["name"]
        for node in cluster.nodes.values()
        if node["server"] and node["name"] not in nodes
    ]
    notes = []
    if len(left) % 2 == 0:
        notes.append(f"{len(left)} servers stay, of which none may fail; etcd wants 1, 3 or 5.")
    return Plan(tuple(steps), (), tuple(notes))


def _leave(
    node: str, host: Host | None, known: t.Mapping[str, t.Any] | None, via: str, drain: bool
) -> list[Step]:
    """Return the steps by which a node, and the etcd member of a server, leaves the cluster."""
    name = host.name if host is not None else via
    arguments = {"node": node}
    steps = []
    if host is not None and host.runs:
        steps.append(
            Step("hold", name, "it must not come back by itself", "start it", together=False)
        )
    if known is not None:
        steps.append(
            Step("cordon", name, "no new pods", "uncordon", via, arguments, together=False)
        )
        if drain and known["ready"]:
            steps.append(
                Step("drain", name, "its pods move", "uncordon", via, arguments, together=False)
            )
        what = "etcd member and node go" if known["server"] else "the node goes"
        steps.append(Step("remove", name, what, "add it", via, arguments, together=False))
    return steps


def as_new(host: Host) -> Host:
    """Return the host as it is after a reset."""
    if host.facts is None:
        return host
    emptied: dict[str, t.Any] = {
        "units": {},
        "config": {},
        "config_mark": None,
        "config_drop_ins": {},
        "cluster_init": False,
        "datastore": "",
        "agent_data": False,
        "ca_sha256": "",
        "token": "",
        "k3s_version": "",
        "keepalived_mark": None,
        "files": [],
        "nodes": [],
        "api": "",
        "services": {name: {} for name in host.fact.get("services", {})},
    }
    return dataclasses.replace(host, facts={**host.facts, **emptied})


def _without_node(host: Host, node: str) -> Host:
    """Return the host as it is once the API knows a node no longer."""
    if host.facts is None:
        return host
    left = [known for known in host.fact.get("nodes", ()) if known["name"] != node]
    return dataclasses.replace(host, facts={**host.facts, "nodes": left})


def replace(cluster: Cluster, sources: Sources, token: str | None) -> Plan:
    """Take a host out and let it join anew under its name."""
    wanted = [str(name) for name in cluster.options["replace"]]
    problems = needs_api(cluster) + strangers(cluster)
    names = {host.name for host in cluster.hosts}
    problems += [
        f"{name} is not listed{near(name, names)}." for name in wanted if name not in names
    ]
    if len(wanted) != 1:
        problems.append("Name the one host that is replaced: k3s_replace: [NAME].")
    if problems:
        return Plan(problems=tuple(problems))
    old = cluster.host(wanted[0])
    others = [host for host in cluster.living if host.name != old.name]
    if not others:
        return Plan(problems=(f"No other server's API than that of {old.name} answers.",))
    lost = majority_problems(cluster, [old.node])
    if lost:
        return Plan(problems=tuple(lost))
    node = cluster.nodes.get(old.node)
    if old.facts is None:
        if node is None:
            return Plan(problems=(f"{old.name} does not answer and is no part of the cluster.",))
        what = "etcd member and node" if node["server"] else "node"
        gone = Step(
            "remove", old.name, f"{what} of a dead host", "", others[0].name, {"node": old.node}
        )
        note = f"{old.name} does not answer; make it anew and run the entry point cluster."
        return Plan((gone,), (), (note,))
    steps = _leave(old.node, old, node, others[0].name, bool(cluster.options["drain"]))
    if old.has_joined:
        steps.append(Step("reset", old.name, "it starts from nothing", together=False))
    hosts = tuple(
        as_new(host) if host.name == old.name else _without_node(host, old.node)
        for host in cluster.hosts
    )
    after = dataclasses.replace(cluster, hosts=hosts)
    joined = Planner(after, sources, token, [old.name]).plan()
    return Plan((*steps, *joined.steps), joined.problems, joined.notes)


def snapshot(cluster: Cluster, sources: Sources, token: str | None) -> Plan:
    """Save a snapshot of etcd now."""
    problems = needs_api(cluster) + strangers(cluster)
    if cluster.living and cluster.living[0].fact.get("datastore") != "etcd":
        problems.append("The cluster keeps its data in sqlite, of which k3s makes no snapshots.")
    problems += bucket_problems(cluster, must_answer=True)
    if problems:
        return Plan(problems=tuple(problems))
    host = cluster.living[0]
    name = str(cluster.options["snapshot_name"])
    where = "disk and S3" if host.own_config.get("etcd-s3") else "its disk"
    steps = [Step("snapshot", host.name, f"{name} goes to {where}", arguments={"name": name})]
    if cluster.options["snapshot_fetch_dir"]:
        steps.append(Step("fetch", host.name, f"into {cluster.options['snapshot_fetch_dir']}"))
    return Plan(tuple(steps))


def rotate(cluster: Cluster, sources: Sources, token: str | None) -> Plan:
    """Renew the token, the certificates or the key that encrypts secrets."""
    what = str(cluster.options["rotate"])
    if what not in ROTATIONS:
        return Plan(problems=(f"k3s_rotate is one of {', '.join(ROTATIONS)}.",))
    problems = unanswered(cluster)
    if what != "certificates" and not problems:
        problems += needs_api(cluster)
    problems += strangers(cluster)
    if problems:
        return Plan(problems=tuple(problems))
    steps: list[Step] = []
    if what == "certificates":
        for host in cluster.hosts:
            steps.append(
                Step("rotate_certificates", host.name, "new leaf certificates", together=False)
            )
    elif what == "token":
        first = cluster.living[0]
        steps.append(
            Step("rotate_token", first.name, "k3s makes a new token and encrypts its data with it")
        )
        steps += [
            Step("write", host.name, "the new token", arguments={"paths": [TOKEN_PATH]})
            for host in cluster.hosts
        ]
        steps += [_restart(host, "it reads the new token") for host in cluster.hosts]
    else:
        first = cluster.living[0]
        steps.append(Step("rotate_keys", first.name, "secrets are encrypted anew"))
        order = [first, *(host for host in cluster.servers if host.name != first.name)]
        steps += [_restart(host, "it reads the new key") for host in order]
    steps.append(verify(cluster))
    return Plan(tuple(steps))


def _restart(host: Host, reason: str) -> Step:
    arguments = {"verb": "restarted", "voter": host.is_server}
    return Step("start", host.name, reason, arguments=arguments, together=not host.is_server)


def reset(cluster: Cluster, sources: Sources, token: str | None) -> Plan:
    """Remove everything of k3s from all hosts that answer."""
    problems = strangers(cluster)
    if not cluster.options["reset_confirmed"]:
        problems.append(
            "This ends the cluster and its data; set k3s_reset_confirmed to true to go on."
        )
    if problems:
        return Plan(problems=tuple(problems))
    silent = [host.name for host in cluster.hosts if host.facts is None]
    if len(silent) == len(cluster.hosts):
        return Plan(problems=("No host answers; nothing was removed.",))
    notes = []
    if silent:
        notes.append(
            f"Without an answer, and left as they are: {', '.join(silent)}. The controller keeps "
            "the token and the kubeconfig for them."
        )
    steps = [
        Step("reset", host.name, "nothing of k3s stays")
        for host in cluster.hosts
        if host.facts is not None
    ]
    return Plan(tuple(steps), (), tuple(notes))


GOALS: dict[str, t.Callable[[Cluster, Sources, str | None], Plan]] = {
    "remove": remove,
    "replace": replace,
    "upgrade": upgrade,
    "rollback": rollback,
    "snapshot": snapshot,
    "restore": restore,
    "rotate": rotate,
    "reset": reset,
}
