# SPDX-License-Identifier: GPL-3.0-or-later
"""Privileges that a plan needs, beside those that the credentials hold: all that lack at once."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.ends import told
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Machine,
    Snapshot,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._protection import (
    Backup,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._absent import listed
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import Context
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._reach import (
    handed_over,
)

#: What any guest needs to be configured and started, then what only VMs need.
GUEST: tuple[str, ...] = (
    "VM.Audit",
    "VM.PowerMgmt",
    "VM.Config.CPU",
    "VM.Config.Disk",
    "VM.Config.Memory",
)
GUEST += ("VM.Config.Network", "VM.Config.Options")
VM = ("VM.Config.HWType",)
CLOUD_INIT = ("VM.Config.Cloudinit", "VM.Config.CDROM")
#: What a privilege on everything would allow, in words.
COULD: tuple[tuple[str, str], ...] = (
    ("Permissions.Modify", "give itself and others any right"),
    ("VM.Allocate", "destroy any guest"),
    ("VM.PowerMgmt", "stop any guest"),
    ("VM.Config.Disk", "take disks from any guest"),
    ("VM.Config.Network", "move any guest to another network"),
    ("VM.Config.Options", "change the settings of any guest"),
    ("VM.Snapshot.Rollback", "throw away what any guest wrote since a snapshot"),
    ("VM.Backup", "read the data of any guest"),
    ("VM.Console", "open the console of any guest"),
    ("VM.Monitor", "run commands in any guest"),
    ("VM.GuestAgent.Unrestricted", "run commands in any guest"),
    ("VM.Migrate", "move any guest to another host"),
    ("VM.Clone", "copy any guest"),
    ("Datastore.Allocate", "remove volumes and storages"),
    ("Datastore.AllocateSpace", "fill every storage"),
    ("Pool.Allocate", "take any guest into a pool of its own"),
    ("SDN.Allocate", "change the networks"),
    ("Sys.Modify", "change hosts, backup jobs and their network"),
    ("Sys.PowerMgmt", "switch hosts off"),
    ("Sys.Console", "open the console of the hosts, manage high availability"),
    ("User.Modify", "change users"),
)
#: Those of them that reach guests of others.
DANGEROUS = ("Permissions.Modify", "VM.Allocate", "VM.PowerMgmt", "VM.Config.Disk")

Need = tuple[tuple[str, ...], tuple[str, ...]]  # one of these paths, one of these privileges


def check_privileges(
    context: Context, machines: t.Sequence[Machine], backups: t.Sequence[Backup]
) -> None:
    """Report every privilege that the plan needs and the credentials lack."""
    snapshot = context.snapshot
    if snapshot is None:
        return
    _warn_of_ends(context, snapshot)
    if not snapshot.privileges:
        return
    there = {guest.vmid for guest in snapshot.guests}
    lacking: dict[str, set[str]] = {}
    for paths, privileges in _needs(snapshot, machines, backups, there):
        held = any(set(privileges) & granted(snapshot.privileges, path) for path in paths)
        if not held:
            lacking.setdefault(" or ".join(privileges), set()).add(paths[0])
    if lacking:
        needs = "; ".join(f"{name} on {listed(paths)}" for name, paths in sorted(lacking.items()))
        context.report(
            "privileges.missing",
            "error",
            "privileges",
            f"The credentials for Proxmox VE lack what this plan needs: {needs}. Give their role"
            " these privileges (pveum role modify), then plan again.",
            "facts",
        )
    _warn_of_silence(context, snapshot, machines)
    _warn_of_power(context, snapshot)


def _needs(
    snapshot: Snapshot,
    machines: t.Sequence[Machine],
    backups: t.Sequence[Backup],
    there: t.Container[int],
) -> t.Iterator[Need]:
    for machine in machines:
        yield from _of_guest(machine)
        if machine.vmid not in there:
            yield from _of_creation(machine)
            if handed_over(snapshot, machine):
                yield _places(machine), ("VM.Migrate",)
        for nic in machine.nics:
            path = f"/sdn/zones/{_zone(snapshot, nic.bridge)}/{nic.bridge}"
            yield (f"{path}/{nic.vlan}" if nic.vlan else path,), ("SDN.Use",)
        for mapping in machine.pci_mappings:
            yield (f"/mapping/pci/{mapping}",), ("Mapping.Use",)
        if machine.ha.enabled:
            yield ("/",), ("Sys.Console",)
        if machine.replication:
            kind = "VM.Replicate" if snapshot.version.major >= 9 else "Datastore.Allocate"
            yield (f"/vms/{machine.vmid}" if snapshot.version.major >= 9 else "/storage",), (kind,)
    if backups:
        yield ("/",), ("Sys.Modify",)


def _of_guest(machine: Machine) -> t.Iterator[Need]:
    places = _places(machine)
    wanted = [*GUEST, *(VM if machine.kind == "vm" else ())]
    if machine.kind == "vm" and machine.cloud_init is not None:
        wanted += CLOUD_INIT
    for privilege in wanted:
        yield places, (privilege,)


def _of_creation(machine: Machine) -> t.Iterator[Need]:
    yield _places(machine), ("VM.Allocate",)
    storages = {disk.storage for disk in machine.disks}
    if machine.kind == "vm" and machine.cloud_init is not None:
        storages.add(machine.cloud_init.storage)
    for storage in sorted(storages):
        yield (f"/storage/{storage}",), ("Datastore.AllocateSpace",)
    source = machine.source
    if source.type == "template" and source.vmid is not None:
        yield (f"/vms/{source.vmid}",), ("VM.Clone",)


def _places(machine: Machine) -> tuple[str, ...]:
    """Return where a privilege on a guest may come from: the guest itself, or its pool."""
    pool = (f"/pool/{machine.pool}",) if machine.pool else ()
    return (f"/vms/{machine.vmid}", *pool)


def _zone(snapshot: Snapshot, bridge: str) -> str:
    entries = (entry.zone for entry in snapshot.bridges if entry.name == bridge and entry.zone)
    return next(entries, "localnetwork")


def granted(privileges: t.Mapping[str, tuple[str, ...]], path: str) -> set[str]:
    """Return the privileges on a path: its own, else those of the nearest path above.

    ``PATH/*`` is what a path hands down, where that is less than it has.
    """
    if path in privileges:
        return set(privileges[path])
    while path != "/":
        path = path.rpartition("/")[0] or "/"
        for name in (f"{path.rstrip('/')}/*", path):
            if name in privileges:
                return set(privileges[name])
    return set()


def _warn_of_silence(context: Context, snapshot: Snapshot, machines: t.Sequence[Machine]) -> None:
    """Say whose address by DHCP nobody could ask the guest agent for."""
    agent = "VM.GuestAgent.Audit" if snapshot.version.major >= 9 else "VM.Monitor"
    wanted = {agent, "VM.GuestAgent.Unrestricted"}
    silent = [
        machine.name
        for machine in machines
        if machine.kind == "vm"
        and machine.nics
        and machine.nics[0].address == "dhcp"
        and machine.agent
        and not any(wanted & granted(snapshot.privileges, path) for path in _places(machine))
    ]
    if silent:
        context.report(
            "privileges.agent",
            "warning",
            "privileges",
            f"Without {agent} nobody can ask the guest agent of {listed(silent)} for the address"
            " that DHCP gives it; grant it, or give a fixed address.",
            "facts",
        )


def _warn_of_ends(context: Context, snapshot: Snapshot) -> None:
    """Say which credential ends so soon that what runs is cut off from us."""
    for credential in snapshot.credentials:
        now = datetime.datetime.fromisoformat(snapshot.source.collected_at)
        if text := told(credential.identity, credential.ends, now):
            context.report("credentials.end", "warning", "credentials", text, "facts")


def _warn_of_power(context: Context, snapshot: Snapshot) -> None:
    """Say what credentials could do that hold rights on guests of others."""
    held = granted(snapshot.privileges, "/") | granted(snapshot.privileges, "/vms")
    words = [word for name, word in COULD if name in held and name in DANGEROUS]
    if words:
        context.report(
            "privileges.wide",
            "warning",
            "privileges",
            f"The credentials for Proxmox VE could {', '.join(words)}; only this project's own care"
            " keeps it from that. The playbook doctor makes two that Proxmox VE itself keeps from"
            " it (-e make=true).",
            "facts",
        )
