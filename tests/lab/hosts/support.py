# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this machine can run real hosts, and the packages that takes."""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from lab.hosts.commands import run

PACKAGES = {
    "ip": "iproute2",
    "mmdebstrap": "mmdebstrap",
    "mount": "mount",
    "nsenter": "util-linux",
    "ssh-keygen": "openssh-client",
    "systemd-nspawn": "systemd-container",
}
"""Command → the Debian package that brings it."""
CAP_SYS_ADMIN = 21


def why_no_hosts(
    *,
    system: str = platform.system(),
    status: Path = Path("/proc/self/status"),
    os_release: Path = Path("/etc/os-release"),
    which: Callable[[str], str | None] = shutil.which,
) -> str | None:
    """Say in one sentence why real hosts cannot be had here, or None when they can."""
    if system != "Linux":
        return f"Real hosts need Linux, and this is {system}."
    text = status.read_text(encoding="ascii")
    if not re.search(r"^Uid:\s+\d+\s+0\s", text, re.MULTILINE):
        return "Real hosts need root: run the lab with sudo."
    capabilities = re.search(r"^CapEff:\s+([0-9a-f]+)$", text, re.MULTILINE)
    if capabilities is None or not int(capabilities[1], 16) >> CAP_SYS_ADMIN & 1:
        return "Real hosts need the right to mount (CAP_SYS_ADMIN), which this container has not."
    missing = missing_packages(which)
    if missing and not _is_debian(os_release):
        return (
            f"Real hosts need {', '.join(missing)}, which the lab installs on Debian alone: "
            "install them with the package manager of this distribution."
        )
    return None


def missing_packages(which: Callable[[str], str | None] = shutil.which) -> list[str]:
    """The packages whose commands are not on PATH."""
    return sorted(package for command, package in PACKAGES.items() if which(command) is None)


def install_packages() -> None:
    """Install what is missing, with apt and without recommended packages.

    Raises:
        CommandError: apt failed; the message ends with its last lines.
    """
    missing = missing_packages()
    if not missing:
        return
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    run(["apt-get", "update", "-q"], timeout_seconds=300)
    run(
        ["apt-get", "install", "-q", "-y", "--no-install-recommends", *missing],
        timeout_seconds=900,
    )


def _is_debian(os_release: Path) -> bool:
    if not os_release.exists():
        return False
    return "ID=debian" in os_release.read_text(encoding="utf-8").splitlines()
