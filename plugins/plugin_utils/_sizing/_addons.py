# SPDX-License-Identifier: GPL-3.0-or-later
"""Add-ons of a cluster: names of the catalogue, with what they need; anything else is refused."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue import (
    Catalogue,
    Given,
    Resolution,
    load_catalogue,
    near,
    of_site,
    resolve,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import Addon
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    ClusterThing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import Context

if t.TYPE_CHECKING:
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._topology import (
        Topology,
    )

ASKED = "As asked."


def resolved(
    context: Context, thing: ClusterThing, servers: int, agents: int, defaults: dict[str, str]
) -> Resolution:
    """Return what the names asked for and ``defaults`` (name → why) come to; report nothing."""
    settings, values = of_site(context.site.addons)
    given = Given(
        deployment=context.deployment,
        servers=max(servers, 1),
        agents=max(agents, 0),
        cni=thing.cni or context.site.cluster.cni,
        load_balancer_range=context.site.network.load_balancer_range,
        excluded=thing.addons_excluded,
        settings=settings,
        values=values,
    )
    return resolve(
        dict.fromkeys(thing.addons, ASKED),
        given,
        defaults=defaults,
        catalogue=catalogue_of(context),
    )


def addons_of(context: Context, thing: ClusterThing, topology: Topology) -> tuple[Addon, ...]:
    """Return the add-ons: those asked for, what they need, and those of the profile.

    What is in no catalogue, does the same job twice or does not go together is refused by name.
    """
    counts = topology.servers.value, topology.agents.value
    found = resolved(context, thing, *counts, topology.addons)
    for finding in found.findings:
        if finding not in context.findings:
            context.findings.append(finding)
    for question in found.questions:
        # A place answers it in its profile; the run stops before anything is applied without.
        context.report(
            "addon.setting",
            "warning",
            question.id,
            f"{question.text} Say it as {question.id} in the site profile before it is applied.",
            "catalogue of add-ons",
        )
    return tuple(
        Addon(name=chosen.name, why=chosen.why)
        for chosen in found.entries
        if "network" not in chosen.entry.provides
    )


def catalogue_of(context: Context) -> Catalogue:
    """Return the add-ons of the collection and of the site."""
    return load_catalogue(tuple(context.site.catalogue_dirs))


def addon_named(context: Context, name: str) -> str | None:
    """Return the catalogue's name of an add-on, or None after reporting that there is none."""
    catalogue = catalogue_of(context)
    entry = catalogue.find(name)
    if entry is None:
        names: t.Iterable[str] = catalogue.entries
        context.report(
            "addon.unknown",
            "error",
            "cluster.addons",
            f"There is no add-on {name}{near(name, names)}; there are {', '.join(names)}.",
            "catalogue",
        )
        return None
    return entry.name
