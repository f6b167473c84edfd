# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks that the entries of the catalogue name, one function for each kind."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.checks import (
    conditions,
    name_of,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.runner import (
    NotYet,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.services import (
    check_service,
)

if t.TYPE_CHECKING:
    from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.access import (
        Cluster,
    )
    from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.reach import (
        Network,
    )

    Data = dict[str, t.Any]


class Around(t.NamedTuple):
    """What a check may ask: the cluster, the controller's network, addresses of the nodes."""

    cluster: Cluster
    network: Network
    nodes: t.Mapping[str, str]


def _api_group(around: Around, check: Data) -> str:
    if check["group"] not in around.cluster.groups():
        raise NotYet(f"The cluster does not know the API group {check['group']}.")
    return f"The cluster serves {check['group']}."


def _api_service(around: Around, check: Data) -> str:
    found = around.cluster.get("apiregistration.k8s.io/v1", "APIService", check["object_name"])
    if found is None:
        raise NotYet(f"There is no APIService {check['object_name']}.")
    if conditions(found).get("Available") != "True":
        reason = next(
            (c.get("message") for c in found["status"]["conditions"] if c["type"] == "Available"),
            "",
        )
        raise NotYet(f"{check['object_name']} is not available: {reason}")
    return f"{check['object_name']} is available."


def _object(around: Around, check: Data) -> str:
    what = f"{check['object_kind']} {check['object_name']}"
    found = around.cluster.get(
        check["api_version"], check["object_kind"], check["object_name"], check["namespace"] or ""
    )
    if found is None:
        raise NotYet(f"There is no {what}.")
    wanted = check["condition"]
    if wanted and conditions({"status": found.get("status") or {}}).get(wanted) != "True":
        raise NotYet(f"{what} is not {wanted}.")
    if check["field"]:
        value: t.Any = found
        for part in check["field"].split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if check["value"] is not None and str(value) != check["value"]:
            raise NotYet(f"{check['field']} of {what} is {value}, not {check['value']}.")
        if value in (None, "", [], {}):
            raise NotYet(f"{check['field']} of {what} is empty.")
    return f"{what} is there{' and ' + wanted if wanted else ''}."


def _pods_on_nodes(around: Around, check: Data) -> str:
    cluster, name, namespace = around.cluster, check["object_name"], check["namespace"] or ""
    found = cluster.get("apps/v1", "DaemonSet", name, namespace)
    if found is None:
        raise NotYet(f"There is no DaemonSet {namespace}/{name}.")
    labels = found["spec"]["selector"]["matchLabels"]
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    ready = {
        pod["spec"].get("nodeName")
        for pod in cluster.list("v1", "Pod", namespace, selector=selector)
        if conditions(pod).get("Ready") == "True"
    }
    nodes = {name_of(node) for node in cluster.list("v1", "Node")}
    if not nodes:
        raise NotYet("There are no nodes.")
    if nodes - ready:
        raise NotYet(f"{name} is not ready on {', '.join(sorted(nodes - ready))}.")
    return f"{name} is ready on each of {len(nodes)} nodes."


def _service(around: Around, check: Data) -> str:
    namespace = check["namespace"] or "default"
    return check_service(
        around.cluster, around.network, namespace, check["object_name"], around.nodes
    )


def _http(around: Around, check: Data) -> str:
    namespace, name = check["namespace"] or "default", check["object_name"]
    around.cluster.proxy(namespace, name, check["port"], check["path"])
    return f"{namespace}/{name} answers {check['path']}."


KINDS: dict[str, t.Callable[[Around, Data], str]] = {
    "api_group": _api_group,
    "api_service": _api_service,
    "object": _object,
    "pods_on_nodes": _pods_on_nodes,
    "service": _service,
    "http": _http,
}
#: Fields of a check that may be left out, as the catalogue's schema fills them.
DEFAULTS: Data = {
    "group": None, "api_version": None, "object_kind": None, "object_name": None,
    "namespace": None, "condition": None, "field": None, "value": None, "port": None, "path": "/",
    "critical": True, "cause": "", "mend": "",
}  # fmt: skip


def check_addon(around: Around, check: Data) -> str:
    """Run one check of the catalogue."""
    return KINDS[check["kind"]](around, {**DEFAULTS, **check})
