# SPDX-License-Identifier: GPL-3.0-or-later
"""Control groups: where they are made, what they limit, and that nothing of them is left."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from lab.hosts.cgroups import ControlGroup, Hierarchy, end_group, hierarchies
from lab.machines import MachineError

HYBRID_MOUNTS = """\
21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 21 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw shared:2 - cgroup cgroup rw,cpu,cpuacct
32 30 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
33 30 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
34 30 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
35 30 0:31 / /sys/fs/cgroup/net_cls rw - cgroup cgroup rw,net_cls
"""
HYBRID_MEMBERSHIP = "4:memory:/jobs/a\n3:name=systemd:/\n2:cpu,cpuacct:/\n0::/jobs/a\n"


def _found(mounts: str, membership: str) -> dict[str, tuple[set[str], bool]]:
    return {
        str(tree.parent): (set(tree.controllers), tree.unified)
        for tree in hierarchies(mounts, membership)
    }


def test_hybrid_hierarchies_below_the_own_group() -> None:
    assert _found(HYBRID_MOUNTS, HYBRID_MEMBERSHIP) == {
        "/sys/fs/cgroup/cpu,cpuacct": ({"cpu", "cpuacct"}, False),
        "/sys/fs/cgroup/memory/jobs/a": ({"memory"}, False),
        "/sys/fs/cgroup/systemd": (set(), False),
        "/sys/fs/cgroup/unified/jobs/a": (set(), True),
    }


@pytest.mark.parametrize(
    ("mounts", "membership", "expected"),
    [
        pytest.param(
            "30 21 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
            "0::/user.slice/session-1.scope\n",
            {"/sys/fs/cgroup": (set(), True)},
            id="v2-alone-at-the-root",
        ),
        pytest.param(
            "30 21 0:26 /docker/x /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
            "4:memory:/docker/x/job\n",
            {"/sys/fs/cgroup/memory/job": ({"memory"}, False)},
            id="mount-of-a-part",
        ),
        pytest.param("21 1 254:0 / / rw - ext4 /dev/vda rw\n", "", {}, id="none"),
    ],
)
def test_other_hierarchies(
    mounts: str, membership: str, expected: dict[str, tuple[set[str], bool]]
) -> None:
    assert _found(mounts, membership) == expected


@pytest.fixture
def trees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Hierarchy]:
    """A machine of two processors with cgroup v1, as plain directories."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})
    files = {
        "memory": ("memory.limit_in_bytes",),
        "cpu": ("cpu.cfs_period_us", "cpu.cfs_quota_us"),
        "cpuset": ("cpuset.cpus", "cpuset.mems"),
    }
    for controller, names in files.items():
        for directory in (tmp_path / controller, tmp_path / controller / "lab/7"):
            directory.mkdir(parents=True)
            for name in names:
                (directory / name).write_text("")
    (tmp_path / "cpuset/cpuset.cpus").write_text("0-1\n")
    (tmp_path / "cpuset/cpuset.mems").write_text("0\n")
    return [Hierarchy(tmp_path / name, frozenset({name}), unified=False) for name in files]


@pytest.mark.parametrize(
    ("cores", "first_cpu", "cpus", "quota"),
    [(1, 4, "0", "100000"), (1, 5, "1", "100000"), (2, 0, "0-1\n", ""), (8, 0, "0-1\n", "")],
)
def test_a_group_has_the_size_of_its_guest(
    tmp_path: Path, trees: list[Hierarchy], *, cores: int, first_cpu: int, cpus: str, quota: str
) -> None:
    ControlGroup("lab/7", trees).create(cores=cores, memory_mib=512, first_cpu=first_cpu)

    assert (tmp_path / "memory/lab/7/memory.limit_in_bytes").read_text() == str(512 * 2**20)
    assert (tmp_path / "cpuset/lab/7/cpuset.cpus").read_text() == cpus
    assert (tmp_path / "cpuset/lab/7/cpuset.mems").read_text() == "0\n"
    assert (tmp_path / "cpu/lab/7/cpu.cfs_quota_us").read_text() == quota


def test_a_group_of_v2_hands_controllers_down(tmp_path: Path) -> None:
    for directory in (tmp_path, tmp_path / "lab", tmp_path / "lab/7"):
        directory.mkdir(exist_ok=True)
        (directory / "cgroup.procs").write_text("")
        (directory / "cgroup.controllers").write_text("cpu memory hugetlb\n")
        (directory / "memory.max").write_text("max\n")

    group = ControlGroup("lab/7", [Hierarchy(tmp_path, frozenset(), unified=True)])
    group.create(cores=64, memory_mib=512)

    assert (tmp_path / "cgroup.subtree_control").read_text() == "+cpu +memory"
    assert (tmp_path / "lab/cgroup.subtree_control").read_text() == "+cpu +memory"
    assert (tmp_path / "lab/7/memory.max").read_text() == str(512 * 2**20)


@pytest.mark.parametrize(
    "files",
    [
        {
            "memory.usage_in_bytes": "5000\n",
            "memory.stat": "inactive_file 7\ntotal_inactive_file 2000\n",
            "cpuacct.usage": "2500000000\n",
        },
        {
            "memory.current": "5000\n",
            "memory.stat": "anon 1\ninactive_file 2000\n",
            "cpu.stat": "usage_usec 2500000\nuser_usec 1\n",
        },
    ],
    ids=["v1", "v2"],
)
def test_usage(tmp_path: Path, files: dict[str, str]) -> None:
    directory = tmp_path / "lab"
    directory.mkdir()
    for name, content in files.items():
        (directory / name).write_text(content)
    group = ControlGroup("lab", [Hierarchy(tmp_path, frozenset({"memory"}), unified=False)])

    assert (group.memory_bytes(), group.cpu_seconds()) == (3000, 2.5)


def test_a_group_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    group = ControlGroup("lab/7", [Hierarchy(tmp_path / "none", frozenset(), unified=False)])

    with pytest.raises(MachineError, match=r"^Control group lab/7: .*none/lab.*\.$"):
        group.create(cores=1, memory_mib=1)


def member(directory: Path) -> subprocess.Popen[bytes]:
    """A process in a directory that stands for its group; like a group, it empties with it."""
    directory.mkdir(parents=True)
    procs = directory / "cgroup.procs"
    script = f'sleep 600 & echo $! > "{procs}.new"; mv "{procs}.new" "{procs}"; wait; rm "{procs}"'
    process = subprocess.Popen(["sh", "-c", script])
    while not procs.exists():
        assert process.poll() is None
    return process


def test_ending_a_group_ends_its_processes_and_removes_it(tmp_path: Path) -> None:
    group = tmp_path / "lab"
    processes = [member(group / "7"), member(group / "8/system.slice")]

    end_group([group, tmp_path / "gone"])

    assert [process.wait(5) for process in processes] == [0, 0]
    assert not group.exists()


def test_a_group_that_stays_is_named(tmp_path: Path) -> None:
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab/file").touch()

    with pytest.raises(MachineError, match=f"cannot be removed: {tmp_path}/lab"):
        end_group([tmp_path / "lab"], timeout_seconds=0)
