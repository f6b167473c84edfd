# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine answers to a scale statement; it sees the statement, ``kind`` and ``per``."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Plan,
    Request,
    Site,
    parse,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    ClusterThing,
    MachinesThing,
    Software,
    machines_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import (
    load_knowledge,
    needs,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import (
    decide,
    request_of,
)

Per = t.Literal["node", "total", "pod"]
#: A place without limits: the question is what software needs, not what fits.
OPEN_SITE: dict[str, t.Any] = {
    "storages": {"default": "local"},
    "network": {"bridge": "vmbr0", "subnet": "10.0.0.0/16", "gateway": "10.0.0.1"},
    "template": {"vmid": 9000},
    "lxc_template": "local:vztmpl/debian-12-standard_amd64.tar.zst",
    "ssh_public_keys": [
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
    ],
}


@dataclass(frozen=True)
class Provider:
    """Who proposes numbers beside the rules; ``none`` is the rules alone."""

    name: str = "none"
    settings: t.Mapping[str, t.Any] | None = None


@dataclass(frozen=True)
class Answer:
    """Numbers for one machine, all machines together or one replica; empty without a plan."""

    values: t.Mapping[str, float]
    rule: str

    def data(self) -> dict[str, float]:
        """Return the numbers as they are written to JSON."""
        return {name: round(value, 3) for name, value in self.values.items()}


def read(text: str, knowledge_dirs: tuple[str, ...] = (), *, accept: bool = False) -> Request:
    """Return the request of a sentence; ``accept`` sets aside what was not understood."""
    return request_of(text, _site(knowledge_dirs), None, accept=accept)[0]


def _site(knowledge_dirs: tuple[str, ...]) -> Site:
    return parse(Site, {**OPEN_SITE, "knowledge_dirs": list(knowledge_dirs)})


def answer(
    statement: str, per: Per, provider: Provider, knowledge_dirs: tuple[str, ...] = ()
) -> Answer:
    """Return the engine's numbers for a sentence."""
    return answer_of(read(statement, knowledge_dirs, accept=True), per, provider, knowledge_dirs)


def answer_of(
    request: Request, per: Per, provider: Provider, knowledge_dirs: tuple[str, ...] = ()
) -> Answer:
    """Return the engine's numbers for a request.

    A replica (``pod``) has fractions of a vCPU and is what the knowledge says; machines are
    those of the plan.
    """
    if per == "pod":
        found = _replica(request, knowledge_dirs)
        if found is not None:
            return found
    site = _site(knowledge_dirs)
    plan = decide(request, None, site, provider=provider.name, settings=provider.settings)
    return of_plan(plan, per)


def _replica(request: Request, knowledge_dirs: tuple[str, ...]) -> Answer | None:
    """Return the numbers of one replica: of software, or of an add-on of the cluster."""
    knowledge = load_knowledge(knowledge_dirs)
    things = [thing for thing in request.things if isinstance(thing, MachinesThing)]
    clusters = [thing for thing in request.things if isinstance(thing, ClusterThing)]
    wanted = next((thing.software for thing in things if thing.software), ())
    addons = (name for cluster in clusters for name in cluster.addons)
    family = next((name for name in addons if knowledge.get(name) is not None), None)
    if not wanted and family is not None:
        wanted = (Software(family=family),)
    if not wanted:
        return None
    first = (things or clusters)[0]
    found = needs(
        wanted,
        _loads(request),
        first.environment or request.environment or "",
        bool(first.ha),
        knowledge,
        scale=next((m.scale for m in machines_of(first) if m.scale), request.scale),
    )
    if not found:
        return None
    need = found[0]
    share = need.count if need.per == "total" else 1
    values = {
        "vcpu": need.vcpu / share,
        "memory_mib": need.memory_mib / share,
        "disk_gib": need.disk_gib / share,
        "nodes": float(need.count),
    }
    return Answer(values, _source(need.why))


def _loads(request: Request) -> dict[str, float]:
    """Return all loads of a request; the nodes of a cluster are one."""
    loads = dict(request.loads)
    for thing in request.things:
        for machines in machines_of(thing):
            loads.update(machines.loads)
        if isinstance(thing, ClusterThing) and thing.nodes.count:
            loads.setdefault("nodes", thing.nodes.count)
    return loads


def of_plan(plan: Plan, per: Per) -> Answer:
    """Return the numbers of the first group (what the sentence begins with), or of all."""
    if plan.status != "ready" or not plan.machines:
        return Answer({}, f"no plan: {plan.summary}")
    first = plan.machines[0]
    counted = [m for m in plan.machines if per == "total" or m.group == first.group]
    summed = counted if per == "total" else [first]
    values = {
        "vcpu": float(sum(m.cores * m.sockets for m in summed)),
        "memory_mib": float(sum(m.memory_mib for m in summed)),
        "disk_gib": float(sum(disk.size_gib for m in summed for disk in m.disks)),
        "nodes": float(len(counted)),
    }
    return Answer(values, _source(first.why))


def _source(whys: t.Iterable[t.Any]) -> str:
    """Return the source of the numbers: the first that is not the person's own word."""
    sources = [why.source for why in whys if why.field in ("cores", "memory_mib", "disk_gib")]
    return next((source for source in sources if source != "explicit"), "explicit")
