# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts alone, without the simulated Proxmox VE: boot them, power them, make one anew."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

from lab.hosts.commands import CommandError, run
from lab.hosts.machines import NspawnMachines
from lab.hosts.network import LabNetwork, claim_network, lock_dir, used_networks
from lab.machines import MachineError, MachineSpec
from lab.prepare import Prepared
from lab.state import LabError
from lab.tools import ensure

FIRST_VMID = 1001
FIRST_ADDRESS = 21
USER = "debian"
ORDERS = ("start", "stop", "kill", "remake")


class PlainHosts:
    """The hosts of one lab by name, and a socket that takes orders for them."""

    def __init__(self, directory: Path, prepared: Prepared, names: tuple[str, ...]) -> None:
        if prepared.rootfs is None or prepared.images is None:
            raise MachineError("Real hosts need a root filesystem and images: prepare them first.")
        self._directory = directory
        self._prepared = prepared
        self._network: LabNetwork
        self._held: IO[str]
        self._network, self._held = claim_network(lock_dir(), used_networks())
        self._key = directory / "id_ed25519"
        if not self._key.exists():
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self._key)])
        self._machines = NspawnMachines(
            directory,
            self._network,
            self._held,
            rootfs=prepared.rootfs,
            images=tuple(sorted(prepared.images.glob("*.tar"))),
        )
        self._specs = {name: self._spec(number, name) for number, name in enumerate(names)}
        self._socket = socket.socket(socket.AF_UNIX)

    def _spec(self, number: int, name: str) -> MachineSpec:
        return MachineSpec(
            vmid=FIRST_VMID + number,
            name=name,
            node="pve1",
            cores=4,
            memory_mib=4096,
            user=USER,
            ssh_keys=(self._key.with_suffix(".pub").read_text(encoding="utf-8").strip(),),
            address=f"{self._network.subnet.network_address + FIRST_ADDRESS + number}/24",
            gateway=str(self._network.gateway.ip),
            dns_servers=(),
            search_domain=None,
            mac=f"bc:24:11:00:{self._network.number:02x}:{number:02x}",
            bridge="vmbr0",
        )

    def start(self) -> dict[str, Any]:
        """Boot all at once and return what a scenario needs to know."""
        with ThreadPoolExecutor(max(1, len(self._specs))) as pool:
            list(pool.map(self._machines.start, self._specs.values()))
        path = self._directory / "orders"
        self._socket.bind(str(path))
        self._socket.listen()
        threading.Thread(target=self._serve, name="orders", daemon=True).start()
        tools, after = self._prepared.tools, ensure(["k3s-next"]).k3s_next
        return {
            "simulated": False,
            "subnet": str(self._network.subnet),
            "prefix": str(self._network.subnet.network_address).removesuffix(".0"),
            "bridge": self._network.bridge,
            "gateway": str(self._network.gateway.ip),
            "user": USER,
            "ssh_private_key_file": str(self._key),
            "hosts": {
                name: str(spec.address).partition("/")[0] for name, spec in self._specs.items()
            },
            "k3s_binary": str(tools.k3s),
            "k3s_sha256": tools.k3s_sha256,
            "k3s_version": _version(tools.k3s),
            "k3s_next_binary": str(after),
            "k3s_next_version": _version(after),
            "kubectl": str(tools.kubectl),
            "images_dir": str(self._prepared.images),
        }

    def close(self) -> None:
        """End and remove all hosts."""
        self._socket.close()
        self._machines.close()
        self._held.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                words = connection.recv(200).decode().split()
                connection.sendall(self._obey(words).encode())

    def _obey(self, words: list[str]) -> str:
        try:
            order, spec = words[0], self._specs[words[1]]
            actions: dict[str, Callable[[], None]] = {
                "start": lambda: self._machines.start(spec),
                "stop": lambda: self._machines.stop(spec.vmid, force=False),
                "kill": lambda: self._machines.stop(spec.vmid, force=True),
                "remake": lambda: self._remake(spec),
            }
            actions[order]()
        except (CommandError, MachineError, KeyError, IndexError, OSError) as error:
            return f"{type(error).__name__}: {error}"
        return "done"

    def _remake(self, spec: MachineSpec) -> None:
        """A new machine under the same name and address: other disk, host keys, machine id."""
        self._machines.destroy(spec.vmid)
        self._machines.start(spec)


def order(directory: Path, verb: str, name: str) -> None:
    """Let the lab in ``directory`` do something to one of its hosts; return when it is done.

    Raises:
        LabError: there is no such lab, or it cannot.
    """
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(directory / "orders"))
            connection.sendall(f"{verb} {name}".encode())
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(2000).decode()
    except OSError as error:
        raise LabError(f"No hosts of that name run: {error.strerror}.") from error
    if answer != "done":
        raise LabError(f"{verb} {name}: {answer}")


def _version(binary: Path | None) -> str:
    """What a k3s binary calls its release."""
    return run([str(binary), "--version"]).split()[2]


def write_document(directory: Path, document: dict[str, Any]) -> None:
    """Write ``lab.json``, whole or not at all."""
    unfinished = directory / "lab.json.part"
    unfinished.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    unfinished.rename(directory / "lab.json")
