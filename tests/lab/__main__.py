# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m lab`: prepare, preview, start, show and end a lab."""

from __future__ import annotations

import argparse
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from lab.hosts.commands import CommandError
from lab.hosts.footprint import remove_footprint
from lab.hosts.support import why_no_hosts
from lab.images import ImageError
from lab.lab import Lab, LabRequest
from lab.machines import MachineError
from lab.prepare import Preparation, Prepared, prepare
from lab.preview import Preview, preview
from lab.progress import Screen, about
from lab.pve import ClusterError
from lab.state import POLL_SECONDS, LabError, LabState
from lab.tools import ToolError, Tools

ERRORS = (ClusterError, CommandError, ImageError, LabError, MachineError, ToolError)
START_SECONDS = 300
TICK_SECONDS = 1
NOT_ASKED = "the lab was asked for without real hosts."


def main(arguments: list[str] | None = None) -> int:
    """Return 0, or 1 after one sentence on standard error."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except ERRORS as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except PermissionError as error:
        sys.stderr.write(f"{error.filename}: it belongs to another user, probably root.\n")
        return 1
    return 0


def up(options: argparse.Namespace) -> None:
    """Start the lab in the background; one that already runs as asked for stays."""
    state = LabState(options.name)
    reason = simulated_reason(options.machines)
    running = state.document()
    if running is not None:
        if (running["cluster"], running["simulated"]) != (options.cluster, reason is not None):
            raise LabError(f"The lab {state.name} runs with other options: end it first.")
        print(summary(running))
        return
    if state.owner() is not None:
        raise LabError(f"The lab {state.name} is just starting or ending: try again.")
    if not options.without_tools:
        prepare(hosts=reason is None, report=print_step)
    clear(state)
    state.directory.mkdir(parents=True)
    command = [sys.executable, "-m", "lab", "run", "--name", options.name]
    command += ["--cluster", options.cluster, "--machines", options.machines]
    command += ["--without-tools"] * options.without_tools
    with state.log.open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=Path(__file__).parents[1],
            start_new_session=True,
        )
    print(summary(_await_document(state, process)))


def _await_document(state: LabState, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    deadline = time.monotonic() + START_SECONDS
    while (document := state.document()) is None:
        if process.poll() is not None or time.monotonic() > deadline:
            process.terminate()
            lines = state.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            last = lines[-1] if lines else "no word of it"
            raise LabError(f"The lab {state.name} did not start: {last} (see {state.log})")
        time.sleep(POLL_SECONDS)
    return document


def run(options: argparse.Namespace) -> None:
    """Be the lab until a signal ends it."""
    state = LabState(options.name)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    reason = simulated_reason(options.machines)
    with state.hold():
        temporary = state.directory / "tmp"
        temporary.mkdir(mode=0o700, exist_ok=True)
        tempfile.tempdir = str(temporary)  # so that nothing outlives the state directory
        prepared = (
            Prepared(Tools())
            if options.without_tools
            else prepare(hosts=reason is None, report=print_step)
        )
        lab = Lab(LabRequest(options.name, options.cluster, reason), state.directory, prepared)
        try:
            lab.start()
            ended.wait()
        finally:
            (state.directory / "lab.json").unlink(missing_ok=True)
            lab.close()


def down(options: argparse.Namespace) -> None:
    """End the lab and remove all it made; one that is already gone is fine."""
    state = LabState(options.name)
    state.end_owner()
    left = clear(state)
    print(f"The lab {state.name} is gone." if left else f"There is no lab {state.name}.")


def clear(state: LabState) -> bool:
    """Remove what a lab left, even one that was killed together with its guardian."""
    if not state.directory.exists():
        return False
    remove_footprint(state.directory)
    state.remove()
    return True


def status(options: argparse.Namespace) -> None:
    """Print where the lab is.

    Raises:
        LabError: it does not run.
    """
    state = LabState(options.name)
    document = state.document()
    if document is None:
        raise LabError(f"The lab {state.name} does not run.")
    print(summary(document))


def prepare_only(options: argparse.Namespace) -> None:
    """Have everything slow, with a line for each step and one of progress now and then."""
    preparation = Preparation(hosts=simulated_reason(options.machines) is None)
    if preparation.complete:
        return
    left = about(preparation.progress.left_seconds())
    print_step(f"What the lab needs is made once; on this machine that takes {left}.")
    _with_progress(preparation, Screen(sys.stdout, options.progress_seconds))


def _with_progress(preparation: Preparation, screen: Screen) -> None:
    done = threading.Event()

    def tick() -> None:
        while not done.wait(TICK_SECONDS):
            screen.show(preparation.progress.line())

    ticker = threading.Thread(target=tick, daemon=True)
    ticker.start()
    try:
        preparation.run(screen.show)
    finally:
        done.set()
        ticker.join()
        screen.close()


def preview_first(options: argparse.Namespace) -> None:
    """Where something slow is missing, show sizes and simulated side while it is built.

    Without hosts only the sizes: what follows is the simulated side.

    Raises:
        SystemExit: a command, or the building, failed.
    """
    hosts = simulated_reason(options.machines) is None
    everything = Preparation(hosts=hosts)
    if everything.complete:
        return
    tools = Preparation(hosts=False)
    seconds = tools.progress.left_seconds()
    wanted = Preview(
        name=options.name,
        machines=options.machines,
        sizes=() if tools.complete else shlex.split(options.sizes),
        whole=options.command if hosts else (),
        tools_seconds=seconds,
    )
    whole = about(everything.progress.left_seconds())
    then = (
        f", the applied Terraform\non the simulated side as soon as its provider is built"
        f" ({about(seconds)}), then the run on real hosts"
        if hosts
        else ""
    )
    print_step(
        f"The lab is made once, in the background; on this machine that takes {whole}. You see the"
        f" sizes first{then}."
    )
    code = preview(wanted, lambda: Preparation(hosts=False).complete)
    if code != 0:
        raise SystemExit(code)


def simulated_reason(machines: str) -> str | None:
    """Why there will be no real hosts, or None when there will.

    Raises:
        LabError: real hosts were asked for by name and cannot be had.
    """
    if machines == "simulated":
        return NOT_ASKED
    reason = why_no_hosts()
    if reason is not None and machines == "hosts":
        raise LabError(reason)
    return reason


def summary(document: dict[str, Any]) -> str:
    """A few lines for a person: where the lab is and what in it is not the real thing."""
    hosts = f"real Linux hosts on {document['bridge']}, {document['subnet']}"
    if document["simulated"]:
        hosts = f"SIMULATED: {document['simulated_reason']}"
    rows = {
        "lab": document["name"],
        "Proxmox VE": document["endpoint"],
        "token": f"{document['user']}!{document['token_id']} ({document['token_secret_file']})",
        "hosts": hosts,
    }
    lines = [f"{key:<11} {value}" for key, value in rows.items()]
    return "\n".join(lines + [f"{'stand-in':<11} {line}" for line in document["lab_stand_ins"]])


def print_step(line: str) -> None:
    """Show one step at once, also through a pipe."""
    print(line, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, function, words in (
        ("up", up, "start a lab in the background"),
        ("down", down, "end a lab and remove all it made"),
        ("status", status, "show where a lab is"),
        ("prepare", prepare_only, "build and cache everything slow"),
        ("preview", preview_first, "run a command on the simulated side while the rest is built"),
        ("run", run, "be the lab in the foreground"),
    ):
        command = commands.add_parser(name, help=words, description=function.__doc__)
        command.set_defaults(run=function)
        if name != "prepare":
            command.add_argument("--name", default="demo", help="name of the lab (demo)")
        if name in {"up", "run", "prepare", "preview"}:
            command.add_argument(
                "--machines",
                choices=("auto", "hosts", "simulated"),
                default="auto",
                help="real hosts, none, or real ones where they can be had (auto)",
            )
        if name == "prepare":
            command.add_argument(
                "--progress-seconds",
                type=float,
                default=30.0,
                help="without a terminal, time between lines of progress (30)",
            )
        if name == "preview":
            command.add_argument("--sizes", default="", help="a command that needs no tool, first")
            command.add_argument("command", nargs="+", metavar="WORD", help="after --: the command")
        if name in {"up", "run"}:
            command.add_argument(
                "--without-tools",
                action="store_true",
                help="without hosts and Terraform: enough to read facts",
            )
            command.add_argument(
                "--cluster", default="default", help="a cluster file, or the name of one (default)"
            )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
