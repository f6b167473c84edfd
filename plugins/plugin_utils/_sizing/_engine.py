# SPDX-License-Identifier: GPL-3.0-or-later
"""Request + facts + site → Plan, by rules alone; the same input gives the same bytes."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Finding,
    Machine,
    Plan,
    Site,
    Snapshot,
    digest,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import (
    Provenance,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._proposal import (
    Proposal,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    NAME_PATTERN,
    ClusterThing,
    Request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import load_knowledge
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._assemble import (
    assemble,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._before import (
    answered_before,
    groups_of_plan,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._changes import (
    State,
    apply_changes,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._closing import (
    close,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._cluster import (
    build_cluster,
    spec_of_plan,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._cost import (
    alternatives,
    cost_of,
    describe,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._differences import (
    differences,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._installs import (
    with_software,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._limits import (
    check_budget,
    within_limits,
    within_sums,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
    Reserved,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._names_taken import (
    check_names,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._naming import (
    deployment_name,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._privileges import (
    check_privileges,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._proposal import (
    apply_proposal,
    offered,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._protection import (
    backups_of,
    check_ha_volumes,
    replicated,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._site import check_site
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._software import (
    distinct,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._things import sized

REDIRECT = (
    "That is not a request for infrastructure. Say what should run and how large, for example"
    " 'HA cluster with monitoring' or 'PostgreSQL for 100 users'."
)
#: Findings that tell of the request and not of the machines, and so stay with its plan.
KEPT = frozenset({"capacity.reduced", "loads.unused", "settings.by-hand"})
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
    offers: dict[str, dict[str, dict[str, int]]] | None = None,
    previous: Plan | None = None,
    previous_request: Request | None = None,
) -> Plan:
    """Return the plan of a request.

    Args:
        request: what was asked.
        snapshot: facts of the Proxmox cluster; None plans without them (never applied).
        site: the site profile, checked against the facts first.
        deployment: name of the deployment; default: the request's, else one derived from it.
        reserved: VMIDs, addresses and names that other deployments hold.
        proposal: what a model chose; used where it passes the checks.
        offers: is filled with the sizes that a model may choose among, by group.
        previous: plan of the same deployment; changes are of it, and its machines keep who and
            where they are.
        previous_request: what that plan was made for; then the things of the request are added.

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
        offers={} if offers is None else offers,
        previous=previous,
        previous_request=previous_request,
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
    state = _decided(context, refined)
    if context.refused or not state.groups:
        return _stopped(context)
    return _planned(context, state)


def _answered(context: Context) -> Plan | None:
    """Return the plan of a request that reading has answered already."""
    request = context.request
    if request.answer == "redirect":
        text = request.reply or REDIRECT
        context.report("request.off-topic", "error", "text", text)
        return _stopped(context, summary=text)
    if request.answer == "ask":
        context.questions += request.questions
        noted = [f.message for f in request.findings if f.id == "answer.nothing"]
        text = " ".join([*noted, *(question.text for question in request.questions)])
        return _stopped(context, summary=text or "More is needed to plan this.", asks=True)
    if request.answer == "refuse":
        if not context.refused:
            context.report("request.refused", "error", "text", "The request cannot be planned.")
        return _stopped(context)
    if request.destroy:
        context.report(
            "request.destroy",
            "error",
            "destroy",
            "Removing is no plan of machines; use the playbook destroy with the deployment's name.",
        )
    elif request.changes and context.previous is None:
        context.report("request.no-previous", "error", "changes", _no_previous(context))
    elif len(context.deployment) > MAX_DEPLOYMENT or not re.match(NAME_PATTERN, context.deployment):
        context.report(
            "deployment.name",
            "error",
            "deployment",
            f"The deployment name {context.deployment!r} is not valid; use small letters, digits"
            f" and dashes, at most {MAX_DEPLOYMENT}.",
        )
    elif not request.things and not request.changes:
        context.report(
            "request.empty",
            "error",
            "things",
            "The request names nothing to plan; say what should run and how large.",
        )
    return _stopped(context) if context.refused else None


def _no_previous(context: Context) -> str:
    """Return the error of a change without a plan to change; what was named may be elsewhere."""
    named = context.request.deployment
    if named and named != context.deployment:
        return (
            f"There is no earlier plan of {named} in the deployment {context.deployment}; change it"
            f" with -e deployment={named}, or say what to create."
        )
    return (
        f"There is no earlier plan of {context.deployment} to change; name an existing deployment"
        " (-e deployment=NAME) or say what to create."
    )


def _stopped(context: Context, *, summary: str | None = None, asks: bool = False) -> Plan:
    """Return a plan without machines: what is wrong, or what has to be answered first."""
    reasons = [f.message for f in context.findings if f.severity == "error"]
    asked = {question.text for question in context.questions}
    asks = asks or (bool(asked) and asked >= set(reasons))
    things = context.request.things
    return Plan(
        deployment=context.deployment
        if re.match(NAME_PATTERN, context.deployment)
        else "deployment",
        status="ask" if asks else "refused",
        summary=summary or " ".join(reasons) or "Nothing could be planned.",
        environment=context.environment,
        kind="cluster" if any(isinstance(thing, ClusterThing) for thing in things) else "vm",
        findings=tuple(context.findings),
        questions=tuple(context.questions),
        confidence=0.0,
        provenance=_provenance(context, ()),
    )


