# SPDX-License-Identifier: GPL-3.0-or-later
"""The one door to a plan: rules alone, or rules with a model that proposes and is checked."""

from __future__ import annotations

import importlib
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Plan,
    Request,
    Site,
    Snapshot,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._engine import size
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Proposal,
    Reserved,
)

#: Package that holds the providers; loaded only when one other than "none" is asked for.
REVIEW = "ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model"


class ProviderError(RuntimeError):
    """The provider does not exist or cannot be loaded; the message says what to do."""


def decide(
    request: Request,
    snapshot: Snapshot | None,
    site: Site,
    *,
    provider: str = "none",
    settings: t.Mapping[str, t.Any] | None = None,
    deployment: str | None = None,
    reserved: Reserved | None = None,
    previous: Plan | None = None,
) -> Plan:
    """Return the plan of a request by the rules, reviewed with a model when one is named.

    A provider's ``review(provider, settings, request, snapshot, site, planned)`` gets
    ``planned(proposal) -> Plan``, the checked engine, and returns one of its plans.

    Raises:
        ProviderError: the provider cannot be had.
        KnowledgeError: a knowledge file is wrong.
    """

    def planned(proposal: Proposal | None = None) -> Plan:
        return size(
            request,
            snapshot,
            site,
            deployment=deployment,
            reserved=reserved,
            proposal=proposal,
            previous=previous,
        )

    if provider == "none" or request.answer != "plan":
        return planned()
    try:
        review: t.Callable[..., Plan] = importlib.import_module(REVIEW).review
    except (ImportError, AttributeError) as error:
        raise ProviderError(
            f"The provider {provider} cannot be used here ({error}); use provider none."
        ) from None
    return review(provider, settings or {}, request, snapshot, site, planned)
