# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to hold in a cluster that is as planned; each check fails with the reason."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.access import (
    quantity,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.runner import (
    NotYet,
)

if t.TYPE_CHECKING:
    from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.access import (
        Cluster,
    )

    Data = dict[str, t.Any]

#: Kind of a workload -> where its status says how many are wanted and ready.
WORKLOADS = {
    "Deployment": ("replicas", "readyReplicas"),
    "StatefulSet": ("replicas", "readyReplicas"),
    "DaemonSet": ("desiredNumberScheduled", "numberReady"),
}
INSTANCE = "app.kubernetes.io/instance"
ENDED = ("Failed", "Succeeded")


@dataclass(frozen=True)
class Node:
    """A node as planned."""

    name: str
    address: str
    role: str  # "server" or "agent"


@dataclass(frozen=True)
class Expected:
    """What the plan says."""

    nodes: tuple[Node, ...]
    vip: str = ""
    releases: tuple[tuple[str, str], ...] = ()  # (namespace, Helm release)

    @property
    def servers(self) -> list[str]:
        """Return the names of the servers."""
        return [node.name for node in self.nodes if node.role == "server"]

    @property
    def addresses(self) -> dict[str, str]:
        """Return the address of each node by name."""
        return {node.name: node.address for node in self.nodes}


def conditions(found: Data) -> dict[str, str]:
    """Return the status of each condition of an object by type."""
    return {item["type"]: item["status"] for item in _status(found).get("conditions") or []}


def name_of(found: Data) -> str:
    """Return the name of an object."""
    return str(found["metadata"]["name"])


def check_api(cluster: Cluster) -> str:
    """The API is ready."""
    cluster.text("/readyz")
    return "The API is ready."


def check_nodes(cluster: Cluster, expected: Expected) -> str:
    """Every planned node is there, at its address, Ready and not under pressure."""
    found = {name_of(item): item for item in cluster.list("v1", "Node")}
    wanted = {node.name: node for node in expected.nodes}
    if not wanted:
        raise NotYet("The plan names no nodes.")
    problems = [f"{name} is missing" for name in sorted(wanted.keys() - found.keys())]
    for name in sorted(wanted.keys() & found.keys()):
        state = conditions(found[name])
        if state.get("Ready") != "True":
            problems.append(f"{name} is not Ready")
        problems += [
            f"{name} has {kind}"
            for kind in ("MemoryPressure", "DiskPressure", "PIDPressure")
            if state.get(kind) == "True"
        ]
        addresses = [item["address"] for item in found[name]["status"].get("addresses") or []]
        if wanted[name].address and wanted[name].address not in addresses:
            problems.append(
                f"{name} is not at {wanted[name].address} but at {', '.join(addresses)}"
            )
    if problems:
        raise NotYet("; ".join(problems) + ".")
    return f"{len(wanted)} of {len(wanted)} nodes are Ready, at their addresses."


def check_etcd(cluster: Cluster, expected: Expected) -> str:
    """Each server, and nothing else, votes in etcd."""
    voters = {
        name_of(node)
        for node in cluster.list("v1", "Node")
        if conditions(node).get("EtcdIsVoter") == "True"
    }
    missing, extra = sorted(set(expected.servers) - voters), sorted(voters - set(expected.servers))
    parts = [f"{name} does not vote" for name in missing]
    parts += [f"{name} votes but is no server" for name in extra]
    if not voters:
        parts = ["Nobody votes"]
    if parts:
        raise NotYet("; ".join(parts) + ".")
    return f"{len(voters)} of {len(expected.servers)} servers vote."


def check_system_pods(cluster: Cluster) -> str:
    """Every pod of the system runs and is ready; what has ended is a leftover."""
    pods = [
        pod
        for pod in cluster.list("v1", "Pod", "kube-system")
        if pod["status"].get("phase") not in ENDED and not pod["metadata"].get("deletionTimestamp")
    ]
    if not pods:
        raise NotYet("kube-system has no pods at all.")
    waiting = []
    for pod in pods:
        phase = pod["status"].get("phase")
        ready = all(item["ready"] for item in pod["status"].get("containerStatuses") or [])
        if phase != "Running" or not ready:
            waiting.append(f"{name_of(pod)} is {phase if phase != 'Running' else 'not ready'}")
    if waiting:
        raise NotYet("; ".join(sorted(waiting)) + ".")
    return f"{len(pods)} pods of kube-system run."


