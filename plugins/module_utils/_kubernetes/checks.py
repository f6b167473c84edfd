# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to hold in a cluster that is as planned; each check fails with the reason."""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass, field

from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.api import (
    ApiError,
)

if t.TYPE_CHECKING:
    from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.api import (
        Request,
    )

    Data = dict[str, t.Any]

WORKLOADS = {
    "Deployment": ("deployments", "replicas", "readyReplicas"),
    "StatefulSet": ("statefulsets", "replicas", "readyReplicas"),
    "DaemonSet": ("daemonsets", "desiredNumberScheduled", "numberReady"),
}
INSTANCE = "app.kubernetes.io%2Finstance%3D"
UNITS = {
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40,
    "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
}  # fmt: skip


class NotYet(Exception):
    """The check does not hold; the message says why. It is tried again until time is over."""


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


@dataclass
class Runner:
    """Runs checks one after another, each until it holds or its time is over."""

    timeout_seconds: float = 60.0
    delay_seconds: float = 2.0
    clock: t.Callable[[], float] = time.monotonic
    pause: t.Callable[[float], None] = time.sleep
    results: list[Data] = field(default_factory=list)

    def run(self, name: str, check: t.Callable[[], str], *, critical: bool = True) -> bool:
        """Run ``check``, which returns what it saw or raises ``NotYet``; True when it holds."""
        begin = self.clock()
        while True:
            try:
                status, detail = "passed", check()
                break
            except (NotYet, ApiError, OSError) as reason:
                status, detail = "failed", str(reason)
            except (KeyError, TypeError, ValueError) as reason:
                status, detail = "failed", f"The answer could not be understood: {reason!r}."
            if self.clock() - begin + self.delay_seconds > self.timeout_seconds:
                break
            self.pause(self.delay_seconds)
        self.add(name, status, detail, critical=critical, seconds=self.clock() - begin)
        return status == "passed"

    def add(
        self, name: str, status: str, detail: str, *, critical: bool = True, seconds: float = 0.0
    ) -> None:
        """Record a result."""
        self.results.append(
            {
                "name": name,
                "status": status,
                "detail": detail,
                "critical": critical,
                "seconds": round(seconds, 1),
            }
        )


def conditions(node: Data) -> dict[str, str]:
    """Return the status of each condition of a node by type."""
    return {item["type"]: item["status"] for item in node["status"].get("conditions", [])}


def quantity(text: str) -> float:
    """Return a Kubernetes quantity as a number: ``1500m`` is 1.5, ``1Ki`` is 1024."""
    for unit, factor in UNITS.items():
        if text.endswith(unit):
            return float(text[: -len(unit)]) * factor
    return float(text)


def check_api(request: Request) -> str:
    """The API is ready."""
    request("GET", "/readyz", None)
    return "The API is ready."


def check_nodes(request: Request, expected: Expected) -> str:
    """Names, addresses and readiness of all nodes equal the plan."""
    found = {
        item["metadata"]["name"]: item for item in request("GET", "/api/v1/nodes", None)["items"]
    }
    wanted = {node.name: node for node in expected.nodes}
    problems = [f"{name} is missing" for name in sorted(wanted.keys() - found.keys())]
    problems += [f"{name} is not planned" for name in sorted(found.keys() - wanted.keys())]
    for name in sorted(wanted.keys() & found.keys()):
        state = conditions(found[name])
        if state.get("Ready") != "True":
            problems.append(f"{name} is not Ready")
        problems += [
            f"{name} has {kind}"
            for kind in ("MemoryPressure", "DiskPressure", "PIDPressure")
            if state.get(kind) == "True"
        ]
        addresses = [item["address"] for item in found[name]["status"].get("addresses", [])]
        if wanted[name].address and wanted[name].address not in addresses:
            problems.append(
                f"{name} is not at {wanted[name].address} but at {', '.join(addresses)}"
            )
    if problems:
        raise NotYet("; ".join(problems) + ".")
    return f"{len(found)} of {len(wanted)} nodes are Ready, at their addresses."


def check_etcd(request: Request, expected: Expected) -> str:
    """Each server, and nothing else, votes in etcd."""
    nodes = request("GET", "/api/v1/nodes", None)["items"]
    voters = {
        node["metadata"]["name"] for node in nodes if conditions(node).get("EtcdIsVoter") == "True"
    }
    missing, extra = sorted(set(expected.servers) - voters), sorted(voters - set(expected.servers))
    if missing or extra:
        parts = [f"{name} does not vote" for name in missing]
        parts += [f"{name} votes but is no server" for name in extra]
        raise NotYet("; ".join(parts) + ".")
    return f"{len(voters)} of {len(expected.servers)} servers vote."


