# SPDX-License-Identifier: GPL-3.0-or-later
"""Services are reached where the cluster says that they are."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.checks import (
    name_of,
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

SLICE_OF = "kubernetes.io/service-name"


def balanced(cluster: Cluster) -> list[Data]:
    """Return the services that want an address of the network."""
    return [
        item for item in cluster.list("v1", "Service") if item["spec"].get("type") == "LoadBalancer"
    ]


def check_load_balancers(cluster: Cluster, network: Network) -> str:
    """Every service of type LoadBalancer has an address, and its TCP ports answer there."""
    services = balanced(cluster)
    if not services:
        raise NotYet("There is no service of type LoadBalancer.")
    return " ".join(_answers(item, network) for item in services)


def check_service(
    cluster: Cluster, network: Network, namespace: str, name: str, nodes: t.Mapping[str, str]
) -> str:
    """A service has pods behind it and answers as its type promises.

    ``nodes`` are node addresses by name.
    """
    service = cluster.get("v1", "Service", name, namespace)
    if service is None:
        raise NotYet(f"There is no service {namespace}/{name}.")
    selector = f"{SLICE_OF}={name}"
    slices = cluster.list("discovery.k8s.io/v1", "EndpointSlice", namespace, selector=selector)
    ready = [
        address
        for found in slices
        for endpoint in found.get("endpoints") or []
        if (endpoint.get("conditions") or {}).get("ready") is not False
        for address in endpoint["addresses"]
    ]
    if not ready:
        raise NotYet(f"No ready pod is behind the service {namespace}/{name}.")
    kind = service["spec"].get("type", "ClusterIP")
    if kind == "LoadBalancer":
        return _answers(service, network)
    if kind == "NodePort" and nodes:
        ports = [port["nodePort"] for port in _tcp(service)]
        _connect(network, namespace, name, list(nodes.values()), ports)
        return f"{namespace}/{name} answers at every node, port {_listed(ports)}."
    return f"{len(ready)} pods are behind {namespace}/{name}."


def _answers(service: Data, network: Network) -> str:
    namespace, name = service["metadata"]["namespace"], name_of(service)
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    addresses = [str(item.get("ip") or item.get("hostname") or "") for item in ingress]
    if not any(addresses):
        raise NotYet(
            f"Nothing gave the service {namespace}/{name} an address.",
            f"{{kubectl}} -n {namespace} describe service {name}",
        )
    ports = [port["port"] for port in _tcp(service)]
    _connect(network, namespace, name, addresses, ports)
    return f"{namespace}/{name} answers at {', '.join(addresses)}, port {_listed(ports)}."


def _connect(
    network: Network, namespace: str, name: str, addresses: list[str], ports: list[int]
) -> None:
    for address in addresses:
        for port in ports:
            try:
                network.connect(address, port)
            except OSError as error:
                raise NotYet(
                    f"{namespace}/{name} does not answer at {address}, port {port}: {error}.",
                    f"{{kubectl}} -n {namespace} get endpointslices -l {SLICE_OF}={name}",
                ) from error


def _tcp(service: Data) -> list[Data]:
    return [p for p in service["spec"].get("ports") or [] if p.get("protocol", "TCP") == "TCP"]


def _listed(ports: list[int]) -> str:
    return ", ".join(map(str, ports)) or "none by TCP"
