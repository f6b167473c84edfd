# SPDX-License-Identifier: GPL-3.0-or-later
"""Who machines are: names, VMIDs and addresses that are free, or the ones they already have."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Machine
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    NAME_PATTERN,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._snapshot import (
    GuestState,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._addresses import (
    AddressPool,
    used_addresses,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
    name_prefix,
)


def deployment_tag(deployment: str) -> str:
    """Return the tag that every guest of a deployment carries."""
    return f"cw-{deployment}"


@dataclass(frozen=True)
class Known:
    """A machine of this deployment that was planned or exists already."""

    name: str
    vmid: int
    node: str
    address: str | None
    guest: GuestState | None = None  # None: planned, not there yet


class Identities:
    """Gives each machine its name, VMID and address; what exists keeps what it has."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.known = _known(context)
        own = {machine.vmid for machine in self.known.values()}
        snapshot = context.snapshot
        guests = snapshot.guests if snapshot else ()
        foreign = [guest for guest in guests if guest.vmid not in own]
        self.vmids = {guest.vmid for guest in foreign} | set(context.reserved.vmids) - own
        self.names = {guest.name for guest in foreign}
        self.names |= context.reserved.names - self.known.keys()
        held = [machine.address for machine in self.known.values() if machine.address]
        used = used_addresses(snapshot, own, context.reserved.addresses)
        reserved = context.reserved
        self.pool = AddressPool(
            context.site, used - set(held), reserved.vrrp_router_ids, reserved.networks
        )
        self.next_vmid = context.site.vmid_range[0]
        self.vmids |= own
        self.renamed: dict[str, str] = {}  # new name -> the one that it has
        for address in held:
            self.pool.take(ipaddress.ip_address(address))

    def keep_names(self, groups: t.Iterable[Group]) -> None:
        """Take over who is there under a new name: a machine that was renamed is the same one."""
        for group in groups:
            for name, machine in group.before.items():
                known = self.known.pop(machine.name, None) if machine.name != name else None
                if known is not None:
                    self.known[name] = replace(known, name=name)
                    self.renamed[name] = machine.name

    def name_group(self, group: Group) -> list[str]:
        """Return the names of a group's machines, and hold them."""
        wanted = self._names(group)
        for name in wanted:
            where = f"machines.{group.name}.name"
            if not re.match(NAME_PATTERN, name):
                self.context.report(
                    "name.invalid",
                    "error",
                    where,
                    f"{name!r} is not a valid name; use small letters, digits and dashes, at most"
                    " 63.",
                )
            elif name in self.names:
                self.context.report(
                    "conflict.name",
                    "error",
                    where,
                    f"A guest named {name} exists already or is held by another deployment and is"
                    f" not part of {self.context.deployment}; choose another name.",
                    "facts",
                )
            self.names.add(name)
        return wanted

    def all_there(self, group: Group) -> list[Known]:
        """Return the machines of a group when all of them are on Proxmox VE, else nothing."""
        found = [self.known.get(name) for name in self._names(group)]
        there = [known for known in found if known is not None and known.guest is not None]
        return there if len(there) == len(found) else []

    def _names(self, group: Group) -> list[str]:
        """Return names: those that were said or are there first, then the next free numbers."""
        prefix = group.base_name or name_prefix(self.context.deployment, group.name)
        wanted = list(group.names[: group.count])
        if not wanted:
            kept = [name for name in self.known if _number(name, prefix)]
            if group.base_name and not kept and group.base_name in self.known:
                kept = [group.base_name]
            wanted = sorted(kept, key=lambda name: _number(name, prefix))[: group.count]
        while len(wanted) < group.count:
            wanted.append(self._next(prefix, wanted, keep=bool(group.base_name)))
        return wanted if group.names else sorted(wanted, key=lambda name: _number(name, prefix))

    def _next(self, prefix: str, wanted: list[str], *, keep: bool) -> str:
        """Return the next name: after a numbered one its successor, else ``prefix-N``."""
        last = re.fullmatch(r"(.*?)(\d+)", wanted[-1]) if wanted else None
        if last is not None and not wanted[-1].startswith(f"{prefix}-"):
            head, digits = last.groups()
            number = int(digits) + 1
            while f"{head}{number:0{len(digits)}d}" in {*wanted, *self.names}:
                number += 1
            return f"{head}{number:0{len(digits)}d}"
        number = 1
        while (name := f"{prefix}-{number}") in wanted or (not keep and name in self.names):
            number += 1
        return name

    def vmid(self, name: str, wanted: int | None = None) -> int | None:
        """Return the machine's VMID: its own, the wanted, else the lowest free one.

        None is returned after reporting that the wanted one is taken or the range is used up.
        """
        known = self.known.get(name)
        if known is not None and wanted in (None, known.vmid):
            return known.vmid
        if wanted is not None:
            return self._explicit_vmid(name, wanted)
        last = self.context.site.vmid_range[1]
        while self.next_vmid <= last and self.next_vmid in self.vmids:
            self.next_vmid += 1
        if self.next_vmid > last:
            self.context.report(
                "vmid.exhausted",
                "error",
                "site.vmid_range",
                f"No VMID from {self.context.site.vmid_range[0]} to {last} is free; widen"
                " vmid_range of the site.",
                "facts",
            )
            return None
        self.vmids.add(self.next_vmid)
        return self.next_vmid

    def _explicit_vmid(self, name: str, wanted: int) -> int | None:
        if wanted not in self.vmids and wanted >= 100:
            self.vmids.add(wanted)
            return wanted
        self.context.report(
            "conflict.vmid",
            "error",
            f"machines.{name}.vmid",
            f"The VMID {wanted} is taken, reserved or below 100; choose another one or none.",
            "facts",
        )
        return None

    def address(self, name: str) -> str | None:
        """Return the machine's address: its own, else the lowest free one; None: used up."""
        known = self.known.get(name)
        if known is not None and known.address is not None:
            return known.address
        return self.pool.next_machine()

    def explicit_address(self, text: str, name: str, *, vip: bool = False) -> str | None:
        """Return an address that was asked for, or None after reporting why it cannot be used."""
        where = "cluster.vip" if vip else f"machines.{name}.address"
        try:
            address = ipaddress.ip_address(text.partition("/")[0])
        except ValueError:
            self.context.report(
                "address.invalid", "error", where, f"{text} is not an IP address; correct it."
            )
            return None
        known = self.known.get(name)
        if known is not None and known.address == str(address):
            return str(address)
        obstacle = self.pool.obstacle(address, vip=vip)
        if obstacle is not None:
            self.context.report(
                "address.conflict",
                "error",
                where,
                f"The address {address} {obstacle}; choose another one.",
                "facts",
            )
            return None
        return self.pool.take(address)


