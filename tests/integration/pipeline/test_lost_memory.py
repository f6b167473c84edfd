# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory is lost while guests run: each playbook tells what runs and the one way back."""

from __future__ import annotations

import re
import shutil
import typing as t
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .conftest import VM, LabClient, Pipeline

NAME = "web1"
INTENT = VM.format(name=NAME)


def _state(deployments: Path) -> None:
    (deployments / NAME / "terraform/terraform.tfstate").unlink()


def _ledger(deployments: Path) -> None:
    for path in deployments.glob("ledger.sqlite*"):
        path.unlink()


def _folder(deployments: Path) -> None:
    shutil.rmtree(deployments / NAME)


def _second_checkout(deployments: Path) -> None:
    shutil.rmtree(deployments)


LOSSES: dict[str, Callable[[Path], None]] = {
    "state": _state,
    "folder": _folder,
    "second checkout": _second_checkout,
}
#: Every playbook about one deployment, with what it is told; those of the second part only show.
ASKED: dict[str, dict[str, t.Any]] = {
    "plan": {"intent": INTENT},
    "provision": {"intent": INTENT, "approve": "auto"},
    "apply": {},
    "destroy": {"confirm": NAME},
    "drift": {},
    "validate": {},
    "document": {},
    "plans": {},
    "diff": {},
    "undo": {"run": "RUN"},
    "release": {},
    "retire": {"end_of_life": "2030-01-01"},
    "forget": {},
}
SHOWN = ("status", "list")


@dataclass(frozen=True)
class Lost:
    """A deployment whose memory is gone in some way."""

    pipeline: Pipeline
    run: str
    vmid: int


@pytest.fixture(scope="module")
def made(running_lab: LabClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """A deployment with one machine."""
    running_lab.heal()
    pipeline = Pipeline(running_lab, tmp_path_factory.mktemp("memory"))
    pipeline.run("provision", NAME, intent=INTENT, approve="auto").ok()
    yield pipeline
    pipeline.run("destroy", NAME, confirm=NAME).ok()
    assert NAME not in pipeline.guests().values()


def _lost(made: Pipeline, folder: Path, lose: Callable[[Path], None]) -> Lost:
    pipeline = made.copy(folder)
    lose(pipeline.deployments)
    [vmid] = [vmid for vmid, name in made.guests().items() if name == NAME]
    return Lost(pipeline, made.runs(NAME)[-1]["workflow_id"], vmid)


@pytest.fixture(scope="module", params=LOSSES)
def lost(
    made: Pipeline, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Lost:
    """A copy of the deployment's folder after the loss."""
    return _lost(made, tmp_path_factory.mktemp("lost"), LOSSES[request.param])


@pytest.mark.parametrize("playbook", [*ASKED, *SHOWN])
def test_what_runs_and_the_way_back_are_told(lost: Lost, playbook: str) -> None:
    lost.pipeline.lab.forget_calls()
    options = {k: lost.run if v == "RUN" else v for k, v in ASKED.get(playbook, {}).items()}
    told = (f"{NAME} (VMID {lost.vmid} on pve", "/import.yml ", f"-e deployment={NAME}")
    run = lost.pipeline.run(playbook, None if playbook == "list" else NAME, **options)
    (run.ok() if playbook in SHOWN else run.refused(*told))
    assert all(words in run.output for words in told), run.output
    assert lost.pipeline.lab.writes() == []


def _works(pipeline: Pipeline) -> None:
    """Every playbook that looks at a deployment finds it whole."""
    vmid = pipeline.read(NAME, "applied")["plan"]["machines"][0]["vmid"]
    assert "No drift." in pipeline.run("drift", NAME).ok().output
    planned = pipeline.run("plan", NAME, intent=INTENT).ok().output
    assert "0 to create" in planned or "there is nothing to approve" in planned, planned
    assert "to delete" not in planned.replace("0 to delete", ""), planned
    for playbook in ("status", "plans", "diff", "document", "list"):
        told = pipeline.run(playbook, None if playbook == "list" else NAME).ok().output
        assert "/import.yml " not in told, told
    pipeline.run("validate", NAME).ok()
    assert list(pipeline.guests().values()).count(NAME) == 1 and vmid in pipeline.guests()


@pytest.mark.parametrize("loss", LOSSES)
def test_the_one_command_takes_it_back(made: Pipeline, tmp_path: Path, loss: str) -> None:
    pipeline = _lost(made, tmp_path, LOSSES[loss]).pipeline
    pipeline.run("import", NAME).ok()
    _works(pipeline)
    pipeline.lab.forget_calls()
    pipeline.run("destroy", NAME).refused("Nothing was destroyed: confirm it with")
    assert pipeline.lab.writes() == []


def test_a_lost_ledger_is_made_again_from_the_folders(made: Pipeline, tmp_path: Path) -> None:
    pins = str(tmp_path / "heads")
    made.run("audit", pin=pins).ok()
    pipeline = _lost(made, tmp_path, _ledger).pipeline
    assert NAME in pipeline.run("status", NAME).ok().output
    planned = pipeline.run("plan", "other", intent=VM.format(name="other")).ok().output
    assert f"The ledger did not know {NAME}" in planned
    mine, other = (pipeline.read(name, "plan")["machines"][0] for name in (NAME, "other"))
    assert mine["vmid"] != other["vmid"]
    assert mine["nics"][0]["address"] != other["nics"][0]["address"]
    _works(pipeline)

    cut = pipeline.run("audit", pin=pins).refused("rows were cut off").output
    [start] = re.findall(r"-e acknowledge=(\w+)", cut)
    pipeline.run("audit", pin=pins, acknowledge=start, reason="the disk broke").ok()
    assert "the disk broke" in pipeline.run("audit", pin=pins).ok().output


def test_a_run_names_its_deployment_when_the_folder_is_gone(made: Pipeline, tmp_path: Path) -> None:
    lost = _lost(made, tmp_path, _folder)
    lost.pipeline.run("undo", run=lost.run[:8]).refused(NAME, "/import.yml ")
