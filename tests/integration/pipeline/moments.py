# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments of a run of a playbook, and its end by a power cut."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
import typing as t
from pathlib import Path

from .conftest import Pipeline

DEADLINE_SECONDS = 180
LOOK_SECONDS = 0.02
Moment = t.Callable[[Pipeline], bool]


def in_stage(name: str) -> Moment:
    """The moment at which the record of the run says that a stage began."""

    def reached(pipeline: Pipeline) -> bool:
        return any(stage["agent_name"] == name for stage in stages(pipeline))

    return reached


def called(method: str, path: str) -> Moment:
    """The moment at which Proxmox VE has answered a request."""

    def reached(pipeline: Pipeline) -> bool:
        return any(
            call["method"] == method and re.fullmatch(path, call["path"])
            for call in pipeline.lab.calls()
        )

    return reached


def stages(pipeline: Pipeline) -> list[dict[str, t.Any]]:
    """Return the stages of the newest run."""
    runs = pipeline.runs()
    return t.cast("list[dict[str, t.Any]]", runs[0]["stages"]) if runs else []


def kill_at(pipeline: Pipeline, moment: Moment, process: subprocess.Popen[str]) -> None:
    """Kill the playbook with everything it started, as a power cut does."""
    wait_for(pipeline, moment, process)
    for pid in reversed(family(process.pid)):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def wait_for(pipeline: Pipeline, moment: Moment, process: subprocess.Popen[str]) -> None:
    """Return when the moment has come; the playbook must not end before."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not moment(pipeline):
        # Waits for the end, so that looking again and again takes no processor from the run.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=LOOK_SECONDS)
        assert process.returncode is None, process.communicate()[0]
        assert time.monotonic() < deadline, "the moment never came"


def family(pid: int) -> list[int]:
    """Return a process, stopped so that it starts no more, and all that descend from it."""
    os.kill(pid, signal.SIGSTOP)
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            try:
                found += family(int(child))
            except (ProcessLookupError, FileNotFoundError):
                continue
    return found
