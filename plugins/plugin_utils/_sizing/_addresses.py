# SPDX-License-Identifier: GPL-3.0-or-later
"""Address ranges and the choice of free addresses inside a subnet."""

from __future__ import annotations

import ipaddress
import itertools
import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Site,
    Snapshot,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._vrrp import (
    router_id_of,
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Subnet = ipaddress.IPv4Network | ipaddress.IPv6Network


#: Addresses for the load balancers of one cluster.
LEAST_SHARE, LARGEST_SHARE = 8, 64


@dataclass(frozen=True)
class AddressRange:
    """Addresses from ``first`` to ``last``, both included."""

    first: Address
    last: Address

    def __contains__(self, address: Address) -> bool:
        return address.version == self.first.version and int(self.first) <= int(address) <= int(
            self.last
        )

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"

    def __iter__(self) -> t.Iterator[Address]:
        kind = type(self.first)
        return (kind(number) for number in range(int(self.first), int(self.last) + 1))

    def inside(self, subnet: Subnet) -> bool:
        """Return whether every address belongs to the subnet."""
        return self.first in subnet and self.last in subnet

    def overlaps(self, other: AddressRange) -> bool:
        """Return whether an address belongs to both."""
        if self.first.version != other.first.version:
            return False
        return int(self.first) <= int(other.last) and int(other.first) <= int(self.last)


def parse_range(text: str) -> AddressRange:
    """Return the range of ``a-b``, a CIDR block or one address.

    Raises:
        ValueError: it is none of the three, or ends before it begins.
    """
    try:
        if "/" in text:
            block = ipaddress.ip_network(text.strip(), strict=True)
            return AddressRange(block.network_address, block.broadcast_address)
        first_text, _dash, last_text = text.partition("-")
        first = ipaddress.ip_address(first_text.strip())
        last = ipaddress.ip_address(last_text.strip()) if last_text else first
    except ValueError as error:
        raise ValueError(f"{text} is not an address range (a-b or CIDR): {error}.") from None
    if first.version != last.version or int(last) < int(first):
        raise ValueError(f"The address range {text} ends before it begins.")
    return AddressRange(first, last)


class AddressPool:
    """Hands out addresses that nobody has; lowest first, each once."""

    def __init__(
        self,
        site: Site,
        taken: t.Iterable[str],
        router_ids: t.Collection[int] = (),
        networks: t.Iterable[str] = (),
    ) -> None:
        network = site.network
        self.subnet: Subnet = ipaddress.ip_network(network.subnet)
        self.machine_range = parse_range(network.machine_range or network.subnet)
        self.router_ids = router_ids
        self.vip_range = parse_range(network.vip_range) if network.vip_range else None
        self.taken: set[Address] = {ipaddress.ip_address(text) for text in taken}
        self.taken.update(
            ipaddress.ip_address(text) for text in (network.gateway, *network.dns_servers)
        )
        self.taken.update((self.subnet.network_address, self.subnet.broadcast_address))
        self.kept = [parse_range(text) for text in (*network.reserved_ranges, *networks)]
        given = network.load_balancer_range
        self.load_balancer_range = parse_range(given) if given else None
        if self.load_balancer_range:
            self.kept.append(self.load_balancer_range)

    def obstacle(self, address: Address, *, vip: bool = False) -> str | None:
        """Return why an address cannot be used, or None."""
        if address not in self.subnet:
            return f"is outside the subnet {self.subnet}"
        if address in (self.subnet.network_address, self.subnet.broadcast_address):
            return f"is the network or broadcast address of {self.subnet}"
        if address in self.taken:
            return "is already used or reserved"
        ranges = self.kept if vip or self.vip_range is None else [*self.kept, self.vip_range]
        for held in ranges:
            if address in held:
                return f"belongs to the reserved range {held}"
        return None

    def take(self, address: Address) -> str:
        """Mark the address as used and return its text."""
        self.taken.add(address)
        return str(address)

    def release(self, text: str) -> None:
        """Make an address of ours available again."""
        self.taken.discard(ipaddress.ip_address(text))

    def next_machine(self) -> str | None:
        """Return a free address for a machine, None when the range is used up."""
        for address in self.machine_range:
            if self.obstacle(address) is None:
                return self.take(address)
        return None

    def next_vip(self) -> str | None:
        """Return a free address for a virtual IP, from its range when the site has one.

        Its VRRP router id, which follows from it, is no other cluster's either.
        """
        for address in self.vip_range or self.machine_range:
            free = router_id_of(str(address)) not in self.router_ids
            if free and self.obstacle(address, vip=True) is None:
                return self.take(address)
        return None

    def next_share(self) -> AddressRange | None:
        """Return a part of the load balancers' range for one cluster, None when none is left.

        A quarter of the range, within bounds: other clusters of the site need theirs. It lies in
        the first gap that is large enough, else it is the largest gap.
        """
        whole = self.load_balancer_range
        if whole is None:
            return None
        total = int(whole.last) - int(whole.first) + 1
        wanted = min(total, max(LEAST_SHARE, min(LARGEST_SHARE, total // 4)))
        held = sorted(a for a in self.taken if a in whole)
        ends = [int(whole.first) - 1, *map(int, held), int(whole.last) + 1]
        gaps = [(low + 1, high - low - 1) for low, high in itertools.pairwise(ends)]
        fits = [gap for gap in gaps if gap[1] >= wanted]
        first, size = fits[0] if fits else max(gaps, key=lambda gap: gap[1])
        if size <= 0:
            return None
        kind = type(whole.first)
        return AddressRange(kind(first), kind(first + min(size, wanted) - 1))


def used_addresses(
    snapshot: Snapshot | None, own_vmids: t.Container[int], reserved: t.Iterable[str]
) -> set[str]:
    """Return every address that somebody else has: guests, hosts, bridges, reservations."""
    used = set(reserved)
    if snapshot is None:
        return used
    for guest in snapshot.guests:
        if guest.vmid not in own_vmids:
            used.update(guest.addresses)
    used.update(node.address for node in snapshot.nodes if node.address)
    used.update(b.cidr.partition("/")[0] for b in snapshot.bridges if b.cidr)
    return {text for text in used if _is_address(text)}


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
