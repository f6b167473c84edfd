# SPDX-License-Identifier: GPL-3.0-or-later
"""PCI devices for machines: each mapping of a node is given to one machine and never to two."""

from __future__ import annotations

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Snapshot
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._barred import (
    takes_machines,
    why_not,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._identity import (
    own_vmids,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)


def gpu_mappings(context: Context, group: Group) -> tuple[tuple[str, ...], frozenset[str] | None]:
    """Return PCI mappings and the hosts that have them; nothing when no GPU is asked for.

    As many hosts are returned as the group has machines, so that each machine has its own device;
    they are held from then on.
    """
    wanted = group.wish.gpu if group.wish else None
    if not wanted:
        return (), None
    where = f"machines.{group.name}.gpu"
    if group.kind == "lxc":
        context.report("gpu.kind", "error", where, "A container gets no PCI device; ask for a VM.")
        return (), frozenset()
    snapshot = context.snapshot
    if snapshot is None:
        context.report(
            "gpu.unverified",
            "warning",
            where,
            f"{wanted} GPU(s) were asked for; without facts no PCI resource mapping can be chosen.",
            "facts",
        )
        return (), None
    mappings = sorted(snapshot.pci_mappings, key=lambda mapping: mapping.id)
    taken = _taken(context, snapshot)
    for node in sorted({node for mapping in mappings for node in mapping.nodes}):
        free = {
            mapping.id: {
                n
                for n in mapping.nodes
                if takes_machines(context, n) and (mapping.id, n) not in taken
            }
            for mapping in mappings
        }
        chosen = [name for name, nodes in free.items() if node in nodes][:wanted]
        hosts = set.intersection(*(free[name] for name in chosen)) if chosen else set()
        hosts = _allowed(group, hosts)
        if len(chosen) == wanted and len(hosts) >= group.count:
            held = sorted(hosts)[: group.count]
            context.devices |= {(name, host) for name in chosen for host in held}
            return tuple(chosen), frozenset(held)
    listed = "; ".join(f"{m.id} on {', '.join(m.nodes)}" for m in mappings) or "none"
    told = ", ".join(f"{name} on {node} ({who})" for (name, node), who in sorted(taken.items()))
    named = sorted({node for mapping in mappings for node in mapping.nodes})
    out = "".join(
        f"; {node} is {why_not(context, node)}"
        for node in named
        if not takes_machines(context, node)
    )
    context.report(
        "gpu.mapping",
        "error",
        where,
        f"{group.count} machine(s) with {wanted} GPU(s) each need PCI resource mappings on as many"
        f" hosts that no other machine has; the facts hold: {listed}"
        f"{'; taken: ' + told if told else ''}{out}.",
        "facts",
    )
    return (), frozenset()


def _taken(context: Context, snapshot: Snapshot) -> dict[tuple[str, str], str]:
    """Return who has a mapping on a node: guests, other deployments, machines of this plan."""
    own = own_vmids(context)
    ours = {
        (name, guest.node)
        for guest in snapshot.guests
        if guest.vmid in own
        for name in guest.pci_mappings
    }
    taken = dict.fromkeys(
        (_place(text) for text in context.reserved.pci_mappings), "another deployment"
    )
    taken |= {
        (name, guest.node): guest.name or str(guest.vmid)
        for guest in snapshot.guests
        if guest.vmid not in own and not guest.template
        for name in guest.pci_mappings
        if (name, guest.node) not in ours
    }
    return taken | dict.fromkeys(context.devices, "this plan")


def _place(text: str) -> tuple[str, str]:
    """Return mapping and node of ``MAPPING@NODE``."""
    name, _at, node = text.rpartition("@")
    return name, node


def _allowed(group: Group, hosts: set[str]) -> set[str]:
    wish = group.wish
    if wish is None:
        return hosts
    return {
        host
        for host in hosts
        if host not in wish.not_nodes and (not wish.nodes or host in wish.nodes)
    }
