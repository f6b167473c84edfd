# SPDX-License-Identifier: GPL-3.0-or-later
"""Request + facts + site → Plan, by rules alone; the same input gives the same bytes."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
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
    Room,
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
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._limits import (
    check_budget,
    within_limits,
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
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._proposal import (
    apply_proposal,
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
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._wishes import (
    share_totals,
)

REDIRECT = (
    "That is not a request for infrastructure. Say what should run and how large, for example"
    " 'HA cluster with monitoring' or 'PostgreSQL for 100 users'."
)
#: Node name in a plan without facts of a site that names no nodes.
UNKNOWN_NODE = "unverified"
#: Longest deployment name; names of machines append to it.
MAX_DEPLOYMENT = 40


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
    _check_hosts(context)
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
        wanted = [*names, request.workload, *apps, request.kind, "vm"]
        text = next(word for word in wanted if word)
    cleaned = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-")
    return cleaned if re.match(NAME_PATTERN, cleaned) else "deployment"


def _answered(context: Context) -> Plan | None:
    """Return the plan of a request that reading has answered already."""
    request = context.request
    if request.answer == "redirect":
        text = request.reply or REDIRECT
        context.report("request.off-topic", "error", "text", text)
        return _stopped(context, summary=text)
    if request.answer == "ask":
        text = " ".join(question.text for question in request.questions)
        return _stopped(context, status="ask", summary=text or "More is needed to plan this.")
    if request.answer in ("refuse_invalid", "refuse_limit"):
        if not context.refused:
            context.report("request.refused", "error", "text", "The request cannot be planned.")
        return _stopped(context)
    if request.operation == "destroy":
        context.report(
            "request.destroy",
            "error",
            "operation",
            "Removing is no plan of machines; use the playbook destroy with the deployment's name.",
        )
    elif request.operation != "create" and context.previous is None:
        context.report(
            "request.no-previous",
            "error",
            "operation",
            f"There is no earlier plan of {context.deployment} to change; name an existing"
            " deployment or say what to create.",
        )
    elif len(context.deployment) > MAX_DEPLOYMENT or not re.match(NAME_PATTERN, context.deployment):
        context.report(
            "deployment.name",
            "error",
            "deployment",
            f"The deployment name {context.deployment!r} is not valid; use small letters, digits"
            f" and dashes, at most {MAX_DEPLOYMENT}.",
        )
    return _stopped(context) if context.refused else None


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


def _check_hosts(context: Context) -> None:
    """Report a number of Proxmox hosts that was said and is not what the facts show."""
    said, snapshot = context.request.hosts, context.snapshot
    if said is None or snapshot is None:
        return
    online = sum(node.online for node in snapshot.nodes)
    if said != online:
        context.report(
            "facts.hosts",
            "warning",
            "hosts",
            f"{said} Proxmox hosts were mentioned, {online} are online; planned for those.",
            "facts",
        )


def _groups(context: Context) -> tuple[Topology | None, list[Group]]:
    topology: Topology | None = None
    if context.request.kind == "cluster":
        found = cluster_groups(context)
        if found is None:
            return None, []
        topology, groups = found
    else:
        groups = app_groups(context)
    groups = share_totals(context, groups)
    if context.proposal is not None and not context.refused:
        groups = apply_proposal(context, groups, context.proposal)
    return topology, within_limits(context, groups)


def _planned(context: Context, topology: Topology | None, groups: list[Group]) -> Plan:
    prepared = [ready for group in groups if (ready := _prepared(context, group)) is not None]
    if context.refused:
        return _stopped(context)
    identities = Identities(context)
    names = {ready.group.name: identities.name_group(ready.group) for ready in prepared}
    fitted = None if context.refused else _fitted(context, prepared, names, identities)
    if fitted is None:
        return _stopped(context)
    machines = _machines(context, prepared, fitted, names, identities)
    cluster = None
    if topology is not None and not context.refused:
        cluster = build_cluster(context, topology, machines, identities)
    cost = cost_of(machines, context.site)
    check_budget(context, cost)
    if context.refused:
        return _stopped(context)
    ha = topology.ha if topology else bool(context.request.ha)
    return Plan(
        deployment=context.deployment,
        status="ready",
        summary=_summary(context, fitted.groups),
        environment=context.environment,
        kind=context.request.kind or "vm",
        machines=machines,
        cluster=cluster,
        addons=build_addons(context, topology) if topology else (),
        findings=tuple(context.findings),
        alternatives=alternatives(fitted.groups, context.site, ha),
        cost=cost,
        confidence=_confidence(machines),
        provenance=_provenance(context, machines),
    )


@dataclass(frozen=True)
class _Prepared:
    """A group with where its machines come from and where their disks go."""

    group: Group
    origin: Origin
    where: Where
    pci_mappings: tuple[str, ...]


def _prepared(context: Context, group: Group) -> _Prepared | None:
    source, storage = origin(context, group), storage_of(context, group)
    if context.snapshot is not None:
        check_wish_names(context, context.snapshot, group)
    mappings, gpu_hosts = gpu_mappings(context, group)
    if source is None or storage is None:
        return None
    allowed = [hosts for hosts in (source.hosts, gpu_hosts) if hosts is not None]
    if group.wish and group.wish.node:
        allowed.append(frozenset({group.wish.node}))
    group = _template_disk(context, group, source)
    if mappings or (group.wish and group.wish.node):
        # A device serves one machine of a host; a host that was named keeps them all.
        group = replace(group, spread=bool(mappings))
    hosts = frozenset.intersection(*allowed) if allowed else None
    return _Prepared(group, source, Where(storage, hosts), mappings)


def _machines(
    context: Context,
    prepared: list[_Prepared],
    fitted: Fitted,
    names: dict[str, list[str]],
    identities: Identities,
) -> tuple[Machine, ...]:
    machines = []
    user = context.site.user or context.site.template.user
    for ready, group in zip(prepared, fitted.groups, strict=True):
        placed = names[group.name][: group.count]
        for name in placed:
            node = fitted.where[name]
            machine = build_machine(
                context,
                group,
                name,
                node,
                identities,
                storage=ready.where.storage,
                source=ready.origin.on(node),
                user=user,
                pci_mappings=ready.pci_mappings,
            )
            if machine is not None:
                machines.append(machine)
    check_clones(context, [m for m in machines if m.name not in identities.known])
    return tuple(machines)


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
    prepared: list[_Prepared],
    names: dict[str, list[str]],
    identities: Identities,
) -> Fitted | None:
    def named(group: Group) -> list[str]:
        return names[group.name]

    groups = [ready.group for ready in prepared]
    if context.snapshot is None:
        return unverified(groups, named, context.site.nodes or (UNKNOWN_NODE,))
    bridges = {ready.group.wish.bridge for ready in prepared if ready.group.wish} - {None}
    bridge = bridges.pop() if bridges else None
    bridge = bridge or context.site.network.bridge
    hosts, pools = hosts_and_pools(context.snapshot, context.site, context.environment, bridge)
    _check_known(context, names, identities, {host.name for host in hosts})
    if context.refused:
        return None
    groups = relax_spread(context, groups, hosts)
    where = {ready.group.name: ready.where for ready in prepared}
    return fit(context, groups, where, named, Room(hosts, pools, identities.known))


def _check_known(
    context: Context, names: dict[str, list[str]], identities: Identities, hosts: set[str]
) -> None:
    """Report machines that are there, but on a host that takes none at the moment."""
    for name in (name for group in names.values() for name in group):
        known = identities.known.get(name)
        if known is not None and known.guest is not None and known.node not in hosts:
            context.report(
                "machine.unreachable",
                "error",
                f"machines.{name}.node",
                f"{name} is on {known.node}, which takes no machines now (offline, in maintenance,"
                " not of the site or without the bridge); bring the host back first.",
                "facts",
            )


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
