# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents that cannot be written are a warning: what was built stands."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path


def test_the_run_goes_on_without_documents(tmp_path: Path) -> None:
    ledger = str(tmp_path / "ledger.sqlite")
    begin = {"state": "started", "ledger": ledger, "deployment": "lab", "directory": str(tmp_path)}
    said = {
        "directory": str(tmp_path),
        "deployment": "lab",
        "commands": {"document": "write-them-again"},
        "applied": {},
    }
    run = {"workflow_id": "{{ pipeline_run.workflow_id }}"}
    role = {"name": "clusterwright.proxmox.pipeline", "tasks_from": "document"}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {
            "ansible_python_interpreter": sys.executable,
            "ledger": ledger,
            "site": {},
            "pipeline_said": said,
            "pipeline_size": {"plan": {"machines": [], "cluster": None, "addons": []}},
        },
        "tasks": [
            {"clusterwright.proxmox.run": begin, "register": "pipeline_run"},
            {"ansible.builtin.import_role": role},
            {
                "clusterwright.proxmox.run": begin
                | {"state": "finished", **run, "status": "COMPLETED"}
            },
        ],
    }
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    done = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "play.yml"],
        cwd=tmp_path,
        env=os.environ
        | {
            "ANSIBLE_COLLECTIONS_PATH": str(
                Path(__file__).resolve().parents[4] / "build/collections"
            ),
            "ANSIBLE_STDOUT_CALLBACK": "clusterwright.proxmox.stages",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    told = " ".join(done.stdout.split())
    assert done.returncode == 0, done.stdout
    assert "WARNING: The documents could not be written: There is no plan in" in told
    assert re.search(r"^document .* warning$", done.stdout, re.MULTILINE), done.stdout
    result = json.loads((tmp_path / "result.json").read_text())
    assert (result["status"], result["errors"]) == ("COMPLETED", [])
    stage = result["stages"][-1]
    assert (stage["stage"], stage["status"]) == ("document", "WARNED")
    assert "There is no plan in" in stage["error"] and "write-them-again" in stage["error"]
