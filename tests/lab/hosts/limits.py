# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of the machine's kernel that all its hosts share: raised for labs, given back after them.

A host uses 21 inotify instances or more; without one, containerd serves no Kubernetes and says so
only in its log. The common limit of 128 is used up by six hosts. The key quota of root is large
enough as it is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from lab.hosts.cache import file_lock
from lab.hosts.network import LINKS, lock_dir
from lab.machines import MachineError

NEEDED = {"fs.inotify.max_user_instances": 1024, "fs.inotify.max_user_watches": 65536}
"""For some forty hosts; the limits are ceilings, nothing is reserved."""


@dataclass(frozen=True)
class KernelLimits:
    """The limits, and the record of what they were before the first lab raised them."""

    settings: Path = Path("/proc/sys")
    links: Path = LINKS
    locks: Path = field(default_factory=lock_dir)

    def raise_for_labs(self) -> None:
        """Raise what is too small; call it when the lab's bridge is there.

        Raises:
            MachineError: the kernel's settings cannot be written.
        """
        with file_lock(self._lock):
            before = self._read_record()
            raised = {key: have for key in NEEDED if (have := self._get(key)) < NEEDED[key]}
            if not raised:
                return
            self._record.write_text(json.dumps(raised | before), encoding="utf-8")
            for key, have in raised.items():
                self._set(key, have)

    def restore_after_labs(self) -> None:
        """Give back what was raised unless a lab still runs or somebody set another value."""
        with file_lock(self._lock):
            if any(self.links.glob("cwlab*")):
                return
            for key, value in self._read_record().items():
                if self._get(key) == NEEDED[key]:
                    self._path(key).write_text(f"{value}\n", encoding="ascii")
            self._record.unlink(missing_ok=True)

    @property
    def _lock(self) -> Path:
        return self.locks / "limits.lock"

    @property
    def _record(self) -> Path:
        return self.locks / "limits.json"

    def _read_record(self) -> dict[str, int]:
        if not self._record.exists():
            return {}
        found: dict[str, int] = json.loads(self._record.read_text(encoding="utf-8"))
        return found

    def _path(self, key: str) -> Path:
        return self.settings / key.replace(".", "/")

    def _get(self, key: str) -> int:
        return int(self._path(key).read_text(encoding="ascii"))

    def _set(self, key: str, have: int) -> None:
        try:
            self._path(key).write_text(f"{NEEDED[key]}\n", encoding="ascii")
        except OSError as error:
            raise MachineError(
                f"{key} is {have} here, too small for the hosts of a lab, and cannot be raised "
                f"({error.strerror}): set it to {NEEDED[key]}."
            ) from error
