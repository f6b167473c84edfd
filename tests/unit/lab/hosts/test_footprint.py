# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab leaves nothing behind, even one that is killed."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.hosts.footprint import Footprint, remove_footprint, unmount_below

TESTS_DIR = Path(__file__).parents[3]
HOST = 'sleep 600 & echo $! > "$1/pid"; mv "$1/pid" "$1/cgroup.procs"; wait; rm "$1/cgroup.procs"'
"""A process in a directory that stands for its control group; like one, it empties with it."""
LAB = """
import sys
from pathlib import Path
from lab.hosts.footprint import Footprint
from lab.hosts.guardian import start_guardian

state_dir, group = map(Path, sys.argv[1:])
Footprint("cwlab-none", (str(group),), str(state_dir / "machines")).save(state_dir)
with (state_dir / "network.lock").open("w") as held:
    print(start_guardian(state_dir, held).pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Path]:
    """The control group of a lab with one host in it."""
    directory = tmp_path / "group" / "1001"
    directory.mkdir(parents=True)
    host = subprocess.Popen(["sh", "-c", HOST, "sh", str(directory)])
    while not (directory / "cgroup.procs").exists():
        assert host.poll() is None
    yield directory.parent
    assert host.wait(10) == 0


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """The state directory of a lab with files of one host."""
    files = tmp_path / "state/machines/1001/upper"
    files.mkdir(parents=True)
    (files / "etc").touch()
    return tmp_path / "state"


def test_everything_recorded_is_removed_once(state_dir: Path, group: Path) -> None:
    Footprint("cwlab-none", (str(group),), str(state_dir / "machines")).save(state_dir)

    assert remove_footprint(state_dir)
    assert not group.exists()
    assert not (state_dir / "machines").exists()
    assert not remove_footprint(state_dir)


def test_a_record_is_read_as_it_was_saved(tmp_path: Path) -> None:
    footprint = Footprint("cwlab3", ("/sys/fs/cgroup/cpu/cwlab3",), "/var/machines")
    footprint.save(tmp_path / "new")

    assert Footprint.load(tmp_path / "new") == footprint
    assert Footprint.load(tmp_path) is None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_guardian_removes_what_a_killed_lab_leaves(
    state_dir: Path, group: Path, number: signal.Signals
) -> None:
    lab = subprocess.Popen(
        [sys.executable, "-c", LAB, str(state_dir), str(group)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(TESTS_DIR)},
    )
    assert lab.stdout is not None and lab.stdin is not None
    guardian = os.pidfd_open(int(lab.stdout.readline()))

    lab.send_signal(number)
    lab.wait(10)
    ended, _, _ = select.select([guardian], [], [], 30)

    assert ended
    assert not group.exists()
    assert not (state_dir / "machines").exists()
    assert Footprint.load(state_dir) is None
    assert (state_dir / "guardian.log").read_text() == ""
    lab.stdin.close()
    lab.stdout.close()
    os.close(guardian)


def test_only_mounts_below_the_directory_are_unmounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = tmp_path / "a lab"
    points = [lab / "1001/root", lab / "1001/root/proc", tmp_path / "a lab2/root"]
    mountinfo = tmp_path / "mountinfo"
    lines = [str(point).replace(" ", "\\040") for point in points]
    mountinfo.write_text("".join(f"1 2 0:1 / {line} rw - ext4 a rw\n" for line in lines))
    umount = tmp_path / "umount"
    umount.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/calls\n')
    umount.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    unmount_below(lab, mountinfo)

    assert (tmp_path / "calls").read_text() == f"{points[1]}\n{points[0]}\n"
