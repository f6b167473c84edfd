# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of a cluster's pods and services: ranges that k3s accepts beside the machines' own."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import Context

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: What k3s takes by itself, by family.
USUAL = {
    "pod_cidr": {4: "10.42.0.0/16", 6: "fd00:42::/56"},
    "service_cidr": {4: "10.43.0.0/16", 6: "fd00:43::/112"},
}
#: How many nodes have room in the usual range of pods.
USUAL_NODES = 256
#: Where pods go when the usual range has no room for all nodes.
LARGE = {4: "10.48.0.0/12", 6: "fd00:42::/48"}
#: Prefix of the part that each node takes for its pods.
NODE_PREFIX = {4: 24, 6: 64}
#: The widest range of services that k3s accepts.
SERVICE_PREFIX = {4: 12, 6: 112}


def cluster_networks(context: Context, nodes: int) -> tuple[Network, Network] | None:
    """Return the ranges of pods and services, or None after reporting what is wrong with them."""
    subnet = _parsed(context, "site.network.subnet", context.site.network.subnet)
    if subnet is None:
        return None
    found: dict[str, Network] = {}
    for name, usual in USUAL.items():
        field = f"site.cluster.{name}"
        text = getattr(context.site.cluster, name) or usual[subnet.version]
        if name == "pod_cidr" and context.site.cluster.pod_cidr is None and nodes > USUAL_NODES:
            text = LARGE[subnet.version]
        network = _parsed(context, field, text)
        if network is None:
            return None
        if network.version != subnet.version:
            _wrong(
                context,
                field,
                f"{network} ({field}) is IPv{network.version}, the machines have"
                f" IPv{subnet.version} ({subnet}), and k3s wants one family for both; give an"
                f" IPv{subnet.version} range, or none for the usual one.",
            )
            return None
        found[field] = network
    pods, services = found["site.cluster.pod_cidr"], found["site.cluster.service_cidr"]
    _check_sizes(context, pods, services, nodes)
    _check_overlaps(context, {**found, "site.network.subnet": subnet})
    return pods, services


def _parsed(context: Context, field: str, text: str) -> Network | None:
    if "," in text:
        _wrong(
            context,
            field,
            f"{text} ({field}) names two ranges, and machines are planned with one address each:"
            " dual stack is not planned; give the range of one family.",
        )
        return None
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        _wrong(context, field, f"{text} is no network: {error}.")
        return None


def _check_sizes(context: Context, pods: Network, services: Network, nodes: int) -> None:
    prefix = NODE_PREFIX[pods.version]
    room = 2 ** (prefix - pods.prefixlen) if pods.prefixlen <= prefix else 0
    if room < nodes:
        _wrong(
            context,
            "site.cluster.pod_cidr",
            f"{pods} has room for {room} node(s), each of which takes a /{prefix} for its pods, and"
            f" the cluster has {nodes}; give a wider range.",
        )
    widest = SERVICE_PREFIX[services.version]
    if services.prefixlen < widest:
        _wrong(
            context,
            "site.cluster.service_cidr",
            f"k3s takes services from a /{widest} or smaller, {services} is wider; give a smaller"
            " range.",
        )


def _check_overlaps(context: Context, networks: t.Mapping[str, Network]) -> None:
    fields = list(networks)
    for index, first in enumerate(fields):
        for second in fields[index + 1 :]:
            if networks[first].overlaps(networks[second]):
                _wrong(
                    context,
                    first,
                    f"{networks[first]} ({first}) overlaps {networks[second]} ({second}); traffic"
                    " would go astray.",
                )


def _wrong(context: Context, field: str, message: str) -> None:
    context.report("cluster.network", "error", field, message, "site")
