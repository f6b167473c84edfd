# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the site profile, and names in the request, against the facts before planning."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Site,
    Snapshot,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._addresses import (
    AddressRange,
    parse_range,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import Context

#: How many existing names a message lists.
MAX_NAMES = 12


def check_site(context: Context) -> None:
    """Report each wrong name or range of the site profile; errors stop the planning."""
    _check_network(context)
    _check_values(context)
    if context.snapshot is not None:
        _check_names(context, context.snapshot)


def unknown(context: Context, what: str, where: str, name: str, existing: t.Iterable[str]) -> None:
    """Report a name that does not exist, with the names that do."""
    names = sorted(set(existing))
    listed = ", ".join(names[:MAX_NAMES]) or "none"
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    context.report(
        f"unknown.{what.replace(' ', '-')}",
        "error",
        where,
        f"The {what} {name} does not exist; there is: {listed}{more}.",
        "facts",
    )


def _check_network(context: Context) -> None:
    network = context.site.network
    try:
        subnet = ipaddress.ip_network(network.subnet, strict=True)
    except ValueError as error:
        _wrong(context, "subnet", f"The subnet {network.subnet} is not a network: {error}.")
        return
    gateway = _address(context, "gateway", network.gateway)
    if gateway is not None and gateway not in subnet:
        _wrong(context, "gateway", f"The gateway {gateway} is outside the subnet {subnet}.")
    if gateway is not None and gateway in (subnet.network_address, subnet.broadcast_address):
        _wrong(context, "gateway", f"The gateway {gateway} is no host address of {subnet}.")
    for server in network.dns_servers:
        _address(context, "dns_servers", server)
    ranges: dict[str, AddressRange] = {}
    for name in ("machine_range", "vip_range", "load_balancer_range"):
        text = getattr(network, name)
        if text is None:
            continue
        try:
            ranges[name] = parse_range(text)
        except ValueError as error:
            _wrong(context, name, str(error))
            continue
        if not ranges[name].inside(subnet):
            _wrong(context, name, f"{name} {text} is not inside the subnet {subnet}.")
    for text in network.reserved_ranges:
        try:
            ranges[f"reserved range {text}"] = parse_range(text)
        except ValueError as error:
            _wrong(context, "reserved_ranges", str(error))
    names = list(ranges)
    for index, first in enumerate(names):
        for second in names[index + 1 :]:
            both_reserved = first.startswith("reserved") and second.startswith("reserved")
            if not both_reserved and ranges[first].overlaps(ranges[second]):
                _wrong(
                    context,
                    first.split()[0],
                    f"{first} {ranges[first]} overlaps {second} {ranges[second]};"
                    " an address could be given twice.",
                )
        if gateway is not None and gateway in ranges[first] and not first.startswith("reserved"):
            _wrong(context, first, f"{first} {ranges[first]} contains the gateway {gateway}.")


def _check_values(context: Context) -> None:
    site = context.site
    low, high = site.vmid_range
    if not 100 <= low <= high:
        context.report(
            "site.vmid_range",
            "error",
            "site.vmid_range",
            f"The VMID range {low} to {high} is empty or begins below 100.",
            "site",
        )
    if not site.ssh_public_keys:
        context.report(
            "site.ssh_public_keys",
            "error",
            "site.ssh_public_keys",
            "The site names no SSH public key, and machines have no password; name at least one.",
            "site",
        )


def _wrong(context: Context, field: str, message: str) -> None:
    context.report(
        f"site.network.{field.split()[0]}", "error", f"site.network.{field}", message, "site"
    )


def _address(
    context: Context, field: str, text: str
) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        _wrong(context, field, f"{text} is not an IP address.")
        return None


def _check_names(context: Context, snapshot: Snapshot) -> None:
    site: Site = context.site
    nodes = {node.name for node in snapshot.nodes}
    for name in site.nodes:
        if name not in nodes:
            unknown(context, "node", "site.nodes", name, nodes)
    storages = {state.storage for state in snapshot.storages}
    for purpose in ("default", "fast", "cloud_init", "containers"):
        storage = getattr(site.storages, purpose)
        if storage is not None and storage not in storages:
            unknown(context, "storage", f"site.storages.{purpose}", storage, storages)
    bridges = {bridge.name for bridge in snapshot.bridges}
    if bridges and site.network.bridge not in bridges:
        unknown(context, "bridge", "site.network.bridge", site.network.bridge, bridges)
    if not bridges:
        context.report(
            "facts.bridges",
            "warning",
            "site.network.bridge",
            f"The facts hold no bridges, so {site.network.bridge} could not be checked.",
            "facts",
        )
    if site.pool is not None and site.pool not in snapshot.pools:
        unknown(context, "pool", "site.pool", site.pool, snapshot.pools)
    if not snapshot.quorate:
        context.report(
            "facts.quorum",
            "error",
            "snapshot.quorate",
            "The Proxmox cluster has no quorum and cannot create guests; bring hosts back first.",
            "facts",
        )
