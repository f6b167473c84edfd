# SPDX-License-Identifier: GPL-3.0-or-later
"""One run per deployment: a lock file that its process, and what it started, hold open."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
import typing as t
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.module_utils._account import account
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.errors import (
    TerraformError,
)

LOCK_FILE = ".clusterwright.lock"


@contextmanager
def hold(directory: Path, purpose: str) -> t.Iterator[int]:
    """Hold the lock of a deployment and yield its file descriptor.

    A Terraform process that inherits the descriptor keeps the lock when its parent is killed.

    Raises:
        TerraformError: another run holds the lock; names it.
    """
    path = directory / LOCK_FILE
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TerraformError(
                f"Another run works on this deployment ({_holder(path)}): wait until it has ended."
            ) from None
        _write(descriptor, purpose)
        yield descriptor
    finally:
        os.close(descriptor)


def _write(descriptor: int, purpose: str) -> None:
    holder = {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "purpose": purpose,
        "since": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "user": account(),
    }
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(holder).encode(), 0)


def _holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        return (
            f"{holder['purpose']} by {holder['user']} on {holder['host']}, process "
            f"{holder['pid']}, since {holder['since']}"
        )
    except (OSError, ValueError, KeyError, TypeError):
        return "it has not said who it is"
