# SPDX-License-Identifier: GPL-3.0-or-later
"""A Deployment of real pods, one on each node, reached from outside through a NodePort."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.checks import (
    conditions,
    name_of,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.errors import (
    ApiError,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.runner import (
    NotYet,
)

if t.TYPE_CHECKING:
    from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.access import (
        Cluster,
    )
    from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.reach import (
        Network,
    )

    Data = dict[str, t.Any]

LABEL = "clusterwright.io/verify"
#: Serves the pod's name, and what a name of the cluster resolves to.
SCRIPT = """\
hostname >/www/name
( until nslookup kubernetes.default.svc.{domain}; do sleep 1; done; echo resolved ) >/www/dns 2>&1 &
exec httpd -f -p 8080 -h /www
"""


@dataclass
class TestApp:
    """The test's objects; ``remove`` takes all of them away again."""

    __test__ = False  # not a test case of pytest

    cluster: Cluster
    network: Network
    image: str
    pull_policy: str = "IfNotPresent"
    domain: str = "cluster.local"
    namespace: str = ""
    created: bool = False

    def create(self) -> None:
        """Create namespace, Deployment and Service, once."""
        if self.created:
            return
        self.sweep()
        nodes = self._schedulable_nodes()
        if not nodes:
            raise NotYet("No node takes pods.")
        metadata = {"generateName": "clusterwright-verify-", "labels": {LABEL: "true"}}
        made = self.cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        self.namespace = name_of(made)
        self.cluster.create(self._deployment(len(nodes)), self.namespace)
        self.cluster.create(self._service(), self.namespace)
        self.created = True

    def remove(self) -> None:
        """Delete the namespace, which ends everything in it; the cluster does it by itself."""
        if self.namespace:
            self.cluster.delete("v1", "Namespace", self.namespace)

    def sweep(self) -> None:
        """Delete what an interrupted run left."""
        for item in self.cluster.list("v1", "Namespace", selector=f"{LABEL}=true"):
            if not item["metadata"].get("deletionTimestamp"):
                self.cluster.delete("v1", "Namespace", name_of(item))

    def check_running(self) -> str:
        """Each node that takes pods runs one of the test's pods."""
        wanted = set(self._schedulable_nodes())
        missing = sorted(wanted - set(self._ready_pods().values()))
        if missing:
            raise NotYet(f"No ready test pod on {', '.join(missing)}{self._reason()}.")
        return f"A pod runs on each of {len(wanted)} nodes."

    def check_reached(self, addresses: t.Mapping[str, str]) -> str:
        """Every node's port answers; with several nodes also with a pod of another node.

        ``addresses`` are node addresses by name.
        """
        port = self._node_port()
        where = self._ready_pods()
        if not where or not addresses:
            raise NotYet("No test pod is ready.")
        for node, address in addresses.items():
            seen = set()
            for _attempt in range(40):
                try:
                    pod = self.network.page(address, port, "/name").strip()
                except OSError as error:
                    raise NotYet(
                        f"http://{address}:{port} on {node} does not answer: {error}."
                    ) from error
                if pod not in where:
                    raise NotYet(f"http://{address}:{port} answers as {pod}, no pod of the test.")
                seen.add(where[pod])
                if seen - {node}:
                    break
            if len(where) > 1 and not seen - {node}:
                raise NotYet(f"{node} never reached a pod of another node.")
        return f"Port {port} of {len(addresses)} nodes answers with pods of other nodes as well."

    def check_dns(self, addresses: t.Mapping[str, str]) -> str:
        """The cluster has a name server, and its names resolve inside the test's pods."""
        if self.cluster.get("v1", "Service", "kube-dns", "kube-system") is None:
            raise NotYet("The cluster has no name server: there is no service kube-dns.")
        if not addresses:
            raise NotYet("There are no nodes to ask.")
        port = self._node_port()
        for address in addresses.values():
            text = self.network.page(address, port, "/dns")
            if "resolved" not in text.split():
                raise NotYet(
                    f"A pod cannot resolve kubernetes.default: {' '.join(text.split())[:200]}"
                )
        return "A pod resolves kubernetes.default."

    def _schedulable_nodes(self) -> list[str]:
        return [
            name_of(node)
            for node in self.cluster.list("v1", "Node")
            if conditions(node).get("Ready") == "True"
            and not node["spec"].get("unschedulable")
            and not any(
                taint["effect"] in ("NoSchedule", "NoExecute")
                for taint in node["spec"].get("taints") or []
            )
        ]

    def _pods(self) -> list[Data]:
        return self.cluster.list("v1", "Pod", self.namespace)

    def _ready_pods(self) -> dict[str, str]:
        return {
            name_of(pod): pod["spec"]["nodeName"]
            for pod in self._pods()
            if conditions(pod).get("Ready") == "True"
        }

    def _reason(self) -> str:
        """Return why pods wait, as the kubelet or the scheduler said it last."""
        events = self.cluster.list("v1", "Event", self.namespace, fields="type=Warning")
        if not events:
            return ""
        last = max(events, key=lambda item: item.get("lastTimestamp") or "")
        return f" ({last.get('reason', '')}: {' '.join(last.get('message', '').split())[:300]})"

    def _node_port(self) -> int:
        if not self.namespace:
            raise ApiError("The test was not created.")
        service = self.cluster.get("v1", "Service", "web", self.namespace)
        if service is None:
            raise ApiError("The test's service is gone.")
        return int(service["spec"]["ports"][0]["nodePort"])

    def _service(self) -> Data:
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web"},
            "spec": {
                "type": "NodePort",
                "selector": {"app": "web"},
                "ports": [{"port": 80, "targetPort": 8080}],
            },
        }

    def _deployment(self, replicas: int) -> Data:
        spread = {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "DoNotSchedule",
            "nodeTaintsPolicy": "Honor",
            "labelSelector": {"matchLabels": {"app": "web"}},
        }
        container = {
            "name": "web",
            "image": self.image,
            "imagePullPolicy": self.pull_policy,
            "command": ["sh", "-c", SCRIPT.format(domain=self.domain)],
            "readinessProbe": {"httpGet": {"path": "/name", "port": 8080}, "periodSeconds": 1},
            "resources": {
                "requests": {"cpu": "10m", "memory": "8Mi"},
                "limits": {"memory": "32Mi"},
            },
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "runAsNonRoot": True,
                "runAsUser": 65534,
                "capabilities": {"drop": ["ALL"]},
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "volumeMounts": [{"name": "www", "mountPath": "/www"}],
        }
        pod = {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
            "topologySpreadConstraints": [spread],
            "containers": [container],
            "volumes": [{"name": "www", "emptyDir": {}}],
        }
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web"},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": "web"}},
                "template": {"metadata": {"labels": {"app": "web"}}, "spec": pod},
            },
        }
