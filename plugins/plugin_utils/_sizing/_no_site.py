# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizing before there is a site profile: what stands in for it (``no_site.yml``)."""

from __future__ import annotations

import ipaddress
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    ContractError,
    Finding,
    Request,
    Site,
    Snapshot,
    parse,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    machines_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import read_yaml

PREFIX = 24
"""Length of the network of an address that was said without one."""


def missing_site() -> Finding:
    """Return the finding that no site profile was given."""
    return Finding(
        id="site.missing",
        severity="warning",
        field="site",
        message=(
            "There is no site profile (variable site): the sizes are those of your words and of the"
            " documented rules, while node, storage and addresses that you did not say stand for"
            " nothing real."
        ),
    )


def no_site(snapshot: Snapshot | None) -> Site:
    """Return what stands in for a site profile.

    Raises:
        ContractError: there are facts of a cluster, so that something could come of the plan.
    """
    if snapshot is not None:
        raise ContractError(
            "There is no site profile: tell in the variable site of the inventory what the place"
            " looks like. inventory/example of the collection explains each line."
        )
    return parse(Site, read_yaml(Path(__file__).with_name("no_site.yml")))


def around(site: Site, request: Request) -> Site:
    """Return the profile with a network that holds the first address that was said."""
    for group in (group for thing in request.things for group in machines_of(thing)):
        address = group.addresses[0] if group.addresses else ""
        try:
            said = ipaddress.ip_interface(address)
        except ValueError:  # none, dhcp, or one that the checks of the request refuse
            continue
        if "/" not in address:
            said = ipaddress.ip_interface(f"{said.ip}/{PREFIX}")
        hosts = (host for host in said.network.hosts() if host != said.ip)
        gateway = group.gateway or next(hosts, None)
        if gateway is None:
            continue
        network = site.network.model_copy(
            update={"subnet": str(said.network), "gateway": str(gateway)}
        )
        return site.model_copy(update={"network": network})
    return site
