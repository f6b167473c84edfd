# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be shown of a run before all of the lab is there, while the rest is built."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

from lab.progress import TICK, Screen, about

LAB = (sys.executable, "-m", "lab")
LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Preview:
    """Two commands on a lab without hosts: the first needs no tool, the second Terraform's."""

    name: str
    machines: str
    sizes: Sequence[str]  # empty: not asked for
    whole: Sequence[str]  # empty: not asked for
    tools_seconds: float
    """How long it takes until the tools of the second are built."""


def preview(wanted: Preview, tools_are_there: Callable[[], bool]) -> int:
    """Build everything in the background and run each command as soon as it can run.

    Returns:
        Exit code of the first thing that failed, else 0. A command that failed ends the building.
    """
    with subprocess.Popen(
        [*LAB, "prepare", "--machines", wanted.machines, "--progress-seconds", "2"],
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
            return _shown(wanted, tools_are_there, building, window)
        finally:
            if building.poll() is None:
                os.killpg(building.pid, signal.SIGTERM)


def _step_back() -> None:
    """Leave the processor to what a person waits for."""
    os.nice(10)


def _shown(
    wanted: Preview,
    tools_are_there: Callable[[], bool],
    building: subprocess.Popen[str],
    window: Window,
) -> int:
    code, begun = 0, time.monotonic()
    if wanted.sizes:
        code = _on_simulated_lab(wanted.name, wanted.sizes, "--without-tools")
    if code == 0 and wanted.whole:
        if not tools_are_there():
            left = about(wanted.tools_seconds - (time.monotonic() - begun))
            print(f"The Terraform provider is being built, {left} left.", flush=True)
            window.open()
            while building.poll() is None and not tools_are_there():
                window.join(LOOK_SECONDS)
            window.close()
        if tools_are_there():  # else the building says why not
            code = _on_simulated_lab(wanted.name, wanted.whole)
    if code == 0:
        window.open()
        code = building.wait()
        window.join()
    return code


def _on_simulated_lab(name: str, command: Sequence[str], *options: str) -> int:
    up = [*LAB, "up", "--name", name, "--machines", "simulated", *options]
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
        """Show what was told since it was closed, and every line from now on."""
        with self._lock:
            self._open = True
            for line in self._kept:
                self._screen.show(line)
            self._kept.clear()

    def close(self) -> None:
        """Keep the lines from now on."""
        with self._lock:
            self._open = False
            self._screen.close()
