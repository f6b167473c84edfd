# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab: the simulated Proxmox VE, the hosts behind it, and the file that tells where all is."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lab.charts import build_charts
from lab.hosts.commands import run
from lab.hosts.machines import NspawnMachines
from lab.hosts.network import claim_network, lock_dir, used_networks
from lab.machines import MachineError, Machines, SimulatedMachines
from lab.prepare import Prepared
from lab.pve import PveServer, load_cluster
from lab.pve.clusters import HERE as CLUSTERS_DIR
from lab.tools import Tools

LAB_DIR = Path(__file__).parent
USER, TOKEN = "automation@pve", "lab"
FIRST_NETWORK = "10.77.0."
"""How the cluster files write addresses; a lab moves them into the network it got."""


@dataclass(frozen=True)
class LabRequest:
    """What `up` was asked for."""

    name: str
    cluster: str
    simulated_reason: str | None
    """Why there are no real hosts; None: there are."""


class Lab:
    """A running lab; what it makes goes away with `close`, or with its guardian."""

    def __init__(self, request: LabRequest, state_dir: Path, prepared: Prepared) -> None:
        self._request = request
        self._state_dir = state_dir
        self._prepared = prepared
        self._network, self._held = claim_network(lock_dir(), used_networks())
        self._machines = self._make_machines()
        self._server: PveServer | None = None

    def start(self) -> None:
        """Start the simulated Proxmox VE and write `lab.json`.

        Raises:
            ClusterError: the cluster file cannot be used.
            CommandError: a key cannot be made.
        """
        key = self._ssh_key()
        cluster = load_cluster(self._cluster_file())
        self._server = PveServer(cluster=cluster, machines=self._machines)
        self._server.start()
        shutil.copy(self._server.ca_file, self._state_dir / "ca.pem")
        secret = self._state_dir / "token"
        _token_id, _, value = self._server.make_token(USER, TOKEN).partition("=")
        write_private(secret, value)
        document = self._describe(self._server, key, secret)
        unfinished = self._state_dir / "lab.json.part"
        unfinished.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        unfinished.rename(self._state_dir / "lab.json")

    def close(self) -> None:
        """End everything, the hosts last."""
        try:
            if self._server is not None:
                self._server.close()
        finally:
            self._machines.close()
            self._held.close()

    def _make_machines(self) -> Machines:
        if self._request.simulated_reason is not None:
            return SimulatedMachines()
        rootfs, images = self._prepared.rootfs, self._prepared.images
        if rootfs is None or images is None:
            raise MachineError("Real hosts need a root filesystem and images: prepare them first.")
        return NspawnMachines(
            self._state_dir,
            self._network,
            self._held,
            rootfs=rootfs,
            images=(
                *sorted(images.glob("*.tar")),
                *filter(None, [self._prepared.tools.k3s_images]),
            ),
        )

    def _cluster_file(self) -> Path:
        """The cluster's description with its addresses in this lab's network."""
        source = Path(self._request.cluster)
        if not source.suffix:
            source = CLUSTERS_DIR / f"{self._request.cluster}.yml"
        moved = self._state_dir / "cluster.yml"
        own = str(self._network.subnet.network_address).removesuffix("0")
        moved.write_text(
            source.read_text(encoding="utf-8").replace(FIRST_NETWORK, own), encoding="utf-8"
        )
        return moved

    def _ssh_key(self) -> Path:
        key = self._state_dir / "id_ed25519"
        if not key.exists():
            comment = f"lab-{self._request.name}"
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(key)])
        return key

    def _describe(self, server: PveServer, key: Path, secret: Path) -> dict[str, Any]:
        """What `lab.json` holds; each key is explained in the lab's README."""
        tools, address = self._prepared.tools, urlsplit(server.endpoint)
        return {
            "name": self._request.name,
            "pid": os.getpid(),
            "simulated": self._machines.simulated,
            "simulated_reason": self._request.simulated_reason,
            "cluster": self._request.cluster,
            "endpoint": server.endpoint,
            "host": address.hostname,
            "port": address.port,
            "ca_file": str(self._state_dir / "ca.pem"),
            "user": USER,
            "token_id": TOKEN,
            "token_secret_file": str(secret),
            "bridge": self._network.bridge,
            "subnet": str(self._network.subnet),
            "gateway": str(self._network.gateway.ip),
            "ssh_private_key_file": str(key),
            "ssh_public_key": key.with_suffix(".pub").read_text(encoding="utf-8").strip(),
            "terraform": _path(tools.terraform),
            "terraform_cli_config": _path(tools.terraform_cli_config),
            "k3s_binary": _path(tools.k3s),
            "k3s_sha256": tools.k3s_sha256,
            "kubectl": _path(tools.kubectl),
            "helm": _path(tools.helm),
            "images_dir": _path(self._prepared.images),
            "charts_dir": str(build_charts(self._state_dir / "charts")),
            "lab_stand_ins": stand_ins(tools, simulated=self._machines.simulated),
        }


def stand_ins(tools: Tools, *, simulated: bool) -> list[str]:
    """What in this lab is not the real thing, one line each, for everything a person reads."""
    found = ["proxmox: simulated Proxmox VE, no hypervisor"]
    if simulated:
        return [*found, "hosts: SIMULATED, no machine is behind a guest"]
    found.append("hosts: systemd-nspawn machines, no virtual machines")
    if tools.k3s is not None and tools.k3s_is_standin:
        version = run([str(tools.k3s), "--version"]).splitlines()[0]
        found.append(f"k3s: {version}")
    return [
        *found,
        "charts and images: the lab's own, most of Debian's packages",
        "traefik: the lab's own ingress controller",
        "metrics-server: the lab's own server of the kubelets' numbers",
    ]


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, from its first moment on."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _path(path: Path | None) -> str | None:
    return None if path is None else str(path)
