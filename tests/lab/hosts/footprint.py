# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab occupies on the machine, written down before it is made, so that it can be removed.

Removing needs only this record: the lab itself may be long dead.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.hosts.cache import file_lock
from lab.hosts.cgroups import end_group
from lab.hosts.commands import run
from lab.hosts.limits import KernelLimits
from lab.hosts.network import remove_bridge, remove_links

ESCAPED = re.compile(r"\\([0-7]{3})")
"""How mountinfo writes blanks and backslashes in a path."""
NSPAWN_RUNTIME = Path("/run/systemd/nspawn")


@dataclass(frozen=True)
class Footprint:
    """Everything outside the lab's state directory, and the hosts' files inside it."""

    bridge: str
    """Name of the bridge; the names of nspawn machines begin with it."""
    groups: tuple[str, ...]
    """The lab's control groups, as absolute directories."""
    machines_dir: str

    def save(self, state_dir: Path) -> None:
        path = _record(state_dir)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")

    @classmethod
    def load(cls, state_dir: Path) -> Footprint | None:
        """The record of a lab that was not removed, or None."""
        try:
            document = json.loads(_record(state_dir).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return cls(document["bridge"], tuple(document["groups"]), document["machines_dir"])


def remove_footprint(state_dir: Path) -> bool:
    """Remove all that the recorded lab left on the machine.

    Returns:
        Whether there was something recorded.

    Raises:
        MachineError: a process or a group does not go away.
        CommandError: a mount or the bridge does not go away.
    """
    with file_lock(state_dir / "footprint.lock"):
        footprint = Footprint.load(state_dir)
        if footprint is None:
            return False
        end_group(Path(group) for group in footprint.groups)
        unmount_below(Path(footprint.machines_dir))
        remove_links(f"{footprint.bridge}-*")
        remove_bridge(footprint.bridge)
        KernelLimits().restore_after_labs()
        for path in NSPAWN_RUNTIME.glob(f"*/{footprint.bridge}-*"):
            shutil.rmtree(path, ignore_errors=True)
        shutil.rmtree(footprint.machines_dir, ignore_errors=True)
        _record(state_dir).unlink(missing_ok=True)
    return True


def unmount_below(directory: Path, mountinfo: Path = Path("/proc/self/mountinfo")) -> None:
    """Unmount everything at and below a directory, the innermost first."""
    for line in reversed(mountinfo.read_text(encoding="utf-8").splitlines()):
        point = Path(ESCAPED.sub(lambda match: chr(int(match[1], 8)), line.split()[4]))
        if point.is_relative_to(directory):
            run(["umount", str(point)])


def _record(state_dir: Path) -> Path:
    return state_dir / "footprint.json"
