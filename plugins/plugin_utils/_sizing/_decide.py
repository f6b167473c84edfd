# SPDX-License-Identifier: GPL-3.0-or-later
"""A request decided: rules, policy and, where one is named, a model that reviews."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Finding,
    Plan,
    Site,
    Snapshot,
    digest,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._proposal import (
    Proposal,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    MachinesThing,
    Request,
    Software,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model import Partner
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._review import Task, review
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._engine import size
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import Reserved


def decide(
    request: Request,
    snapshot: Snapshot | None,
    site: Site,
    *,
    provider: str = "none",
    settings: t.Mapping[str, t.Any] | None = None,
    partner: Partner | None = None,
    deployment: str | None = None,
    reserved: Reserved | None = None,
    previous: Plan | None = None,
    previous_request: Request | None = None,
) -> Plan:
    """Return the plan of a request by rules and policy, reviewed with a model when one is named.

    ``partner`` is asked instead of a new connection to the provider, and stays open.

    Raises:
        ProviderError: the provider cannot be used as it is set up.
        PolicyError: a policy file cannot be used, or regopy is missing.
        KnowledgeError: a knowledge file is wrong.
    """

    offers: dict[str, dict[str, dict[str, int]]] = {}

    def planned(proposal: Proposal | None = None) -> Plan:
        plan = size(
            identified(request, proposal),
            snapshot,
            site,
            deployment=deployment,
            reserved=reserved,
            proposal=proposal,
            offers=offers,
            previous=previous,
            previous_request=previous_request,
        )
        return as_asked(plan, request, proposal)

    if request.answer != "plan":
        return planned()
    task = Task(request, snapshot, site, planned, offers)
    return review(task, provider, settings, partner=partner)


def identified(request: Request, proposal: Proposal | None) -> Request:
    """Return the request with unknown software read as the proposed families; it stays as it is."""
    if proposal is None or not proposal.families:
        return request

    def known(software: Software) -> Software:
        family = None if software.known else proposal.families.get(software.family)
        return software.model_copy(update={"family": family, "known": True}) if family else software

    things = tuple(
        thing.model_copy(update={"software": tuple(map(known, thing.runs))})
        if isinstance(thing, MachinesThing) and any(not own.known for own in thing.runs)
        else thing
        for thing in request.things
    )
    loads = {**proposal.drivers, **request.loads}
    return request.model_copy(update={"things": things, "loads": loads})


def as_asked(plan: Plan, request: Request, proposal: Proposal | None) -> Plan:
    """Return the plan as an answer to the request itself; say what a model took it for."""
    if proposal is None or not proposal.families or plan.provenance is None:
        return plan
    found = tuple(
        Finding(
            id="model.family",
            severity="info",
            field="things",
            message=f"{words} is not known; the model takes it for {family.removeprefix('table-')},"
            " whose rules are used.",
            source="model",
        )
        for words, family in sorted(proposal.families.items())
    )
    provenance = plan.provenance.model_copy(update={"request_sha256": digest(request)})
    return plan.model_copy(update={"findings": (*plan.findings, *found), "provenance": provenance})
