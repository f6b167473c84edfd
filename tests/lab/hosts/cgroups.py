# SPDX-License-Identifier: GPL-3.0-or-later
"""One control group per host in every hierarchy: its size, what it uses, and an end that is sure.

Two hosts that shared a group would share `/system.slice` and `/kubepods` too.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.machines import MachineError

CPU_PERIOD_US = 100_000
V2_CONTROLLERS = ("cpu", "cpuset", "memory", "pids", "io")


@dataclass(frozen=True)
class Hierarchy:
    """A mounted cgroup tree; `parent` is the directory in which the lab makes its groups."""

    parent: Path
    controllers: frozenset[str]
    """Names of v1 controllers ("memory"); empty for v2 and for systemd's named hierarchy."""
    unified: bool


def hierarchies(mountinfo: str, membership: str) -> list[Hierarchy]:
    """Read the hierarchies from `/proc/self/mountinfo` and `/proc/self/cgroup`.

    On v1 the lab stays below the group it runs in. On v2 alone that group has processes, and so
    may not hand controllers down; there the tree's root is the parent.
    """
    paths: dict[str, str] = {}
    for line in membership.splitlines():
        _number, controllers, path = line.split(":", 2)
        paths.update(dict.fromkeys(controllers.split(","), path))
    mounts = [_cgroup_mount(line) for line in mountinfo.splitlines()]
    found = [mount for mount in mounts if mount is not None]
    only_unified = all(unified for _point, _root, _options, unified in found)
    result = []
    for point, root, options, unified in found:
        names = {""} if unified else options & paths.keys()
        if not names:
            continue
        path = "/" if only_unified else paths.get(min(names), "/")
        below = os.path.relpath(path, root) if path.startswith(root) else "."
        own = frozenset(name for name in names if name and not name.startswith("name="))
        result.append(Hierarchy(point / below, own, unified))
    return result


def _cgroup_mount(line: str) -> tuple[Path, str, set[str], bool] | None:
    before, _, after = line.partition(" - ")
    kind, _source, options = after.split(" ", 2)
    if kind not in {"cgroup", "cgroup2"}:
        return None
    fields = before.split()
    return Path(fields[4]), fields[3], set(options.split(",")), kind == "cgroup2"


def own_hierarchies() -> list[Hierarchy]:
    """The hierarchies as this process sees them."""
    return hierarchies(
        Path("/proc/self/mountinfo").read_text(encoding="utf-8"),
        Path("/proc/self/cgroup").read_text(encoding="utf-8"),
    )


class ControlGroup:
    """The groups of one host, or of a whole lab, by one relative name in all hierarchies."""

    def __init__(self, name: str, trees: Iterable[Hierarchy] | None = None) -> None:
        self._trees = list(own_hierarchies() if trees is None else trees)
        self._name = name

    @property
    def directories(self) -> list[Path]:
        return [tree.parent / self._name for tree in self._trees]

    def create(self, *, cores: int, memory_mib: int, first_cpu: int = 0) -> None:
        """Make the groups and limit them to the size of the guest.

        Nothing is reserved, and more cores than the machine has are no limit.
        """
        try:
            for tree in self._trees:
                self._make(tree)
                for name, value in _limits(tree, cores, memory_mib, first_cpu):
                    path = tree.parent / self._name / name
                    if path.exists():
                        path.write_text(value, encoding="ascii")
        except OSError as error:
            raise MachineError(f"Control group {self._name}: {error}.") from error

    def _make(self, tree: Hierarchy) -> None:
        directory = tree.parent
        for part in Path(self._name).parts:
            if tree.unified:
                _hand_down(directory)
            parent, directory = directory, directory / part
            directory.mkdir(exist_ok=True)
            if "cpuset" in tree.controllers:  # empty at first, and then no process may enter
                for name in ("cpuset.cpus", "cpuset.mems"):
                    (directory / name).write_text(
                        (parent / name).read_text(encoding="ascii"), encoding="ascii"
                    )

    def memory_bytes(self) -> int:
        """Memory in use without what the kernel can drop at once."""
        for directory in self.directories:
            for usage, inactive in (
                ("memory.usage_in_bytes", "total_inactive_file"),
                ("memory.current", "inactive_file"),
            ):
                with contextlib.suppress(OSError, ValueError):
                    used = int((directory / usage).read_text(encoding="ascii"))
                    return max(0, used - _stat(directory / "memory.stat", inactive))
        return 0

    def cpu_seconds(self) -> float:
        """Processor time used since the group was made."""
        for directory in self.directories:
            with contextlib.suppress(OSError, ValueError):
                return int((directory / "cpuacct.usage").read_text(encoding="ascii")) / 1e9
            with contextlib.suppress(OSError, ValueError):
                return _stat(directory / "cpu.stat", "usage_usec") / 1e6
        return 0.0