def check_release(cluster: Cluster, namespace: str, release: str) -> str:
    """All workloads of a Helm release are ready, and there is at least one."""
    ready: list[str] = []
    waiting: list[str] = []
    for kind, (wanted_key, ready_key) in WORKLOADS.items():
        for item in cluster.list("apps/v1", kind, namespace, selector=f"{INSTANCE}={release}"):
            status = item["status"]
            wanted = (
                status.get(wanted_key, 0)
                if kind == "DaemonSet"
                else item["spec"].get("replicas", 1)
            )
            have = status.get(ready_key) or 0
            current = status.get("observedGeneration", 0) >= item["metadata"].get("generation", 0)
            line = f"{kind} {name_of(item)} {have}/{wanted}"
            (ready if have >= wanted and current else waiting).append(line)
    if waiting:
        raise NotYet(
            f"Not ready in {namespace}: {', '.join(sorted(waiting))}.",
            f"{{kubectl}} -n {namespace} describe pods -l {INSTANCE}={release}",
        )
    if not ready:
        raise NotYet(f"Nothing of {release} is in {namespace}.")
    return f"Ready: {', '.join(sorted(ready))}."


def check_vip(at_vip: t.Callable[[], Cluster], vip: str) -> str:
    """The API answers at the address with a certificate that names it."""
    at_vip().text("/readyz")
    return f"The API answers at {vip}, and its certificate names that address."


def check_capacity(cluster: Cluster, limit: float = 0.9) -> str:
    """What pods ask for leaves room on every node."""
    nodes = cluster.list("v1", "Node")
    asked: dict[tuple[str, str], float] = {}
    for pod in cluster.list("v1", "Pod", fields="status.phase=Running"):
        for container in pod["spec"]["containers"]:
            requests = (container.get("resources") or {}).get("requests") or {}
            for resource, text in requests.items():
                key = (pod["spec"].get("nodeName", ""), resource)
                asked[key] = asked.get(key, 0.0) + quantity(text)
    shares = {
        (name_of(node), resource): asked.get((name_of(node), resource), 0.0)
        / quantity(node["status"]["allocatable"][resource])
        for node in nodes
        for resource in ("cpu", "memory")
        if resource in (_status(node).get("allocatable") or {})
    }
    full = [
        f"{name} {share:.0%} of its {what}"
        for (name, what), share in shares.items()
        if share > limit
    ]
    if full:
        raise NotYet(f"Pods ask for more than {limit:.0%}: {', '.join(sorted(full))}.")
    if not shares:
        raise NotYet("There are no nodes.")
    return f"Pods ask for at most {max(shares.values()):.0%} of a node."


def check_leftovers(cluster: Cluster, expected: Expected) -> str:
    """Nothing is left of what has gone: nodes, ended pods, namespaces, released volumes."""
    planned = {node.name for node in expected.nodes}
    extra = [n for n in map(name_of, cluster.list("v1", "Node")) if n not in planned]
    failed = [
        f"{pod['metadata']['namespace']}/{name_of(pod)}"
        for pod in cluster.list("v1", "Pod", fields="status.phase=Failed")
    ]
    ending = [
        name_of(item)
        for item in cluster.list("v1", "Namespace")
        if item["status"].get("phase") == "Terminating"
    ]
    released = [
        name_of(item)
        for item in cluster.list("v1", "PersistentVolume")
        if item["status"].get("phase") == "Released"
    ]
    kinds = (
        ("nodes that are not planned", extra, "{kubectl} delete node " + " ".join(extra)),
        (
            "pods in phase Failed",
            failed,
            "{kubectl} delete pods --all-namespaces --field-selector status.phase=Failed",
        ),
        (
            "namespaces that do not end",
            ending,
            "{kubectl} describe namespace " + " ".join(ending),
        ),
        ("released volumes", released, "{kubectl} delete persistentvolume " + " ".join(released)),
    )
    there = [(what, names, mend) for what, names, mend in kinds if names]
    if there:
        said = "; ".join(f"{what}: {', '.join(sorted(names))}" for what, names, _mend in there)
        raise NotYet(f"Left are {said}.", " && ".join(mend for _what, _names, mend in there))
    return "No nodes, pods, namespaces or volumes are left over."


def describe_nodes(cluster: Cluster) -> list[Data]:
    """Return the nodes as a report shows them."""
    prefix = "node-role.kubernetes.io/"
    return [
        {
            "name": name_of(item),
            "roles": sorted(
                label[len(prefix) :]
                for label in item["metadata"].get("labels") or {}
                if label.startswith(prefix)
            ),
            "ready": conditions(item).get("Ready") == "True",
            "version": (_status(item).get("nodeInfo") or {}).get("kubeletVersion", ""),
            "address": next(
                (
                    entry["address"]
                    for entry in _status(item).get("addresses") or []
                    if entry["type"] == "InternalIP"
                ),
                "",
            ),
        }
        for item in cluster.list("v1", "Node")
    ]


def _status(found: Data) -> Data:
    return found.get("status") or {}
