# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a plan's machines from loss: backup jobs, replication, volumes that HA can move."""

from __future__ import annotations

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Machine,
    Snapshot,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._protection import (
    Backup,
    Replication,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._absent import (
    check_storage,
    listed,
    unknown,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import Context

#: Shared storages that fail together with the cluster whose disks they hold.
IN_CLUSTER_TYPES = frozenset({"rbd", "cephfs"})


def backups_of(context: Context, machines: tuple[Machine, ...]) -> tuple[Backup, ...]:
    """Return the jobs of the request, else those the deployment has, else the site's.

    Each one is checked against the facts; what a job cannot do is reported.
    """
    request, previous, site = context.request, context.previous, context.site
    jobs = request.backups or (previous.backups if previous else ()) or site.backups
    for job in site.backups:
        if job.guests != "deployment":
            context.report(
                "backup.site",
                "error",
                f"site.backups.{job.name}",
                f"The backup job {job.name} of the site covers guests of others, and each"
                " deployment would make it again; name it in the request of one deployment.",
                "site",
            )
    names = [job.name for job in jobs]
    for name in sorted({name for name in names if names.count(name) > 1}):
        context.report(
            "backup.name", "error", "backups", f"Two backup jobs are named {name}; rename one."
        )
    if context.snapshot is not None:
        for job in jobs:
            _check_storage(context, job, machines)
            _check_pool(context, context.snapshot, job)
    return jobs


def _check_storage(context: Context, job: Backup, machines: tuple[Machine, ...]) -> None:
    where = f"backups.{job.name}.storage"
    states = check_storage(context, where, job.storage, "backup")
    if not states:
        return
    lacking = {machine.node for machine in machines} - {state.node for state in states}
    if lacking:
        context.report(
            "backup.storage",
            "error",
            where,
            f"The backup job {job.name} needs {job.storage} on {listed(lacking)} as well, where"
            f" its machines are; it can be used on {listed(state.node for state in states)}."
            " Choose another storage.",
            "facts",
        )
        return
    protected = {disk.storage for machine in machines for disk in machine.disks}
    inside = any(not row.shared or row.type in IN_CLUSTER_TYPES for row in states)
    if job.storage in protected or inside:
        reason = "holds the disks" if job.storage in protected else "lies inside the cluster"
        context.report(
            "backup.target",
            "warning",
            where,
            f"{job.storage} {reason} that the backup job {job.name} is to protect, and would be"
            " lost with them; back up to a storage outside of the cluster as well.",
            "facts",
        )


def _check_pool(context: Context, snapshot: Snapshot, job: Backup) -> None:
    if job.guests == "pool" and job.pool not in snapshot.pools:
        unknown(context, "pool", f"backups.{job.name}.pool", str(job.pool), snapshot.pools)


def check_ha_volumes(context: Context, machines: tuple[Machine, ...]) -> None:
    """Report highly available machines whose cloud-init drive another node could not read."""
    if context.snapshot is None:
        return
    local = {(row.storage, row.node) for row in context.snapshot.storages if not row.shared}
    held = sorted(
        machine.name
        for machine in machines
        if machine.kind == "vm"
        and machine.ha.enabled
        and machine.cloud_init is not None
        and (machine.cloud_init.storage, machine.node) in local
    )
    if held:
        context.report(
            "ha.cloud-init",
            "error",
            "site.storages.cloud_init",
            f"High availability of {', '.join(held)} needs the cloud-init drive on a shared"
            f" storage, {context.site.storages.cloud_init} is local to each host; name a shared"
            " one or none.",
            "facts",
        )


def replicated(context: Context, machines: tuple[Machine, ...]) -> tuple[Machine, ...]:
    """Return the machines with a replication job each, where the site wants one."""
    rule, snapshot = context.site.replication, context.snapshot
    if rule is None or snapshot is None:
        return machines
    made, without = [], []
    for machine in machines:
        target = _target(context, snapshot, machine)
        if target is None:
            without.append(machine.name)
            made.append(machine)
            continue
        job = Replication(target=target, **rule.model_dump())
        made.append(machine.model_copy(update={"replication": (job,)}))
    if without:
        context.report(
            "replication.impossible",
            "warning",
            "site.replication",
            f"{', '.join(without)} cannot be replicated: all volumes have to lie on node-local ZFS"
            " storages that a second node of the site has under the same names.",
            "facts",
        )
    return tuple(made)


def _target(context: Context, snapshot: Snapshot, machine: Machine) -> str | None:
    """Return the next node by name, after the machine's own, that can hold its volumes."""
    volumes = {disk.storage for disk in machine.disks}
    if machine.kind == "vm" and machine.cloud_init is not None:
        volumes.add(machine.cloud_init.storage)
    holders = {
        node.name
        for node in snapshot.nodes
        if node.online
        and (not context.site.nodes or node.name in context.site.nodes)
        and volumes <= _local_zfs(snapshot, node.name)
    }
    if machine.node not in holders:
        return None
    others = sorted(holders - {machine.node})
    return next((name for name in others if name > machine.node), others[0] if others else None)


def _local_zfs(snapshot: Snapshot, node: str) -> set[str]:
    return {
        row.storage
        for row in snapshot.storages
        if row.node == node and row.type == "zfspool" and row.enabled and row.active
    }
