# SPDX-License-Identifier: GPL-3.0-or-later
"""How long preparing a lab still takes: by what this machine measured, else by a shipped table."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import yaml

from lab.hosts.cache import cache_dir, file_lock

TABLE = Path(__file__).with_name("durations.yml")
TICK = "… "
"""What a line of progress begins with."""
UNKNOWN_SECONDS = 60.0
OVERDUE = 0.1
"""Share of a step's time that is left to it when it takes longer than expected."""
PACE_SECONDS = 20.0
"""From how much work on the pace of this machine is believed."""
_ONE_CORE = ("packages", "root filesystem", "packaged images", "container images")
"""Steps that more cores make no faster."""


def expected(cores: int | None = None) -> dict[str, float]:
    """Return seconds by step, as measured here or scaled from the table."""
    table = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    share = table["cores"] / (cores or os.cpu_count() or 1)
    found = {
        name: seconds if name in _ONE_CORE else seconds * share
        for name, seconds in table["seconds"].items()
    }
    with suppress(OSError, ValueError):
        found.update(json.loads(_measured().read_text(encoding="utf-8")))
    return found


def slowed(seconds: Mapping[str, float], others: float, cores: int) -> dict[str, float]:
    """Return the seconds of steps on cores that so many other programs want as well."""
    one, all_of_them = max(1.0, (others + 1) / cores), (others + cores) / cores
    return {
        name: value * (one if name in _ONE_CORE else all_of_them) for name, value in seconds.items()
    }


def others_at_work() -> float:
    """Return how many other programs want a core: now, and not only because of what just ended."""
    try:
        running = Path("/proc/loadavg").read_text(encoding="ascii").split()[3].partition("/")[0]
        return min(os.getloadavg()[0], max(0, int(running) - 1))
    except (OSError, ValueError, IndexError):
        return 0.0


def remember(name: str, seconds: float) -> None:
    """Keep what a step took here, for the next estimate."""
    path = _measured()
    with file_lock(path.with_suffix(".lock")):
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            kept = {}
        unfinished = path.with_suffix(".part")
        unfinished.write_text(json.dumps({**kept, name: round(seconds, 1)}), encoding="utf-8")
        unfinished.replace(path)


def _measured() -> Path:
    return cache_dir() / "durations.json"


class Screen:
    """Lines for a person; those of progress take each other's place on a terminal."""

    def __init__(
        self,
        stream: IO[str],
        every_seconds: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Without a terminal a line of progress is shown at most `every_seconds`."""
        self._stream = stream
        self._terminal = stream.isatty()
        self._every_seconds = every_seconds
        self._clock = clock
        self._shown = float("-inf")
        self._lock = threading.Lock()

    def show(self, line: str) -> None:
        """Show a line at once; one that begins with TICK is of progress."""
        with self._lock:
            if self._terminal:
                self._stream.write(f"\r\033[K{line}" + ("" if line.startswith(TICK) else "\n"))
            elif not line.startswith(TICK):
                self._stream.write(f"{line}\n")
            elif self._clock() - self._shown >= self._every_seconds:
                self._shown = self._clock()
                self._stream.write(f"{line}\n")
            self._stream.flush()

    def close(self) -> None:
        """Leave no line of progress behind."""
        if self._terminal:
            self._stream.write("\r\033[K")
            self._stream.flush()


class Progress:
    """Steps in lanes that run side by side, each lane in its order; for use by several threads."""

    def __init__(
        self,
        lanes: Sequence[Sequence[str]],
        seconds: Mapping[str, float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lanes = [list(lane) for lane in lanes]
        self._seconds = {
            name: seconds.get(name, UNKNOWN_SECONDS) for lane in lanes for name in lane
        }
        self._clock = clock
        self._begun: dict[str, float] = {}
        self._took: dict[str, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Be in a step; one that fails does not count as done."""
        with self._lock:
            self._begun[name] = self._clock()
        yield
        with self._lock:
            self._took[name] = self._clock() - self._begun[name]

    def took(self, name: str) -> float:
        """Return the seconds of a step that is done."""
        return self._took[name]

    def left_seconds(self) -> float:
        """Return how long all of it still takes, at the pace so far."""
        with self._lock:
            now = self._clock()
            pace = self._pace(now)
            return max((self._lane_left(lane, now, pace) for lane in self._lanes), default=0.0)

    def line(self) -> str:
        """Return one line: what is being done, how much is done, how long it still takes."""
        with self._lock:
            running = [name for name in self._begun if name not in self._took]
            done, total = len(self._took), len(self._seconds)
        doing = ", ".join(running) or "waiting"
        return f"{TICK}{done} of {total} done, {about(self.left_seconds())} left: {doing}"

    def _pace(self, now: float) -> float:
        """How this machine compares with what was expected; a step that drags counts at once."""
        real = sum(self._took.values())
        hoped = sum(self._seconds[name] for name in self._took)
        for name, begun in self._begun.items():
            if name not in self._took and now - begun > self._seconds[name]:
                real += now - begun
                hoped += self._seconds[name]
        return real / hoped if hoped >= PACE_SECONDS else 1.0

    def _lane_left(self, lane: list[str], now: float, pace: float) -> float:
        left = 0.0
        for name in lane:
            whole = self._seconds[name] * pace
            if name in self._took:
                continue
            gone = now - self._begun[name] if name in self._begun else 0.0
            left += max(whole - gone, OVERDUE * whole)
        return left


def about(seconds: float) -> str:
    """Return a duration as a person would say it."""
    if seconds < 50:
        return f"about {max(10, round(seconds / 10) * 10)} s"
    return f"about {max(1, round(seconds / 60))} min"
