# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain data in, request and plan out: what the action and the lookup plug-in call."""

from __future__ import annotations

import contextlib
import itertools
import typing as t
from dataclasses import fields

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Contract,
    Plan,
    Site,
    Snapshot,
    parse,
    require,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import Round
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model import (
    Partner,
    open_partner,
    read_settings,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading import record
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._agree import Outcome
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._decide import decide
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._given import (
    checked,
    request_given,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._intent import (
    request_of,
    vocabulary_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import Reserved
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._no_site import (
    around,
    missing_site,
    no_site,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._outcome import outcome

Data = t.Mapping[str, t.Any]


def size_data(
    *,
    site: Data,
    intent: str | None = None,
    request: Data | None = None,
    previous_request: Data | None = None,
    snapshot: Data | None = None,
    deployment: str | None = None,
    provider: str = "none",
    provider_settings: Data | None = None,
    previous_plan: Data | None = None,
    reserved: Data | None = None,
    answers: t.Sequence[str] = (),
    reading: str = "strict",
    insist: bool = False,
) -> tuple[Request, Plan]:
    """Return request and plan; an empty mapping counts as not given.

    Args:
        site: the site profile.
        intent: the sentence; or give ``request``.
        request: a request as a file holds it, instead of a sentence.
        previous_request: what ``previous_plan`` was made for; the sentence is a change of it.
        snapshot: facts of the Proxmox cluster.
        deployment: name of the deployment.
        provider: who reviews; "none" is the rules alone.
        provider_settings: settings of the provider.
        previous_plan: the plan that is there.
        reserved: what other deployments hold, in lists named as in ``Reserved``.
        answers: what a person replied to the questions about the sentence, in order.
        reading: "strict" asks about what was not understood, "accept" sets it aside.
        insist: the person wants what was said in spite of a documented minimum.

    Raises:
        ContractError: an argument does not fit its contract.
        KnowledgeError: a knowledge file is wrong.
        RuntimeError: a library or the provider is missing.
    """
    require()
    facts = _optional(Snapshot, snapshot)
    place = parse(Site, site) if site else no_site(facts)
    previous = _optional(Plan, previous_plan)
    before = _before(previous_request)
    given = reserved or {}
    held = Reserved(
        **{kind.name: frozenset(given.get(kind.name) or ()) for kind in fields(Reserved)}
    )

    def planned(wanted: Request, **more: t.Any) -> Plan:
        return decide(
            wanted,
            facts,
            place if site else around(place, wanted),
            deployment=deployment or None,
            reserved=held,
            previous=previous,
            previous_request=before,
            **more,
        )

    def insisted(wanted: Request) -> Request:
        return wanted.model_copy(update={"insist": True}) if insist else wanted

    def becomes(wanted: Request) -> Outcome:
        return outcome(wanted, planned(wanted), previous)

    with _asked(provider, provider_settings) as partner:
        wanted, rounds = _wanted(
            request,
            intent or "",
            place,
            facts,
            previous,
            answers=tuple(answers),
            refining=bool(previous_request),
            accept=reading == "accept",
            partner=partner,
            becomes=becomes,
            asks=lambda found: planned(insisted(found)).questions,
        )
        wanted = insisted(wanted)
        plan = planned(wanted, provider=provider, partner=partner)
    if rounds:
        plan = plan.model_copy(update={"rounds": _in_order(rounds, plan.rounds)})
    if not site:
        plan = plan.model_copy(update={"findings": (missing_site(), *plan.findings)})
    return wanted, plan


def _asked(
    provider: str, settings: Data | None
) -> contextlib.AbstractContextManager[Partner | None]:
    """Return the model that reads and sizes, None for the rules alone."""
    if provider == "none":
        return contextlib.nullcontext(None)
    return open_partner(provider, read_settings(settings or {}))


def _wanted(
    request: Data | None, intent: str, *there: t.Any, **said: t.Any
) -> tuple[Request, tuple[Round, ...]]:
    """Return the request that was given, or that of the sentence with a model's rounds."""
    if request is None:
        return request_of(intent, *there, **said)
    site, facts, previous = there
    known = record(previous) if previous is not None and previous.machines else None
    found = request_given(request)
    if found.reading is not None:
        return found, ()  # what this returned before, of a sentence
    return checked(found, vocabulary_of(site, facts), known), ()


def _in_order(*parts: t.Iterable[Round]) -> tuple[Round, ...]:
    rounds = itertools.chain.from_iterable(parts)
    return tuple(r.model_copy(update={"number": n}) for n, r in enumerate(rounds, start=1))


def _optional(contract: type[Contract], data: t.Any) -> Contract | None:
    return parse(contract, data) if data else None


def _before(data: Data | None) -> Request | None:
    """Return the request that a plan was made for; one of an older layout says no minimums."""
    if not data or data.get("schema_version") != 2:
        return None
    return parse(Request, data)
