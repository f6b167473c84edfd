# SPDX-License-Identifier: GPL-3.0-or-later
"""Few processes, none of them with a secret in its arguments."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.deployment import (
    Deployment,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.errors import (
    TerraformError,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.guards import (
    Approval,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.lock import hold
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.process import (
    Completed,
    Terraform,
)
from unit.plugins.module_utils._terraform.test_guests import FakeGuests

CREATE = {
    "resource_changes": [
        {
            "address": 'proxmox_virtual_environment_vm.machine["web"]',
            "type": "proxmox_virtual_environment_vm",
            "name": "machine",
            "index": "web",
            "mode": "managed",
            "change": {"actions": ["create"], "before": None, "after": {"vm_id": 100}},
        }
    ]
}

STATE: dict[str, object] = {
    "resources": [{"provider": 'provider["registry.terraform.io/bpg/proxmox"]'}]
}


@dataclass
class FakeRun:
    """Answers like Terraform and remembers what it was asked."""

    plan: dict[str, object] = field(default_factory=lambda: dict(CREATE))
    calls: list[list[str]] = field(default_factory=list)
    failing: str = ""
    program: str = "Terraform"
    state: dict[str, object] = field(default_factory=dict)

    def __call__(
        self, arguments: list[str], *, directory: str, environment: dict[str, str]
    ) -> Completed:
        self.calls.append(arguments)
        step = arguments[1]
        if step == self.failing:
            return Completed(1, "", "Error: it broke")
        if step == "init":
            (Path(directory) / ".terraform/providers").mkdir(parents=True, exist_ok=True)
            (Path(directory) / ".terraform.lock.hcl").touch()
        if step == "plan":
            out = next(a for a in arguments if a.startswith("-out=")).removeprefix("-out=")
            # No two plan files are the same, as those of Terraform.
            Path(out).write_text(f"{len(self.calls)} {json.dumps(self.plan)}", encoding="utf-8")
            return Completed(2 if self.plan["resource_changes"] else 0, "", "")
        if step == "show" and arguments[-1].endswith(".tfplan"):
            return Completed(0, json.dumps(self.plan), "")
        if step == "version":
            return Completed(0, f"{self.program} v1.10.6\n", "")
        if arguments[1:3] == ["state", "pull"]:
            return Completed(0, json.dumps(self.state), "")
        return Completed(0, "{}" if step == "show" else "", "")

    @property
    def steps(self) -> list[str]:
        return [call[1] for call in self.calls]


@pytest.fixture
def run() -> FakeRun:
    return FakeRun()


@pytest.fixture
def deployment(tmp_path: Path, run: FakeRun) -> Deployment:
    (tmp_path / "terraform.tfvars.json").write_text('{"deployment": "demo", "machines": {}}')
    terraform = Terraform(run, "terraform", tmp_path, {"TOKEN": "canary"}, ("canary",))
    return Deployment(terraform, FakeGuests(), now=lambda: 1000.0)


def test_first_and_second_plan(deployment: Deployment, run: FakeRun) -> None:
    planned = deployment.planned()
    assert run.steps == ["init", "state", "validate", "plan", "show", "state"]
    assert planned["summary"]["counts"]["create"] == 1 and len(planned["plan_sha256"]) == 64
    assert (deployment.directory / "plan.tfplan").stat().st_mode & 0o777 == 0o600
    run.calls.clear()
    deployment.planned()
    assert run.steps == ["plan", "show", "state"]
    assert "canary" not in str(run.calls)


def test_a_plan_of_the_same_keeps_the_hash_that_somebody_was_told(
    deployment: Deployment, run: FakeRun
) -> None:
    told = deployment.planned()["plan_sha256"]
    assert deployment.planned()["plan_sha256"] == told
    file = deployment.directory / "plan.tfplan"
    assert hashlib.sha256(file.read_bytes()).hexdigest() == told
    run.plan = {"resource_changes": [], "output_changes": {"machines": {}}}
    assert deployment.planned()["plan_sha256"] != told


@pytest.mark.parametrize("changed", ["versions.tf", "backend.tf.json"])
def test_init_again_when_its_inputs_change(
    deployment: Deployment, run: FakeRun, changed: str
) -> None:
    deployment.planned()
    run.calls.clear()
    (deployment.directory / changed).write_text("new")
    deployment.planned()
    assert run.steps[:3] == ["init", "state", "validate"]


@pytest.mark.parametrize(("local", "taken"), [(False, False), (True, True)])
@pytest.mark.parametrize("copy", [False, True])
def test_the_other_programs_state_is_taken_over(
    deployment: Deployment, run: FakeRun, copy: bool, local: bool, taken: bool
) -> None:
    run.program, run.state = "OpenTofu", dict(STATE)
    if local:
        (deployment.directory / "terraform.tfstate").touch()
    deployment.terraform.initialise(copy=copy)
    moves = [call[2:] for call in run.calls if call[1:3] == ["state", "replace-provider"]]
    former, name = "registry.terraform.io/bpg/proxmox", "registry.opentofu.org/bpg/proxmox"
    wanted = [["replace-provider", "-auto-approve", former, name]]
    assert moves == (wanted if taken or not copy else [])


@pytest.mark.parametrize("step", ["init", "validate", "plan", "show"])
def test_failed_plan_leaves_no_saved_plan_to_approve(
    deployment: Deployment, run: FakeRun, step: str
) -> None:
    deployment.planned()
    (deployment.directory / "versions.tf").write_text("new")
    run.failing = step
    with pytest.raises(TerraformError, match="it broke"):
        deployment.planned()
    with pytest.raises(TerraformError, match="no saved plan"):
        deployment.applied(Approval("0" * 64))


def test_nothing_to_do_needs_no_approval(deployment: Deployment, run: FakeRun) -> None:
    run.plan = {"resource_changes": []}
    deployment.planned()
    assert deployment.applied(Approval())["changed"] is False
    assert "apply" not in run.steps


def test_failed_apply_tells_what_is_not_made(deployment: Deployment, run: FakeRun) -> None:
    planned = deployment.planned()
    run.failing = "apply"
    with pytest.raises(TerraformError, match=r"not made: web.*it broke"):
        deployment.applied(Approval(planned["plan_sha256"]))
    assert deployment.open_names() == {"web"}


def test_not_rendered(tmp_path: Path, run: FakeRun) -> None:
    terraform = Terraform(run, "terraform", tmp_path, {})
    with pytest.raises(TerraformError, match="run tf_render first"):
        Deployment(terraform, FakeGuests()).planned()


def test_lock_says_who_holds_it(tmp_path: Path) -> None:
    refused: list[str] = []

    def second() -> None:
        try:
            with hold(tmp_path, "planned"):
                pass
        except TerraformError as error:
            refused.append(str(error))

    with hold(tmp_path, "applied"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert refused and "applied by" in refused[0]
    with hold(tmp_path, "planned"):
        pass
