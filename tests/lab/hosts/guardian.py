# SPDX-License-Identifier: GPL-3.0-or-later
"""A small process that outlives the lab's and removes what that one could not.

It waits for the end of its standard input, which the kernel closes when the lab's process ends,
however that ends; then it removes the recorded footprint. After an orderly end there is none.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import IO

from lab.hosts.commands import CommandError
from lab.hosts.footprint import remove_footprint
from lab.machines import MachineError


def start_guardian(state_dir: Path, held: IO[str]) -> subprocess.Popen[bytes]:
    """Start the guardian of this process; it keeps the lock file `held` until all is removed."""
    with (state_dir / "guardian.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "lab.hosts.guardian", str(state_dir)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=[held.fileno()],
            start_new_session=True,
            cwd=Path(__file__).parents[2],
        )


def main() -> int:
    """Wait for the lab's end, then remove; 1 with a sentence in the log when that fails."""
    state_dir = Path(sys.argv[1])
    sys.stdin.buffer.read()
    try:
        remove_footprint(state_dir)
    except (CommandError, MachineError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
