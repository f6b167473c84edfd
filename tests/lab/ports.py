# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports of the loopback for servers that cannot choose one themselves."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import typing as t
from pathlib import Path

#: Below the ports that the kernel gives to connections, and below those of Kubernetes' services.
PORTS = range(15000, 30000)
#: Locks of the ports that this process was given, for as long as it lives.
_held: list[t.IO[str]] = []


def free_port() -> int:
    """Return a port that nothing listens on and no other process was given."""
    folder = Path(f"/tmp/clusterwright-ports-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    while True:
        port = random.choice(PORTS)  # noqa: S311  (no secret)
        lock = (folder / str(port)).open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as listener:
                listener.bind(("127.0.0.1", port))
        except OSError:
            lock.close()
            continue
        _held.append(lock)
        return port
