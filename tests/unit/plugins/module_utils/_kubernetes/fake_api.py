# SPDX-License-Identifier: GPL-3.0-or-later
"""A small cluster behind the checks, with one thing to break at a time."""

from __future__ import annotations

import typing as t
from urllib.parse import unquote

from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.api import ApiError
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.checks import (
    Expected,
    Node,
)

Data = dict[str, t.Any]
PLAN = Expected(
    nodes=(Node("s1", "10.0.0.1", "server"), Node("a1", "10.0.0.2", "agent")),
    releases=(("monitoring", "prometheus"),),
)
PROMETHEUS = "/api/v1/namespaces/monitoring/services/http:stack-prometheus:9090"


def node(name: str, address: str, *, server: bool) -> Data:
    states = {"Ready": "True", "MemoryPressure": "False"} | (
        {"EtcdIsVoter": "True"} if server else {}
    )
    return {
        "metadata": {
            "name": name,
            "labels": {"node-role.kubernetes.io/etcd": "true"} if server else {},
        },
        "spec": {},
        "status": {
            "addresses": [{"type": "InternalIP", "address": address}],
            "allocatable": {"cpu": "2", "memory": "2Gi"},
            "conditions": [{"type": kind, "status": status} for kind, status in states.items()],
            "nodeInfo": {"kubeletVersion": "v1.34.12+k3s1"},
        },
    }


def pod(name: str, where: str, namespace: str = "kube-system", **requests: str) -> Data:
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"nodeName": where, "containers": [{"resources": {"requests": requests}}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"ready": True}],
        },
    }


class FakeCluster:
    """Answers the paths the checks ask for; tests change the lists below."""

    def __init__(self) -> None:
        self.nodes = [node("s1", "10.0.0.1", server=True), node("a1", "10.0.0.2", server=False)]
        self.pods = [pod("coredns-1", "s1", cpu="100m", memory="70Mi")]
        self.workloads = {"deployments": [self.workload("prometheus")], "daemonsets": []}
        self.services = [{"metadata": {"name": "kube-dns"}}]
        self.events: list[Data] = []
        self.namespaces: dict[str, Data] = {}
        self.deleted: list[str] = []
        self.page = {"/dns": "Name: kubernetes.default\nresolved\n"}
        self.unreached: set[str] = set()
        self.up = [self.target("kubelet", "10.0.0.1:10250"), self.target("node", "10.0.0.1:9100")]
        self.local_only = False
        self._turn = 0

    @staticmethod
    def workload(name: str, ready: int = 1) -> Data:
        return {
            "metadata": {"name": name, "generation": 1},
            "spec": {"replicas": 1},
            "status": {"readyReplicas": ready, "observedGeneration": 1},
        }

    @staticmethod
    def target(job: str, instance: str, up: str = "1") -> Data:
        return {"metric": {"job": job, "instance": instance}, "value": [1795263956.4, up]}

    def request(self, method: str, path: str, body: Data | None) -> Data:
        """Answer as the API server does."""
        path = unquote(path)
        if method == "POST":
            return self._create(path, body or {})
        if method == "DELETE":
            name = path.rpartition("/")[2]
            self.deleted.append(name)
            del self.namespaces[name]
            return {}
        lists: list[tuple[str, list[Data]]] = [
            ("/api/v1/nodes", self.nodes),
            ("/api/v1/namespaces?", list(self.namespaces.values())),
            ("/api/v1/namespaces/kube-system/pods", self.pods),
            ("/api/v1/namespaces/kube-system/services", self.services),
            ("/api/v1/pods?", self.pods),
            (
                "/api/v1/namespaces/test/pods",
                [item for item in self.pods if item["metadata"]["namespace"] == "test"],
            ),
            ("/api/v1/namespaces/test/events", self.events),
        ]
        for start, items in lists:
            if path.startswith(start):
                return {"items": items}
        if path.startswith("/apis/apps/v1/namespaces/monitoring/"):
            assert path.endswith("?labelSelector=app.kubernetes.io/instance=prometheus")
            return {"items": self.workloads.get(path.split("/")[6].partition("?")[0], [])}
        single: dict[str, Data] = {
            "/api/v1/namespaces/test/services/web": {"spec": {"ports": [{"nodePort": 30080}]}},
            f"{PROMETHEUS}/proxy/api/v1/query?query=up": {"data": {"result": self.up}},
            "/readyz": {"text": "ok"},
        }
        if path in single:
            return single[path]
        raise ApiError(f"{path} was answered with 404: not found", 404)

    def _create(self, path: str, body: Data) -> Data:
        if path == "/api/v1/namespaces":
            answer = {"metadata": body["metadata"] | {"name": "test"}}
            self.namespaces["test"] = answer
            return answer
        if path.endswith("/deployments"):
            assert body["spec"]["replicas"] == len(self.nodes)
            self.pods += [
                pod(f"web-{item['metadata']['name']}", item["metadata"]["name"], "test")
                for item in self.nodes
            ]
        return body

    def fetch(self, host: str, port: int, path: str) -> str:
        """Answer as a node port does: with the pods in turn."""
        if host in self.unreached:
            raise OSError("connection refused")
        if path in self.page:
            return self.page[path]
        names = {
            item["status"]["addresses"][0]["address"]: item["metadata"]["name"]
            for item in self.nodes
        }
        self._turn += 1
        chosen = names[host] if self.local_only else list(names.values())[self._turn % len(names)]
        return f"web-{chosen}\n"
