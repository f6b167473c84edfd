# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts alone, without the simulated Proxmox VE.

PYTHONPATH=tests python -m lab.hosts up --name NAME HOST…   # boot them in the background
PYTHONPATH=tests python -m lab.hosts start|stop|kill|remake --name NAME HOST
PYTHONPATH=tests python -m lab.hosts down --name NAME       # end them and remove all they made
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from lab.hosts.commands import CommandError
from lab.hosts.footprint import remove_footprint
from lab.hosts.plain import ORDERS, PlainHosts, order, write_document
from lab.hosts.support import why_no_hosts
from lab.images import ImageError
from lab.machines import MachineError
from lab.prepare import prepare
from lab.state import POLL_SECONDS, LabError, LabState
from lab.tools import ToolError, ensure

ERRORS = (CommandError, ImageError, LabError, MachineError, ToolError)
START_SECONDS = 300


def print_step(line: str) -> None:
    """Show one step at once, also through a pipe."""
    print(line, flush=True)


def up(state: LabState, names: list[str]) -> None:
    """Boot hosts in the background; those that already run stay.

    Raises:
        LabError: real hosts cannot be had, or they did not start.
    """
    running = state.document()
    if running is not None:
        if sorted(running["hosts"]) != sorted(names):
            raise LabError(f"The lab {state.name} runs with other hosts: end it first.")
        print(json.dumps(running["hosts"]))
        return
    reason = why_no_hosts()
    if reason is not None:
        raise LabError(reason)
    prepare(hosts=True, report=print_step)
    ensure(["k3s-next"])
    clear(state)
    state.directory.mkdir(parents=True)
    command = [sys.executable, "-m", "lab.hosts", "run", "--name", state.name, *names]
    with state.log.open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=Path(__file__).parents[2],
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while (document := state.document()) is None:
        if process.poll() is not None or time.monotonic() > deadline:
            process.terminate()
            lines = state.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise LabError(f"The hosts did not start: {(lines or ['no word of it'])[-1]}")
        time.sleep(POLL_SECONDS)
    print(json.dumps(document["hosts"]))


def be(state: LabState, names: list[str]) -> None:
    """Be the hosts' owner until a signal ends it."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with state.hold():
        temporary = state.directory / "tmp"
        temporary.mkdir(mode=0o700, exist_ok=True)
        tempfile.tempdir = str(temporary)
        prepared = prepare(hosts=True, report=print_step)
        hosts = PlainHosts(state.directory, prepared, tuple(names))
        try:
            write_document(state.directory, {"name": state.name} | hosts.start())
            ended.wait()
        finally:
            (state.directory / "lab.json").unlink(missing_ok=True)
            hosts.close()


def clear(state: LabState) -> None:
    """Remove what hosts left, even when their owner and its guardian were killed."""
    if state.directory.exists():
        remove_footprint(state.directory)
        state.remove()


def main() -> int:
    """Return 0, or 1 after one sentence on standard error."""
    parser = argparse.ArgumentParser(prog="python -m lab.hosts", description=__doc__)
    parser.add_argument("verb", choices=("up", "run", "down", *ORDERS))
    parser.add_argument("--name", default="hosts", help="name of the lab (hosts)")
    parser.add_argument("hosts", nargs="*", help="names of the hosts")
    options = parser.parse_intermixed_args()
    state = LabState(options.name)
    try:
        if options.verb == "up":
            up(state, options.hosts)
        elif options.verb == "run":
            be(state, options.hosts)
        elif options.verb == "down":
            state.end_owner()
            clear(state)
        else:
            for name in options.hosts:
                order(state.directory, options.verb, name)
    except ERRORS as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
