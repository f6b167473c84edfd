# SPDX-License-Identifier: GPL-3.0-or-later
"""A request as the facts that case files of intents name."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Request
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    ApplicationThing,
    Change,
    ClusterThing,
    Machines,
    MachinesThing,
)

#: Names of add-ons in a case file that differ from the catalogue.
ADDON_WORDS = {"prometheus": "monitoring", "traefik": "ingress"}
SIZES = ("cores", "memory_mib", "disk_gib")
Facts = dict[str, t.Any]


def intent_facts(request: Request) -> tuple[str, Facts]:
    """Return the action and every fact of the request by its name in a case file."""
    facts: Facts = {}
    for thing in request.things:
        if isinstance(thing, ClusterThing):
            facts |= _cluster(thing)
    machines = [thing for thing in request.things if isinstance(thing, MachinesThing)]
    if machines and "kind" not in facts:
        facts |= _machines(machines)
    for thing in request.things:
        if isinstance(thing, ApplicationThing):
            own = {"kind": "app", "name": thing.name, "image": thing.image, "port": thing.port}
            facts |= {**own, **thing.loads}
            facts["components"] = [*thing.stack, *(entry.family for entry in thing.software)]
    for change in request.changes:
        facts |= _change(change)
    hosts = [known.count for known in request.exists if known.what == "host" and known.count]
    facts |= {"proxmox_nodes": sum(hosts) or None, **request.loads, **request.sla}
    facts["environment"] = request.environment or facts.get("environment")
    facts["workload"] = facts.get("workload") or request.workload
    if any(name.startswith(("qps", "rps")) for name in request.loads) and facts.get("components"):
        facts["kind"] = "app"
    if request.changes:
        facts.setdefault("cluster_name", request.deployment)
    return _action(request), {key: value for key, value in facts.items() if value is not None}


def _action(request: Request) -> str:
    errors = [finding.id for finding in request.findings if finding.severity == "error"]
    if request.changes:
        return "plan_mutation"
    if request.answer == "redirect":  # case files have no word for it
        return "ask" if request.questions else "refuse_invalid"
    if request.answer == "ask":
        return "ask"
    if request.answer == "refuse":
        kinds = ("capacity", "limit")
        found = (kind for kind in kinds if any(f"{kind}." in rule for rule in errors))
        return f"refuse_{next(found, 'invalid')}"
    warned = any(finding.severity == "warning" for finding in request.findings)
    return "plan_with_warning" if warned else "plan"


def _cluster(cluster: ClusterThing) -> Facts:
    servers, agents = cluster.servers.count, cluster.agents.count
    total = cluster.nodes.count
    if total is None and servers is not None and agents is not None:
        total = servers + agents
    facts: Facts = {
        "kind": "k3s_cluster" if cluster.distribution == "k3s" else "k8s_cluster",
        "cluster_name": cluster.name,
        "name": cluster.name,
        "cni": cluster.cni,
        "ha": cluster.ha,
        "environment": cluster.environment,
        "workload": cluster.workload,
        "k8s_version": cluster.version,
        "version": cluster.version,
        "control_plane_count": servers if servers in (None, 1, 3, 5) else None,
        "requested_control_plane_count": servers,
        "worker_count": agents,
        "total_nodes": total,
        "vip": cluster.vip,
        "addons": [ADDON_WORDS.get(name, name) for name in cluster.addons] or None,
        "addons_excluded": [ADDON_WORDS.get(n, n) for n in cluster.addons_excluded] or None,
    }
    common = _sizes(cluster.nodes)
    server, agent = _sizes(cluster.servers), _sizes(cluster.agents)
    facts["control_plane"] = {**common, **server} or None
    facts["worker"] = {**common, **agent} or None
    common = common or {key: v for key, v in agent.items() if server.get(key) == v}
    facts |= {f"{name}_per_node": value for name, value in common.items()}
    facts |= {f"total_{name}": value for name, value in cluster.nodes.totals.items()}
    return facts


def _sizes(said: Machines) -> Facts:
    return {name: getattr(said, name) for name in SIZES if getattr(said, name) is not None}


def _machines(things: list[MachinesThing]) -> Facts:
    first = things[0]
    kinds = {thing.kind for thing in things}
    facts = _machine(first) | {
        "kind": "lxc" if kinds == {"lxc"} else "vm",
        "count": sum(thing.count or 1 for thing in things),
        "environment": first.environment,
        "ha": first.ha,
    }
    families = [entry.family for thing in things for entry in thing.software]
    parts = [thing.part for thing in things if thing.part]
    if len(set(families)) == 1:
        facts["app"] = families[0]
    stacks = [
        word for x in things if x.part == "app" and x.purpose for word in x.purpose.split(", ")
    ]
    facts["components"] = (
        [part for part in parts if part != "app" or not stacks] + stacks + families
    )
    for thing in things:
        facts |= {key: v for key, v in thing.loads.items() if facts.get(key) is None}
        for entry in thing.software:
            facts |= {key: v for key, v in entry.loads.items() if facts.get(key) is None}
    if len(things) > 1:
        facts["machines"] = [_machine(thing) for thing in things]
        facts["names"] = [name for thing in things for name in thing.names] or None
    return facts


def _machine(thing: MachinesThing) -> Facts:
    source = thing.source
    found: Facts = {
        "name": thing.names[0] if thing.names else None,
        "role": thing.part,
        **_sizes(thing),
        "os": thing.os,
        "target_node": thing.nodes[0] if thing.nodes else None,
        "storage": thing.storage,
        "bridge": thing.bridge,
        "vlan": thing.vlan,
        "ip": thing.addresses[0] if thing.addresses else None,
        "gateway": thing.gateway,
        "dns": list(thing.dns_servers) or None,
        "pool": thing.pool,
        "tags": list(thing.tags) or None,
        "gpu": thing.gpu,
        "vmid": thing.vmids[0] if thing.vmids else None,
    }
    if source is not None:
        label = "template" if source.type == "lxc_template" else source.type
        found["template_id" if source.vmid is not None else label] = source.vmid or source.name
    return {key: value for key, value in found.items() if value is not None}


def _change(change: Change) -> Facts:
    target, value = change.target, change.value
    facts: Facts = {}
    if target.role in ("agent", "server", "node"):
        facts["kind"] = "k3s_cluster"
    if target.name is not None:
        facts["cluster_name"] = target.name
    if change.field == "count" and isinstance(value, (int, float)):
        facts["operation"] = "scale"
        sign = -1 if change.verb in ("remove", "decrease") else 1
        label = "control_plane_delta" if target.role == "server" else "worker_delta"
        if change.verb != "set":
            facts[label] = sign * value
    elif change.field in SIZES:
        facts["operation"] = "resize"
    else:
        facts["operation"] = "upgrade" if change.field == "version" else "change"
    return facts
