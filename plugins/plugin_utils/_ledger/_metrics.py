# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of the ledger as metrics, in the text format that Prometheus reads."""

from __future__ import annotations

import typing as t
from collections import Counter

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._rules import FINAL

if t.TYPE_CHECKING:
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import Ledger
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._store import Row

#: Whether a run did what it should; one that waits for approval or was refused did nothing.
DID = {"COMPLETED": 1, "FAILED": 0, "ROLLED_BACK": 0}
#: Name → kind and help, as Prometheus shows them.
METRICS = {
    "clusterwright_last_run_success": (
        "gauge",
        "Whether the newest run that came to an end did what it should.",
    ),
    "clusterwright_runs_total": ("counter", "Runs that came to an end, by status."),
    "clusterwright_stage_seconds": ("gauge", "Seconds that each stage of that run took."),
}


def exposition(ledger: Ledger) -> str:
    """Return what the ledger knows of runs, deployments that were forgotten left out."""
    runs = [{**run, "status": _status(run)} for run in ledger.runs(limit=10_000)]
    ended = [run for run in runs if run["status"] in FINAL]
    # The newest one comes first.
    forgotten = {run["deployment"]: bool(run["outputs"].get("forgotten")) for run in runs[::-1]}
    newest: dict[str, Row] = {}
    for run in ended:
        if run["status"] in DID and not forgotten[run["deployment"]]:
            newest.setdefault(run["deployment"], run)
    counted = Counter(run["status"] for run in ended)
    samples: dict[str, list[tuple[dict[str, str], float]]] = {
        "clusterwright_last_run_success": [
            ({"deployment": name}, DID[newest[name]["status"]]) for name in sorted(newest)
        ],
        "clusterwright_runs_total": [({"status": name}, counted[name]) for name in sorted(FINAL)],
        "clusterwright_stage_seconds": [
            ({"deployment": name, "stage": stage}, seconds)
            for name in sorted(newest)
            for stage, seconds in sorted(_stages(newest[name]).items())
        ],
    }
    lines: list[str] = []
    for metric, (kind, what) in METRICS.items():
        lines += [f"# HELP {metric} {what}", f"# TYPE {metric} {kind}"]
        for labels, value in samples[metric]:
            told = ",".join(f'{name}="{text}"' for name, text in labels.items())
            lines.append(f"{metric}{{{told}}} {value:g}")
    return "\n".join(lines) + "\n"


def _status(run: Row) -> str:
    """Return the status; nobody goes on with a run whose process died."""
    return "FAILED" if run["interrupted"] else str(run["status"])


def _stages(run: Row) -> dict[str, float]:
    seconds: dict[str, float] = {}
    for stage in run["stages"]:
        name = stage["agent_name"]
        seconds[name] = seconds.get(name, 0.0) + (stage["seconds"] or 0.0)
    return seconds
