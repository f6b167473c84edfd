# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of one run as ``result.json`` shows it."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._files import write_private


def result_of(run: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return run and stages (name, status, seconds, what changed) as plain data."""
    return {
        "workflow_id": run["workflow_id"],
        "deployment": run["deployment"],
        "status": run["status"],
        "environment": run["environment"],
        "user": run["user"],
        "created_at": run["created_at"],
        "updated_at": run["updated_at"],
        "errors": run["errors"],
        "stages": [
            {
                "stage": stage["agent_name"],
                "status": stage["status"],
                "started_at": stage["started_at"],
                "seconds": stage["seconds"],
                "changed": stage["output_data"],
                "error": stage["error_message"],
            }
            for stage in run["stages"]
        ],
    }


def write_result(ledger: t.Any, run_id: str, directory: str | None) -> None:
    """Keep ``result.json`` of the deployment equal to the ledger, where the folder exists."""
    if directory and Path(directory).is_dir():
        write_private(Path(directory) / "result.json", result_of(ledger.run(run_id)))
