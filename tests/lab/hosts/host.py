# SPDX-License-Identifier: GPL-3.0-or-later
"""One host: a systemd-nspawn machine on an overlay of the shared root filesystem."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Interface
from pathlib import Path

from lab.hosts import guest_files
from lab.hosts.cgroups import ControlGroup, end_group
from lab.hosts.commands import CommandError, run
from lab.hosts.footprint import unmount_below
from lab.machines import MachineError, MachineSpec, MachineStatus

GUEST_DIR = Path(__file__).with_name("guest")
UNITS = {
    "clusterwright-lab-early.service": "sysinit.target.wants",
    "clusterwright-lab-network.service": "multi-user.target.wants",
}
DATA_DIRS = ("/var/lib/containerd", "/var/lib/etcd", "/var/lib/kubelet", "/var/lib/rancher")
"""Not on the overlay: containerd makes overlays itself, etcd wants a real disk."""
IMAGES_DIR = "/var/lib/rancher/k3s/agent/images"
NSPAWN_ENVIRONMENT = {
    "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network",
    "SYSTEMD_NSPAWN_TMPFS_TMP": "0",
}
HOST_KEYS = ("ed25519", "ecdsa")
EXIT_REBOOT = 133
"""systemd-nspawn's way to ask whoever started it for a restart."""
REBOOT_SIGNAL = signal.SIGRTMIN + 5
START_SECONDS = 90
STOP_SECONDS = 60
POLL_SECONDS = 0.05
USER_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


@dataclass(frozen=True)
class HostSite:
    """What all hosts of one lab have in common."""

    rootfs: Path
    machines_dir: Path
    bridge: str
    images: tuple[Path, ...]
    """Container images (docker archives) that each host finds where k3s looks for them."""


