# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a role on the controller with the real ansible-playbook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
#: What a test may set in the environment of the playbook.
AMBIENT = ("K8S_AUTH_", "HELM_KUBE")


def run_role(
    folder: Path, role: str, result: str, entry: str = "main", **variables: t.Any
) -> tuple[int, str, t.Any]:
    """Run an entry point of ``role`` on localhost.

    Returns exit code, output and the variable ``result``, saved whether the role fails or not.
    """
    saved = folder / "result.json"
    called = {"name": f"clusterwright.proxmox.{role}", "tasks_from": entry}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": variables,
        "tasks": [
            {
                "block": [{"ansible.builtin.import_role": called}],
                "always": [
                    {
                        "ansible.builtin.copy": {
                            "content": "{{ " + result + " | default(none) | to_json }}",
                            "dest": str(saved),
                            "mode": "0600",
                        }
                    }
                ],
            }
        ],
    }
    (folder / "play.yml").write_text(json.dumps([play]))
    (folder / "ansible.cfg").write_text("[defaults]\n")
    environment = {
        **{name: value for name, value in os.environ.items() if name.startswith(AMBIENT)},
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/collections"),
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "HOME": os.environ["HOME"],
        "PATH": os.environ["PATH"],
    }
    done = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), str(folder / "play.yml")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    value = json.loads(saved.read_text()) if saved.exists() else None
    return done.returncode, done.stdout + done.stderr, value
