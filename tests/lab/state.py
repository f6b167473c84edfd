# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory of one lab, and whether the process that owns it still runs."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

LABS_DIR = Path(__file__).parents[2] / "build" / "lab"
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
POLL_SECONDS = 0.1


class LabError(Exception):
    """A lab cannot be started, found or ended; the message is one plain sentence."""


@dataclass(frozen=True)
class LabState:
    """`build/lab/<name>/`: `lab.json` while the lab is up, its log, its keys, its hosts."""

    name: str
    labs_dir: Path = LABS_DIR

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise LabError(
                f"{self.name!r} is no name for a lab: use lower-case letters, digits and hyphens."
            )

    @property
    def directory(self) -> Path:
        return self.labs_dir / self.name

    @property
    def log(self) -> Path:
        return self.directory / "lab.log"

    @property
    def _lock(self) -> Path:
        return self.directory / "lab.lock"

    def hold(self) -> IO[str]:
        """Become the owner until the returned file is closed or the process ends.

        Raises:
            LabError: another process owns the lab.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        handle = self._lock.open("a+", encoding="ascii")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            handle.close()
            raise LabError(f"The lab {self.name} already runs.") from error
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        return handle

    def owner(self) -> int | None:
        """The process that runs the lab, or None when none does."""
        try:
            with self._lock.open("r+", encoding="ascii") as handle:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return int(handle.read() or 0) or None
        except FileNotFoundError:
            return None
        return None

    def document(self) -> dict[str, Any] | None:
        """`lab.json` of a running lab, or None while there is none."""
        if self.owner() is None:
            return None
        try:
            text = (self.directory / "lab.json").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        found: dict[str, Any] = json.loads(text)
        return found

    def end_owner(self, *, timeout_seconds: float = 120) -> None:
        """Ask the owner to end and wait until it has; what does not end is killed."""
        pid = self.owner()
        if pid is None:
            return
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + timeout_seconds
        while self.owner() == pid:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(POLL_SECONDS)

    def remove(self) -> None:
        """Remove the directory with everything in it."""
        shutil.rmtree(self.directory, ignore_errors=True)
