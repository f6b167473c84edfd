# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's files: an overlay on the shared root filesystem, and what its specification says."""

from __future__ import annotations

import os
import re
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lab.hosts import guest_files
from lab.hosts.commands import run
from lab.hosts.footprint import unmount_below
from lab.machines import MachineError, MachineSpec

GUEST_DIR = Path(__file__).with_name("guest")
UNITS = {
    "clusterwright-lab-early.service": "sysinit.target.wants",
    "clusterwright-lab-network.service": "multi-user.target.wants",
}
DATA_DIRS = ("/var/lib/containerd", "/var/lib/etcd", "/var/lib/kubelet", "/var/lib/rancher")
"""Not on the overlay: containerd makes overlays itself, etcd wants a real disk."""
IMAGES_DIR = "rancher/k3s/agent/images"
"""Below /var/lib: where k3s looks for images without a registry."""
HOST_KEYS = ("ed25519", "ecdsa")
USER_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


@dataclass(frozen=True)
class HostSite:
    """What all hosts of one lab have in common."""

    rootfs: Path
    machines_dir: Path
    bridge: str
    images: tuple[Path, ...]
    """Container images (docker archives) that each host finds where k3s looks for them."""


class HostDisk:
    """The files of one host; they stay while it is off."""

    def __init__(self, site: HostSite, spec: MachineSpec) -> None:
        self._site = site
        self._spec = spec
        self.directory = site.machines_dir / str(spec.vmid)
        self.root = self.directory / "root"
        self.console = self.directory / "console.log"
        self._view = self.directory / "view"

    def mount(self) -> None:
        """Mount the overlay, making its directories first where they are missing."""
        for name in ("upper", "work", "root", "view"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        for path in DATA_DIRS:
            self._data_dir(path).mkdir(parents=True, exist_ok=True)
        self.unmount()
        layers = {"lowerdir": self._site.rootfs}
        layers |= {f"{name}dir": self.directory / name for name in ("upper", "work")}
        options = ",".join(f"{name}={path}" for name, path in layers.items())
        run(["mount", "-t", "overlay", "overlay", "-o", options, str(self.root)])

    def unmount(self) -> None:
        """Unmount the overlay; one that is not mounted is fine."""
        unmount_below(self.directory)

    def remove(self) -> None:
        """Remove all files of the host."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def binds(self) -> list[tuple[Path, str, bool]]:
        """What is mounted into the host: (directory here, path inside, writable)."""
        data = [(self._data_dir(path), path, True) for path in DATA_DIRS]
        return [*data, (self._view, f"/{guest_files.LAB_DIR}/view", False)]

    def write(self) -> None:
        """Apply the specification, as cloud-init does, and show the guest's size.

        Raises:
            CommandError: a key or the user cannot be made.
            MachineError: the user's name cannot be one.
        """
        guest_files.write_tree(self.root, guest_files.identity_files(self._spec))
        self._write_units()
        self._write_view()
        self._write_first_boot()
        self._write_user()

    def write_meminfo(self, used_bytes: int) -> None:
        """Let `free` inside show what the host uses; the file is rewritten in place."""
        content = guest_files.meminfo(
            Path("/proc/meminfo").read_text(encoding="ascii"),
            total_kib=self._spec.memory_mib * guest_files.KIB_PER_MIB,
            used_kib=used_bytes // 1024,
        )
        with (self._view / "meminfo").open("r+", encoding="ascii") as file:
            file.write(content)

    def _data_dir(self, path: str) -> Path:
        return self.directory / "data" / PurePosixPath(path).name

    def _write_units(self) -> None:
        units = self.root / "etc/systemd/system"
        for path in GUEST_DIR.iterdir():
            if path.name not in UNITS:
                shutil.copy(path, self.root / guest_files.LAB_DIR)
                continue
            shutil.copy(path, units)
            link = units / UNITS[path.name] / path.name
            link.parent.mkdir(exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(f"../{path.name}")

    def _write_view(self) -> None:
        cores = self._spec.cores
        memory_kib = self._spec.memory_mib * guest_files.KIB_PER_MIB
        machine = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        shutil.rmtree(self._view)
        trees = {
            ".": {"cpuinfo": guest_files.cpuinfo(machine, cores), "meminfo": ""},
            "cpu": guest_files.cpu_tree(cores),
            "node": guest_files.node_tree(cores, memory_kib),
        }
        for name, tree in trees.items():
            guest_files.write_tree(self._view / name, tree)
        self.write_meminfo(0)

    def _write_first_boot(self) -> None:
        machine_id = self.root / "etc/machine-id"
        if machine_id.stat().st_size:
            return
        machine_id.write_text(f"{uuid.uuid4().hex}\n", encoding="ascii")
        for kind in HOST_KEYS:
            path = self.root / f"etc/ssh/ssh_host_{kind}_key"
            run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", self._spec.name, "-f", str(path)])
        images = self.directory / "data" / IMAGES_DIR
        images.mkdir(parents=True)
        for image in self._site.images:
            try:
                (images / image.name).hardlink_to(image)
            except OSError:
                shutil.copy(image, images)

    def _write_user(self) -> None:
        user = self._spec.user
        if not USER_NAME.fullmatch(user):
            raise MachineError(f"{user!r} is no user name for Linux.")
        if self._account(user) is None:
            add = ["useradd", "--create-home", "--shell", "/bin/bash", "--password", "*", user]
            run(["chroot", str(self.root), *add])
        account = self._account(user)
        if account is None:
            raise MachineError(f"user {user} could not be made.")
        uid, gid, home = account
        rule = self.root / "etc/sudoers.d/90-cloud-init-users"
        rule.write_text(guest_files.sudoers(user), encoding="ascii")
        rule.chmod(0o440)
        keys = self.root / home.lstrip("/") / ".ssh/authorized_keys"
        keys.parent.mkdir(mode=0o700, exist_ok=True)
        lines = "".join(f"{key.strip()}\n" for key in self._spec.ssh_keys)
        keys.write_text(lines, encoding="utf-8")
        keys.chmod(0o600)
        for path in (keys.parent, keys):
            os.chown(path, uid, gid)

    def _account(self, user: str) -> tuple[int, int, str] | None:
        for line in (self.root / "etc/passwd").read_text(encoding="utf-8").splitlines():
            name, _password, uid, gid, _gecos, home, _shell = line.split(":")
            if name == user:
                return int(uid), int(gid), home
        return None
