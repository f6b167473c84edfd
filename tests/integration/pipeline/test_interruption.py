# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is killed at any moment is told as such, and run again it reaches the same end."""

from __future__ import annotations

import os
import re
import signal

import pytest

from .conftest import VM, Pipeline
from .moments import Moment, called, in_stage, kill_at, wait_for


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(in_stage("facts"), id="facts"),
        pytest.param(in_stage("size"), id="size"),
        pytest.param(in_stage("plan"), id="plan"),
        pytest.param(in_stage("apply"), id="apply, nothing made"),
        pytest.param(called("POST", "/nodes/.*/qemu/9000/clone"), id="apply, machine cloned"),
        pytest.param(called("POST", "/nodes/.*/qemu/.*/status/start"), id="apply, machine started"),
        pytest.param(in_stage("verify"), id="verify"),
        pytest.param(in_stage("document"), id="document"),
    ],
)
def test_killed_and_run_again(
    pipeline: Pipeline, moment: Moment, request: pytest.FixtureRequest
) -> None:
    name = "phoenix-" + re.sub("[^a-z]+", "-", request.node.callspec.id)
    intent = VM.format(name=name)
    before = pipeline.guests()
    process = pipeline.start("provision", name, intent=intent, approve="auto")
    kill_at(pipeline, moment, process)
    planned = pipeline.deployments / name / "plan.json"
    plan = pipeline.read(name, "plan") if planned.exists() else None

    status = pipeline.run("status", name).ok().output
    assert "(interrupted)" in status
    assert len(pipeline.guests()) <= len(before) + 1

    pipeline.run("provision", name, intent=intent, approve="auto").ok()
    after = pipeline.guests()
    assert sorted(after.values()) == sorted([*before.values(), name]), "made once"
    assert pipeline.read(name, "result")["status"] == "COMPLETED"
    if plan:
        assert pipeline.read(name, "plan")["machines"] == plan["machines"]
    assert [run["status"] for run in pipeline.runs(name)] == ["COMPLETED", "FAILED"]
    assert "interrupted" not in pipeline.run("status", name).output

    pipeline.run("destroy", name, confirm=name).ok()
    assert pipeline.guests() == before


def test_one_run_at_a_time_for_a_deployment(pipeline: Pipeline) -> None:
    intent = VM.format(name="solo")
    first = pipeline.start("plan", "lab", intent=intent)
    wait_for(pipeline, in_stage("facts"), first)
    os.kill(first.pid, signal.SIGSTOP)
    try:
        second = pipeline.run("plan", "lab", intent=intent)
    finally:
        os.kill(first.pid, signal.SIGCONT)
    second.refused("Deployment lab is in use by run", "wait until it ends")
    output, _ = first.communicate()
    assert first.returncode == 0, output
    assert [run["status"] for run in pipeline.runs("lab")] == ["COMPLETED"]


def test_parallel_deployments_never_share_ids(pipeline: Pipeline) -> None:
    names = ("one", "two")
    processes = {
        name: pipeline.start("plan", name, intent=VM.format(name=name), approve="auto")
        for name in names
    }
    for name, process in processes.items():
        output, _ = process.communicate()
        if process.returncode != 0:
            assert "in the meantime; run the plan again" in output, output
            pipeline.run("plan", name, intent=VM.format(name=name)).ok()
    machines = [pipeline.read(name, "plan")["machines"][0] for name in names]
    assert len({machine["vmid"] for machine in machines}) == len(names)
    assert len({machine["nics"][0]["address"] for machine in machines}) == len(names)
