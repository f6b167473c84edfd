# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters for tests: hosts with the role's defaults, fresh or running."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s import Cluster, Host
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._files import (
    files_of,
    holds_vip,
    sysctls_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._options import entry_options

ROLE = Path(__file__).resolve().parents[5] / "roles/k3s"
SHA = "ab" * 32
TOKEN = "0123456789abcdef0123456789abcdef"
VERSION = "v1.34.12+k3s1"
SERVERS, AGENTS = ["s1", "s2", "s3"], ["a1", "a2"]
VIP = "10.77.0.100"


def address(name: str) -> str:
    """Return the address of a host: s1 has .11, a2 has .22."""
    return f"10.77.0.{ {'s': 10, 'a': 20}.get(name[0], 30) + int(name[1:]) }"


def options(name: str, servers: list[str], agents: list[str], **own: t.Any) -> dict[str, t.Any]:
    """Return the typed options of one host."""
    specs = entry_options(ROLE)
    values: dict[str, t.Any] = {}
    for entry in specs.values():
        for key, spec in entry.items():
            values.setdefault(key.removeprefix("k3s_"), spec.get("default"))
    return (
        values
        | {
            "agents": agents,
            "binary_sha256": SHA,
            "kubeconfig_path": "/srv/kubeconfig",
            "node_address": address(name),
            "salt": "salt",
            "servers": servers,
            "token_file": "/srv/k3s.token",
            "version": VERSION,
            "vip": VIP,
            "vip_provider": "keepalived" if own.get("vip", VIP) else "none",
        }
        | own
    )


def fresh(name: str, **changes: t.Any) -> dict[str, t.Any]:
    """Return the facts of a host that has nothing yet."""
    own = address(name)
    return {
        "address": own,
        "addresses": [{"interface": "eth0", "address": f"{own}/24"}],
        "agent_data": False,
        "api": "",
        "architecture": "x86_64",
        "ca_sha256": "",
        "clock_offset_seconds": 0.1,
        "cloud_init": "absent",
        "cluster_init": False,
        "config": {},
        "config_drop_ins": {},
        "config_mark": None,
        "container": False,
        "datastore": "",
        "default_route": "eth0",
        "files": [],
        "firewall": "",
        "folders": [],
        "foreign_binaries": [],
        "fstab_swap": False,
        "hostname": name,
        "init": "systemd",
        "interface": "eth0",
        "k3s_version": "",
        "keepalived_mark": None,
        "kmsg": True,
        "machine_id": f"id-{name}",
        "memory_cgroup": True,
        "missing_commands": ["nft", "ufw"],
        "nodes": [],
        "os": "debian",
        "os_family": "debian",
        "prefix_length": 24,
        "routes": [{"network": "10.77.0.0/24", "interface": "eth0"}],
        "selinux": "",
        "selinux_policy": False,
        "services": {},
        "space": {},
        "swap": [],
        "sysctls": {},
        "token": "",
        "units": {},
        "vip_holder": "",
    } | changes


def node(name: str, **changes: t.Any) -> dict[str, t.Any]:
    """Return a node as the API shows it."""
    server = name.startswith("s")
    return {
        "name": name,
        "ready": True,
        "voter": "True" if server else "",
        "server": server,
        "cordoned": False,
        "version": VERSION,
        "labels": {},
        "taints": [],
        "removed": "",
        "addresses": [address(name)],
    } | changes


def cluster(
    servers: list[str] = SERVERS,
    agents: list[str] = AGENTS,
    facts: t.Mapping[str, dict[str, t.Any] | None] | None = None,
    token: str | None = "fits",  # noqa: S107
    host_options: t.Mapping[str, dict[str, t.Any]] | None = None,
    **own: t.Any,
) -> Cluster:
    """Return a cluster of fresh hosts, of which ``facts`` replaces some."""
    hosts = []
    for name in [*servers, *agents]:
        known = fresh(name) if facts is None or name not in facts else facts[name]
        mine = options(name, servers, agents, **(own | (host_options or {}).get(name, {})))
        hosts.append(Host(name, mine, known))
    return Cluster(tuple(hosts), token)


def running(
    servers: list[str] = SERVERS,
    agents: list[str] = AGENTS,
    changes: t.Mapping[str, dict[str, t.Any] | None] | None = None,
    nodes: t.Sequence[dict[str, t.Any]] | None = None,
    **own: t.Any,
) -> Cluster:
    """Return a cluster on which nothing is left to do; ``changes`` to facts come afterwards."""
    wanted = cluster(servers, agents, **own)
    founded = servers[0]
    first = {}
    for host in wanted.hosts:
        facts = dict(host.facts or {})
        facts |= {
            "agent_data": True,
            "ca_sha256": "ca",
            "cluster_init": host.name == founded,
            "config_mark": "k3s",
            "datastore": "etcd" if host.is_server else "",
            "k3s_version": f"k3s version {VERSION} (5dc8fe68)",
            "missing_commands": [],
            "sysctls": sysctls_of(host),
            "token": "fits" if host.is_server else "",
            "units": {
                f"{host.unit}.service": {
                    "path": host.unit_path,
                    "mark": "k3s",
                    "arguments": [],
                    "drop_ins": [],
                }
            },
            "services": {
                host.unit: {"known": True, "active": True, "enabled": True, "outdated": False},
                "keepalived": {
                    "known": True,
                    "active": host.is_server,
                    "enabled": host.is_server,
                    "outdated": False,
                },
            },
            "keepalived_mark": "k3s" if holds_vip(wanted, host) else None,
            "api": "ok" if host.is_server else "",
        }
        all_nodes = list(nodes) if nodes is not None else [node(name) for name in servers + agents]
        facts["nodes"] = all_nodes if host.is_server else []
        first[host.name] = facts
    made = _replaced(wanted, first)
    written = {}
    for host in made.hosts:
        lines = [f"{host.binary} {SHA} 0755"]
        for file in files_of(made, host, TOKEN):
            lines.append(_line(file))
        facts = dict(host.facts or {}) | {"files": lines}
        change = (changes or {}).get(host.name, {})
        written[host.name] = None if change is None else facts | change
    return _replaced(made, written)


def _line(file: t.Any) -> str:
    digest = hashlib.sha256(file.content.encode()).hexdigest()
    if file.secret:
        digest = hmac.new(b"salt", digest.encode(), hashlib.sha256).hexdigest()
    return f"{file.path} {digest} {file.mode}"


def _replaced(made: Cluster, facts: t.Mapping[str, t.Any]) -> Cluster:
    hosts = tuple(dataclasses.replace(host, facts=facts[host.name]) for host in made.hosts)
    return dataclasses.replace(made, hosts=hosts)


def changed(made: Cluster, **own: t.Any) -> Cluster:
    """Return the same hosts with other wishes."""
    hosts = tuple(dataclasses.replace(host, options={**host.options, **own}) for host in made.hosts)
    return dataclasses.replace(made, hosts=hosts)
