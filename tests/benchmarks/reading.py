#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Benchmark from a sentence to sizes: ``python tests/benchmarks/reading.py``.

Prints a table of seconds of CPU beside their goals and writes build/benchmarks/reading.json. Each
row is the best of several fresh interpreters; nothing is asserted, for times belong to the machine
they were measured on. The playbook is the one that sizes without Proxmox VE, beside a playbook of
one task that says hello.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COLLECTIONS = ROOT / "build/collections"
ROUNDS = 5
INTENT = "k3s HA cluster with three workers and monitoring"
#: What is timed in one interpreter, in this order: name, code, goal in milliseconds.
STEPS = (
    (
        "imports",
        "from {0}._sizing import request_of, size\nfrom {0}._sizing._intent import vocabulary_of",
        None,
    ),
    ("knowledge", "from {0}._knowledge import load_knowledge\nload_knowledge(()).vocabulary", None),
    ("catalogue", "from {0}._catalogue import load_catalogue\nload_catalogue(())", None),
    ("words", "vocabulary_of(site, None).words", 100),
    ("first sentence", "request_of('redis VM with 2 cores and 4 GB', site, None)", None),
    ("second sentence", f"wanted = request_of({INTENT!r}, site, None)[0]", 50),
    ("sizes of it", "size(wanted, None, site)", None),
)
SITE = "from {0}._contracts import Site, parse\nsite = parse(Site, {1})"
HELLO = [{"hosts": "localhost", "gather_facts": False, "tasks": [{"debug": {"msg": "hello"}}]}]


def steps() -> dict[str, float]:
    """Return the milliseconds of CPU of each step, the best of several interpreters."""
    package = "ansible_collections.clusterwright.proxmox.plugins.plugin_utils"
    sys.path.insert(0, str(COLLECTIONS))
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._answer import (
        OPEN_SITE,
    )

    lines = ["import json, time", "found, last = {}, time.process_time()"]
    for index, (name, code, _goal) in enumerate(STEPS):
        lines += [
            code.replace("{0}", package),
            f"found[{name!r}] = time.process_time() - last",
            *([SITE.format(package, OPEN_SITE)] if not index else []),
            "last = time.process_time()",
        ]
    program = "\n".join([*lines, "print(json.dumps(found))"])
    runs = [json.loads(run([sys.executable, "-c", program])) for _round in range(ROUNDS)]
    return {name: 1000 * min(found[name] for found in runs) for name, _code, _goal in STEPS}


def run(command: list[str], folder: Path = ROOT) -> str:
    """Return the output of a command with the collection in its path."""
    return subprocess.run(
        command,
        check=True,
        capture_output=True,
        text=True,
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(COLLECTIONS),
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        },
    ).stdout


def playbook_seconds(*arguments: str) -> float:
    """Return the seconds of CPU of a playbook with all processes that it started."""
    program = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True,"
        " stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL);"
        " used = resource.getrusage(resource.RUSAGE_CHILDREN); print(used.ru_utime + used.ru_stime)"
    )
    ansible = Path(sys.executable).with_name("ansible-playbook")
    with tempfile.TemporaryDirectory() as folder:
        hello = Path(folder) / "hello.yml"
        hello.write_text(json.dumps(HELLO), encoding="utf-8")
        named = arguments or (str(hello),)
        command = [sys.executable, "-c", program, str(ansible), "-i", "localhost,", *named]
        return min(float(run(command, Path(folder))) for _round in range(2))


def main() -> None:
    """Measure, print the table and write the JSON file."""
    found = steps()
    for name, _code, goal in STEPS:
        print(f"{name:<40}{found[name]:>8.0f} ms   {f'< {goal} ms' if goal else ''}")
    hello = playbook_seconds()
    sized = playbook_seconds("clusterwright.proxmox.size", "-e", f"intent={INTENT}")
    print(f"{'a playbook of one task':<40}{hello:>8.2f} s")
    print(f"{'the playbook size':<40}{sized:>8.2f} s")
    target = ROOT / "build/benchmarks/reading.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    data = {"milliseconds": found, "hello_seconds": hello, "size_seconds": sized}
    target.write_text(json.dumps(data, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
