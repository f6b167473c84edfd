# SPDX-License-Identifier: GPL-3.0-or-later
"""Report what kubelets, a provisioner and a load balancer would; nothing runs anywhere."""

from __future__ import annotations

import datetime
import itertools
import os
import socket
import threading
import typing as t

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from lab.kube.controllers import Controllers

Data = dict[str, t.Any]
INTERVAL_SECONDS = 0.3
#: The program of a container with an image of this ending fails.
FAILS = ":fails"


class Pretend:
    """A context manager.

    With ``listening`` every address of a load balancer is one of the loopback, and its ports take
    connections; ports below 1024 need root.
    """

    def __init__(
        self,
        kubeconfig: str,
        nodes: t.Sequence[str] = ("node-1", "node-2"),
        *,
        listening: bool = False,
    ) -> None:
        """Prepare; nodes are made when it is entered."""
        connect: t.Any = config.new_client_from_config
        self.api: t.Any = connect(config_file=kubeconfig)
        self.core: t.Any = client.CoreV1Api(self.api)
        self.nodes = tuple(nodes)
        self.listening = listening
        self._controllers = Controllers(self.api)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._pod_numbers = itertools.count(1)
        self._addresses: dict[str, str] = {}
        self._listeners: list[socket.socket] = []

    def __enter__(self) -> Pretend:
        """Make nodes and the storage class, start reporting."""
        for number, name in enumerate(self.nodes, 1):
            self.core.create_node(
                {
                    "apiVersion": "v1",
                    "kind": "Node",
                    "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
                }
            )
            self.core.patch_node_status(name, {"status": self._node(number)})
            # The controller that takes the taint of a new node away would also miss a kubelet.
            self.core.patch_node(name, {"spec": {"taints": None}})
        storage: t.Any = client.StorageV1Api(self.api)
        storage.create_storage_class(
            {
                "metadata": {
                    "name": "local-path",
                    "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
                },
                "provisioner": "lab.local/pretend",
            }
        )
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop reporting."""
        self._end.set()
        self._thread.join()
        for listener in self._listeners:
            listener.close()

    def _node(self, number: int) -> Data:
        room = {"cpu": "64", "memory": "256Gi", "pods": "500", "ephemeral-storage": "1Ti"}
        return {
            "capacity": room,
            "allocatable": room,
            "addresses": [{"type": "InternalIP", "address": f"192.0.2.{10 + number}"}],
            "conditions": [{"type": "Ready", "status": "True"}],
            "nodeInfo": {"kubeletVersion": "v1.34.3"},
        }

    def _loop(self) -> None:
        while not self._end.wait(INTERVAL_SECONDS):
            try:
                self._pods()
                self._claims()
                self._volumes()
                self._services()
                self._controllers.work()
            except (ApiException, HTTPError, OSError):
                continue  # changed meanwhile, or the API is going: the next round sees

    def _pods(self) -> None:
        for pod in self.core.list_pod_for_all_namespaces().items:
            where, name = pod.metadata.namespace, pod.metadata.name
            if pod.metadata.deletion_timestamp:
                self.core.delete_namespaced_pod(name, where, grace_period_seconds=0)
            elif pod.spec.node_name and pod.status.phase == "Pending":
                status = {"status": self._status(pod)}
                self.core.patch_namespaced_pod_status(name, where, status)

    def _status(self, pod: t.Any) -> Data:
        fails = any(container.image.endswith(FAILS) for container in pod.spec.containers)
        ends = any(owner.kind == "Job" for owner in pod.metadata.owner_references or ()) or fails
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        state: Data = {"running": {"startedAt": now}}
        if ends:
            reason = "Error" if fails else "Completed"
            state = {"terminated": {"exitCode": int(fails), "reason": reason, "finishedAt": now}}
        containers = [
            {
                "name": container.name,
                "image": container.image,
                "imageID": "pretended",
                "containerID": "pretended://0",
                "ready": not ends,
                "started": not ends,
                "restartCount": 0,
                "state": state,
            }
            for container in pod.spec.containers
        ]
        high, low = divmod(next(self._pod_numbers), 256)
        address = f"198.18.{high % 256}.{low}"
        ready = "False" if ends else "True"
        return {
            "phase": "Failed" if fails else "Succeeded" if ends else "Running",
            "startTime": now,
            "podIP": address,
            "podIPs": [{"ip": address}],
            "conditions": [
                *({"type": kind, "status": "True"} for kind in ("Initialized", "PodScheduled")),
                *({"type": kind, "status": ready} for kind in ("Ready", "ContainersReady")),
            ],
            "containerStatuses": containers,
        }

    def _claims(self) -> None:
        for claim in self.core.list_persistent_volume_claim_for_all_namespaces().items:
            if claim.status.phase != "Pending" or claim.metadata.deletion_timestamp:
                continue
            name = f"pretended-{claim.metadata.uid}"
            body = {
                "metadata": {"name": name},
                "spec": {
                    "capacity": claim.spec.resources.requests,
                    "accessModes": claim.spec.access_modes,
                    "storageClassName": claim.spec.storage_class_name,
                    "persistentVolumeReclaimPolicy": "Delete",
                    "claimRef": {
                        "namespace": claim.metadata.namespace,
                        "name": claim.metadata.name,
                        "uid": claim.metadata.uid,
                    },
                    "hostPath": {"path": f"/pretended/{name}"},
                },
            }
            try:
                self.core.create_persistent_volume(body)
            except ApiException as error:
                if error.status != 409:
                    raise

    def _volumes(self) -> None:
        """Delete the volumes whose claims are gone, as their provisioner would."""
        for volume in self.core.list_persistent_volume().items:
            name, phase = volume.metadata.name, volume.status.phase
            if name.startswith("pretended-") and phase in ("Released", "Failed"):
                self.core.delete_persistent_volume(name)

    def _services(self) -> None:
        for service in self.core.list_service_for_all_namespaces().items:
            if service.spec.type != "LoadBalancer" or service.status.load_balancer.ingress:
                continue
            where, name = service.metadata.namespace, service.metadata.name
            address = self._address(service)
            status = {"loadBalancer": {"ingress": [{"ip": address}]}}
            self.core.patch_namespaced_service_status(name, where, {"status": status})

    def _address(self, service: t.Any) -> str:
        known = self._addresses.get(service.metadata.uid)
        if known:
            return known
        address = (
            self._listen(service) if self.listening else f"192.0.2.{100 + len(self._addresses)}"
        )
        self._addresses[service.metadata.uid] = address
        return address

    def _listen(self, service: t.Any) -> str:
        """Return an address of the loopback on whose ports nobody else listened."""
        high, low = divmod(os.getpid(), 200)
        for last in range(1, 255):
            address, taken = f"127.{1 + high % 250}.{1 + low}.{last}", []
            try:
                for port in service.spec.ports:
                    taken.append(socket.create_server((address, port.port)))
            except OSError:
                for listener in taken:
                    listener.close()
                continue
            self._listeners += taken
            return address
        raise RuntimeError(f"No address is left for the service {service.metadata.name}.")
