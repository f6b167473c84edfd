# SPDX-License-Identifier: GPL-3.0-or-later
"""`Machines` with real Linux hosts."""

from __future__ import annotations

import contextlib
import threading
from ipaddress import AddressValueError, IPv4Interface, NetmaskValueError
from pathlib import Path
from typing import IO

from lab.hosts.cgroups import ControlGroup
from lab.hosts.disk import HostSite
from lab.hosts.footprint import Footprint, remove_footprint
from lab.hosts.guardian import start_guardian
from lab.hosts.host import Host
from lab.hosts.limits import KernelLimits
from lab.hosts.network import LabNetwork, make_bridge
from lab.machines import MachineError, MachineSpec, MachineStatus

REFRESH_SECONDS = 2.0


class NspawnMachines:
    """The hosts of one lab, its bridge, and a guardian that removes them should the lab die."""

    simulated = False

    def __init__(
        self,
        state_dir: Path,
        network: LabNetwork,
        held: IO[str],
        *,
        rootfs: Path,
        images: tuple[Path, ...] = (),
    ) -> None:
        """Make the bridge; `held` is the open lock file of `network`.

        Raises:
            CommandError: the bridge cannot be made.
            MachineError: a limit of the kernel is too small and cannot be raised.
        """
        self._state_dir = state_dir
        self._network = network
        self._site = HostSite(rootfs, state_dir / "machines", network.bridge, images)
        self._hosts: dict[int, Host] = {}
        self._locks: dict[int, threading.Lock] = {}
        self._closing = threading.Event()
        groups = tuple(str(path) for path in ControlGroup(network.bridge).directories)
        Footprint(network.bridge, groups, str(self._site.machines_dir)).save(state_dir)
        self._guardian = start_guardian(state_dir, held)
        make_bridge(network)
        KernelLimits().raise_for_labs()
        threading.Thread(target=self._refresh, name="meminfo", daemon=True).start()

    def start(self, spec: MachineSpec) -> None:
        self._check_address(spec)
        with self._lock(spec.vmid):
            host = self._hosts.get(spec.vmid)
            if host is not None and host.running:
                return
            if self._closing.is_set():
                raise MachineError(f"VM {spec.vmid}: the lab is ending.")
            self._hosts[spec.vmid] = host = Host(self._site, spec)
            host.start()

    def stop(self, vmid: int, *, force: bool) -> None:
        with self._lock(vmid):
            if host := self._hosts.get(vmid):
                host.stop(force=force)

    def reboot(self, vmid: int) -> None:
        with self._lock(vmid):
            host = self._hosts.get(vmid)
            if host is None:
                raise MachineError(f"VM {vmid} has no host.")
            host.reboot()

    def destroy(self, vmid: int) -> None:
        with self._lock(vmid):
            if host := self._hosts.pop(vmid, None):
                host.destroy()

    def status(self, vmid: int) -> MachineStatus | None:
        host = self._hosts.get(vmid)
        return host.status() if host else None

    def close(self) -> None:
        if self._closing.is_set():
            return
        self._closing.set()
        for vmid in list(self._hosts):  # one that is still starting is waited for
            self.stop(vmid, force=True)
        remove_footprint(self._state_dir)
        if self._guardian.stdin:
            self._guardian.stdin.close()
        self._guardian.wait()

    def _lock(self, vmid: int) -> threading.Lock:
        return self._locks.setdefault(vmid, threading.Lock())

    def _check_address(self, spec: MachineSpec) -> None:
        if spec.address is None:
            return
        try:
            wanted = IPv4Interface(spec.address)
        except (AddressValueError, NetmaskValueError, ValueError) as error:
            raise MachineError(f"VM {spec.vmid}: {spec.address!r} is no IPv4 address.") from error
        subnet, gateway = self._network.subnet, self._network.gateway.ip
        reserved = {subnet.network_address, gateway, subnet.broadcast_address}
        if wanted.ip not in subnet or wanted.ip in reserved:
            raise MachineError(
                f"VM {spec.vmid}: {wanted.ip} is not for hosts; the lab has {subnet} "
                f"without {gateway}."
            )
        for vmid, host in list(self._hosts.items()):
            taken = host.spec.address and IPv4Interface(host.spec.address).ip == wanted.ip
            if vmid != spec.vmid and taken and host.running:
                raise MachineError(f"VM {spec.vmid}: VM {vmid} already runs with {wanted.ip}.")

    def _refresh(self) -> None:
        while not self._closing.wait(REFRESH_SECONDS):
            for host in list(self._hosts.values()):
                with contextlib.suppress(OSError):  # it may be going off at this moment
                    if host.running:
                        host.refresh_meminfo()
