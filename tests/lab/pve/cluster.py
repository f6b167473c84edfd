# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated cluster: all parts of the API over one state."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import time
from collections import deque
from typing import Any

from fakepve.model import FakeVm
from fakepve.server import FakePve

from lab.machines import Machines, MachineStatus
from lab.pve.accounts import Accounts
from lab.pve.api import Api
from lab.pve.backup import Backup
from lab.pve.calls import Call
from lab.pve.clusters import Cluster, Guest
from lab.pve.containers import Containers
from lab.pve.downloads import Downloads
from lab.pve.drives import Drives, drives_of
from lab.pve.faults import Faults
from lab.pve.firewall import Firewall
from lab.pve.guest_disks import GuestDisks
from lab.pve.guests import Guests
from lab.pve.ha import HighAvailability
from lab.pve.history import History
from lab.pve.lifecycle import Lifecycle
from lab.pve.login import Login
from lab.pve.nodes import Nodes
from lab.pve.permissions import ROOT, Access, Permissions, User
from lab.pve.power import Power
from lab.pve.sdn import Sdn
from lab.pve.storage import Storages, new_store
from lab.pve.tasks import Tasks
from lab.pve.versions import QEMU, Version
from lab.pve.wire import parse_size

MAX_CALLS = 100_000


class SimulatedCluster(
    Api,
    Login,
    Accounts,
    Permissions,
    Tasks,
    Nodes,
    History,
    Guests,
    GuestDisks,
    Lifecycle,
    Power,
    Drives,
    Downloads,
    Storages,
    Sdn,
    HighAvailability,
    Containers,
    Backup,
    Firewall,
    FakePve,
):
    """State and handlers of one simulated Proxmox VE cluster."""

    def __init__(
        self,
        cluster: Cluster,
        machines: Machines,
        *,
        host: str,
        port: int,
        version: str,
        root_password: str,
        latency_seconds: float,
    ) -> None:
        self.faults = Faults()
        super().__init__(user=ROOT, password=root_password, host=host, port=port)
        self.features = Version(version)
        self.series, self.version = version, self.features.number
        self.qemu_version = QEMU[version]
        self.machines = machines
        self.latency_seconds = latency_seconds
        self.fingerprint = ""
        self.started_at = time.time()
        self.calls: deque[Call] = deque(maxlen=MAX_CALLS)
        self.crashes: list[Exception] = []
        self.workers: set[asyncio.Future[None]] = set()
        self.acl: dict[str, Any] = {}
        self.access = Access.for_version(version)
        self.access.users[ROOT] = User({"enable": 1, "expire": 0}, password=root_password)
        self._pids = itertools.count(1000)
        self.foreign: dict[int, MachineStatus] = {}
        self._load(cluster)

    @property
    def quorate(self) -> bool:
        return self._quorate and not self.faults.active("no_quorum")

    @quorate.setter
    def quorate(self, value: bool) -> None:
        self._quorate = value

    @property
    def pid(self) -> int:
        return next(self._pids)

    def _load(self, cluster: Cluster) -> None:
        self.cluster_name = cluster.name
        self.cluster_nodes = {node.name: node for node in cluster.nodes}
        self.nodes = {
            node.name: {"online": node.online, "maintenance": node.maintenance}
            for node in cluster.nodes
        }
        self.storages = {storage.name: new_store(storage) for storage in cluster.storages}
        self.pools: dict[str, set[int]] = {name: set() for name in cluster.pools}
        self.pool_info: dict[str, dict[str, Any]] = {
            name: {"comment": comment or None, "storage": set()}
            for name, comment in cluster.pools.items()
        }
        self.options = dict(cluster.options)
        self.pci_mappings = {
            mapping.id: {"description": mapping.description, "map": list(mapping.map)}
            for mapping in cluster.pci_mappings
        }
        self.load_sdn(cluster.sdn)
        self.load_backup_jobs(cluster.backup_jobs)
        self.load_ha()
        for guest in cluster.guests:
            self._add_guest(guest)
        self.initial_vmids = {guest.vmid for guest in cluster.guests}

    def _add_guest(self, guest: Guest) -> None:
        status = "running" if guest.running else "stopped"
        if guest.kind == "lxc":
            self.add_ct(guest.vmid, guest.name, node=guest.node, status=status, config=guest.config)
            if guest.pool:
                self._pool_join(guest.pool, guest.vmid)
            return
        config = {key: x for key, x in guest.config.items() if x is not None}
        if guest.template:
            config["template"] = 1
        vm = FakeVm(guest.vmid, guest.name, guest.node, status, config=config)
        vm.template = guest.template
        self.vms.append(vm)
        for _, volume, options in drives_of(config):
            sid, _, name = volume.partition(":")
            if name and sid in self.storages and not name.startswith("iso/"):
                self.storages[sid]["volumes"][name] = {
                    "content": "images",
                    "format": "raw",
                    "size": parse_size(options.get("size", "4M")),
                    "used": 0,
                    "vmid": guest.vmid,
                    "ctime": int(time.time()),
                    "node": None if self.storages[sid].get("shared") else guest.node,
                }
        if guest.pool:
            self._pool_join(guest.pool, guest.vmid)
        if guest.running:
            addresses = (guest.address,) if guest.address else ()
            self.foreign[guest.vmid] = MachineStatus(
                True, addresses, guest.memory_mib_used, guest.cpu_fraction, 86400
            )

    @staticmethod
    def digest_of(state: Any) -> str:
        """The digest by which clients notice concurrent changes."""
        text = json.dumps(state, sort_keys=True, default=str)
        return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    def purge_guest(self, vmid: int) -> bool:
        """Forget a destroyed guest in HA and backup jobs; True if it was managed by HA."""
        self.forget_backup_guest(vmid)
        return self.forget_ha_resource(f"vm:{vmid}")
