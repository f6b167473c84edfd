# SPDX-License-Identifier: GPL-3.0-or-later
"""The real Terraform with the real provider against a simulated Proxmox VE."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _render
from lab.pve import PveServer
from lab.tools import Tools, ensure
from unit.plugins.plugin_utils._render.samples import plan

RUNNER = Path(__file__).with_name("run_module.py")


@pytest.fixture(scope="session")
def tools() -> Tools:
    """Terraform and the provider, built when missing."""
    return ensure(["terraform", "provider"])


@pytest.fixture
def pve() -> Iterator[PveServer]:
    """A simulated cluster with guests of other people."""
    with PveServer() as server:
        yield server


@dataclass
class Lab:
    """Renders plans and runs tf_apply as a process of its own, as Ansible does."""

    pve: PveServer
    tools: Tools
    folder: Path
    token: str
    environment: dict[str, str] = field(default_factory=dict)

    def directory(self, deployment: str = "demo") -> Path:
        """Terraform directory of a deployment."""
        return self.folder / deployment / "terraform"

    def render(
        self, *machines: dict[str, t.Any], deployment: str = "demo", **options: t.Any
    ) -> Path:
        """Write the files of a plan into the deployment's directory."""
        directory = self.directory(deployment)
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        files = {
            **_render.static_files("bpg"),
            **_render.render(plan(*machines, deployment=deployment), **options),
        }
        for name, text in files.items():
            (directory / name).write_text(text)
        return directory

    def start(
        self, state: str, deployment: str = "demo", **options: t.Any
    ) -> subprocess.Popen[str]:
        """Start the module and return its process."""
        identity, _, secret = self.token.partition("=")
        arguments = {
            "api_host": self.pve.endpoint,
            "api_token_id": identity,
            "api_token_secret": secret,
            "ca_path": str(self.pve.ca_file),
            "directory": str(self.directory(deployment)),
            "state": state,
            **options,
        }
        process = subprocess.Popen(
            [sys.executable, str(RUNNER), "tf_apply"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "TF_CLI_CONFIG_FILE": str(self.tools.terraform_cli_config),
                **self.environment,
            },
        )
        assert process.stdin is not None
        json.dump({k: v for k, v in arguments.items() if v is not None}, process.stdin)
        process.stdin.close()
        process.stdin = None
        return process

    def run(self, state: str, deployment: str = "demo", **options: t.Any) -> dict[str, t.Any]:
        """Run the module to its end and return its result."""
        out, err = self.start(state, deployment, **options).communicate()
        assert out, err
        return t.cast("dict[str, t.Any]", json.loads(out))

    def apply(self, deployment: str = "demo", **options: t.Any) -> dict[str, t.Any]:
        """Plan, approve what was planned, and apply it."""
        planned = self.run("planned", deployment)
        assert not planned.get("failed"), planned["msg"]
        result = self.run("applied", deployment, approved_sha256=planned["plan_sha256"], **options)
        assert not result.get("failed"), result["msg"]
        return result

    def guests(self) -> dict[int, str]:
        """VMID and name of every guest of the cluster."""
        return {int(guest.vmid): str(guest.name) for guest in self.pve.state.vms} | {
            int(vmid): str(guest.name) for vmid, guest in self.containers().items()
        }

    def containers(self) -> dict[int, t.Any]:
        """Containers of the cluster by VMID."""
        return {int(guest.vmid): guest for guest in getattr(self.pve.state, "cts", [])}


@pytest.fixture
def lab(pve: PveServer, tools: Tools, tmp_path: Path) -> Lab:
    """A simulated cluster, an API token and an empty folder for deployments."""
    return Lab(pve, tools, tmp_path, pve.make_token())
