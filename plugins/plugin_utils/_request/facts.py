# SPDX-License-Identifier: GPL-3.0-or-later
"""A Request in the words of an intent case file (``{"cases": [{"intent", "facts", …}]}``)."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Request
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    MachineWish,
)

#: Names of add-ons in a case file that differ from the catalogue.
ADDON_WORDS = {"prometheus": "monitoring", "traefik": "ingress"}
_SIZES = ("cores", "memory_mib", "disk_gib")
_ACTIONS = {
    "ask": "ask",
    "refuse_invalid": "refuse_invalid",
    "refuse_limit": "refuse_limit",
}


def to_intent_facts(request: Request) -> tuple[str, dict[str, t.Any]]:
    """Return the action and every fact of the request by its name in a case file."""
    facts: dict[str, t.Any] = {}
    _general(request, facts)
    if request.cluster is not None:
        _cluster(request, facts)
    else:
        _machines(request, facts)
    _software(request, facts)
    return _action(request), {key: value for key, value in facts.items() if value is not None}


def _action(request: Request) -> str:
    if request.answer == "redirect":  # case files have no word for it
        return "ask" if request.questions else "refuse_invalid"
    if request.answer in _ACTIONS:
        return _ACTIONS[request.answer]
    errors = [finding for finding in request.findings if finding.severity == "error"]
    if any(finding.id.startswith("capacity.") for finding in errors):
        return "refuse_capacity"
    if request.operation != "create":
        return "plan_mutation"
    warned = any(finding.severity == "warning" for finding in request.findings)
    return "plan_with_warning" if warned else "plan"


def _kind(request: Request) -> str | None:
    if request.kind == "cluster" and request.cluster is not None:
        return "k3s_cluster" if request.cluster.distribution == "k3s" else "k8s_cluster"
    return request.kind


def _general(request: Request, facts: dict[str, t.Any]) -> None:
    facts.update(
        kind=_kind(request),
        environment=request.environment,
        ha=request.ha,
        workload=request.workload,
        image=request.image,
        port=request.port,
        proxmox_nodes=request.hosts,
        platform=request.platform,
    )
    if request.operation != "create":
        facts["operation"] = "upgrade" if _upgrades(request) else request.operation
    facts.update({k: v for k, v in request.drivers.items() if k not in ("cores", "lcores")})
    facts.update(request.sla)
    if "rps" in request.drivers:  # case files count queries and requests a second alike
        facts.setdefault("qps", request.drivers["rps"])
        facts.setdefault("qps_peak", request.drivers.get("rps_peak"))
    if request.cluster is None and request.platform == "kubernetes":
        facts["name"] = request.deployment
    for name, value in request.totals.items():
        facts[f"total_{name}"] = value


def _upgrades(request: Request) -> bool:
    """Tell whether only another version of a cluster is asked for."""
    cluster = request.cluster
    if cluster is None or cluster.version is None or request.operation != "change":
        return False
    return not (cluster.addons or cluster.addons_excluded or request.machines)


def _cluster(request: Request, facts: dict[str, t.Any]) -> None:
    cluster = request.cluster
    if cluster is None:
        return
    quorum = cluster.servers in (None, 1, 3, 5)
    facts.update(
        cluster_name=cluster.name,
        name=cluster.name,
        cni=cluster.cni,
        k8s_version=cluster.version,
        version=cluster.version,
        control_plane_count=cluster.servers if quorum else None,
        requested_control_plane_count=cluster.servers,
        worker_count=cluster.agents,
        worker_delta=cluster.agents_delta,
        control_plane_delta=cluster.servers_delta,
        vip=cluster.vip,
        addons=[ADDON_WORDS.get(name, name) for name in cluster.addons] or None,
        addons_excluded=[ADDON_WORDS.get(name, name) for name in cluster.addons_excluded] or None,
    )
    total = cluster.total_nodes
    if total is None and cluster.servers is not None and cluster.agents is not None:
        total = cluster.servers + cluster.agents
    facts["total_nodes"] = total
    groups = {machine.role: _group(machine) for machine in request.machines}
    common = groups.get("node", {})
    for role, label in (("server", "control_plane"), ("agent", "worker")):
        own = {**common, **groups.get(role, {})}
        if own:
            facts[label] = own
    if not common:
        server, agent = groups.get("server", {}), groups.get("agent", {})
        common = {key: value for key, value in agent.items() if server.get(key) == value}
    for name in _SIZES:
        if name in common:
            facts[f"{name}_per_node"] = common[name]
    for machine in request.machines:
        for name, value in _machine(machine).items():
            if name not in (*_SIZES, "count", "role", "name") and name not in facts:
                facts[name] = value


def _group(machine: MachineWish) -> dict[str, t.Any]:
    return {name: getattr(machine, name) for name in _SIZES if getattr(machine, name) is not None}


def _machine(machine: MachineWish) -> dict[str, t.Any]:
    source = machine.source
    found: dict[str, t.Any] = {
        "name": machine.name,
        "count": machine.count,
        "role": None if machine.role in ("vm", "container", "node") else machine.role,
        **_group(machine),
        "os": machine.os,
        "target_node": machine.node,
        "storage": machine.storage,
        "bridge": machine.bridge,
        "vlan": machine.vlan,
        "ip": machine.address,
        "gateway": machine.gateway,
        "dns": list(machine.dns_servers) or None,
        "pool": machine.pool,
        "tags": list(machine.tags) or None,
        "gpu": machine.gpu,
        "vmid": machine.vmid,
        "relative_to": machine.relative_to,
        "factor": machine.factor,
        "tendency": machine.tendency,
        "cores_delta": machine.cores_delta,
        "memory_delta_mib": machine.memory_delta_mib,
        "disk_delta_gib": machine.disk_delta_gib,
    }
    if source is not None:
        label = {"template": "template", "lxc_template": "template"}.get(source.type, source.type)
        found["template_id" if source.vmid is not None else label] = source.vmid or source.name
    return {key: value for key, value in found.items() if value is not None}


def _machines(request: Request, facts: dict[str, t.Any]) -> None:
    machines = request.machines
    if request.kind in ("vm", "lxc"):
        said = [app.count for app in request.apps if app.count is not None]
        alone = said[0] if len(said) == len(request.apps) == 1 and len(machines) < 2 else 1
        facts["count"] = sum(machine.count or alone for machine in machines) or alone
    if not machines:
        return
    first = _machine(machines[0])
    first.pop("count", None)
    facts.update({key: value for key, value in first.items() if key not in facts})
    if len(machines) > 1:
        facts["machines"] = [_machine(machine) for machine in machines]
        names = [machine.name for machine in machines if machine.name]
        facts["names"] = names or None


def _software(request: Request, facts: dict[str, t.Any]) -> None:
    families = list(dict.fromkeys(app.family for app in request.apps))
    if len(families) == 1:
        facts["app"] = families[0]
    if request.components:
        facts["components"] = list(request.components)
