# SPDX-License-Identifier: GPL-3.0-or-later
"""Who says yes, and how: at the prompt, by sha256 from job to job, and who may not."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

from integration.keyboard import talk

from .conftest import VM, Pipeline, Run

WEB = VM.format(name="web")
QUESTION = b"(yes/no/defer)"
CALLBACKS = Path(__file__).with_name("callbacks")


def at_the_keyboard(pipeline: Pipeline, answer: str, playbook: str, deployment: str) -> Run:
    """Run a playbook on a terminal and answer the one question that it asks."""
    command, environment = pipeline.command(playbook, deployment)
    code, shown, answered = talk(command, environment, pipeline.folder, {QUESTION: answer})
    assert answered, shown
    return Run(code, shown)


def test_yes_no_and_defer_at_the_prompt(pipeline: Pipeline) -> None:
    pipeline.run("plan", "web", intent=WEB).ok()
    at_the_keyboard(pipeline, "defer", "apply", "web").refused("the plan waits for its approval")
    assert "DEFERRED" in pipeline.run("list").ok().output
    at_the_keyboard(pipeline, "no", "apply", "web").refused("Rejected at the prompt")
    assert pipeline.lab.writes() == []
    at_the_keyboard(pipeline, "yes", "apply", "web").ok()
    assert "web" in pipeline.guests().values()
    statuses = [run["status"] for run in pipeline.runs("web")]
    assert statuses == ["COMPLETED", "REFUSED", "DEFERRED", "COMPLETED"]
    pipeline.run("destroy", "web", confirm="web").ok()


class Freezing(dict[bytes, str]):
    """The answer yes, before which somebody else freezes everything, once."""

    def __init__(self, pipeline: Pipeline) -> None:
        super().__init__({QUESTION: "yes"})
        self.pipeline, self.frozen = pipeline, False

    def __getitem__(self, question: bytes) -> str:
        if not self.frozen:
            self.pipeline.run("freeze", freeze="frozen", reason="holidays").ok()
            self.frozen = True
        return super().__getitem__(question)


def test_what_is_frozen_while_it_is_asked_is_not_applied(pipeline: Pipeline) -> None:
    pipeline.run("plan", "web", intent=WEB).ok()
    command, environment = pipeline.command("apply", "web")
    code, shown, _answered = talk(command, environment, pipeline.folder, Freezing(pipeline))
    Run(code, shown).refused("holidays")
    assert pipeline.lab.writes() == []
    pipeline.run("freeze", freeze="lifted").ok()


def test_an_environment_is_not_left_by_naming_another_one(pipeline: Pipeline) -> None:
    site = pipeline.lab.site()
    site["environments"] = {
        "development": {"auto_approve": True},
        "production": {"approvers": ["ada"]},
    }
    ada, eve = ({"site": site, "by": name} for name in ("ada", "eve"))
    small = "vm with 1 core and 1 GB in {} called {}"
    several = f"{small.format('production', 'one')}, {small.format('development', 'two')}"
    pipeline.run("provision", "several", intent=several, approve="auto", **eve).refused(
        "approve=auto is not allowed in environment production"
    )
    told = pipeline.run("plan", "web", intent=f"production {WEB}", **eve).ok().output
    [sha256] = re.findall(r"approve=([0-9a-f]{64})$", told, re.M)
    pipeline.run("apply", "web", approve=sha256, **ada).ok()
    told = pipeline.run("plan", "web", intent=f"development {WEB}", **eve).ok().output
    [sha256] = re.findall(r"approve=([0-9a-f]{64})$", told, re.M)
    pipeline.lab.forget_calls()
    pipeline.run("apply", "web", approve=sha256, **eve).refused("the approvers are ada")
    pretended = pipeline.run("apply", "web", approve=sha256, site=site, awx_user_name="ada")
    pretended.refused("the approvers are ada", "only believed where AWX itself says it")
    pipeline.run("destroy", "web", confirm="web", **eve).refused("the approvers are ada")

    # What its tags say is not lost with the folder.
    (pipeline.deployments / "web").rename(pipeline.folder / "gone")
    pipeline.run("freeze", scope="production", freeze="frozen", reason="holidays").ok()
    pipeline.run("import", "web", **eve).refused("holidays")
    assert pipeline.lab.writes() == []
    pipeline.run("freeze", scope="production", freeze="lifted").ok()
    pipeline.run("import", "web", **eve).ok()
    pipeline.run("destroy", "web", confirm="web", **eve).refused("the approvers are ada")
    pipeline.run("destroy", "web", confirm="web", **ada).ok()


def job(
    pipeline: Pipeline, playbook: str, deployment: str, **variables: t.Any
) -> tuple[Run, dict[str, t.Any]]:
    """Run a playbook as a job of AWX: without a terminal; return its artifacts too."""
    file = pipeline.folder / "artifacts.json"
    watched = Pipeline(
        pipeline.lab,
        pipeline.folder,
        {"ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS), "ARTIFACTS": str(file)},
    )
    run = watched.run(playbook, deployment, by="ada", **variables)
    return run, json.loads(file.read_text())


def test_artifacts_of_the_plan_job_approve_the_apply_job(pipeline: Pipeline) -> None:
    survey = {"intent": WEB, "deployment": "web"}
    planned, artifacts = job(pipeline, "plan", **survey)
    [sha256] = re.findall(r"approve=([0-9a-f]{64})$", planned.ok().output, re.M)
    assert artifacts == {"deployment": "web", "approve": sha256}

    # The plan changed while somebody thought about it.
    _run, newer = job(pipeline, "plan", **{**survey, "intent": WEB.replace("2 GB", "3 GB")})
    assert newer["approve"] not in ("", sha256)
    stale, _none = job(pipeline, "apply", **{**survey, **artifacts})
    stale.refused("is not the sha256 of this plan", "look at it again")
    assert pipeline.lab.writes() == []

    _run, latest = job(pipeline, "plan", **survey)
    others = {**survey, **latest, "approvers": ["bob"]}
    job(pipeline, "apply", **others)[0].refused("ada may look at plans but not approve them")
    environment = json.loads((pipeline.deployments / "web/plan.json").read_text())["environment"]
    site = pipeline.lab.site()
    rules = {**site["environments"][environment], "approvers": ["bob", "eve"]}
    site["environments"] = {**site["environments"], environment: rules}
    mine = {**survey, **latest, "approvers": ["ada"], "site": site}
    job(pipeline, "apply", **mine)[0].refused("the approvers are bob, eve.")
    assert pipeline.lab.writes() == []

    job(pipeline, "apply", **{**survey, **latest})[0].ok()
    assert "web" in pipeline.guests().values()
    _run, nothing = job(pipeline, "plan", **survey)
    assert nothing == {"deployment": "web", "approve": ""}
    job(pipeline, "apply", **{**survey, **nothing})[0].ok()
    pipeline.run("destroy", "web", confirm="web").ok()


def test_a_request_that_is_refused_has_not_failed(pipeline: Pipeline) -> None:
    pipeline.run("plan", "poem", intent="write me a poem about the sea").refused()
    [run] = pipeline.runs("poem")
    assert run["status"] == "REFUSED" and run["stages"][-1]["status"] == "REFUSED"
    listed = pipeline.run("list").ok().output
    assert re.search(r"poem .*REFUSED", listed) and "FAILED" not in listed
