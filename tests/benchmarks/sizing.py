#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Benchmark of sizing and placement: ``python tests/benchmarks/sizing.py``.

Prints a table of measured values beside their goals and writes build/benchmarks/sizing.json.
Nothing is asserted: times belong to the machine they were measured on.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COLLECTIONS = ROOT / "build/collections"
sys.path.insert(0, str(COLLECTIONS))

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._placement import (  # noqa: E402
    Host,
    Item,
    pack,
    place,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import (  # noqa: E402
    size,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._placement.exact import (  # noqa: E402, E501
    least_hosts,
    lower_bound,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E402, E501
    guest,
    node,
    request,
    site,
    snapshot,
)

PLUGIN = "ansible_collections.clusterwright.proxmox.plugins.action.llm_size"
ANSIBLE = "import ansible.plugins.action, ansible.executor.task_executor"
SEED = 20261121


def timed(call: Callable[[], t.Any], rounds: int) -> float:
    """Return the median of wall-clock seconds."""
    seconds = []
    for _round in range(rounds):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def cluster_seconds() -> float:
    """Size and place 3 servers and 5 agents on 5 hosts with 300 guests."""
    chance = random.Random(SEED)  # noqa: S311
    names = [f"pve{number}" for number in range(1, 6)]
    guests = [
        guest(
            1000 + number,
            f"guest-{number}",
            chance.choice(names),
            addresses=[f"10.40.1.{number % 250}"],
        )
        for number in range(300)
    ]
    hosts = [
        node(name, committed_memory_mib=chance.randint(10_000, 50_000), committed_cpus=40)
        for name in names
    ]
    facts = snapshot(hosts, guests=guests)
    wanted = request(ha=True, environment="production", cluster={"agents": 5})
    assert size(wanted, facts, site()).status == "ready"
    return timed(lambda: size(wanted, facts, site()), 9)


def large_instance(guests: int, hosts: int) -> tuple[list[Item], list[Host]]:
    """Return guests of usual sizes and equal hosts."""
    chance = random.Random(SEED)  # noqa: S311
    sizes = [(1, 1024), (2, 2048), (2, 4096), (4, 4096), (4, 8192), (8, 16384), (8, 32768)]
    items = [
        Item(f"guest-{number}", *chance.choice(sizes), group=f"group-{number % 200}")
        for number in range(guests)
    ]
    equal = [Host(f"host-{number:03}", 512.0, 262_144, 128, 262_144, 0) for number in range(hosts)]
    return items, equal


def packing() -> dict[str, t.Any]:
    """Return seconds and hosts of 10,000 guests, and the gap to the optimum on small sets."""
    items, hosts = large_instance(10_000, 500)
    packed, spread = pack(items, hosts), place(items, hosts)
    sizes = [(item.cpus, item.memory_mib) for item in items]
    chance = random.Random(SEED)  # noqa: S311
    gaps = []
    for _instance in range(60):
        small = [(chance.randint(1, 8), chance.randint(512, 16384)) for _item in range(10)]
        found = pack(
            [Item(f"i{n}", *need) for n, need in enumerate(small)],
            [Host(f"h{n:02}", 16.0, 32768, 16, 32768, 0) for n in range(10)],
        )
        gaps.append(len(set(found.where.values())) - least_hosts(small, 16, 32768))
    return {
        "pack_seconds": timed(lambda: pack(items, hosts), 3),
        "spread_seconds": timed(lambda: place(items, hosts), 3),
        "unplaced": len(items) - len(packed.where) + len(items) - len(spread.where),
        "hosts_used": len(set(packed.where.values())),
        "hosts_lower_bound": lower_bound(sizes, 512, 262_144),
        "largest_gap_to_exact": max(gaps),
        "instances_optimal": gaps.count(0),
        "instances": len(gaps),
    }


def process(code: str, cache: str = "") -> tuple[float, float]:
    """Return seconds of CPU and MiB of a fresh interpreter that runs the code.

    ``cache`` is where it keeps the knowledge that it has read; "" is the user's own folder.
    """
    program = (
        "import resource, time; start = time.process_time()\n"
        f"{code}\n"
        "print(time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    environment = {**os.environ, "PYTHONPATH": str(COLLECTIONS)}
    if cache:
        environment["XDG_CACHE_HOME"] = cache
    output = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
        cwd=ROOT,
    ).stdout.split()
    return float(output[-2]), int(output[-1]) / 1024


def import_cost() -> dict[str, float]:
    """Return what importing and using the plug-in adds to Ansible's own imports."""
    work = (
        f"{ANSIBLE}\nimport {PLUGIN}\n"
        "from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing"
        " import builders\n"
        "builders.plan(builders.request(ha=True))"
    )
    own = min(process(ANSIBLE)[0] for _round in range(5))
    with_plugin = min(process(f"{ANSIBLE}\nimport {PLUGIN}")[0] for _round in range(5))
    with tempfile.TemporaryDirectory() as kept:
        first_ever = min(process(work, f"{kept}/{number}")[0] for number in range(3))
        first_plan = min(process(work, f"{kept}/0")[0] for _round in range(3))
    return {
        "ansible_seconds": own,
        "added_seconds": with_plugin - own,
        "first_plan_ever_seconds": first_ever - own,
        "first_plan_seconds": first_plan - own,
        "memory_mib": process(work)[1],
        "ansible_memory_mib": process(ANSIBLE)[1],
    }


def main() -> None:
    """Measure, print the table and write the JSON file."""
    cluster, packed, imports = cluster_seconds(), packing(), import_cost()
    rows = [
        ("sizing + placement, 3+5 on 5 hosts/300 guests", f"{cluster * 1000:.0f} ms", "< 300 ms"),
        ("10,000 guests onto 500 hosts, fewest hosts", f"{packed['pack_seconds']:.2f} s", "< 1 s"),
        ("10,000 guests onto 500 hosts, lowest load", f"{packed['spread_seconds']:.2f} s", "< 1 s"),
        (
            "hosts used (lower bound)",
            f"{packed['hosts_used']} ({packed['hosts_lower_bound']})",
            "",
        ),
        (
            f"optimal of {packed['instances']} small sets (largest gap)",
            f"{packed['instances_optimal']} ({packed['largest_gap_to_exact']})",
            "gap <= 1",
        ),
        (
            f"import beside Ansible's {imports['ansible_seconds'] * 1000:.0f} ms",
            f"+{imports['added_seconds'] * 1000:.0f} ms",
            "< 150 ms",
        ),
        (
            "import and first plan, knowledge never read before",
            f"+{imports['first_plan_ever_seconds'] * 1000:.0f} ms",
            "",
        ),
        (
            "import and first plan of every later process",
            f"+{imports['first_plan_seconds'] * 1000:.0f} ms",
            "",
        ),
        (
            f"memory (Ansible alone {imports['ansible_memory_mib']:.0f} MiB)",
            f"{imports['memory_mib']:.0f} MiB",
            "< 150 MiB",
        ),
    ]
    for name, value, goal in rows:
        print(f"{name:<52}{value:>14}   {goal}")
    target = ROOT / "build/benchmarks/sizing.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    data = {"cluster_seconds": cluster, "placement": packed, "imports": imports}
    target.write_text(json.dumps(data, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
