# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the site profile, and names in the request, against the facts before planning."""

from __future__ import annotations

import ipaddress

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Site,
    Snapshot,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._absent import (
    check_storage,
    unknown,
    unseen,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._addresses import (
    AddressRange,
    parse_range,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import Context
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._profile import (
    check_profile,
)

#: What a storage of the site has to hold.
CONTENT_OF_PURPOSE = {
    "default": "",  # VMs, containers or both: what needs it says so
    "fast": "images",
    "cloud_init": "images",
    "containers": "rootdir",
}
#: Ranges that addresses are given out from.
OUR_RANGES = ("machine_range", "vip_range", "load_balancer_range")


def check_site(context: Context) -> None:
    """Report each wrong name or range of the site profile; errors stop the planning."""
    _check_network(context)
    _check_values(context)
    check_profile(context)
    if context.snapshot is not None:
        _check_names(context, context.snapshot)


def _check_network(context: Context) -> None:
    network = context.site.network
    if "," in network.subnet or "," in network.gateway:
        _wrong(
            context,
            "subnet",
            f"The subnet {network.subnet} names two networks, and machines are planned with one"
            " address each: dual stack is not planned; give the network of one family.",
        )
        return
    if "/" not in network.subnet:
        _wrong(
            context,
            "subnet",
            f"The subnet {network.subnet} has no prefix length; write it with one, such as"
            f" {network.subnet}/24.",
        )
        return
    try:
        subnet = ipaddress.ip_network(network.subnet, strict=True)
    except ValueError as error:
        _wrong(context, "subnet", f"The subnet {network.subnet} is not a network: {error}.")
        return
    gateway = _address(context, "gateway", network.gateway)
    if gateway is not None and gateway.version != subnet.version:
        _wrong(
            context,
            "gateway",
            f"The gateway {gateway} is IPv{gateway.version}, the subnet {subnet} is"
            f" IPv{subnet.version}.",
        )
    elif gateway is not None and gateway not in subnet and not _on_any_link(gateway):
        _wrong(context, "gateway", f"The gateway {gateway} is outside the subnet {subnet}.")
    elif gateway in _no_host_addresses(subnet):
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


def _on_any_link(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Return whether routers of IPv6 announce themselves by such an address."""
    return address.version == 6 and address.is_link_local


def _no_host_addresses(
    subnet: ipaddress.IPv4Network | ipaddress.IPv6Network,
) -> tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, ...]:
    """Return the addresses that no host has; IPv6 knows no broadcast."""
    if isinstance(subnet, ipaddress.IPv6Network):
        return (subnet.network_address,)
    if subnet.prefixlen >= 31:
        return ()
    return (subnet.network_address, subnet.broadcast_address)


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
    nodes = {node.name: node for node in snapshot.nodes}
    for name in site.nodes:
        if name not in nodes:
            unknown(context, "node", "site.nodes", name, nodes)
    _say_which_hosts_are_away(context, snapshot)
    for purpose, content in CONTENT_OF_PURPOSE.items():
        storage = getattr(site.storages, purpose)
        if storage is not None:
            check_storage(context, f"site.storages.{purpose}", storage, content, "warning")
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


def _say_which_hosts_are_away(context: Context, snapshot: Snapshot) -> None:
    """Say which hosts of the site take nothing now, and whose guests could not all be seen."""
    for node in snapshot.nodes:
        if context.site.nodes and node.name not in context.site.nodes:
            continue
        if node.online and not node.maintenance:
            continue
        state = "in maintenance" if node.online else "offline"
        context.report(
            "node.away",
            "info",
            f"nodes.{node.name}",
            f"The host {node.name} is {state}: nothing is placed on it.",
            "facts",
        )
    hidden = unseen(snapshot, "guests")
    if hidden:
        more = f" (and {len(hidden) - 1} more like this)" if len(hidden) > 1 else ""
        context.report(
            "facts.guests",
            "warning",
            "guests",
            "Not everything about the guests of the cluster can be seen, so a name or address that"
            f" looks free may be somebody's. {hidden[0].message}{more}",
            "facts",
        )