class Host:
    """The host behind one guest, from its first start to its removal."""

    def __init__(self, site: HostSite, spec: MachineSpec) -> None:
        self.spec = spec
        self._site = site
        self._dir = site.machines_dir / str(spec.vmid)
        self._root = self._dir / "root"
        self._view = self._dir / "view"
        self._group = ControlGroup(f"{site.bridge}/{spec.vmid}")
        self._process: subprocess.Popen[bytes] | None = None
        self._powered = False
        self._boots = 0
        self._power = threading.Lock()
        self._started = 0.0
        self._cpu_sample = (0.0, 0.0)

    @property
    def running(self) -> bool:
        """Whether the host is powered on; it stays so while it restarts."""
        return self._powered

    def start(self) -> None:
        """Boot and wait until sshd answers; a running host is left as it is.

        Raises:
            MachineError: it did not come up; the message ends with the console's last line.
        """
        if self.running:
            return
        try:
            self._mount()
            self._write_files()
            self._boot()
            self._wait(self._answers, START_SECONDS, "did not answer on SSH")
        except (CommandError, MachineError, OSError) as error:
            self.stop(force=True)
            raise MachineError(f"Host {self.spec.name} cannot start: {error}") from error

    def stop(self, *, force: bool) -> None:
        """Power off; what the host leaves on the machine is removed, its files stay."""
        with self._power:
            process, self._powered = self._process, False
        if process is not None:
            if not force:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(STOP_SECONDS)
            end_group(self._group.directories)
            process.wait()
        unmount_below(self._dir)

    def reboot(self) -> None:
        """Restart as `systemctl reboot` inside would; return when sshd answers again.

        Raises:
            MachineError: it is not running, or did not come back.
        """
        before, leader = self._boots, self._leader()
        if leader is None:
            raise MachineError(f"Host {self.spec.name} is not running.")
        os.kill(leader, REBOOT_SIGNAL)
        try:
            self._wait(
                lambda: self._boots > before and self._answers(),
                STOP_SECONDS + START_SECONDS,
                "did not answer on SSH",
            )
        except MachineError as error:
            raise MachineError(f"Host {self.spec.name} did not restart: {error}") from error

    def destroy(self) -> None:
        """Stop and remove everything that belongs to the host."""
        self.stop(force=True)
        shutil.rmtree(self._dir, ignore_errors=True)

    def status(self) -> MachineStatus:
        """What the host uses now; the processor's part is since the last call."""
        if not self.running:
            return MachineStatus(False, (), 0, 0.0, 0)
        now, used = time.monotonic(), self._group.cpu_seconds()
        (before, used_before), self._cpu_sample = self._cpu_sample, (now, used)
        share = (used - used_before) / ((now - before) * self.spec.cores) if before else 0.0
        return MachineStatus(
            running=True,
            addresses=self._addresses(),
            memory_mib_used=self._group.memory_bytes() // 2**20,
            cpu_fraction=min(1.0, max(0.0, share)),
            uptime_seconds=int(now - self._started),
        )

    def refresh_meminfo(self) -> None:
        """Let `free` inside the running host show what it uses; written in place."""
        content = guest_files.meminfo(
            Path("/proc/meminfo").read_text(encoding="ascii"),
            total_kib=self.spec.memory_mib * guest_files.KIB_PER_MIB,
            used_kib=self._group.memory_bytes() // 1024,
        )
        with (self._view / "meminfo").open("r+", encoding="ascii") as file:
            file.write(content)

    def _mount(self) -> None:
        for name in ("upper", "work", "root", "view"):
            (self._dir / name).mkdir(parents=True, exist_ok=True)
        for path in DATA_DIRS:
            self._data_dir(path).mkdir(parents=True, exist_ok=True)
        unmount_below(self._dir)
        options = (
            f"lowerdir={self._site.rootfs},upperdir={self._dir}/upper,workdir={self._dir}/work"
        )
        run(["mount", "-t", "overlay", "overlay", "-o", options, str(self._root)])

    def _data_dir(self, path: str) -> Path:
        return self._dir / "data" / Path(path).name

    def _write_files(self) -> None:
        spec, lab_dir = self.spec, self._root / guest_files.LAB_DIR
        guest_files.write_tree(self._root, guest_files.identity_files(spec))
        for path in GUEST_DIR.iterdir():
            if path.suffix == ".service":
                units = self._root / "etc/systemd/system"
                shutil.copy(path, units)
                wants = units / UNITS[path.name]
                wants.mkdir(exist_ok=True)
                (wants / path.name).unlink(missing_ok=True)
                (wants / path.name).symlink_to(f"../{path.name}")
            else:
                shutil.copy(path, lab_dir)
        machine_cpu = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        memory_kib = spec.memory_mib * guest_files.KIB_PER_MIB
        guest_files.write_tree(
            self._view, {"meminfo": "", "cpuinfo": guest_files.cpuinfo(machine_cpu, spec.cores)}
        )
        for name, tree in (
            ("cpu", guest_files.cpu_tree(spec.cores)),
            ("node", guest_files.node_tree(spec.cores, memory_kib)),
        ):
            shutil.rmtree(self._view / name, ignore_errors=True)
            guest_files.write_tree(self._view / name, tree)
        self.refresh_meminfo()
        self._write_first_boot()
        self._write_user()

    def _write_first_boot(self) -> None:
        machine_id = self._root / "etc/machine-id"
        if machine_id.stat().st_size:
            return
        machine_id.write_text(f"{uuid.uuid4().hex}\n", encoding="ascii")
        for kind in HOST_KEYS:
            path = self._root / f"etc/ssh/ssh_host_{kind}_key"
            run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", self.spec.name, "-f", str(path)])
        images = self._data_dir("/var/lib/rancher") / Path(IMAGES_DIR).relative_to(
            "/var/lib/rancher"
        )
        images.mkdir(parents=True)
        for image in self._site.images:
            try:
                (images / image.name).hardlink_to(image)
            except OSError:
                shutil.copy(image, images)

    def _write_user(self) -> None:
        user = self.spec.user
        if not USER_NAME.fullmatch(user):
            raise MachineError(f"Host {self.spec.name}: {user!r} is no user name for Linux.")
        entry = self._passwd(user)
        if entry is None:
            run(
                [
                    "chroot",
                    str(self._root),
                    "useradd",
                    "--create-home",
                    "--shell",
                    "/bin/bash",
                    "--password",
                    "*",
                    user,
                ]
            )
            entry = self._passwd(user)
        if entry is None:
            raise MachineError(f"Host {self.spec.name}: user {user} could not be made.")
        uid, gid, home = entry
        sudoers = self._root / "etc/sudoers.d/90-cloud-init-users"
        sudoers.write_text(guest_files.sudoers(user), encoding="ascii")
        sudoers.chmod(0o440)
        keys = self._root / home.lstrip("/") / ".ssh/authorized_keys"
        keys.parent.mkdir(mode=0o700, exist_ok=True)
        keys.write_text("".join(f"{key.strip()}\n" for key in self.spec.ssh_keys), encoding="utf-8")
        keys.chmod(0o600)
        for path in (keys.parent, keys):
            os.chown(path, uid, gid)

    def _passwd(self, user: str) -> tuple[int, int, str] | None:
        for line in (self._root / "etc/passwd").read_text(encoding="utf-8").splitlines():
            name, _password, uid, gid, _gecos, home, _shell = line.split(":")
            if name == user:
                return int(uid), int(gid), home
        return None

    def _boot(self) -> None:
        self._group.create(
            cores=self.spec.cores, memory_mib=self.spec.memory_mib, first_cpu=self.spec.vmid
        )
        directories = [str(path) for path in self._group.directories]
        join = 'for d in "$@"; do shift; [ "$d" = -- ] && break; echo $$ > "$d/cgroup.procs"; done'
        with (self._dir / "console.log").open("ab") as console:
            self._process = subprocess.Popen(
                ["sh", "-c", f'{join}; exec "$@"', "sh", *directories, "--", *self._nspawn()],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
                env={**os.environ, **NSPAWN_ENVIRONMENT},
            )
        self._powered, self._started = True, time.monotonic()
        self._boots += 1
        threading.Thread(
            target=self._supervise, args=(self._process,), name=self.spec.name, daemon=True
        ).start()

    def _supervise(self, process: subprocess.Popen[bytes]) -> None:
        """Boot again when the host restarts itself; otherwise it is off."""
        code = process.wait()
        with self._power:
            if not self._powered:
                return
            self._powered = False
            if code == EXIT_REBOOT:
                with contextlib.suppress(MachineError, OSError):
                    end_group(self._group.directories)
                    self._boot()

    def _nspawn(self) -> list[str]:
        binds = [f"--bind={self._data_dir(path)}:{path}" for path in DATA_DIRS]
        return [
            "systemd-nspawn",
            "--quiet",
            "--boot",
            "--register=no",
            "--keep-unit",
            f"--directory={self._root}",
            f"--machine={self._site.bridge}-{self.spec.vmid}",
            f"--hostname={self.spec.name}",
            f"--network-bridge={self._site.bridge}",
            "--capability=all",
            "--private-users=no",
            "--resolv-conf=off",
            "--timezone=off",
            "--link-journal=no",
            "--console=read-only",
            "--system-call-filter=add_key keyctl bpf",
            "--bind=/dev/kmsg",
            f"--bind-ro={self._view}:/{guest_files.LAB_DIR}/view",
            *binds,
        ]

    def _wait(self, done: Callable[[], bool], timeout_seconds: float, what: str) -> None:
        deadline = time.monotonic() + timeout_seconds
        while not done():
            if not self.running:
                raise MachineError(f"it went off: {self._last_words()}")
            if time.monotonic() > deadline:
                raise MachineError(f"it {what} within {timeout_seconds:g} s: {self._last_words()}")
            time.sleep(POLL_SECONDS)

    def _answers(self) -> bool:
        """Whether sshd greets; a host without an address is up when its boot is done."""
        if self.spec.address is None:
            return self._inside("-a", "systemctl", "is-system-running") in {"running", "degraded"}
        address = str(IPv4Interface(self.spec.address).ip)
        try:
            with socket.create_connection((address, 22), timeout=1) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False

    def _addresses(self) -> tuple[str, ...]:
        with contextlib.suppress(ValueError):
            links = json.loads(self._inside("-n", "ip", "-j", "address", "show", "dev", "eth0"))
            return tuple(
                f"{one['local']}/{one['prefixlen']}"
                for link in links
                for one in link.get("addr_info", ())
                if one["scope"] == "global"
            )
        return ()

    def _inside(self, spaces: str, *command: str) -> str:
        """What a command prints in the host's name spaces; empty while there are none."""
        leader = self._leader()
        if leader is None:
            return ""
        done = subprocess.run(
            ["nsenter", f"--target={leader}", spaces, *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
        return done.stdout.strip()

    def _leader(self) -> int | None:
        """The host's first process as the machine numbers it."""
        if self._process is None:
            return None
        pid = self._process.pid
        with contextlib.suppress(OSError):
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
            for child in map(int, children.split()):
                status = Path(f"/proc/{child}/status").read_text(encoding="utf-8")
                if re.search(r"^NSpid:.*\t1$", status, re.MULTILINE):
                    return child
        return None

    def _last_words(self) -> str:
        text = (self._dir / "console.log").read_text(encoding="utf-8", errors="replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return lines[-1] if lines else "nothing on its console."
