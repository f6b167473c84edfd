# SPDX-License-Identifier: GPL-3.0-or-later
"""A person at a terminal: runs a command and types an answer when, and only when, it asks."""

from __future__ import annotations

import os
import pty
import select
import termios
import typing as t
from pathlib import Path

#: How long nothing is shown before something is typed, also again.
PATIENCE_SECONDS = 1.0


def talk(
    command: t.Sequence[str],
    environment: t.Mapping[str, str],
    folder: Path,
    answers: t.Mapping[bytes, str],
) -> tuple[int, str, set[bytes]]:
    """Return exit code, all that was shown, and the questions that were answered.

    ``answers``: what is typed when a question, or the end of it, is shown and keys are waited for.
    """
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execvpe(command[0], list(command), dict(environment))  # noqa: S606  (no shell is wanted)
    shown, answered = b"", set[bytes]()
    while True:
        try:
            if select.select([terminal], [], [], PATIENCE_SECONDS)[0]:
                shown += os.read(terminal, 65536)
            elif _waits_for_keys(terminal):
                question = max(answers, key=shown.rfind)
                assert question in shown, shown.decode()
                # Who asks throws away what was typed before: it is typed again until it is taken.
                os.write(terminal, f"{answers[question]}\r".encode())
                answered.add(question)
        except OSError:  # the other side has closed the terminal
            break
    _pid, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), shown.decode(), answered


def _waits_for_keys(terminal: int) -> bool:
    """Tell whether single keys are read, which Ansible does from its question to the answer."""
    return not termios.tcgetattr(terminal)[3] & termios.ICANON
