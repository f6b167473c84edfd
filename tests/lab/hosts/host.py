# SPDX-License-Identifier: GPL-3.0-or-later
"""One host: a systemd-nspawn machine on an overlay of the shared root filesystem."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from ipaddress import IPv4Interface
from pathlib import Path

from lab.hosts.cgroups import ControlGroup, end_group
from lab.hosts.commands import CommandError, run
from lab.hosts.disk import HostDisk, HostSite
from lab.hosts.network import remove_links
from lab.machines import MachineError, MachineSpec, MachineStatus

ENTER_GROUPS = """\
set -e
for group in "$@"; do
  shift
  if [ "$group" = -- ]; then exec "$@"; fi
  echo $$ > "$group/cgroup.procs"
done
"""
EXIT_REBOOT = 133
"""systemd-nspawn's way to ask whoever started it for a restart."""
NSPAWN_ENVIRONMENT = {
    "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network",
    "SYSTEMD_NSPAWN_TMPFS_TMP": "0",
}
REBOOT_SIGNAL = signal.SIGRTMIN + 5
LISTENING_SSHD = ":0016 00000000:0000 0A"
"""In /proc/net/tcp: port 22, no peer, state LISTEN."""
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
TIDYING = "Attempted to remove disk file system"
"""What systemd-nspawn says at every end where /run is on a disk; the reason is the line before."""
START_SECONDS = 240
STOP_SECONDS = 60
POLL_SECONDS = 0.05


class Host:
    """The host behind one guest, from its first start to its removal."""

    def __init__(self, site: HostSite, spec: MachineSpec) -> None:
        self.spec = spec
        self._site = site
        self._disk = HostDisk(site, spec)
        self._name = f"{site.bridge}-{spec.vmid}"
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
            self._disk.mount()
            self._disk.write()
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
        self._disk.unmount()

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
        self._disk.remove()

    def status(self) -> MachineStatus:
        """What the host uses now; the processor's part is since the last call."""
        if not self.running:
            return MachineStatus(False, (), 0, 0.0, 0)
        now, used = time.monotonic(), self._group.cpu_seconds()
        (before, used_before), self._cpu_sample = self._cpu_sample, (now, used)
        possible = (now - before) * self.spec.cores
        share = (used - used_before) / possible if before and possible else 0.0
        return MachineStatus(
            running=True,
            addresses=self._addresses(),
            memory_mib_used=self._group.memory_bytes() // 2**20,
            cpu_fraction=min(1.0, max(0.0, share)),
            uptime_seconds=int(now - self._started),
        )

    def refresh_meminfo(self) -> None:
        """Let `free` inside the running host show what it uses."""
        self._disk.write_meminfo(self._group.memory_bytes())

    def _boot(self) -> None:
        remove_links(self._name)
        self._group.create(
            cores=self.spec.cores, memory_mib=self.spec.memory_mib, first_cpu=self.spec.vmid
        )
        directories = [str(path) for path in self._group.directories]
        with self._disk.console.open("ab") as console:
            self._process = subprocess.Popen(
                ["sh", "-c", ENTER_GROUPS, "sh", *directories, "--", *self._nspawn()],
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
            if code != EXIT_REBOOT:
                self._powered = False
                return
            try:
                end_group(self._group.directories)
                self._boot()
            except (CommandError, MachineError, OSError) as error:
                self._powered = False
                sys.stderr.write(f"Host {self.spec.name} did not restart: {error}\n")

    def _nspawn(self) -> list[str]:
        binds = [
            f"--bind{'' if writable else '-ro'}={source}:{inside}"
            for source, inside, writable in self._disk.binds()
        ]
        return [
            "systemd-nspawn",
            "--quiet",
            "--boot",
            "--register=no",
            "--keep-unit",
            f"--directory={self._disk.root}",
            f"--machine={self._name}",
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
        """Whether sshd greets; without an address, whether it listens."""
        if self.spec.address is None:
            return self._listens()
        address = str(IPv4Interface(self.spec.address).ip)
        try:
            with socket.create_connection((address, 22), timeout=1) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False

    def _listens(self) -> bool:
        with contextlib.suppress(OSError):
            return LISTENING_SSHD in Path(f"/proc/{self._leader()}/net/tcp").read_text("ascii")
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
        with contextlib.suppress(CommandError):
            return run(["nsenter", f"--target={leader}", spaces, *command]).strip()
        return ""

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
        text = self._disk.console.read_text(encoding="utf-8", errors="replace")
        lines = [line.strip() for line in COLOURS.sub("", text).splitlines() if line.strip()]
        lines = [line for line in lines if not line.startswith(TIDYING)]
        return lines[-1] if lines else "nothing on its console."