def _number(name: str, prefix: str) -> int:
    """Return N of a name ``prefix-N``, 0 for any other name."""
    head, _dash, tail = name.rpartition("-")
    return int(tail) if head == prefix and tail.isdigit() else 0


def _known(context: Context) -> dict[str, Known]:
    guests = _own_guests(context)
    known = {
        name: Known(name, guest.vmid, guest.node, _inside(context, guest.addresses), guest)
        for name, guest in guests.items()
    }
    for machine in context.placed.machines if context.placed else ():
        guest = guests.get(machine.name)
        if guest is not None and guest.vmid == machine.vmid:
            address = machine.address or known[machine.name].address
            known[machine.name] = Known(machine.name, guest.vmid, guest.node, address, guest)
        elif guest is None and _still_fits(context, machine):
            known[machine.name] = Known(machine.name, machine.vmid, machine.node, machine.address)
    return known


def _still_fits(context: Context, machine: Machine) -> bool:
    """Tell whether what was only planned still goes with the site and with what others hold.

    A corrected site profile wins over ids and addresses that nothing uses yet.
    """
    site, (low, high) = context.site, context.site.vmid_range
    if _taken(context, machine.vmid) or machine.vmid in context.reserved.vmids:
        return False
    if not low <= machine.vmid <= high:
        return False
    if site.nodes and machine.node not in site.nodes:
        return False
    if machine.address is None:
        return True
    if machine.address in context.reserved.addresses:
        return False
    nic, address = machine.nics[0], ipaddress.ip_address(machine.address)
    length = ipaddress.ip_network(site.network.subnet).prefixlen
    same = nic.address.partition("/")[2] == str(length)
    return (
        same
        and nic.gateway == site.network.gateway
        and AddressPool(site, ()).obstacle(address) is None
    )


def own_vmids(context: Context) -> set[int]:
    """Return the VMIDs of the guests that are the deployment's."""
    guests = context.snapshot.guests if context.snapshot else ()
    tag = deployment_tag(context.deployment)
    planned = {(m.vmid, m.name) for m in context.placed.machines} if context.placed else set()
    return {g.vmid for g in guests if tag in g.tags or (g.vmid, g.name) in planned}


def _own_guests(context: Context) -> dict[str, GuestState]:
    """Return the guests with the deployment's tag, and those of its plan that nobody tagged.

    A run that is killed between clone and configuration leaves such a guest; Terraform's part
    decides from its journal whether it is ours. Of a guest on a host that is offline Proxmox VE
    tells the VMID, and neither name nor tags: it goes by the plan's.
    """
    tag = deployment_tag(context.deployment)
    planned = {m.vmid: m.name for m in context.placed.machines} if context.placed else {}
    found: dict[str, GuestState] = {}
    for guest in context.snapshot.guests if context.snapshot else ():
        name = guest.name or planned.get(guest.vmid, "")
        ours = tag in guest.tags or (planned.get(guest.vmid) == name and not _tagged(guest))
        if ours and name and not guest.template:
            found[name] = guest
        elif ours and not name:
            context.report(
                "machine.nameless",
                "error",
                f"guests.{guest.vmid}",
                f"The guest {guest.vmid} on {guest.node} carries the tag {tag}, but Proxmox VE does"
                " not tell its name, as its host is offline; bring the host back first.",
                "facts",
            )
    return found


def _tagged(guest: GuestState) -> bool:
    return any(tag.startswith(deployment_tag("")) for tag in guest.tags)


def _taken(context: Context, vmid: int) -> bool:
    guests = context.snapshot.guests if context.snapshot else ()
    return any(guest.vmid == vmid for guest in guests)


def _inside(context: Context, addresses: tuple[str, ...]) -> str | None:
    subnet = ipaddress.ip_network(context.site.network.subnet)
    vip = context.placed.cluster.vip if context.placed and context.placed.cluster else None
    for text in addresses:
        if text != vip and ipaddress.ip_address(text) in subnet:
            return text
    return None
