# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain data in, request and plan out: what the action and the lookup plug-in call."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Contract,
    Plan,
    Request,
    Site,
    Snapshot,
    parse,
    require,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import (
    load_knowledge,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._decide import decide
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import Reserved
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._no_site import (
    NO_SITE,
    around,
    no_site,
)

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
) -> tuple[Request, Plan]:
    """Return request and plan; an empty mapping counts as not given.

    Raises:
        ContractError: an argument does not fit its contract.
        KnowledgeError: a knowledge file is wrong.
        RuntimeError: a library or the provider is missing.
    """
    require()
    facts = _optional(Snapshot, snapshot)
    place = parse(Site, site) if site else no_site(facts)
    previous = _optional(Plan, previous_plan)
    if request is not None:
        wanted = parse(Request, request)
    else:
        wanted = _read(intent or "", place, facts, _optional(Request, previous_request))
    if not site:
        place = around(place, wanted)
    held = reserved or {}
    plan = decide(
        wanted,
        facts,
        place,
        provider=provider,
        settings=provider_settings,
        deployment=deployment or None,
        reserved=Reserved(
            frozenset(held.get("vmids") or ()),
            frozenset(held.get("addresses") or ()),
            frozenset(held.get("names") or ()),
        ),
        previous=previous,
    )
    if not site:
        plan = plan.model_copy(update={"findings": (NO_SITE, *plan.findings)})
    return wanted, plan


def _optional(contract: type[Contract], data: t.Any) -> Contract | None:
    return parse(contract, data) if data else None


def _read(intent: str, site: Site, snapshot: Snapshot | None, previous: Request | None) -> Request:
    """Return the request of a sentence; names of the cluster help to tell names from words."""
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _request

    guests = snapshot.guests if snapshot else ()
    vocabulary = _request.Vocabulary(
        software=load_knowledge(tuple(site.knowledge_dirs)).vocabulary,
        nodes=tuple(node.name for node in snapshot.nodes) if snapshot else (),
        storages=tuple(sorted({s.storage for s in snapshot.storages})) if snapshot else (),
        templates=tuple(guest.name for guest in guests if guest.template),
        guests=tuple(guest.name for guest in guests if not guest.template),
    )
    return _request.read_request(intent, vocabulary=vocabulary, previous=previous)
