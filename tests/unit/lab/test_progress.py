# SPDX-License-Identifier: GPL-3.0-or-later
"""The estimate of a first run follows the machine, and its line stays out of the way."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from lab.progress import TICK, Progress, Screen, about, expected, remember, slowed

SECONDS = {"provider": 60.0, "k3s": 300.0, "rootfs": 30.0}


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(clock: Clock) -> Progress:
    return Progress([["provider", "k3s"], ["rootfs"]], SECONDS, clock)


def test_lanes_run_side_by_side(progress: Progress) -> None:
    assert progress.left_seconds() == 360


def test_time_passes(progress: Progress, clock: Clock) -> None:
    with progress.step("provider"):
        clock.now = 40
        assert progress.left_seconds() == 320


@pytest.mark.parametrize("factor", [0.5, 1, 4])
def test_the_pace_of_the_machine_is_learned(
    progress: Progress, clock: Clock, factor: float
) -> None:
    with progress.step("provider"):
        clock.now = 60 * factor
    assert progress.took("provider") == 60 * factor
    assert progress.left_seconds() == pytest.approx(300 * factor)


def test_a_step_that_drags_never_reaches_zero(progress: Progress, clock: Clock) -> None:
    with progress.step("provider"):
        for now in (60, 120, 600):
            clock.now = now
            assert progress.left_seconds() > 300 * now / 60


def test_a_step_that_failed_is_not_done(progress: Progress) -> None:
    with pytest.raises(ZeroDivisionError), progress.step("rootfs"):
        _ = 1 / 0
    assert progress.line().startswith(f"{TICK}0 of 3 done, about 6 min left")


def test_the_line_names_what_is_being_done(progress: Progress, clock: Clock) -> None:
    with progress.step("provider"), progress.step("rootfs"):
        clock.now = 15
        assert progress.line() == f"{TICK}0 of 3 done, about 6 min left: provider, rootfs"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "about 10 s"), (34, "about 30 s"), (55, "about 1 min"), (619, "about 10 min")],
)
def test_as_a_person_says_it(seconds: float, words: str) -> None:
    assert about(seconds) == words


def test_what_was_measured_here_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    before = expected(cores=2)
    assert expected(cores=8)["tool k3s"] == before["tool k3s"] / 4
    assert expected(cores=8)["root filesystem"] == before["root filesystem"]
    remember("tool k3s", 1000)
    remember("tool helm", 7)
    assert expected(cores=8)["tool k3s"] == 1000
    assert expected(cores=8)["tool helm"] == 7


@pytest.mark.parametrize(
    ("others", "compiling", "unpacking"), [(0, 100, 10), (1, 150, 10), (30, 1600, 155)]
)
def test_a_busy_machine_takes_longer(others: float, compiling: float, unpacking: float) -> None:
    seconds = slowed({"tool k3s": 100.0, "root filesystem": 10.0}, others, cores=2)
    assert seconds == {"tool k3s": compiling, "root filesystem": unpacking}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_one_line_is_rewritten() -> None:
    stream = Terminal()
    screen = Screen(stream)
    for line in (f"{TICK}9 min", f"{TICK}8 min", "built", f"{TICK}7 min"):
        screen.show(line)
    screen.close()
    shown = [part.split("\x1b[K")[-1] for part in stream.getvalue().split("\n")]
    assert shown == ["built", ""]


def test_in_a_log_lines_of_progress_are_few(clock: Clock) -> None:
    stream = io.StringIO()
    screen = Screen(stream, every_seconds=30, clock=clock)
    for second in range(61):
        clock.now = second
        screen.show(f"{TICK}{second}")
    screen.show("built")
    screen.close()
    assert stream.getvalue().splitlines() == [f"{TICK}0", f"{TICK}30", f"{TICK}60", "built"]
