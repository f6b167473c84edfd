# SPDX-License-Identifier: GPL-3.0-or-later
"""``config.yaml`` of each host."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._cis import cis_config
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._keys import (
    REGISTRATION_KEYS,
    merged,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._model import (
    CONFIG_DIR,
    Cluster,
    Host,
    url,
)

TOKEN_PATH = f"{CONFIG_DIR}/cluster.token"


def config_of(cluster: Cluster, host: Host) -> dict[str, t.Any]:
    """Return a host's whole configuration: what the role needs, then what the user adds."""
    own = {key: value for key, value in host.own_config.items() if key not in REGISTRATION_KEYS}
    return merged(
        _common(host),
        _place(cluster, host),
        _server(cluster, host) if host.is_server else {},
        cis_config(host) if host.options["cis_profile"] else {},
        own,
    )


def registration_of(host: Host) -> dict[str, list[str]]:
    """Return labels and taints, which k3s reads only when the node registers."""
    return {key: list(host.own_config.get(key, [])) for key in REGISTRATION_KEYS}


def _common(host: Host) -> dict[str, t.Any]:
    common: dict[str, t.Any] = {
        "node-name": host.node,
        "node-ip": ",".join(host.addresses),
        "token-file": TOKEN_PATH,
    }
    fact, interface = host.fact, host.options["flannel_interface"]
    if host.options["cni"] == "flannel":
        aside = fact.get("default_route") and fact.get("interface") != fact.get("default_route")
        if interface or aside:
            common["flannel-iface"] = interface or fact["interface"]
    if fact.get("selinux") == "enforcing":
        common["selinux"] = True
    return common


def _place(cluster: Cluster, host: Host) -> dict[str, t.Any]:
    """Return how the host finds its cluster."""
    founds = host.is_server and (
        host.fact.get("cluster_init") if host.has_data else host.name == cluster.founder.name
    )
    if host.is_server and len(cluster.servers) == 1:
        founds = True
    if founds:
        return {"cluster-init": True}
    return {"server": url(cluster.endpoint(host), cluster.port)}


def _server(cluster: Cluster, host: Host) -> dict[str, t.Any]:
    options = host.options
    config: dict[str, t.Any] = {
        "tls-san": ([cluster.vip] if cluster.vip else []) + list(options["tls_san"]),
        "cluster-cidr": options["pod_cidr"],
        "service-cidr": options["service_cidr"],
        "disable": list(options["disable"]),
        "secrets-encryption": True,
        "write-kubeconfig-mode": "0600",
    }
    if options["cni"] == "flannel":
        config["flannel-backend"] = "vxlan"
        # Pods of a private IPv6 range reach others through their node's address.
        if ":" in str(options["pod_cidr"]):
            config["flannel-ipv6-masq"] = True
    else:
        config |= {"flannel-backend": "none", "disable-network-policy": True}
    return config