def _check_hosts(context: Context) -> None:
    """Report a number of Proxmox hosts that was said and is not what the facts show."""
    said = [e.count for e in context.request.exists if e.what == "host" and e.count is not None]
    if not said or context.snapshot is None:
        return
    online = sum(node.online for node in context.snapshot.nodes)
    if sum(said) != online:
        context.report(
            "facts.hosts",
            "warning",
            "hosts",
            f"{sum(said)} Proxmox hosts were mentioned, {online} are online; planned for those.",
            "facts",
        )


def _decided(context: Context, refined: Plan | None) -> State:
    """Return the groups: those of the things, those there are with their changes, or both."""
    request, previous = context.request, context.previous
    new = sized(context) if request.things else None
    groups = new.groups if new else []
    cluster = new.cluster if new else None
    context.offers.update(offered(groups))
    if context.proposal is not None and not context.refused:
        groups = apply_proposal(context, groups, context.proposal)
    if refined is not None:
        # What was cut to fit stays as it is, also when there is more room now.
        context.findings += [f for f in refined.findings if f.id in KEPT]
        return _there(context, refined, groups)
    if previous is not None and (request.changes or context.previous_request is not None):
        state = _there(context, previous, _of_previous_request(context))
        apply_changes(context, state, request.changes)
        if cluster is not None and state.cluster is not None:
            context.report(
                "cluster.second",
                "error",
                "things",
                "A deployment holds one cluster, and this one has it already; plan another one as"
                " a deployment of its own, with -e deployment=NAME.",
            )
        state.cluster = state.cluster or cluster
        state.groups = distinct([*state.groups, *groups])
    else:
        state = State(groups, cluster)
    state.groups = within_limits(context, within_sums(context, state.groups))
    return state


def _there(context: Context, plan: Plan, sized_groups: list[Group]) -> State:
    spec = spec_of_plan(plan.cluster, plan.addons) if plan.cluster else None
    return State(groups_of_plan(context, plan, sized_groups), spec)


def _of_previous_request(context: Context) -> list[Group]:
    """Return the groups of the request that the previous plan was made for: its minimums."""
    before = context.previous_request
    if before is None or not before.things:
        return []
    silent = dataclasses.replace(context, request=before, findings=[], questions=[])
    return sized(silent).groups


def _as_before(context: Context) -> list[Finding]:
    """Return the findings; those that were told before stand as they stood."""
    before = list(context.previous.findings) if context.previous else []
    return sorted(context.findings, key=lambda f: before.index(f) if f in before else len(before))


def _planned(context: Context, state: State) -> Plan:
    assembled = assemble(context, state.groups)
    if assembled is None:
        return _stopped(context)
    groups, machines = assembled.groups, replicated(context, assembled.machines)
    machines = with_software(context, machines)
    backups = backups_of(context, machines)
    check_ha_volumes(context, machines)
    check_privileges(context, machines, backups)
    check_names(context, machines, backups)
    cluster = None
    if state.cluster is not None and not context.refused:
        cluster = build_cluster(context, state.cluster, machines, assembled.identities)
    cost = cost_of(machines, context.site)
    check_budget(context, cost)
    if context.refused:
        return _stopped(context)
    kinds = {machine.kind for machine in machines}
    plan = Plan(
        deployment=context.deployment,
        status="ready",
        summary=_summary(context, groups, clustered=cluster is not None),
        environment=context.environment,
        kind="cluster" if cluster else "lxc" if kinds == {"lxc"} else "vm",
        machines=machines,
        cluster=cluster,
        addons=state.cluster.addons if state.cluster else (),
        backups=backups,
        alternatives=alternatives(groups, context.site, any(group.ha for group in groups)),
        cost=cost,
        confidence=_confidence(machines),
        provenance=_provenance(context, machines),
    )
    close(context, groups, plan)
    if context.refused:
        return _stopped(context)
    findings = (*_as_before(context), *differences(context, plan, state.touched))
    return plan.model_copy(update={"findings": findings})


def _summary(context: Context, groups: list[Group], *, clustered: bool) -> str:
    reduced = any(finding.id == "capacity.reduced" for finding in context.findings)
    kind = "k3s cluster" if clustered else "machines"
    tail = ", cut to what fits" if reduced else ""
    return f"{context.deployment}: {context.environment} {kind} of {describe(groups)}{tail}."


def _confidence(machines: t.Iterable[Machine]) -> float:
    return min((why.confidence for m in machines for why in m.why), default=0.0)


def _provenance(context: Context, machines: t.Iterable[Machine]) -> Provenance:
    sources = {
        why.source.partition(" ")[0].rstrip(":")
        for machine in machines
        for why in machine.why
        if why.source not in ("explicit", "site", "facts", "bound")
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
