# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot become one cluster, found before any host is asked."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._keys import (
    AGENT_KEYS,
    CLUSTER_LEVEL_KEYS,
    RESERVED_KEYS,
    SERVER_KEYS,
    UNSUPPORTED_KEYS,
    key_of_variable,
    near,
    values,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._model import (
    Cluster,
    Host,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._pins import pin

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
NODE_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
CLUSTER_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
#: each node takes a range of this prefix length; as many bits number the nodes at most
NODE_PREFIX, NODE_BITS = {4: 24, 6: 64}, 16
SHA256 = re.compile(r"[0-9a-f]{64}")
#: options that belong to the cluster and must not differ between its hosts
CLUSTER_OPTIONS = [
    "cluster_name",
    "servers",
    "agents",
    "vip",
    "vip_provider",
    "cni",
    "pod_cidr",
    "service_cidr",
    "version",
    "token_file",
    "kubeconfig_path",
]
SERVER_OPTIONS = ["disable", "tls_san", "cis_profile", "vip_router_id"]


def validate(cluster: Cluster, in_play: t.Sequence[str]) -> list[str]:
    """Return a sentence for each fault; ``in_play`` are the hosts of the play."""
    options = cluster.options
    names = [*options["servers"], *options["agents"]]
    problems = _members(options, names, in_play)
    if any(not name for name in names) or not cluster.servers:
        return problems
    for host in cluster.hosts:
        problems += [f"{host.name}: {text}" for text in _keys(host)]
        problems += _names(host)
    problems += _agreement(cluster)
    problems += _binary(cluster)
    problems += vip_spelling(cluster)
    problems += _networks(cluster)
    return problems


def _members(
    options: t.Mapping[str, t.Any], names: list[str], in_play: t.Sequence[str]
) -> list[str]:
    problems = []
    count = len(options["servers"])
    if count not in (1, 3, 5):
        problems.append(f"k3s_servers lists {count} servers; etcd needs 1, 3 or 5 of them.")
    if len(set(names)) != len(names):
        problems.append("k3s_servers and k3s_agents name a host twice; each host has one part.")
    absent = sorted(set(names) - set(in_play))
    if absent:
        problems.append(
            f"Not in this play: {', '.join(absent)}; run the play over all hosts of the cluster, "
            "without --limit and serial."
        )
    return problems


def _names(host: Host) -> list[str]:
    problems = []
    if not NODE_NAME.fullmatch(host.node):
        problems.append(
            f"{host.node} is not usable as the name of a node: use lower-case letters, digits and "
            f"dashes, or give {host.name} a k3s_node_name."
        )
    if not CLUSTER_NAME.fullmatch(str(host.options["cluster_name"])):
        problems.append(
            f"k3s_cluster_name {host.options['cluster_name']!r} is not usable: use letters, "
            "digits, dots and dashes."
        )
    return problems


def _keys(host: Host) -> list[str]:
    """Return what is wrong with the configuration that the user adds, for this host."""
    problems = []
    for option, known in (("server_config", SERVER_KEYS), ("agent_config", AGENT_KEYS)):
        for name in host.options[option]:
            key = str(name).rstrip("+")
            if key in RESERVED_KEYS:
                problems.append(f"Leave {key} in k3s_{option} to the role.")
            elif key in UNSUPPORTED_KEYS:
                problems.append(f"{key} in k3s_{option} cannot be used: {UNSUPPORTED_KEYS[key]}.")
            elif key not in known:
                who = "A server" if option == "server_config" else "An agent"
                problems.append(f"{who} does not know {key} of k3s_{option}{near(key, known)}.")
    for name in map(str, host.options["environment"]):
        key = key_of_variable(name)
        if key in RESERVED_KEYS:
            problems.append(f"Leave {name} in k3s_environment to the role.")
        elif key in UNSUPPORTED_KEYS:
            problems.append(f"{name} in k3s_environment cannot be used: {UNSUPPORTED_KEYS[key]}.")
        elif key == "data-dir":
            problems.append(f"Say {name} of k3s_environment as data-dir in the configuration.")
    for variable, folder in (("binary_dir", host.options["binary_dir"]), ("data", host.data_dir)):
        if not str(folder).startswith("/"):
            problems.append(f"{folder} (k3s_{variable}) is no absolute path.")
    return problems


def _agreement(cluster: Cluster) -> list[str]:
    """Return what hosts of one cluster are told differently."""
    problems = []
    for hosts, options in ((cluster.hosts, CLUSTER_OPTIONS), (cluster.servers, SERVER_OPTIONS)):
        for option in options:
            told = {str(host.options[option]): host.name for host in hosts}
            if len(told) > 1:
                problems.append(
                    f"k3s_{option} differs between {' and '.join(sorted(told.values())[:2])}; "
                    "it belongs to the whole cluster."
                )
    for key in sorted(CLUSTER_LEVEL_KEYS):
        told = {str(values(key, host.own_config.get(key))): host.name for host in cluster.servers}
        if len(told) > 1:
            problems.append(
                f"{key} of k3s_server_config differs between "
                f"{' and '.join(sorted(told.values())[:2])}; all servers must share it."
            )
    nodes = [host.node for host in cluster.hosts]
    twice = sorted({name for name in nodes if nodes.count(name) > 1})
    if twice:
        problems.append(f"Two hosts have the node name {', '.join(twice)}.")
    return problems


def _binary(cluster: Cluster) -> list[str]:
    problems, releases = [], pin("k3s.releases")
    for options in [host.options for host in cluster.hosts]:
        sha256, version = str(options["binary_sha256"]), str(options["version"])
        if not sha256 and version not in releases:
            problems.append(
                f"k3s release {version} is not pinned; choose one of {', '.join(releases)}, or set "
                "k3s_binary_sha256 to vouch for it."
            )
        if sha256 and not SHA256.fullmatch(sha256):
            problems.append(
                "k3s_binary_sha256 is not a sha256 checksum: 64 hexadecimal digits are."
            )
        if options["binary_url"] and not sha256:
            problems.append(
                "k3s_binary_url needs k3s_binary_sha256 beside it, because it is not the release "
                "itself."
            )
    return list(dict.fromkeys(problems))


def vip_spelling(cluster: Cluster) -> list[str]:
    """Return what is wrong with the shared address as it is written."""
    options = cluster.options
    vip, provider = str(options["vip"]), cluster.vip_provider
    if provider != "none" and not vip:
        return [f"k3s_vip_provider is {provider} but k3s_vip is empty; set the address."]
    if not vip:
        return []
    address = parsed(vip)
    if address is None:
        return [f"k3s_vip {vip} is no IP address."]
    if address.is_loopback or address.is_multicast or address.is_unspecified:
        return [f"k3s_vip {vip} cannot be an address of hosts."]
    problems = [
        f"k3s_vip {vip} is the address of {host.name}; take one that no host has."
        for host in cluster.hosts
        if vip in host.addresses
    ]
    interval = float(options["vip_advert_interval_seconds"])
    if not 0.01 <= interval <= 40:
        problems.append("k3s_vip_advert_interval_seconds is between 0.01 and 40.")
    if not 0 <= int(options["vip_router_id"]) <= 255:
        problems.append("k3s_vip_router_id is between 1 and 255, or 0 for one that follows.")
    return problems


def parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return an address, None when the text is none."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def cidrs(cluster: Cluster, option: str) -> list[Network]:
    """Return the networks that an option lists with commas between them.

    Raises:
        ValueError: one of them is no network.
    """
    return [
        ipaddress.ip_network(part.strip())
        for part in str(cluster.options[option]).split(",")
        if part.strip()
    ]


def _networks(cluster: Cluster) -> list[str]:
    problems, found = [], {}
    for option in ("pod_cidr", "service_cidr"):
        try:
            found[option] = cidrs(cluster, option)
        except ValueError as error:
            problems.append(f"k3s_{option} {cluster.options[option]}: {error}.")
    if problems:
        return problems
    pods, services = found["pod_cidr"], found["service_cidr"]
    for pod in pods:
        problems += [
            f"k3s_pod_cidr {pod} and k3s_service_cidr {service} overlap."
            for service in services
            if pod.version == service.version and pod.overlaps(service)
        ]
        problems += _pod_size(cluster, pod)
    for service in services:
        least = 12 if service.version == 4 else 112
        if (service.version == 4 and service.prefixlen < least) or (
            service.version == 6 and service.prefixlen < 108
        ):
            problems.append(f"k3s_service_cidr {service} is larger than k3s can use (/{least}).")
        if service.num_addresses < 16:
            problems.append(f"k3s_service_cidr {service} is too small for a cluster's services.")
    families = [[network.version for network in group] for group in (pods, services)]
    if families[0] != families[1]:
        problems.append(
            "k3s_pod_cidr and k3s_service_cidr must list the same IP versions in the same order."
        )
    problems += _addresses(cluster, pods + services, families[0])
    return problems


def _pod_size(cluster: Cluster, pod: Network) -> list[str]:
    """Return whether nodes cannot get a range of the network each."""
    arguments = cluster.servers[0].own_config.get("kube-controller-manager-arg", ())
    if any("node-cidr-mask-size" in argument for argument in arguments):
        return []
    node = NODE_PREFIX[pod.version]
    if pod.prefixlen >= node:
        return [f"k3s_pod_cidr {pod} is too small: each node takes a /{node} of it."]
    if node - pod.prefixlen > NODE_BITS:
        return [
            f"k3s_pod_cidr {pod} is larger than Kubernetes can share out (/{node - NODE_BITS})."
        ]
    return []


def _addresses(cluster: Cluster, networks: list[Network], families: t.Sequence[int]) -> list[str]:
    problems = []
    for host in cluster.hosts:
        shown = host.options["node_address"]
        own = [parsed(part) for part in host.addresses]
        if None in own:
            problems.append(
                f"{host.name}: {shown} is no IP address; set k3s_node_address to one of its "
                "addresses."
            )
            continue
        versions = [address.version for address in own if address is not None]
        if versions != families:
            need = " and ".join(f"IPv{version}" for version in families)
            problems.append(
                f"{host.name}: k3s_node_address {shown} does not fit pods and services; "
                f"give it {need}, in this order."
            )
        problems += [
            f"{host.name}: its address {address} lies in {network}, which is for pods or services."
            for address in own
            for network in networks
            if address is not None and address in network
        ]
    vip = parsed(cluster.vip) if cluster.vip else None
    problems += [
        f"k3s_vip {vip} lies in {network}, which is for pods or services."
        for network in networks
        if vip is not None and vip in network
    ]
    return problems