def end_group(directories: Iterable[Path], *, timeout_seconds: float = 60) -> None:
    """End every process in and below the directories; remove them when none is left.

    Directories that are gone are fine.

    Raises:
        MachineError: a process does not end, or the kernel still holds a group.
    """
    found = list(directories)
    deadline = time.monotonic() + timeout_seconds
    while True:
        pids = set(_pids(found))
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _thaw(found)
        if not pids and _removed(found):
            return
        if time.monotonic() > deadline:
            names = ", ".join(str(path) for path in found if path.exists())
            raise MachineError(f"Control groups cannot be removed: {names}.")
        time.sleep(0.02)


def _thaw(directories: Iterable[Path]) -> None:
    """A host that ends while its container runtime freezes a pod leaves it deaf to signals."""
    for directory in directories:
        for name, awake in (("freezer.state", "THAWED"), ("cgroup.freeze", "0")):
            for file in _below(directory, name):
                with contextlib.suppress(OSError):
                    file.write_text(awake, encoding="ascii")


def _below(directory: Path, name: str) -> Iterator[Path]:
    """Return the files of a name in and below a directory; a group that goes meanwhile is fine."""
    for path, _names, files in os.walk(directory):
        if name in files:
            yield Path(path, name)


def _pids(directories: Iterable[Path]) -> Iterator[int]:
    for directory in directories:
        for path in _below(directory, "cgroup.procs"):
            with contextlib.suppress(OSError):
                yield from map(int, path.read_text(encoding="ascii").split())


def _removed(directories: Iterable[Path]) -> bool:
    for directory in directories:
        for path, _names, _files in os.walk(directory, topdown=False):
            with contextlib.suppress(FileNotFoundError):
                try:
                    os.rmdir(path)
                except OSError:  # a process that has just ended may still be counted
                    return False
    return True


def _limits(
    tree: Hierarchy, cores: int, memory_mib: int, first_cpu: int
) -> Iterator[tuple[str, str]]:
    available = sorted(os.sched_getaffinity(0))
    memory_bytes = str(memory_mib * 1024 * 1024)
    if tree.unified or "memory" in tree.controllers:
        yield ("memory.max" if tree.unified else "memory.limit_in_bytes"), memory_bytes
    if cores >= len(available):
        return
    if tree.unified or "cpuset" in tree.controllers:
        chosen = [available[(first_cpu + i) % len(available)] for i in range(cores)]
        yield "cpuset.cpus", ",".join(map(str, chosen))
    if tree.unified:
        yield "cpu.max", f"{cores * CPU_PERIOD_US} {CPU_PERIOD_US}"
    elif "cpu" in tree.controllers:
        yield "cpu.cfs_period_us", str(CPU_PERIOD_US)
        yield "cpu.cfs_quota_us", str(cores * CPU_PERIOD_US)


def _hand_down(directory: Path) -> None:
    offered = (directory / "cgroup.controllers").read_text(encoding="ascii").split()
    wanted = " ".join(f"+{name}" for name in V2_CONTROLLERS if name in offered)
    if wanted:
        (directory / "cgroup.subtree_control").write_text(wanted, encoding="ascii")


def _stat(path: Path, key: str) -> int:
    for line in path.read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(" ")
        if name == key:
            return int(value)
    raise ValueError(key)
