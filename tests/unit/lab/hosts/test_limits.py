# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel limits grow for labs, never shrink for them, and go back after the last one."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab.hosts.limits import NEEDED, KernelLimits
from lab.machines import MachineError

KEY = "fs.inotify.max_user_instances"
OTHER = "fs.inotify.max_user_watches"


@pytest.fixture
def limits(tmp_path: Path) -> KernelLimits:
    """A machine with a limit that is too small and one that is not, without labs."""
    found = KernelLimits(tmp_path / "sys", tmp_path / "net", tmp_path / "locks")
    (found.settings / "fs/inotify").mkdir(parents=True)
    found.links.mkdir()
    write(found, KEY, 128)
    write(found, OTHER, 524288)
    return found


def path(limits: KernelLimits, key: str) -> Path:
    return limits.settings / key.replace(".", "/")


def write(limits: KernelLimits, key: str, value: int) -> None:
    path(limits, key).write_text(f"{value}\n", encoding="ascii")


def read(limits: KernelLimits) -> dict[str, int]:
    return {key: int(path(limits, key).read_text(encoding="ascii")) for key in (KEY, OTHER)}


def test_only_what_is_too_small_is_raised_and_given_back(limits: KernelLimits) -> None:
    limits.raise_for_labs()
    assert read(limits) == {KEY: NEEDED[KEY], OTHER: 524288}

    limits.restore_after_labs()
    assert read(limits) == {KEY: 128, OTHER: 524288}


def test_the_last_of_two_labs_gives_back(limits: KernelLimits) -> None:
    for bridge in ("cwlab0", "cwlab1"):
        (limits.links / bridge).mkdir()
        limits.raise_for_labs()

    (limits.links / "cwlab0").rmdir()
    limits.restore_after_labs()
    assert read(limits)[KEY] == NEEDED[KEY]

    (limits.links / "cwlab1").rmdir()
    limits.restore_after_labs()
    assert read(limits)[KEY] == 128


def test_a_lab_after_a_killed_one_remembers_the_first_value(limits: KernelLimits) -> None:
    limits.raise_for_labs()
    write(limits, KEY, 64)  # somebody else, while labs ran
    limits.raise_for_labs()
    limits.restore_after_labs()

    assert read(limits)[KEY] == 128


def test_a_value_that_somebody_else_set_stays(limits: KernelLimits) -> None:
    limits.raise_for_labs()
    write(limits, KEY, 8192)
    limits.restore_after_labs()
    limits.restore_after_labs()

    assert read(limits)[KEY] == 8192


def test_a_limit_that_cannot_be_raised_is_named(
    limits: KernelLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Path.write_text

    def read_only(self: Path, *arguments: str, **options: str) -> int:
        if self.is_relative_to(limits.settings):
            raise OSError(30, "Read-only file system")
        return original(self, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", read_only)
    with pytest.raises(MachineError, match=rf"{KEY} is 128 here.*set it to {NEEDED[KEY]}"):
        limits.raise_for_labs()