def check_system_pods(request: Request) -> str:
    """Every pod of the system runs and is ready."""
    pods = request("GET", "/api/v1/namespaces/kube-system/pods", None)["items"]
    if not pods:
        raise NotYet("kube-system has no pods at all.")
    waiting = []
    for pod in pods:
        phase = pod["status"].get("phase")
        ready = all(item["ready"] for item in pod["status"].get("containerStatuses", []))
        if pod["metadata"].get("deletionTimestamp") or phase == "Succeeded":
            continue
        if phase != "Running" or not ready:
            waiting.append(
                f"{pod['metadata']['name']} is {phase if phase != 'Running' else 'not ready'}"
            )
    if waiting:
        raise NotYet("; ".join(sorted(waiting)) + ".")
    return f"{len(pods)} pods of kube-system run."


def check_release(request: Request, namespace: str, release: str) -> str:
    """All workloads of a Helm release are ready, and there is at least one."""
    ready: list[str] = []
    waiting: list[str] = []
    for kind, (plural, wanted_key, ready_key) in WORKLOADS.items():
        path = f"/apis/apps/v1/namespaces/{namespace}/{plural}?labelSelector={INSTANCE}{release}"
        for item in request("GET", path, None)["items"]:
            status = item["status"]
            wanted = (
                status.get(wanted_key, 0)
                if kind == "DaemonSet"
                else item["spec"].get("replicas", 1)
            )
            have = status.get(ready_key, 0)
            current = status.get("observedGeneration", 0) >= item["metadata"].get("generation", 0)
            line = f"{kind} {item['metadata']['name']} {have}/{wanted}"
            (ready if have >= wanted and current else waiting).append(line)
    if waiting:
        raise NotYet(f"Not ready in {namespace}: {', '.join(sorted(waiting))}.")
    if not ready:
        raise NotYet(f"Nothing of {release} is in {namespace}.")
    return f"Ready: {', '.join(sorted(ready))}."


def check_vip(request_at_vip: t.Callable[[], Request], vip: str) -> str:
    """The API answers at the address with a certificate that names it."""
    request_at_vip()("GET", "/readyz", None)
    return f"The API answers at {vip}, and its certificate names that address."


def check_capacity(request: Request, limit: float = 0.9) -> str:
    """What pods ask for leaves room on every node."""
    nodes = request("GET", "/api/v1/nodes", None)["items"]
    pods = request("GET", "/api/v1/pods?fieldSelector=status.phase%3DRunning", None)["items"]
    asked: dict[tuple[str, str], float] = {}
    for pod in pods:
        for container in pod["spec"]["containers"]:
            for resource, text in container.get("resources", {}).get("requests", {}).items():
                key = (pod["spec"].get("nodeName", ""), resource)
                asked[key] = asked.get(key, 0.0) + quantity(text)
    shares = {
        (node["metadata"]["name"], resource): asked.get((node["metadata"]["name"], resource), 0.0)
        / quantity(node["status"]["allocatable"][resource])
        for node in nodes
        for resource in ("cpu", "memory")
    }
    full = [
        f"{name} {share:.0%} of its {what}"
        for (name, what), share in shares.items()
        if share > limit
    ]
    if full:
        raise NotYet(f"Pods ask for more than {limit:.0%}: {', '.join(sorted(full))}.")
    return f"Pods ask for at most {max(shares.values()):.0%} of a node."


def describe_nodes(request: Request) -> list[Data]:
    """Return the nodes as a report shows them."""
    prefix = "node-role.kubernetes.io/"
    return [
        {
            "name": item["metadata"]["name"],
            "roles": sorted(
                label[len(prefix) :]
                for label in item["metadata"].get("labels", {})
                if label.startswith(prefix)
            ),
            "ready": conditions(item).get("Ready") == "True",
            "version": item["status"]["nodeInfo"]["kubeletVersion"],
            "address": next(
                (
                    entry["address"]
                    for entry in item["status"].get("addresses", [])
                    if entry["type"] == "InternalIP"
                ),
                "",
            ),
        }
        for item in request("GET", "/api/v1/nodes", None)["items"]
    ]
