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
#: Ranges that addresses are given out from.
OUR_RANGES = ("machine_range", "vip_range", "load_balancer_range")


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
        f"unknown.{what.lower().replace(' ', '-')}",
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
    elif gateway in (subnet.network_address, subnet.broadcast_address):
        _wrong(context, "gateway", f"The gateway {gateway} is no host address of {subnet}.")
    for server in network.dns_servers:
        _address(context, "dns_servers", server)
    ours = {
        name: found
        for name in OUR_RANGES
        if (found := _range(context, name, getattr(network, name))) is not None
    }
    for name, found in ours.items():
        if not found.inside(subnet):
            _wrong(context, name, f"{name} {found} is not inside the subnet {subnet}.")
        if gateway is not None and gateway in found:
            _wrong(context, name, f"{name} {found} contains the gateway {gateway}.")
    _check_overlaps(context, ours)


def _check_overlaps(context: Context, ours: dict[str, AddressRange]) -> None:
    texts = context.site.network.reserved_ranges
    held = {text: found for text in texts if (found := _range(context, "reserved_ranges", text))}
    pairs = [(a, b) for index, a in enumerate(ours) for b in list(ours)[index + 1 :]]
    for first, second in pairs:
        if ours[first].overlaps(ours[second]):
            _overlap(context, first, ours[first], second, ours[second])
    for name, found in ours.items():
        for text, other in held.items():
            if found.overlaps(other):
                _overlap(context, name, found, f"the reserved range {text}", other)


def _overlap(
    context: Context, name: str, found: AddressRange, other_name: str, other: AddressRange
) -> None:
    message = f"{name} {found} overlaps {other_name} {other}; an address could be given twice."
    _wrong(context, name, message)


def _range(context: Context, field: str, text: str | None) -> AddressRange | None:
    try:
        return None if text is None else parse_range(text)
    except ValueError as error:
        _wrong(context, field, str(error))
        return None


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
    where = f"site.network.{field}"
    context.report(where, "error", where, message, "site")


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
