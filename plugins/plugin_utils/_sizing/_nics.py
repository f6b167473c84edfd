# SPDX-License-Identifier: GPL-3.0-or-later
"""The network card of a machine: what was wished, else what its siblings or the site have."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import (
    Nic,
    Source,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._identity import (
    Identities,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)


def nic_of(
    context: Context,
    group: Group,
    name: str,
    identities: Identities,
    *,
    index: int,
    source: Source,
) -> Nic | None:
    """Return the network card of a new machine; None after reporting that it has no address.

    Args:
        context: what is planned.
        group: the machine's group.
        name: its name.
        identities: the addresses that are taken.
        index: which machine of the group it is.
        source: what it is made of; an installer image asks DHCP.
    """
    network, wish = context.site.network, group.wish
    wanted = None
    if wish is not None and wish.addresses:
        general = wish.addresses[0] if wish.addresses == ("dhcp",) else None
        said = wish.addresses[index : index + 1]
        wanted = said[0] if said else general
    elif (sibling := next(iter(group.before.values()), None)) is not None and sibling.nics:
        wanted = "dhcp" if sibling.nics[0].address == "dhcp" else None
    if wanted is None and source.type == "iso":
        wanted = "dhcp"
    address = _address(context, wanted, name, identities)
    if address is None:
        return None
    gateway: str | None = network.gateway
    if address == "dhcp":
        gateway = None
    elif wish is not None and wish.gateway:
        gateway = wish.gateway
    return Nic(
        bridge=wish.bridge if wish and wish.bridge else network.bridge,
        vlan=wish.vlan if wish and wish.vlan is not None else network.vlan,
        mtu=network.mtu,
        firewall=context.site.firewall,
        address=address,
        gateway=gateway,
    )


def changed_nic(
    context: Context, group: Group, name: str, nic: Nic, identities: Identities
) -> Nic | None:
    """Return a machine's network card with what changes; None where no address is left."""
    wish = group.wish
    if wish is None:
        return nic
    update: dict[str, t.Any] = {
        key: value
        for key, value in (("bridge", wish.bridge), ("vlan", wish.vlan), ("gateway", wish.gateway))
        if value is not None
    }
    if wish.addresses:
        found = _address(context, wish.addresses[0], name, identities)
        if found is None:
            return None
        update["address"] = found
        if found == "dhcp":
            update["gateway"] = None
    return nic.model_copy(update=update)


def _address(context: Context, wanted: str | None, name: str, identities: Identities) -> str | None:
    """Return the address with its prefix, or "dhcp"; None after reporting that there is none."""
    if wanted == "dhcp":
        return wanted
    chosen = (
        identities.address(name) if wanted is None else identities.explicit_address(wanted, name)
    )
    if chosen is None:
        if wanted is None:
            context.report(
                "address.exhausted",
                "error",
                "site.network.machine_range",
                f"No address of {identities.pool.machine_range} is free for {name}; widen"
                " machine_range of the site or remove machines.",
                "facts",
            )
        return None
    return f"{chosen}/{ipaddress.ip_network(context.site.network.subnet).prefixlen}"
