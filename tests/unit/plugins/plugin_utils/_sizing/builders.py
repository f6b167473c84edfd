# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests, sites and facts for the tests of sizing."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Plan,
    Request,
    Site,
    Snapshot,
    parse,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import size

KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f t@example.org"
)
NETWORK = {
    "bridge": "vmbr0",
    "subnet": "10.20.0.0/24",
    "gateway": "10.20.0.1",
    "dns_servers": ["10.20.0.2"],
    "machine_range": "10.20.0.10-10.20.0.99",
    "vip_range": "10.20.0.100-10.20.0.109",
    "load_balancer_range": "10.20.0.200-10.20.0.219",
    "reserved_ranges": ["10.20.0.240-10.20.0.254"],
}


def site(**changes: t.Any) -> Site:
    """Return a site; ``network`` changes single keys of the network."""
    network = {**NETWORK, **changes.pop("network", {})}
    data = {
        "storages": {"default": "tank"},
        "network": network,
        "template": {"vmid": 9000},
        "ssh_public_keys": [KEY],
        **changes,
    }
    return parse(Site, data)


def node(name: str, **changes: t.Any) -> dict[str, t.Any]:
    """Return an idle host of 32 threads and 128 GiB."""
    base = {"name": name, "online": True, "cpus": 32, "memory_mib": 131072}
    return {**base, "memory_used_mib": 2048, **changes}


def storage(name: str, on: str, **changes: t.Any) -> dict[str, t.Any]:
    """Return a local storage of 2 TiB for guests' disks."""
    base = {"storage": name, "node": on, "type": "lvmthin", "content": ["images", "rootdir"]}
    return {**base, "shared": False, "total_gib": 2048.0, "available_gib": 2000.0, **changes}


def guest(vmid: int, name: str, on: str, **changes: t.Any) -> dict[str, t.Any]:
    """Return a stopped VM of 2 vCPU and 2 GiB."""
    base = {"vmid": vmid, "name": name, "type": "qemu", "node": on, "status": "stopped"}
    return {**base, "cpus": 2, "memory_mib": 2048, **changes}


def snapshot(
    nodes: t.Sequence[dict[str, t.Any]] | int = 3,
    storages: t.Sequence[dict[str, t.Any]] | None = None,
    guests: t.Sequence[dict[str, t.Any]] = (),
    **changes: t.Any,
) -> Snapshot:
    """Return facts of a cluster with a template on the first host."""
    hosts = [node(f"pve{i + 1}") for i in range(nodes)] if isinstance(nodes, int) else list(nodes)
    names = [host["name"] for host in hosts]
    template = guest(9000, "debian-12", names[0], template=True, disk_gib=3.0)
    data = {
        "source": {"endpoint": "https://pve.example:8006", "collected_at": "2026-11-21T08:00:00Z"},
        "cluster": "test",
        "quorate": True,
        "version": {"version": "9.1.8", "release": "9.1", "major": 9},
        "nodes": hosts,
        "storages": [storage("tank", on) for on in names] if storages is None else list(storages),
        "guests": [template, *guests],
        "bridges": [{"name": "vmbr0", "type": "bridge", "node": on} for on in names],
        **changes,
    }
    return parse(Snapshot, data)


def request(**fields: t.Any) -> Request:
    """Return a request for a cluster; fields replace its own."""
    return parse(Request, {"text": "test", "answer": "plan", "kind": "cluster", **fields})


def vm(**wish: t.Any) -> Request:
    """Return a request for one VM (or ``count`` equal ones)."""
    return request(kind="vm", machines=[{"role": "vm", **wish}])


def plan(of: Request, facts: Snapshot | None = None, at: Site | None = None, **more: t.Any) -> Plan:
    """Return the plan; without facts those of three idle hosts are used."""
    return size(of, facts if facts is not None else snapshot(), at or site(), **more)


def group(of: Plan, name: str) -> tuple[int, int, int]:
    """Return count, vCPU and memory of a group (all machines must be equal)."""
    machines = [machine for machine in of.machines if machine.group == name]
    sizes = {(machine.cores * machine.sockets, machine.memory_mib) for machine in machines}
    assert len(sizes) <= 1
    cores, memory = sizes.pop() if sizes else (0, 0)
    return len(machines), cores, memory


def finding_ids(of: Plan, severity: str | None = None) -> set[str]:
    """Return the ids of the findings."""
    return {f.id for f in of.findings if severity in (None, f.severity)}
