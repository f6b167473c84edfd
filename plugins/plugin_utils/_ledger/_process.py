# SPDX-License-Identifier: GPL-3.0-or-later
"""Identity of the process that holds a deployment, so that a dead holder is recognised."""

from __future__ import annotations

import socket
from pathlib import Path


def identity(pid: int) -> str:
    """Return ``pid:start`` of a process; the start time tells a reused pid apart."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return f"{pid}:?"
    return f"{pid}:{fields[19]}"


def alive(host: str, process: str) -> bool:
    """Tell whether a holder still runs; holders on other machines count as alive."""
    if host != socket.gethostname():
        return True
    pid = process.partition(":")[0]
    return identity(int(pid)) == process and not process.endswith(":?")
