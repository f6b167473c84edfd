# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks of k3s refuse before they reach a host, by the real ansible-playbook."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
#: nobody answers there (RFC 5737); a run that goes so far fails for another reason
INVENTORY = """
k3s_server: {hosts: {s1: {ansible_host: 192.0.2.11}}}
k3s_agent: {hosts: {a1: {ansible_host: 192.0.2.21}}}
"""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--limit", "a1"], "The run was not begun on localhost"),
        (["--tags", "any"], "The run was not begun on localhost"),
        (["--limit", "localhost,a1"], "Not in this play: s1"),
        (["-e", "k3s_servers=s9"], "Not in this play: s9"),
        (["-e", "k3s_servers=s1", "-e", "k3s_agents=s1"], "name a host twice"),
    ],
)
def test_a_run_that_cannot_know_its_cluster_ends_at_once(
    tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    (tmp_path / "inventory.yml").write_text(INVENTORY)
    done = subprocess.run(
        [
            *(str(Path(sys.executable).parent / "ansible-playbook"), "-i", "inventory.yml"),
            *(str(ROOT / "playbooks/k3s_cluster.yml"), *arguments),
        ],
        cwd=tmp_path,
        env={
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/collections"),
            "HOME": os.environ["HOME"],
            "PATH": os.environ["PATH"],
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode and sentence in " ".join(done.stdout.split()), done.stdout + done.stderr
    assert "unreachable=1" not in done.stdout
