# SPDX-License-Identifier: GPL-3.0-or-later
"""Request + facts + site → Plan, by rules alone; the same input gives the same bytes."""

from __future__ import annotations

import re
import typing as t
from dataclasses import replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Finding,
    Machine,
    Plan,
    Request,
    Site,
    Snapshot,
    digest,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import (
    Provenance,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    NAME_PATTERN,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import (
    load_knowledge,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._apps import (
    app_groups,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._cluster import (
    build_addons,
    build_cluster,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._cost import (
    alternatives,
    cost_of,
    describe,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._fit import (
    Fitted,
    Where,
    fit,
    relax_spread,
    unverified,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._hosts import (
    hosts_and_pools,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._identity import (
    Identities,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._machines import (
    build_machine,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
    Proposal,
    Reserved,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._site import (
    check_site,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._source import (
    Origin,
    check_clones,
    check_wish_names,
    gpu_mappings,
    origin,
    storage_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._topology import (
    Topology,
    cluster_groups,
)

REDIRECT = (
    "That is not a request for infrastructure. Say what should run and how large, for example"
    " 'HA cluster with monitoring' or 'PostgreSQL for 100 users'."
)
UNKNOWN_NODE = "unverified"


def size(
    request: Request,
    snapshot: Snapshot | None,
    site: Site,
    *,
    deployment: str | None = None,
    reserved: Reserved | None = None,
    proposal: Proposal | None = None,
    previous: Plan | None = None,
) -> Plan:
    """Return the plan of a request.

    Args:
        request: what was asked.
        snapshot: facts of the Proxmox cluster; None plans without them (never applied).
        site: the site profile, checked against the facts first.
        deployment: name of the deployment; default: the request's, else one derived from it.
        reserved: VMIDs, addresses and names that other deployments hold.
        proposal: numbers of a model; used where they pass the checks.
        previous: plan of the same deployment; its machines keep who and where they are.

    Returns:
        A plan whose ``status`` says whether it can be rendered; ``findings`` say why not.

    Raises:
        KnowledgeError: a knowledge file is wrong.
    """
    context = Context(
        request=request,
        snapshot=snapshot,
        site=site,
        deployment=deployment or _deployment(request),
        environment=request.environment
        or (previous.environment if previous else site.default_environment),
        knowledge=load_knowledge(tuple(site.knowledge_dirs)),
        reserved=reserved or Reserved(),
        proposal=proposal,
        previous=previous,
        findings=list(request.findings),
    )
    early = _answered(context)
    if early is not None:
        return early
    if snapshot is None or not snapshot.source.verified:
        context.report(
            "facts.unverified",
            "warning",
            "",
            "Planned without facts of a Proxmox cluster: nothing was checked against it, and the"
            " plan cannot be applied.",
        )
    check_site(context)
    if context.refused:
        return _stopped(context)
    topology, groups = _groups(context)
    if context.refused or not groups:
        return _stopped(context)
    return _planned(context, topology, groups)


def _deployment(request: Request) -> str:
    """Return a name from what was asked: the same words give the same name."""
    if request.deployment:
        return request.deployment
    if request.cluster is not None and request.cluster.name:
        return request.cluster.name
    names = [wish.name for wish in request.machines if wish.name]
    apps = [app.family.removeprefix("table-") for app in request.apps]
    if request.kind == "cluster":
        first = request.workload or ("ha" if request.ha else request.environment) or "k3s"
        text = f"{first}-cluster"
    else:
        text = (names or apps or [request.workload or request.kind or "vm"])[0]
    cleaned = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-")
    return cleaned if re.match(NAME_PATTERN, cleaned) else "deployment"


def _answered(context: Context) -> Plan | None:
    """Return the plan of a request that reading has answered already."""
    request = context.request
    if request.answer == "redirect":
        context.report("request.off-topic", "error", "text", REDIRECT)
        return _stopped(context, summary=REDIRECT)
    if request.answer == "ask":
        text = " ".join(question.text for question in request.questions)
        return _stopped(context, status="ask", summary=text or "More is needed to plan this.")
    if request.answer in ("refuse_invalid", "refuse_limit"):
        if not context.refused:
            context.report("request.refused", "error", "text", "The request cannot be planned.")
        return _stopped(context)
    return None


def _stopped(
    context: Context,
    *,
    status: t.Literal["ask", "refused"] = "refused",
    summary: str | None = None,
) -> Plan:
    reasons = [f.message for f in context.findings if f.severity == "error"]
    return Plan(
        deployment=context.deployment,
        status=status,
        summary=summary or " ".join(reasons) or "Nothing could be planned.",
        environment=context.environment,
        kind=context.request.kind or "vm",
        findings=tuple(context.findings),
        confidence=0.0,
        provenance=_provenance(context, ()),
    )


def _groups(context: Context) -> tuple[Topology | None, list[Group]]:
    if context.request.kind == "cluster":
        found = cluster_groups(context)
        return (None, []) if found is None else found
    return None, app_groups(context)


def _planned(context: Context, topology: Topology | None, groups: list[Group]) -> Plan:
    origins: dict[str, Origin] = {}
    where: dict[str, Where] = {}
    mappings: dict[str, tuple[str, ...]] = {}
    raised = []
    for group in groups:
        found, storage = origin(context, group), storage_of(context, group)
        if context.snapshot is not None:
            check_wish_names(context, context.snapshot, group)
        pci, gpu_hosts = gpu_mappings(context, group)
        if found is None or storage is None:
            continue
        allowed = [hosts for hosts in (found.hosts, gpu_hosts) if hosts is not None]
        if group.wish and group.wish.node:
            allowed.append(frozenset({group.wish.node}))
        hosts = frozenset.intersection(*allowed) if allowed else None
        origins[group.name], mappings[group.name] = found, pci
        where[group.name] = Where(storage, hosts)
        group = replace(group, spread=group.spread or bool(pci))
        raised.append(_template_disk(context, group, found))
    if context.refused:
        return _stopped(context)
    identities = Identities(context)
    names = {group.name: identities.name_group(group) for group in raised}
    fitted = None if context.refused else _fitted(context, raised, where, names, identities)
    if fitted is None:
        return _stopped(context)
    machines = []
    for group in fitted.groups:
        users = context.site.user or context.site.template.user
        placed = names[group.name][: group.count]
        for name in placed:
            node = fitted.where[name]
            machine = build_machine(
                context,
                group,
                name,
                node,
                identities,
                storage=where[group.name].storage,
                source=origins[group.name].on(node),
                user=users,
                pci_mappings=mappings[group.name],
            )
            if machine is not None:
                machines.append(machine)
        check_clones(
            context,
            where[group.name].storage,
            origins[group.name],
            [fitted.where[name] for name in placed],
        )
    cluster = None
    if topology is not None and not context.refused:
        cluster = build_cluster(context, topology, machines, identities)
    if context.refused:
        return _stopped(context)
    return Plan(
        deployment=context.deployment,
        status="ready",
        summary=_summary(context, fitted.groups),
        environment=context.environment,
        kind=context.request.kind or "vm",
        machines=tuple(machines),
        cluster=cluster,
        addons=build_addons(context, topology) if topology else (),
        findings=tuple(context.findings),
        alternatives=alternatives(
            fitted.groups, context.site, topology.ha if topology else bool(context.request.ha)
        ),
        cost=cost_of(machines, context.site),
        confidence=_confidence(machines),
        provenance=_provenance(context, machines),
    )


def _template_disk(context: Context, group: Group, source: Origin) -> Group:
    """A clone's disk cannot be smaller than its template's."""
    if source.disk_gib <= group.disk_gib:
        return group
    least = int(-(-source.disk_gib // 1))
    if "disk_gib" in group.explicit:
        context.report(
            "disk.template",
            "error",
            f"machines.{group.name}.disk_gib",
            f"{group.disk_gib} GiB were asked for, but the template's disk has {least} GiB and a"
            " disk cannot shrink; ask for more or name a smaller template.",
            "facts",
        )
        return group
    group = replace(group, disk_gib=least, minimum={**group.minimum, "disk_gib": least})
    return group.because("disk_gib", f"The template's disk has {least} GiB.", "facts", 1.0)


def _fitted(
    context: Context,
    groups: list[Group],
    where: dict[str, Where],
    names: dict[str, list[str]],
    identities: Identities,
) -> Fitted | None:
    def named(group: Group) -> list[str]:
        return names[group.name]

    if context.snapshot is None:
        return unverified(groups, named, context.site.nodes or (UNKNOWN_NODE,))
    bridge = context.site.network.bridge
    hosts, pools = hosts_and_pools(context.snapshot, context.site, context.environment, bridge)
    groups = relax_spread(context, groups, hosts)
    return fit(context, groups, where, named, identities.known, hosts, pools)


def _summary(context: Context, groups: list[Group]) -> str:
    reduced = any(finding.id == "capacity.reduced" for finding in context.findings)
    kind = "k3s cluster" if context.request.kind == "cluster" else "machines"
    tail = ", cut to what fits" if reduced else ""
    return f"{context.deployment}: {context.environment} {kind} of {describe(groups)}{tail}."


def _confidence(machines: t.Iterable[Machine]) -> float:
    return min((why.confidence for m in machines for why in m.why), default=0.0)


def _provenance(context: Context, machines: t.Iterable[Machine]) -> Provenance:
    sources = {
        why.source.partition(" ")[0].rstrip(":")
        for machine in machines
        for why in machine.why
        if why.source not in ("explicit", "site", "facts")
    }
    snapshot = context.snapshot
    return Provenance(
        provider="none",
        request_sha256=digest(context.request),
        snapshot_sha256=digest(snapshot) if snapshot else "",
        site_sha256=digest(context.site),
        facts_collected_at=snapshot.source.collected_at if snapshot else "",
        verified=snapshot is not None and snapshot.source.verified,
        knowledge=tuple(sorted(sources)),
    )


__all__ = ["Finding", "size"]
