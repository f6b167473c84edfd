# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a request, in words that two readings of one sentence are compared by."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Machine,
    Plan,
    Request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    ClusterThing,
    machines_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._agree import (
    Outcome,
)

_SIZES = ("cores", "memory_mib", "disk_gib")


def outcome(request: Request, plan: Plan, previous: Plan | None) -> Outcome:
    """Return the machines, the cluster and the add-ons of a plan.

    Names, VMIDs and addresses count where a person said them or they are there already; what
    sizing made up, and what a machine is called for, is no difference between readings. A plan
    that is not ready says why.
    """
    if plan.status != "ready":
        return Outcome((plan.summary,), ready=False, asks=plan.status == "ask")
    groups = [group for thing in request.things for group in machines_of(thing)]
    there = {machine.name for machine in previous.machines} if previous else set()
    names = {name for group in groups for name in group.names} | there
    vmids = {vmid for group in groups for vmid in group.vmids}
    addresses = {a.partition("/")[0] for group in groups for a in group.addresses}
    machines = [_machine(machine, names, vmids, addresses) for machine in plan.machines]
    plain = [_machine(m, names, vmids, addresses, _explicit(m)) for m in plan.machines]
    parts = [f"add-on {addon.name}" for addon in plan.addons]
    if plan.cluster is not None:
        cluster = plan.cluster
        version = f" {cluster.version}" if _of_version(request) else ""
        parts.append(
            f"a cluster{version} of {len(cluster.servers)} servers and {len(cluster.agents)}"
            f" agents with {cluster.cni}"
        )
    parts += [f"backup {job.schedule}" for job in plan.backups]
    return Outcome(
        tuple(sorted([*machines, *parts])),
        names=frozenset(names - there),
        said=tuple(sorted([*plain, *parts])),
    )


def _of_version(request: Request) -> bool:
    return any(isinstance(thing, ClusterThing) and thing.version for thing in request.things)


def _explicit(machine: Machine) -> frozenset[str]:
    """Return the sizes of a machine that a person said."""
    return frozenset(why.field for why in machine.why if why.source == "explicit")


def _machine(
    machine: Machine,
    names: t.Collection[str],
    vmids: t.Collection[int],
    said: t.Collection[str],
    sizes: t.Collection[str] = _SIZES,
) -> str:
    """Return a machine in words, with those of its sizes that count."""
    disks = "+".join(str(disk.size_gib) for disk in machine.disks)
    shown = {
        "cores": f"{machine.cores * machine.sockets} cores",
        "memory_mib": f"{machine.memory_mib} MiB",
        "disk_gib": f"{disks} GiB",
    }
    words = [
        {"lxc": "container", "vm": "VM"}[machine.kind],
        machine.name if machine.name in names else "",
        str(machine.vmid) if machine.vmid in vmids else "",
        "with " + ", ".join(text for size, text in shown.items() if size in sizes),
        f"on {machine.node}" if machine.node != "unverified" else "",
        f"from {machine.source.vmid or machine.source.volume_id}",
        "highly available" if machine.ha.enabled else "",
        " ".join(_network(machine, said)),
        " ".join(machine.pci_mappings),
    ]
    return " ".join(filter(None, words))


def _network(machine: Machine, said: t.Collection[str]) -> t.Iterator[str]:
    for nic in machine.nics:
        if nic.vlan is not None:
            yield f"VLAN {nic.vlan}"
        if nic.address.partition("/")[0] in said:
            yield nic.address
