#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply of eight machines: tf_apply beside the provider's own minimum.

    .venv/bin/python tests/benchmarks/apply.py

Both apply the same files to a simulated Proxmox VE without latency, each to one of its own.
The minimum is `terraform init` and `terraform apply -auto-approve` by hand. Ours plans, saves and
summarises, then looks at the guests, applies the plan that was approved and checks what it made.
Prints a table and writes ``build/benchmarks/apply.json``.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "build/collections")]

from integration.terraform.conftest import Lab  # noqa: E402
from lab.pve import PveServer  # noqa: E402
from lab.tools import Tools, ensure  # noqa: E402
from unit.plugins.plugin_utils._render.samples import machine  # noqa: E402

MACHINES = 8
ROUNDS = 3
REPORT = ROOT / "build/benchmarks/apply.json"

Row = dict[str, t.Any]
Measure = t.Callable[[Lab], dict[str, float]]


def by_hand(lab: Lab) -> dict[str, float]:
    """Apply with Terraform alone; return the seconds of each command."""
    environment = {
        **os.environ,
        "TF_CLI_CONFIG_FILE": str(lab.tools.terraform_cli_config),
        "PROXMOX_VE_ENDPOINT": f"{lab.pve.endpoint}/",
        "PROXMOX_VE_API_TOKEN": lab.token,
        "SSL_CERT_FILE": str(lab.pve.ca_file),
    }
    commands = {
        "init": ["init", "-input=false"],
        "apply": ["apply", "-input=false", "-auto-approve"],
    }
    return {
        name: seconds_of(["terraform", *arguments], lab.directory(), environment)
        for name, arguments in commands.items()
    }


def seconds_of(command: list[str], directory: Path, environment: dict[str, str]) -> float:
    """Run a command that must succeed and return its seconds."""
    started = time.monotonic()
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {done.stderr}")
    return time.monotonic() - started


def by_module(lab: Lab) -> dict[str, float]:
    """Plan and apply with tf_apply; return the seconds of each state."""
    started = time.monotonic()
    planned = lab.run("planned")
    between = time.monotonic()
    applied = lab.run("applied", approved_sha256=planned.get("plan_sha256"))
    if len((applied.get("outputs") or {}).get("machines", ())) != MACHINES:
        raise SystemExit(f"tf_apply failed: {applied.get('msg')}")
    return {"planned": between - started, "applied": time.monotonic() - between}


def measure(tools: Tools, how: Measure) -> tuple[dict[str, float], int]:
    """Apply all machines to a fresh cluster; return seconds by step and requests."""
    with PveServer() as pve, tempfile.TemporaryDirectory() as folder:
        lab = Lab(pve, tools, Path(folder), pve.make_token())
        vmids = range(20001, 20001 + MACHINES)
        lab.render(*(machine(f"demo-web-{vmid - 20000}", vmid) for vmid in vmids))
        before = len(pve.calls)
        seconds = how(lab)
        made = {guest.vmid for guest in pve.state.vms if guest.status == "running"}
        if not made >= set(vmids):
            raise SystemExit(f"Only {sorted(made & set(vmids))} of {MACHINES} machines run.")
        return seconds, len(pve.calls) - before


def row(what: str, tools: Tools, how: Measure) -> Row:
    """Return the medians of some rounds."""
    rounds = [measure(tools, how) for _ in range(ROUNDS)]
    steps = {
        step: round(statistics.median(seconds[step] for seconds, _ in rounds), 2)
        for step in rounds[0][0]
    }
    totals = [sum(seconds.values()) for seconds, _ in rounds]
    return {
        "what": what,
        "seconds": round(statistics.median(totals), 2),
        "fastest": round(min(totals), 2),
        "requests": int(statistics.median(requests for _, requests in rounds)),
        "steps": steps,
    }


def show(rows: t.Sequence[Row]) -> None:
    """Print the table."""
    print(f"{MACHINES} machines, median and fastest of {ROUNDS}, no latency")
    print(f"{'':36}{'seconds':>9}{'fastest':>9}{'requests':>10}  steps")
    for item in rows:
        steps = ", ".join(f"{name} {seconds}" for name, seconds in item["steps"].items())
        print(
            f"{item['what']:36}{item['seconds']:>9}{item['fastest']:>9}{item['requests']:>10}"
            f"  {steps}"
        )


def main() -> None:
    """Measure both."""
    tools = ensure(["terraform", "provider"])
    rows = [
        row("terraform init and apply by hand", tools, by_hand),
        row("tf_apply, planned and applied", tools, by_module),
    ]
    show(rows)
    minimum, ours = (item["fastest"] for item in rows)
    print(f"ours takes {ours / minimum:.2f} times the minimum, {ours - minimum:.2f} s more")
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps({"machines": MACHINES, "rows": rows}, indent=2) + "\n")
    print(REPORT.relative_to(ROOT))


if __name__ == "__main__":
    main()
