# SPDX-License-Identifier: GPL-3.0-or-later
"""A command on a lab without hosts, while what real hosts need is built in the background."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import IO

from lab.progress import TICK, Screen

LAB = (sys.executable, "-m", "lab")


def preview(name: str, machines: str, command: Sequence[str]) -> int:
    """Build in the background, run `command` on the simulated lab `name`, then wait for the rest.

    Returns:
        Exit code of the first thing that failed, else 0. A command that failed ends the building.
    """
    with subprocess.Popen(
        [*LAB, "prepare", "--machines", machines, "--progress-seconds", "2"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=_step_back,  # noqa: PLW1509 (no thread runs yet)
    ) as building:
        assert building.stdout is not None
        window = Window(building.stdout, Screen(sys.stdout))
        try:
            code = _on_simulated_lab(name, command)
            if code == 0:
                window.open()
                code = building.wait()
                window.join()
            return code
        finally:
            if building.poll() is None:
                os.killpg(building.pid, signal.SIGTERM)


def _step_back() -> None:
    """Leave the processor to what a person waits for."""
    os.nice(10)


def _on_simulated_lab(name: str, command: Sequence[str]) -> int:
    up = [*LAB, "up", "--name", name, "--machines", "simulated"]
    started = subprocess.run(up, check=False).returncode
    if started != 0:
        return started
    try:
        return subprocess.run(command, check=False).returncode
    finally:
        subprocess.run([*LAB, "down", "--name", name], check=False)


class Window(threading.Thread):
    """Reads the lines of what runs in the background; shows them only while it is open."""

    def __init__(self, lines: IO[str], screen: Screen) -> None:
        super().__init__(daemon=True)
        self._lines = lines
        self._screen = screen
        self._kept: list[str] = []
        self._open = False
        self._lock = threading.Lock()
        self.start()

    def run(self) -> None:
        for text in self._lines:
            line = text.rstrip("\n")
            with self._lock:
                if self._open:
                    self._screen.show(line)
                elif not line.startswith(TICK):
                    self._kept.append(line)
        self._screen.close()

    def open(self) -> None:
        """Show what was told so far and every line from now on."""
        with self._lock:
            self._open = True
            for line in self._kept:
                self._screen.show(line)
