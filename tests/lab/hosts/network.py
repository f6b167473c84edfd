# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's own network: a bridge and a /24 that no other lab on the machine has."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network
from pathlib import Path
from typing import IO

from lab.hosts.commands import CommandError, run
from lab.machines import MachineError

LABS = range(255)
LINKS = Path("/sys/class/net")
FORWARDED_BRIDGES = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")


@dataclass(frozen=True)
class LabNetwork:
    """The `number`-th lab of a machine: bridge `cwlabN`, network 10.77.N.0/24."""

    number: int

    @property
    def bridge(self) -> str:
        return f"cwlab{self.number}"

    @property
    def subnet(self) -> IPv4Network:
        return IPv4Network(f"10.77.{self.number}.0/24")

    @property
    def gateway(self) -> IPv4Interface:
        """The address of the machine itself on the bridge."""
        return IPv4Interface(f"10.77.{self.number}.1/24")


def lock_dir() -> Path:
    """Where the machine's labs see each other; a user without root has a place of their own."""
    if os.geteuid() == 0:
        return Path("/run/lock/clusterwright")
    return Path(tempfile.gettempdir()) / f"clusterwright-{os.geteuid()}"


def claim_network(locks: Path, taken: list[IPv4Network]) -> tuple[LabNetwork, IO[str]]:
    """Take the first free network; it is held until the returned file is closed everywhere.

    Args:
        locks: directory of the lock files.
        taken: networks that the machine already uses for something else.

    Raises:
        MachineError: all are taken.
    """
    locks.mkdir(parents=True, exist_ok=True)
    for number in LABS:
        network = LabNetwork(number)
        if any(network.subnet.overlaps(other) for other in taken):
            continue
        handle = (locks / f"{network.bridge}.lock").open("w", encoding="ascii")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.close()
            continue
        return network, handle
    raise MachineError(
        "No network of 10.77.0.0/16 is free: end a lab, or remove its bridge cwlabN."
    )


def used_networks() -> list[IPv4Network]:
    """Networks with an address or a route on this machine; the default route is none."""
    if shutil.which("ip") is None:
        return []
    routes = json.loads(run(["ip", "-j", "-4", "route", "show", "table", "all"]))
    addresses = json.loads(run(["ip", "-j", "-4", "address", "show"]))
    found = [
        IPv4Network(route["dst"], strict=False)
        for route in routes
        if route["dst"] != "default" and route.get("type") != "broadcast"
    ]
    for link in addresses:
        found += [
            IPv4Network(f"{one['local']}/{one['prefixlen']}", strict=False)
            for one in link["addr_info"]
        ]
    return [network for network in found if network.prefixlen]


def make_bridge(network: LabNetwork) -> None:
    """Make the bridge, in the machine's own name space, and let its hosts talk to each other.

    Raises:
        CommandError: the kernel cannot do it.
    """
    _load_bridge_filter()
    run(["ip", "link", "add", network.bridge, "type", "bridge"])
    run(["ip", "address", "add", str(network.gateway), "dev", network.bridge])
    run(["ip", "link", "set", network.bridge, "up"])
    if _filtered():
        run(["iptables", "-w", "-I", *_accept(network.bridge)])


def _load_bridge_filter() -> None:
    """Kubernetes on the hosts filters bridged frames; the machine itself goes on as before."""
    if not FORWARDED_BRIDGES.exists():
        run(["modprobe", "br_netfilter"])
        FORWARDED_BRIDGES.write_text("0\n", encoding="ascii")


def remove_bridge(bridge: str) -> None:
    """Remove what `make_bridge` made; nothing is left to do where it is gone."""
    if not (LINKS / bridge).exists():
        return
    if _filtered():
        rules = run(["iptables", "-w", "-S", "FORWARD"])
        if f"-i {bridge} -o {bridge} " in rules:
            run(["iptables", "-w", "-D", *_accept(bridge)])
    run(["ip", "link", "delete", bridge])


def remove_links(machine: str) -> None:
    """Remove the links of a host that went off, or of all hosts that the pattern `machine` names.

    The kernel does that by itself, but later than the next host of that name may start.

    Raises:
        CommandError: a link does not go away.
    """
    for link in LINKS.glob(f"vb-{machine}"):
        try:
            run(["ip", "link", "delete", link.name])
        except CommandError:
            if link.exists():
                raise


def _filtered() -> bool:
    """Whether frames on a bridge pass the machine's packet filter, where they may be dropped."""
    if shutil.which("iptables") is None or not FORWARDED_BRIDGES.exists():
        return False
    return FORWARDED_BRIDGES.read_text(encoding="ascii").strip() == "1"


def _accept(bridge: str) -> list[str]:
    return ["FORWARD", "-i", bridge, "-o", bridge, "-j", "ACCEPT"]
