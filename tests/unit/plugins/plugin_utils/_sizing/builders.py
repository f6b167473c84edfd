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


#: Short words of the tests for fields that hold several values.
MANY = {"name": "names", "vmid": "vmids", "address": "addresses", "node": "nodes"}
ROLES = {"server": "servers", "agent": "agents", "node": "nodes"}


def said(**wish: t.Any) -> dict[str, t.Any]:
    """Return what was said of machines; ``name``, ``vmid``, ``address``, ``node`` of one."""
    wish.pop("role", None)
    return {MANY.get(key, key): [v] if key in MANY else v for key, v in wish.items()}


def cluster(
    machines: t.Iterable[dict[str, t.Any]] = (), totals: t.Any = None, **fields: t.Any
) -> dict[str, t.Any]:
    """Return a cluster; ``servers``, ``agents`` and ``total_nodes`` are counts."""
    parts: dict[str, dict[str, t.Any]] = {key: {} for key in ROLES.values()}
    for wish in machines:
        parts[ROLES[wish["role"]]].update(said(**wish))
    for name, key in (("servers", "servers"), ("agents", "agents"), ("total_nodes", "nodes")):
        if name in fields:
            parts[key]["count"] = fields.pop(name)
    if totals:
        parts["nodes"]["totals"] = totals
    return {"type": "cluster", "id": "c1", **fields, **parts}


def software(entry: str | dict[str, t.Any]) -> dict[str, t.Any]:
    """Return one software; ``drivers`` are its loads."""
    wish = {"family": entry} if isinstance(entry, str) else dict(entry)
    wish.pop("count", None)
    return {"loads": wish.pop("drivers", {}), **wish}


def things(
    kind: str = "vm",
    machines: t.Sequence[dict[str, t.Any]] = (),
    apps: t.Sequence[dict[str, t.Any]] = (),
    components: t.Sequence[str] = (),
    ha: bool | None = None,
    **more: t.Any,
) -> list[dict[str, t.Any]]:
    """Return machines, software and parts as things of their own; one of each is one thing."""
    common = {"type": "machines", "ha": ha, **({"kind": "lxc"} if kind == "lxc" else {}), **more}
    found: list[dict[str, t.Any]] = []
    for entry in apps:
        own = {"count": entry["count"]} if "count" in entry else {}
        found.append({**own, "software": [software(entry)]})
    found += [{"part": part} for part in components]
    if len(found) == len(machines) == 1:
        found = [{**found[0], **said(**machines[0])}]
    else:
        for wish in machines:
            part = {} if wish["role"] in ("vm", "container") else {"part": wish["role"]}
            found.append({**part, **said(**wish)})
    return [{**common, "id": f"t{i}", **thing} for i, thing in enumerate(found or [{}], start=1)]


def request(**fields: t.Any) -> Request:
    """Return a request for a cluster, or with ``kind`` vm, lxc or app for machines."""
    kind, ha = fields.pop("kind", "cluster"), fields.pop("ha", None)
    wanted = {key: fields.pop(key) for key in ("machines", "totals") if key in fields}
    if kind == "cluster":
        made = [cluster(**wanted, ha=ha, **fields.pop("cluster", {}))]
    else:
        wanted |= {key: fields.pop(key) for key in ("apps", "components") if key in fields}
        made = things(kind, ha=ha, **wanted)
    if "drivers" in fields:
        fields["loads"] = fields.pop("drivers")
    if "hosts" in fields:
        fields["exists"] = [{"what": "host", "count": fields.pop("hosts")}]
    fields.setdefault("things", made)
    return parse(Request, {"text": "test", **fields})


def change(verb: str, field: str, value: t.Any = None, **target: t.Any) -> dict[str, t.Any]:
    """Return one change; ``before`` and ``bound`` are the change's, the rest is its target."""
    own = {key: target.pop(key) for key in ("before", "bound") if key in target}
    return {"verb": verb, "field": field, "value": value, "target": target, **own}


def changes(*made: dict[str, t.Any], **fields: t.Any) -> Request:
    """Return a request that changes what is there."""
    return parse(Request, {"text": "test", "changes": list(made), **fields})


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
