# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one command of the system and say plainly why it failed."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

LAST_LINES = 5


class CommandError(Exception):
    """A command of the system is missing or failed; the message is one plain sentence."""


def run(command: Sequence[str], *, timeout_seconds: float = 60, stdin: str | None = None) -> str:
    """Run a command to its end and return what it printed.

    Raises:
        CommandError: not installed, a non-zero exit, or no end within the time.
    """
    name = command[0]
    try:
        done = subprocess.run(
            command,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
    except FileNotFoundError as error:
        raise CommandError(f"{name} is not installed.") from error
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"{name} did not end within {timeout_seconds:g} s.") from error
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()[-LAST_LINES:]
        raise CommandError(f"{name} failed ({done.returncode}): {' | '.join(lines)}")
    return done.stdout
