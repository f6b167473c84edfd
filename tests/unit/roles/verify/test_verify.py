# SPDX-License-Identifier: GPL-3.0-or-later
"""The verify role always leaves a result, and fails only after that."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import yaml
from unit.roles.playbook import run_role

PLAN = {"verify_addresses": {"s1": "10.0.0.1"}, "verify_servers": ["s1"], "verify_image": "busybox"}


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    """Credentials for an API that nobody serves."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
    entry = {
        "clusters": [{"name": "x", "cluster": {"server": f"https://127.0.0.1:{port}"}}],
        "users": [{"name": "x", "user": {"token": "t"}}],
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "current-context": "x",
    }
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(entry))
    return path


def test_simulated_machines_are_never_called_healthy(tmp_path: Path) -> None:
    variables = PLAN | {"verify_simulated_reason": "there are no hosts"}
    code, output, result = run_role(tmp_path, "verify", "verify_result", **variables)
    assert code == 0, output
    assert (result["status"], result["score"]) == ("SIMULATED", None)
    assert {check["status"] for check in result["checks"]} == {"not_run"}
    assert "SIMULATED (there are no hosts), no score" in output


def test_dead_cluster_gets_a_result_and_a_failure(tmp_path: Path, kubeconfig: Path) -> None:
    variables = PLAN | {"verify_kubeconfig": str(kubeconfig), "verify_timeout_seconds": 0}
    code, output, result = run_role(tmp_path, "verify", "verify_result", **variables)
    assert code != 0
    states = {check["name"]: check["status"] for check in result["checks"]}
    assert states["api"] == "failed" and states["nodes"] == states["test pods"] == "not_run"
    assert (result["status"], result["score"]) == ("unhealthy", None)
    assert "Not as planned: api:" in " ".join(output.split())


def test_failure_can_wait_for_the_report(tmp_path: Path, kubeconfig: Path) -> None:
    variables = PLAN | {
        "verify_kubeconfig": str(kubeconfig),
        "verify_timeout_seconds": 0,
        "verify_enforce": False,
    }
    code, _output, result = run_role(tmp_path, "verify", "verify_result", **variables)
    assert code == 0 and result["status"] == "unhealthy"
