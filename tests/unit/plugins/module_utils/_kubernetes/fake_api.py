# SPDX-License-Identifier: GPL-3.0-or-later
"""A small cluster on Proxmox VE behind the checks, with one thing to break at a time."""

from __future__ import annotations

import base64
import datetime
import functools
import json
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.errors import (
    ApiError,
)

Data = dict[str, t.Any]
APP = "web"


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
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app": name.split("-", maxsplit=1)[0]},
        },
        "spec": {"nodeName": where, "containers": [{"resources": {"requests": requests}}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"ready": True}],
        },
    }


def named(name: str, namespace: str = "", phase: str = "", **more: t.Any) -> Data:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"metadata": metadata, "status": {"phase": phase}, **more}


def workload(name: str, namespace: str, release: str, ready: int = 1) -> Data:
    labels = {"app.kubernetes.io/instance": release}
    return {
        "metadata": {"name": name, "namespace": namespace, "generation": 1, "labels": labels},
        "spec": {"replicas": 1},
        "status": {"readyReplicas": ready, "observedGeneration": 1},
    }


def target(job: str, instance: str, up: str = "1") -> Data:
    return {"metric": {"job": job, "instance": instance}, "value": [1795263956.4, up]}


@functools.cache
def certificate(days: int) -> str:
    """Return a self-signed certificate that ends in so many days (and an hour)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    now = datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    key = ec.generate_private_key(ec.SECP256R1())
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=400))
        .not_valid_after(now + datetime.timedelta(days=days, hours=1))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


def tls(name: str, days: int, **annotations: str) -> Data:
    data = {"tls.crt": base64.b64encode(certificate(days).encode()).decode()}
    metadata = {"name": name, "namespace": "default", "annotations": annotations}
    return {"type": "kubernetes.io/tls", "metadata": metadata, "data": data}


def service(name: str, namespace: str, kind: str, address: str = "") -> Data:
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"type": kind, "ports": [{"port": 80, "nodePort": 30080}]},
        "status": {"loadBalancer": {"ingress": [{"ip": address}] if address else []}},
    }


def slice_of(name: str, namespace: str, *, ready: bool = True) -> Data:
    labels = {"kubernetes.io/service-name": name}
    endpoint = {"addresses": ["10.42.0.7"], "conditions": {"ready": ready}}
    metadata = {"name": f"{name}-x", "namespace": namespace, "labels": labels}
    return {"metadata": metadata, "endpoints": [endpoint]}


def guest(vmid: int, where: str) -> Data:
    return {
        "vmid": vmid, "node": where, "type": "qemu", "status": "running", "ha": "started",
        "pool": None,
    }  # fmt: skip


class FakeCluster:
    """Answers as ``Cluster`` and ``Network`` do; tests change what is below."""

    def __init__(self) -> None:
        self.objects: dict[str, list[Data]] = {
            "Node": [node("s1", "10.0.0.1", server=True), node("a1", "10.0.0.2", server=False)],
            "Pod": [
                pod("coredns-1", "s1", cpu="100m", memory="70Mi"),
                pod("speaker-1", "s1", "metallb"),
                pod("speaker-2", "a1", "metallb"),
            ],
            "Deployment": [workload("prometheus", "monitoring", "prometheus")],
            "Service": [
                named("kube-dns", "kube-system", spec={"type": "ClusterIP"}),
                service("traefik", "traefik", "LoadBalancer", "10.0.0.90"),
            ],
            "EndpointSlice": [slice_of("traefik", "traefik")],
            "Secret": [tls("shop", 60)],
            "Event": [],
            "Namespace": [named("default", phase="Active")],
            "PersistentVolume": [],
            "DaemonSet": [
                {
                    **workload("speaker", "metallb", "metallb"),
                    "spec": {"selector": {"matchLabels": {"app": "speaker"}}},
                    "status": {},
                }
            ],
            "APIService": [
                named("v1beta1.metrics.k8s.io")
                | {"status": {"conditions": [{"type": "Available", "status": "True"}]}}
            ],
            "ClusterIssuer": [
                named("ca") | {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
            ],
            "BackupStorageLocation": [named("default", "velero", "Available")],
        }
        self.api_groups = {"apps", "argoproj.io"}
        self.deleted: list[str] = []
        self.ready = True
        self.pages = {"/dns": "Name: kubernetes.default\nresolved\n"}
        self.proxied = {"/api/v1/query?query=up": "", "/health": "ok"}
        self.up = [target("kubelet", "10.0.0.1:10250"), target("node", "10.0.0.1:9100")]
        self.closed: set[str] = set()
        self.served = certificate(300)
        self.own_certificate = certificate(300)
        self.local_only = False
        self.vip_answers = True
        self.snapshot: Data = {
            "guests": [guest(101, "pve1"), guest(102, "pve2")],
            "backup_jobs": [{"enabled": True, "selection": "vmid:101,102"}],
            "missing": [],
        }
        self.said: dict[str, Data] = {
            name: {"hostname": name, "interface": "eth0", "cloud_init": "done"}
            for name in ("s1", "a1")
        }
        self.undeletable = False
        self._turn = 0

    # As Cluster.

    def text(self, path: str) -> str:
        if path == "/readyz" and self.ready:
            return "ok"
        raise ApiError(f"{path} was answered with 500: not ready", 500)

    def proxy(self, namespace: str, name: str, port: int, path: str) -> str:
        if path not in self.proxied:
            raise ApiError(f"{path} was answered with 503: no endpoints", 503)
        return self.proxied[path] or json.dumps({"data": {"result": self.up}})

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str = "",
        *,
        selector: str = "",
        fields: str = "",
    ) -> list[Data]:
        found = []
        for item in self.objects.get(kind, []):
            labels = item["metadata"].get("labels") or {}
            wanted = [part.split("=") for part in selector.split(",") if part]
            if namespace and item["metadata"].get("namespace") != namespace:
                continue
            if any(labels.get(key) != value for key, value in wanted):
                continue
            if fields and not self._has(item, *fields.split("=")):
                continue
            found.append(item)
        return found

    @staticmethod
    def _has(item: Data, path: str, wanted: str) -> bool:
        value: t.Any = item
        for part in path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return bool(value == wanted)

    def get(self, api_version: str, kind: str, name: str, namespace: str = "") -> Data | None:
        found = [
            i for i in self.list(api_version, kind, namespace) if i["metadata"]["name"] == name
        ]
        return found[0] if found else None

    def create(self, body: Data, namespace: str = "") -> Data:
        made = {**body, "metadata": {**body["metadata"]}, "status": {}}
        if body["kind"] == "Namespace":
            made["metadata"]["name"] = "test"
        else:
            made["metadata"]["namespace"] = namespace
        self.objects.setdefault(body["kind"], []).append(made)
        if body["kind"] == "Deployment":
            ready = {"type": "Ready", "status": "True"}
            nodes = [n for n in self.objects["Node"] if ready in n["status"]["conditions"]]
            assert body["spec"]["replicas"] == len(nodes)
            self.objects["Pod"] += [
                pod(f"{APP}-{item['metadata']['name']}", item["metadata"]["name"], "test")
                for item in nodes
            ]
        if body["kind"] == "Service":
            made["spec"]["ports"][0]["nodePort"] = 30080
        return made

    def delete(self, api_version: str, kind: str, name: str, namespace: str = "") -> None:
        if self.undeletable:
            raise ApiError("deleting was answered with 403: forbidden", 403)
        self.deleted.append(name)
        self.objects[kind] = [i for i in self.objects[kind] if i["metadata"]["name"] != name]
        if kind == "Namespace":
            for items in self.objects.values():
                items[:] = [i for i in items if i["metadata"].get("namespace") != name]

    def groups(self) -> set[str]:
        return self.api_groups

    def client_certificate(self) -> str:
        return self.own_certificate

    # As Network.

    def page(self, host: str, port: int, path: str) -> str:
        if host in self.closed:
            raise OSError("connection refused")
        if path in self.pages:
            return self.pages[path]
        names = {
            item["status"]["addresses"][0]["address"]: item["metadata"]["name"]
            for item in self.objects["Node"]
        }
        self._turn += 1
        chosen = names[host] if self.local_only else list(names.values())[self._turn % len(names)]
        return f"{APP}-{chosen}\n"

    def connect(self, host: str, port: int) -> None:
        if host in self.closed:
            raise OSError("connection refused")

    def certificate(self, host: str, port: int) -> str:
        return self.served

    # The way to it.

    def at(self, server: str) -> t.Any:
        if server and not self.vip_answers:
            raise ApiError(f"{server} does not answer")
        return self
