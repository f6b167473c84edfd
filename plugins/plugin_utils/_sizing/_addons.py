# SPDX-License-Identifier: GPL-3.0-or-later
"""Add-ons of a cluster: names of the catalogue, with what they need; anything else is refused."""

from __future__ import annotations

import typing as t
from dataclasses import replace

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
    Change,
    ClusterThing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    NUMBERS,
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._workload import (
    hold_addons,
)

if t.TYPE_CHECKING:
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._topology import (
        Topology,
    )

ASKED = "As asked."


def resolved(
    context: Context, thing: ClusterThing, servers: int, agents: int, defaults: dict[str, str]
) -> Resolution:
    """Return what the names asked for and ``defaults`` (name → why) come to; report nothing."""
    asked = dict.fromkeys(thing.addons, ASKED)
    given = _given(context, thing.cni, thing.addons_excluded, (servers, agents))
    return resolve(asked, given, defaults=defaults, catalogue=catalogue_of(context))


def _given(
    context: Context, cni: str | None, excluded: tuple[str, ...], nodes: tuple[int, int]
) -> Given:
    settings, values = of_site(context.site.addons)
    return Given(
        deployment=context.deployment,
        servers=max(nodes[0], 1),
        agents=max(nodes[1], 0),
        cni=cni or context.site.cluster.cni,
        load_balancer_range=context.site.network.load_balancer_range,
        excluded=excluded,
        settings=settings,
        values=values,
    )


def addons_of(context: Context, thing: ClusterThing, topology: Topology) -> tuple[Addon, ...]:
    """Return the add-ons: those asked for, what they need, and those of the profile.

    What is in no catalogue, does the same job twice or does not go together is refused by name.
    """
    counts = topology.servers.value, topology.agents.value
    return _taken(context, resolved(context, thing, *counts, topology.addons))


def with_order(context: Context, addons: tuple[Addon, ...], change: Change) -> tuple[Addon, ...]:
    """Return the add-ons of a cluster with one more or one less, as an order says."""
    there = {addon.name: addon for addon in addons}
    said = change.target.addon or str(change.value or "")
    name = said if said in there else addon_named(context, said)
    if name is None:
        return addons
    if change.verb not in ("remove", "decrease") and change.field != "addons_excluded":
        there.setdefault(name, Addon(name=name, why=ASKED))
        return tuple(there.values())
    told = any(finding.id == "change.absent" for finding in context.findings)
    if name not in there and not told:
        context.ask(
            "change.unknown",
            "changes",
            f"The deployment has no add-on {name}, it has {', '.join(there) or 'none'}; which of"
            " them shall go?",
            tuple(there),
        )
    there.pop(name, None)
    return tuple(there.values())


def completed(
    context: Context,
    before: tuple[Addon, ...],
    after: tuple[Addon, ...],
    cni: str | None,
    nodes: tuple[list[Group], list[Group]],
) -> tuple[Addon, ...]:
    """Return the add-ons of a cluster after all orders, with what those that came need.

    ``nodes`` are its servers and its agents. They keep their sizes and their number; what cannot be
    held by them is a warning, and that something needs what shall go is refused.
    """
    gone = tuple(addon.name for addon in before if addon not in after)
    asked = {addon.name: addon.why for addon in after}
    servers, agents = (sum(group.count for group in groups) for groups in nodes)
    given = _given(context, cni, gone, (servers, agents))
    found = resolve(asked, given, catalogue=catalogue_of(context))
    kept = [replace(g, explicit=frozenset(NUMBERS)) for groups in nodes for g in groups]
    if {*asked} - {addon.name for addon in before} and kept:
        hold_addons(context, found, kept, servers > 1)
    there = {addon.name: addon for addon in after}
    return tuple(there.get(addon.name, addon) for addon in _taken(context, found))


def _taken(context: Context, found: Resolution) -> tuple[Addon, ...]:
    """Return the add-ons of a resolution after reporting what is wrong with it."""
    for finding in found.findings:
        if finding not in context.findings:
            context.findings.append(finding)
    for chosen in found.entries:
        if chosen.needed:
            text = f"{chosen.name} comes as well: {chosen.why[0].lower()}{chosen.why[1:]}"
            context.report(
                "addon.needed", "warning", "cluster.addons", text, "catalogue of add-ons"
            )
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
