# SPDX-License-Identifier: GPL-3.0-or-later
"""How "start VM" of the simulated Proxmox VE reaches a host.

`Machines` is implemented by real back ends (one Linux host per guest) and by
`SimulatedMachines`, which has no host behind it and says so.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol


class MachineError(Exception):
    """A host could not be started, stopped or removed; the message is one plain sentence."""


@dataclass(frozen=True)
class MachineSpec:
    """What a guest's configuration asks of its host; cloud-init values are decoded."""

    vmid: int
    name: str
    node: str
    cores: int
    memory_mib: int
    user: str
    ssh_keys: tuple[str, ...]
    address: str | None
    """Address with prefix length ("10.77.0.21/24"); None: none configured."""
    gateway: str | None
    dns_servers: tuple[str, ...]
    search_domain: str | None
    mac: str
    bridge: str


@dataclass(frozen=True)
class MachineStatus:
    """What a host uses at this moment; `addresses` carry their prefix length."""

    running: bool
    addresses: tuple[str, ...]
    memory_mib_used: int
    cpu_fraction: float
    uptime_seconds: int


class Machines(Protocol):
    """The hosts behind the guests; every method may be called from any thread."""

    simulated: bool
    """True: no host is behind it, and everything a person reads says SIMULATED."""

    def start(self, spec: MachineSpec) -> None:
        """Block until the host is up (sshd answers).

        Raises:
            MachineError: the host did not come up.
        """

    def stop(self, vmid: int, *, force: bool) -> None:
        """Power the host off, cleanly unless `force`; return when it is off."""

    def reboot(self, vmid: int) -> None:
        """Restart the host; return when it is up again."""

    def destroy(self, vmid: int) -> None:
        """Remove everything that belongs to the guest; an unknown one is fine."""

    def status(self, vmid: int) -> MachineStatus | None:
        """What the host uses now, or None when there is none."""

    def close(self) -> None:
        """End and remove all hosts."""


class SimulatedMachines:
    """No hosts: a running flag per guest, and its configured address as the guest's own."""

    simulated = True

    def __init__(self) -> None:
        self._specs: dict[int, MachineSpec] = {}
        self._started: dict[int, float] = {}

    def start(self, spec: MachineSpec) -> None:
        self._specs[spec.vmid] = spec
        self._started[spec.vmid] = time.monotonic()

    def stop(self, vmid: int, *, force: bool) -> None:
        self._started.pop(vmid, None)

    def reboot(self, vmid: int) -> None:
        if vmid in self._started:
            self._started[vmid] = time.monotonic()

    def destroy(self, vmid: int) -> None:
        self._started.pop(vmid, None)
        self._specs.pop(vmid, None)

    def status(self, vmid: int) -> MachineStatus | None:
        spec = self._specs.get(vmid)
        if spec is None:
            return None
        started = self._started.get(vmid)
        if started is None:
            return MachineStatus(False, (), 0, 0.0, 0)
        return MachineStatus(
            running=True,
            addresses=(spec.address,) if spec.address and spec.address != "dhcp" else (),
            memory_mib_used=spec.memory_mib // 4,
            cpu_fraction=0.02,
            uptime_seconds=int(time.monotonic() - started),
        )

    def close(self) -> None:
        self._started.clear()
        self._specs.clear()
