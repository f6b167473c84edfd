# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run leaves in the checkout cannot be committed, and no file of the project is a secret."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: A key of any length is told by its lines; the words alone stand in patterns and messages.
_SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{40,}"
    r"|client-key-data: [A-Za-z0-9+/]{40,}"
    r"|\bAKIA[0-9A-Z]{16}\b|\bghp_[A-Za-z0-9]{36}\b"
)


def git(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git in the checkout."""
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "path",
    [
        "deployments/demo/kubeconfig",
        "deployments/demo/k3s.token",
        "deployments/demo/terraform/terraform.tfstate",
        "deployments/demo/grafana.password",
        "deployments/ledger.sqlite",
        "terraform.tfstate",
        "roles/terraform/files/bpg/terraform.tfstate.backup",
        "roles/terraform/files/bpg/.terraform/providers/x",
        "kubeconfig",
        "lab.kubeconfig",
        ".env",
    ],
)
def test_what_a_run_leaves_is_ignored(path: str) -> None:
    assert git("check-ignore", "-q", "--no-index", path).returncode == 0


def test_no_file_of_the_project_is_a_secret() -> None:
    listed = git("ls-files", "-z")
    assert listed.returncode == 0 and listed.stdout
    holding = [
        name
        for name in listed.stdout.split("\0")
        if name
        and (ROOT / name).is_file()
        and _SECRET.search((ROOT / name).read_text(encoding="utf-8", errors="ignore"))
    ]
    assert holding == []
