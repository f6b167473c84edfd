# SPDX-License-Identifier: GPL-3.0-or-later
"""Request + facts + site → Plan, by rules alone; the same input gives the same bytes."""

from __future__ import annotations

import re
import typing as t

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
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._assemble import (
    assemble,
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
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._installs import (
    with_software,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._limits import (
    check_budget,
    within_limits,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
    Proposal,
    Reserved,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._naming import (
    deployment_name,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._privileges import (
    check_privileges,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._proposal import (
    apply_proposal,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._protection import (
    backups_of,
    check_ha_volumes,
    replicated,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._site import (
    check_site,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._topology import (
    Topology,
    cluster_groups,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._wishes import (
    answered_before,
    as_before,
    cluster_as_before,
    share_totals,
)

REDIRECT = (
    "That is not a request for infrastructure. Say what should run and how large, for example"
    " 'HA cluster with monitoring' or 'PostgreSQL for 100 users'."
)
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
        deployment=deployment or deployment_name(request),
        environment=request.environment
        or (previous.environment if previous else site.default_environment),
        knowledge=load_knowledge(tuple(site.knowledge_dirs)),
        reserved=reserved or Reserved(),
        proposal=proposal,
        previous=previous,
        findings=list(request.findings),
    )
    refined = answered_before(context)
    if refined is not None:
        context.environment = refined.environment
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
            _no_previous(context),
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


def _no_previous(context: Context) -> str:
    """Return the error of a change without a plan to change; what was named may be elsewhere."""
    said = deployment_name(context.request)
    named = context.request.deployment or (context.request.cluster and context.request.cluster.name)
    if named and said != context.deployment:
        return (
            f"There is no earlier plan of {said} in the deployment {context.deployment}; change it"
            f" with -e deployment={said}, or say what to create."
        )
    return (
        f"There is no earlier plan of {context.deployment} to change; name an existing deployment"
        " (-e deployment=NAME) or say what to create."
    )


def _stopped(
    context: Context,
    *,
    status: t.Literal["ask", "refused"] = "refused",
    summary: str | None = None,
) -> Plan:
    reasons = [f.message for f in context.findings if f.severity == "error"]
    valid = re.match(NAME_PATTERN, context.deployment)
    return Plan(
        deployment=context.deployment if valid else "deployment",
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
    return topology, as_before(context, within_limits(context, groups))


def _planned(context: Context, topology: Topology | None, groups: list[Group]) -> Plan:
    assembled = assemble(context, groups)
    if assembled is None:
        return _stopped(context)
    groups, machines = assembled.groups, replicated(context, assembled.machines)
    machines = with_software(context, machines)
    backups = backups_of(context, machines)
    check_ha_volumes(context, machines)
    check_privileges(context, machines, backups)
    cluster = None
    if topology is not None and not context.refused:
        built = build_cluster(context, topology, machines, assembled.identities)
        cluster = built and cluster_as_before(context, built)
    cost = cost_of(machines, context.site)
    check_budget(context, cost)
    if context.refused:
        return _stopped(context)
    ha = topology.ha if topology else bool(context.request.ha)
    return Plan(
        deployment=context.deployment,
        status="ready",
        summary=_summary(context, groups),
        environment=context.environment,
        kind=context.request.kind or "vm",
        machines=machines,
        cluster=cluster,
        addons=build_addons(context, topology) if topology else (),
        backups=backups,
        findings=tuple(context.findings),
        alternatives=alternatives(groups, context.site, ha),
        cost=cost,
        confidence=_confidence(machines),
        provenance=_provenance(context, machines),
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
