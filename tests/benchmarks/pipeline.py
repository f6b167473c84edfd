#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seconds of each stage, Ansible's own share of them, and memory, on a lab of its own.

    .venv/bin/python tests/benchmarks/pipeline.py [--simulated]

Measures the plan stage without a model beside `ansible localhost -m ping`, then the first and the
second run of the default intent; on real hosts, or with ``--simulated`` without any. Prints a
table and writes ``build/benchmarks/pipeline.json``.

Ansible's own share is the time outside of tasks, and for each task what an empty one takes.
Memory is the largest sum of resident memory of the playbook and everything that it started on
this machine; pages that processes share are counted for each.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
REPORT = ROOT / "build/benchmarks/pipeline.json"
INTENT = "HA cluster with monitoring"
LAB = "benchmark"
EMPTY_TASKS = 20
HERE = ("-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}")
SAMPLE_SECONDS = 0.2
PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 2**20
TASK_LINE = re.compile(r"^.+ -+ +(\d+\.\d+)s$", re.M)

Row = dict[str, t.Any]


class Measured(t.NamedTuple):
    """One finished command."""

    seconds: float
    peak_mib: float
    output: str


def environment() -> dict[str, str]:
    """Return the environment of every command: the checkout's, with the time of each task."""
    return {
        **os.environ,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "tests"),
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_CALLBACKS_ENABLED": "ansible.posix.profile_tasks",
        "PROFILE_TASKS_TASK_OUTPUT_LIMIT": "all",
    }


def measure(*command: str) -> Measured:
    """Run a command to its end.

    Raises:
        SystemExit: it failed; its output is the message.
    """
    begun = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    peak = [0.0]
    ended = threading.Event()
    sampler = threading.Thread(target=sample, args=(process.pid, peak, ended))
    sampler.start()
    output, _ = process.communicate()
    seconds = time.monotonic() - begun
    ended.set()
    sampler.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{output}")
    return Measured(seconds, peak[0], output)


def sample(pid: int, peak: list[float], ended: threading.Event) -> None:
    """Keep the largest sum of resident memory of a process and its descendants."""
    while not ended.wait(SAMPLE_SECONDS):
        peak[0] = max(peak[0], sum(resident_mib(one) for one in family(pid)))


def family(pid: int) -> t.Iterator[int]:
    """Yield a process and all that descend from it."""
    yield pid
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from family(int(child))
    except OSError:
        return


def resident_mib(pid: int) -> float:
    """Return the resident memory of a process, 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_MIB
    except (OSError, IndexError):
        return 0.0


def playbook(name: str, folder: Path, **variables: str) -> Measured:
    """Run a playbook against the lab."""
    said = {"lab_name": LAB, "deployment": "bench", "deployments_dir": str(folder), **variables}
    return measure(
        str(BIN / "ansible-playbook"),
        str(ROOT / f"playbooks/{name}.yml"),
        *("-i", str(ROOT / "inventory/lab"), "-e", json.dumps(said)),
    )


def empty_task_seconds(folder: Path) -> float:
    """Return what a task takes that does nothing, as a module on this machine."""
    tasks = [{"name": f"Nothing {n}", "ansible.builtin.ping": None} for n in range(EMPTY_TASKS)]
    book = folder / "empty.yml"
    book.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    done = measure(str(BIN / "ansible-playbook"), str(book), *HERE)
    return sum(map(float, TASK_LINE.findall(done.output))) / EMPTY_TASKS


def row(what: str, done: Measured, folder: Path, empty_seconds: float) -> Row:
    """Return what is reported of a run of a playbook."""
    tasks = list(map(float, TASK_LINE.findall(done.output)))
    outside = max(0.0, done.seconds - sum(tasks))
    own = outside + sum(min(seconds, empty_seconds) for seconds in tasks)
    result = json.loads((folder / "bench/result.json").read_text())
    return {
        "what": what,
        "seconds": round(done.seconds, 1),
        "tasks": len(tasks),
        "ansible_seconds": round(own, 1),
        "ansible_share": round(own / done.seconds, 2),
        "peak_mib": round(done.peak_mib),
        "stages": {stage["stage"]: round(stage["seconds"], 1) for stage in result["stages"]},
    }


def measure_all(folder: Path) -> Row:
    """Return the rows of all runs."""
    ping = measure(str(BIN / "ansible"), "localhost", "-m", "ping", *HERE)
    empty = empty_task_seconds(folder)
    rows = []
    for what, name in (
        ("plan", "plan"),
        ("plan again", "plan"),
        ("first run", "provision"),
        ("second run", "provision"),
    ):
        done = playbook(name, folder, intent=INTENT, approve="auto")
        rows.append(row(what, done, folder, empty))
        print_row(rows[-1])
    return {
        "intent": INTENT,
        "ping_seconds": round(ping.seconds, 1),
        "empty_task_seconds": round(empty, 3),
        "load": os.getloadavg()[0],
        "processors": os.cpu_count(),
        "runs": rows,
    }


def print_row(found: Row) -> None:
    """Show one run as soon as it is known."""
    stages = "  ".join(f"{name} {seconds}" for name, seconds in found["stages"].items())
    print(
        f"{found['what']:<11} {found['seconds']:7.1f} s  Ansible {found['ansible_share']:4.0%}"
        f"  {found['peak_mib']:5} MiB  {found['tasks']:3} tasks   {stages}",
        flush=True,
    )


def main() -> None:
    """Start a lab, measure, end the lab."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--simulated", action="store_true", help="without hosts")
    machines = "simulated" if parser.parse_args().simulated else "hosts"
    lab = (sys.executable, "-m", "lab")
    folder = Path(tempfile.mkdtemp(prefix="clusterwright-benchmark-"))
    try:
        measure(*lab, "up", "--name", LAB, "--machines", machines)
        found = {"machines": machines, **measure_all(folder)}
    finally:
        measure(*lab, "down", "--name", LAB)
        shutil.rmtree(folder)
    print(
        f"ansible localhost -m ping: {found['ping_seconds']} s; an empty task:"
        f" {found['empty_task_seconds']} s; load {found['load']:.1f} on {found['processors']}"
        f" processors; {machines}."
    )
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
