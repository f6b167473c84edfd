# SPDX-License-Identifier: GPL-3.0-or-later
"""Add-ons of a cluster: names of the catalogue, with what they need; anything else is refused."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue import (
    Given,
    load_catalogue,
    near,
    resolve,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import Addon
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    ClusterThing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import Context
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._topology import (
    Topology,
)

ASKED = "As asked."


def addons_of(context: Context, thing: ClusterThing, topology: Topology) -> tuple[Addon, ...]:
    """Return the add-ons: those asked for, what they need, and those of the profile.

    What is in no catalogue, does the same job twice or does not go together is refused by name.
    """
    given = Given(
        deployment=context.deployment,
        servers=max(topology.servers.value, 1),
        agents=max(topology.agents.value, 0),
        cni=thing.cni or context.site.cluster.cni,
        excluded=thing.addons_excluded,
    )
    defaults = {name: f"Profile {topology.profile_id}." for name in topology.profile.addons}
    found = resolve(dict.fromkeys(thing.addons, ASKED), given, defaults=defaults)
    for finding in found.findings:
        if finding not in context.findings:
            context.findings.append(finding)
    return tuple(
        Addon(name=chosen.name, why=chosen.why)
        for chosen in found.entries
        if "network" not in chosen.entry.provides
    )


def addon_named(context: Context, name: str) -> str | None:
    """Return the catalogue's name of an add-on, or None after reporting that there is none."""
    catalogue = load_catalogue()
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
