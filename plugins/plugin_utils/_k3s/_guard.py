# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that cannot be part of the cluster, or that belong to somebody else."""

from __future__ import annotations

import ipaddress
import typing as t
from collections import Counter

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._files import (
    holds_vip,
    networks_of,
    proxy_exceptions,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._keys import FIXED_KEYS
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._model import (
    Cluster,
    Host,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._ports import ports_text
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._validate import (
    cidrs,
    parsed,
)

ARCHITECTURES = {"x86_64": "", "aarch64": "-arm64", "armv7l": "-armhf"}
LEAST_DATA_MIB = 2048
LEAST_BINARY_MIB = 200
CNI_LINKS = ("cni0", "flannel", "cilium", "cali", "tunl", "vxlan.calico", "kube-", "veth")


def guard(cluster: Cluster) -> list[str]:
    """Return a sentence for each reason why nothing may be changed."""
    problems = strangers(cluster)
    for host in cluster.hosts:
        if host.facts is not None:
            found = [*_in_the_way(cluster, host), *_drop_ins(host), *_unfit(cluster, host)]
            problems += [f"{host.name}: {text}" for text in found]
    problems += _twins(cluster)
    problems += _token(cluster)
    problems += _fixed(cluster)
    problems += _vip(cluster)
    problems += _routes(cluster)
    problems += _proxied(cluster)
    return problems


def strangers(cluster: Cluster) -> list[str]:
    """Return what belongs to somebody else or to another cluster.

    Whatever else is wrong with a host, nothing of it may be moved or taken away while this holds.
    """
    problems = [
        f"{host.name}: {text}"
        for host in cluster.hosts
        if host.facts is not None
        for text in _foreign(cluster, host)
    ]
    return problems + _one_cluster(cluster)


def _foreign(cluster: Cluster, host: Host) -> list[str]:
    """Return what on the host is not ours, unless it was adopted by name."""
    fact, adopted, how = host.fact, host.name in host.options["adopt"], _adopting(host)
    problems = []
    for name, unit in fact.get("units", {}).items():
        if name.removesuffix(".service") not in ("k3s", "k3s-agent"):
            problems.append(f"another unit of k3s, {unit['path']}, is there; remove it first.")
        elif unit["mark"] not in ("?", cluster.name, "") and unit["mark"] is not None:
            problems.append(
                f"it belongs to the cluster {unit['mark']}, not to {cluster.name}; reset it there "
                "first (entry point reset)."
            )
        elif unit["mark"] == "" and not adopted:
            problems.append(
                f"{unit['path']} was not written by this role: somebody else's k3s is installed. "
                f"Remove it, {how}."
            )
    ours = any(unit["mark"] for unit in fact.get("units", {}).values())
    if not ours and not fact.get("units") and host.has_joined and not adopted:
        problems.append(
            f"{host.data_dir} holds data of a cluster that is not ours. Remove it, {how}."
        )
    if fact.get("config_mark") == "" and not adopted and not fact.get("units"):
        problems.append(
            f"/etc/rancher/k3s/config.yaml was not written by this role. Remove it, {how}."
        )
    if fact.get("keepalived_mark") not in (None, "", "?", cluster.name):
        problems.append(f"its keepalived holds the address of cluster {fact['keepalived_mark']}.")
    return problems


def _adopting(host: Host) -> str:
    return f"or adopt it by name: k3s_adopt: [{host.name}]"


def _in_the_way(cluster: Cluster, host: Host) -> list[str]:
    """Return what keeps a host from its part in the cluster."""
    fact, adopted, how = host.fact, host.name in host.options["adopt"], _adopting(host)
    problems = []
    parts = ("an agent", "a server") if host.is_server else ("a server", "an agent")
    for name, unit in fact.get("units", {}).items():
        known = name.removesuffix(".service") in ("k3s", "k3s-agent")
        if known and name != f"{host.unit}.service" and unit["mark"] in ("?", cluster.name):
            problems.append(
                f"it is {parts[0]} of {cluster.name} and listed as {parts[1]}; list it as "
                f"{parts[0]}, remove it from the cluster (entry point remove), then list it anew."
            )
    if holds_vip(cluster, host) and fact.get("keepalived_mark") == "" and not adopted:
        problems.append(
            "/etc/keepalived/keepalived.conf was not written by this role. Move it away, choose "
            f"another k3s_vip_provider, {how}."
        )
    for path in fact.get("foreign_binaries", ()):
        if not adopted:
            problems.append(f"another k3s is installed as {path}. Remove it, {how}.")
    return problems


def _drop_ins(host: Host) -> list[str]:
    """Return drop-ins that win over what the role writes."""
    fact, problems = host.fact, []
    role_keys = {"node-name", "node-ip", "token", "token-file", "cluster-init", "server", "tls-san"}
    role_keys |= {"cluster-cidr", "service-cidr", "disable", "secrets-encryption"}
    role_keys |= {"write-kubeconfig-mode", "flannel-backend", "data-dir", "https-listen-port"}
    for path, drop_in in fact.get("config_drop_ins", {}).items():
        against = sorted(role_keys & drop_in["config"].keys())
        if not drop_in["mark"] and against and "clusterwright-join" not in path:
            problems.append(
                f"{path} sets {', '.join(against)} and wins over the role's configuration; remove "
                "it, or say the same in k3s_server_config."
            )
    for name, unit in fact.get("units", {}).items():
        if name == f"{host.unit}.service" and unit["drop_ins"] and unit["mark"] != "":
            problems.append(
                f"{', '.join(unit['drop_ins'])} changes the unit; remove it, and use "
                "k3s_environment and k3s_server_config instead."
            )
    return problems


def _unfit(cluster: Cluster, host: Host) -> list[str]:
    fact, options, problems = host.fact, host.options, []
    if fact["init"] != "systemd":
        problems.append(f"it runs {fact['init'] or 'no init system'}; this role needs systemd.")
    if fact["architecture"] not in ARCHITECTURES:
        problems.append(f"no k3s is released for the architecture {fact['architecture']}.")
    if not fact["memory_cgroup"]:
        problems.append(
            "its kernel runs without the memory control group; on a Raspberry Pi add "
            "cgroup_memory=1 cgroup_enable=memory to the kernel's command line and restart it."
        )
    problems += _confined(host)
    own = {entry["address"].partition("/")[0] for entry in fact.get("addresses", ())}
    for address in host.addresses:
        if address not in own:
            problems.append(
                f"no interface carries {address}; set k3s_node_address to an address of the host."
            )
    if not fact["default_route"]:
        problems.append("it has no default route, without which k3s does not start.")
    offset = fact["clock_offset_seconds"]
    if abs(offset) > options["max_clock_offset_seconds"]:
        problems.append(
            f"its clock is {offset} s off; certificates need the time to be synchronised."
        )
    if fact["cloud_init"] == "running":
        problems.append("cloud-init has not finished.")
    if fact["firewall"] and not options["firewall_ready"] and not options["firewall_manage"]:
        problems.append(
            f"the firewall {fact['firewall']} is active. Open {ports_text(cluster)} and set "
            "k3s_firewall_ready, or let the role do it with k3s_firewall_manage."
        )
    return problems + _room(host)


def _confined(host: Host) -> list[str]:
    """Return what a container or SELinux keeps from k3s."""
    fact, problems = host.fact, []
    arguments = host.own_config.get("kubelet-arg", ())
    free = any("KubeletInUserNamespace=true" in argument for argument in arguments)
    if fact["container"] and not fact["kmsg"] and not free:
        problems.append(
            "it is a container without /dev/kmsg, where the kubelet ends. Give an LXC guest "
            "lxc.mount.entry: /dev/kmsg dev/kmsg none defaults,bind,create=file"
        )
    packages = [str(name).partition("=")[0] for name in host.options["packages"]]
    known = fact["selinux_policy"] or host.has_joined or "k3s-selinux" in packages
    if fact["selinux"] == "enforcing" and not known:
        problems.append(
            "SELinux enforces, and the policy of k3s is not there: install k3s-selinux from "
            "Rancher's repository of packages, or name it in k3s_packages where the host has that "
            "repository."
        )
    return problems


def _room(host: Host) -> list[str]:
    problems, space = [], host.fact.get("space", {})
    for folder, least in (
        (host.data_dir, 0 if host.has_joined else LEAST_DATA_MIB),
        (host.options["binary_dir"], 0 if host.fact.get("k3s_version") else LEAST_BINARY_MIB),
    ):
        found = space.get(folder)
        if found is None:
            continue
        if not found["writable"]:
            which = "k3s_binary_dir" if folder == host.options["binary_dir"] else "data-dir"
            problems.append(f"{folder} is on a read-only file system; choose another {which}.")
        elif found["free_mib"] < least:
            problems.append(
                f"{folder} has {found['free_mib']} MiB free, and {least} MiB are needed."
            )
    return problems


def _twins(cluster: Cluster) -> list[str]:
    problems = []
    for field, what, cure in (
        ("machine_id", "machine id", "empty /etc/machine-id in the template and clone again"),
        ("hostname", "host name", "give each host a name"),
    ):
        known = [(host.fact.get(field), host.name) for host in cluster.hosts if host.facts]
        counted = Counter(value for value, _name in known if value)
        for value, count in counted.items():
            if count > 1:
                names = [name for found, name in known if found == value]
                shown = f" {value}" if field == "hostname" else ""
                problems.append(f"{', '.join(names)} have the same {what}{shown}; {cure}.")
    return problems


def _one_cluster(cluster: Cluster) -> list[str]:
    """Return whether the hosts with data are of one cluster."""
    by_ca: dict[str, list[str]] = {}
    for host in cluster.hosts:
        if host.facts is not None and host.has_joined and host.fact.get("ca_sha256"):
            by_ca.setdefault(host.fact["ca_sha256"], []).append(host.name)
    if len(by_ca) > 1:
        groups = " and ".join(", ".join(names) for names in by_ca.values())
        return [f"These hosts are of different clusters: {groups}; reset those that must change."]
    alone = [
        host.name for host in cluster.agents if host.fact.get("agent_data") and not cluster.exists
    ]
    if alone and not any(host.facts is None for host in cluster.servers):
        return [
            f"{', '.join(alone)} belong to a cluster of which no server listed here holds data; "
            "reset them first, or list their servers."
        ]
    return []


def _token(cluster: Cluster) -> list[str]:
    known = {host.fact["token"] for host in cluster.servers if host.fact.get("token")}
    if cluster.token is None or not known or cluster.token in known:
        return []
    holder = next(host.name for host in cluster.servers if host.fact.get("token"))
    return [
        f"The token in {cluster.options['token_file']} is not that of the running cluster; move "
        f"the file away and it is read back from {holder}."
    ]


def _fixed(cluster: Cluster) -> list[str]:
    """Return what would change and cannot, once a cluster exists."""
    problems = []
    wanted = {
        "cluster-cidr": cluster.options["pod_cidr"],
        "service-cidr": cluster.options["service_cidr"],
        "cluster-domain": cluster.founder.own_config.get("cluster-domain", "cluster.local"),
    }
    for host in cluster.servers:
        if not host.has_data or host.facts is None:
            continue
        told = _told(host)
        for key, default in FIXED_KEYS.items():
            now = told.get(key, default)
            now = ",".join(now) if isinstance(now, list) else str(now)
            if now != str(wanted[key]):
                problems.append(
                    f"{host.name}: the cluster was made with {key} {now}; it cannot become "
                    f"{wanted[key]} any more."
                )
        before = told.get("flannel-backend", "vxlan")
        after = "none" if host.options["cni"] != "flannel" else "vxlan"
        if host.name not in host.options["adopt"] and (before == "none") != (after == "none"):
            problems.append(
                f"{host.name}: the network of a running cluster cannot be switched; it was made "
                f"with flannel-backend {before}."
            )
    return problems


def _told(host: Host) -> dict[str, t.Any]:
    """Return what a running host was told by files and arguments."""
    told = dict(host.fact.get("config", {}))
    for unit in host.fact.get("units", {}).values():
        for word in unit["arguments"]:
            key, equals, value = word.removeprefix("--").partition("=")
            if word.startswith("--") and equals:
                told.setdefault(key, value)
    return told


def _vip(cluster: Cluster) -> list[str]:
    """Return whether the shared address is in the servers' network and nobody else's."""
    if not cluster.vip or cluster.vip_provider == "external":
        return []
    vip, problems = parsed(cluster.vip), []
    ours = [host.name for host in cluster.servers if host.fact.get("keepalived_mark")]
    for host in cluster.servers:
        fact = host.fact
        if not fact or not fact.get("interface"):
            continue
        first = host.address
        network = ipaddress.ip_network(f"{first}/{fact['prefix_length']}", strict=False)
        bgp = cluster.vip_provider == "kube_vip" and cluster.options["kube_vip_bgp"]
        if vip not in network and not bgp:
            problems.append(
                f"k3s_vip {vip} is not in {network}, the network of {host.name} on "
                f"{fact['interface']}; nobody would find it there."
            )
        elif vip in (network.network_address, getattr(network, "broadcast_address", None)):
            problems.append(
                f"k3s_vip {vip} is the network's or the broadcast address of {network}."
            )
        elif fact.get("vip_holder") and not ours and not cluster.living:
            problems.append(
                f"k3s_vip {vip} already answers in the network of {host.name} "
                f"({fact['vip_holder']}); take an address that nobody has."
            )
    return list(dict.fromkeys(problems))


def _routes(cluster: Cluster) -> list[str]:
    """Return networks of hosts that pods or services would cover."""
    problems = []
    networks = [
        (option, network)
        for option in ("pod_cidr", "service_cidr")
        for network in cidrs(cluster, option)
    ]
    nodes = {part for host in cluster.hosts for part in host.addresses}
    for host in cluster.hosts:
        for route in host.fact.get("routes", ()):
            if route["interface"].startswith(CNI_LINKS) or route.get("via") in nodes:
                continue
            try:
                taken = ipaddress.ip_network(route["network"], strict=False)
            except ValueError:
                continue
            if host.has_joined and any(
                taken.version == network.version and taken.subnet_of(network)  # type: ignore[arg-type]
                for _option, network in networks
            ):
                continue
            problems += [
                f"{host.name}: k3s_{option} {network} overlaps {taken} on {route['interface']}; "
                "pods would take that network away from the host."
                for option, network in networks
                if taken.version == network.version and taken.overlaps(network)
            ]
    return problems


def _proxied(cluster: Cluster) -> list[str]:
    """Return hosts that others would ask through the proxy, when its exceptions are composed."""
    problems = []
    for host in cluster.hosts:
        if host.facts is None or not proxy_exceptions(host):
            continue
        networks = networks_of(host)
        away = [
            other.name
            for other in cluster.hosts
            for address in map(parsed, other.addresses)
            if address is not None and not any(address in network for network in networks)
        ]
        if away:
            problems.append(
                f"{host.name}: in another network, and reached through the proxy: "
                f"{', '.join(dict.fromkeys(away))}; say what goes without it by NO_PROXY in "
                "k3s_environment."
            )
    return problems
