# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifest of kube-vip, which holds the API's address from inside the cluster."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._pins import pin

if t.TYPE_CHECKING:
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._model import (
        Cluster,
        Host,
    )

_SPACE = "kube-system"
_RULES = (
    ([""], ["services/status"], ["update"]),
    ([""], ["services", "endpoints"], ["list", "get", "watch", "update"]),
    ([""], ["nodes"], ["list", "get", "watch", "update", "patch"]),
    ([""], ["pods"], ["list"]),
    (["coordination.k8s.io"], ["leases"], ["list", "get", "watch", "update", "create"]),
    (["discovery.k8s.io"], ["endpointslices"], ["list", "get", "watch", "update"]),
)


def kube_vip_documents(cluster: Cluster, host: Host) -> list[dict[str, t.Any]]:
    """Return account, rights and DaemonSet."""
    role, rbac = "system:kube-vip-role", "rbac.authorization.k8s.io"
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _named("kube-vip")},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": role},
            "rules": [
                {"apiGroups": groups, "resources": resources, "verbs": verbs}
                for groups, resources, verbs in _RULES
            ],
        },
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "system:kube-vip-binding"},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": "kube-vip", "namespace": _SPACE}],
        },
        _daemon_set(cluster),
    ]


def _named(name: str) -> dict[str, str]:
    return {"name": name, "namespace": _SPACE}


def _environment(cluster: Cluster) -> list[dict[str, t.Any]]:
    bgp = cluster.options["kube_vip_bgp"]
    interfaces = {host.fact.get("interface") for host in cluster.servers if host.facts is not None}
    values = {
        "vip_arp": "false" if bgp else "true",
        "port": str(cluster.port),
        "vip_subnet": "128" if ":" in cluster.vip else "32",
        "address": cluster.vip,
        "cp_enable": "true",
        "cp_namespace": _SPACE,
        "svc_enable": "false",
        "vip_leaderelection": "false" if bgp else "true",
        "vip_leasename": "plndr-cp-lock",
        "vip_leaseduration": "5",
        "vip_renewdeadline": "3",
        "vip_retryperiod": "1",
    }
    if bgp:
        values |= {
            "bgp_enable": "true",
            "bgp_as": str(bgp.get("as", 65000)),
            "bgp_peers": ",".join(str(peer) for peer in bgp.get("peers", ())),
            "vip_interface": "lo",
        }
    # One DaemonSet for all servers: an interface is named only when it is the same everywhere.
    elif len(interfaces) == 1:
        values["vip_interface"] = str(interfaces.pop())
    fields: dict[str, str] = {"vip_nodename": "spec.nodeName"}
    if bgp:
        fields["bgp_routerid"] = "status.hostIP"
    return [{"name": name, "value": value} for name, value in values.items()] + [
        {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
        for name, path in fields.items()
    ]


def _daemon_set(cluster: Cluster) -> dict[str, t.Any]:
    labels = {"app.kubernetes.io/name": "kube-vip-ds"}
    selector = {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}
    container = {
        "name": "kube-vip",
        "image": pin("kube_vip.image"),
        "imagePullPolicy": "IfNotPresent",
        "args": ["manager"],
        "env": _environment(cluster),
        "securityContext": {"capabilities": {"add": ["NET_ADMIN", "NET_RAW"], "drop": ["ALL"]}},
    }
    pod = {
        "serviceAccountName": "kube-vip",
        "hostNetwork": True,
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [{"matchExpressions": [selector]}]
                }
            }
        },
        "tolerations": [
            {"effect": "NoSchedule", "operator": "Exists"},
            {"effect": "NoExecute", "operator": "Exists"},
        ],
        "containers": [container],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": _named("kube-vip-ds") | {"labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
