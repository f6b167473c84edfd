# SPDX-License-Identifier: GPL-3.0-or-later
"""What was planned never counts as what is; what is there is never lost sight of."""

from __future__ import annotations

import typing as t

import pytest

from .conftest import VM, LabClient, Pipeline

DNS = "2 cores, 2gb, 20gb disk debian 12 box called {name} on node {node}"


@pytest.fixture(scope="module")
def made(running_lab: LabClient, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Pipeline]:
    """A deployment of two web servers, made from a sentence without a name."""
    running_lab.heal()
    pipeline = Pipeline(running_lab, tmp_path_factory.mktemp("records"))
    pipeline.first = pipeline.run(
        "provision", intent=DNS.format(name="dns1", node="pve1"), approve="auto"
    ).ok()
    yield pipeline
    pipeline.run("destroy", "dns1", confirm="dns1").ok()
    assert "dns1" not in pipeline.guests().values()


def test_a_short_name_is_made_and_said_first(made: Pipeline) -> None:
    assert "New deployment dns1 in" in made.first.output
    assert made.read("dns1", "applied")["plan"]["machines"][0]["name"] == "dns1"


def test_the_same_sentence_goes_on_and_another_is_another_deployment(made: Pipeline) -> None:
    again = made.run("provision", intent=DNS.format(name="dns1", node="pve1"), approve="auto").ok()
    assert "Deployment dns1, which this sentence made" in again.output
    assert "changed=0" in again.output
    other = made.run("plan", intent=DNS.format(name="dns2", node="pve2")).ok().output
    assert "New deployment dns2 in" in other
    assert "1 to create" in other and "delete" not in other.replace("0 to delete", "")
    assert "dns1" in made.guests().values()


def test_planning_leaves_what_is_applied_alone(made: Pipeline) -> None:
    made.lab.forget_calls()
    applied = (made.deployments / "dns1/applied.json").read_bytes()
    larger = DNS.format(name="dns1", node="pve1").replace("2gb", "4gb")
    made.run("plan", "dns1", intent=larger).ok()
    assert (made.deployments / "dns1/applied.json").read_bytes() == applied
    assert "No drift." in made.run("drift", "dns1").ok().output
    table = made.run("diff", "dns1", a="applied", b="newest").ok().output
    assert "memory_mib" in table and "2048" in table and "4096" in table
    assert "ready" in made.run("plans", "dns1").ok().output
    status = made.run("status", "dns1").ok().output
    assert "applied" in status and "proposed" in status and "seen" in status
    assert "proposed: dns1 memory_mib: 2048 -> 4096." in status
    assert made.lab.writes() == []


def test_a_wish_for_sizes_is_not_left_aside_by_what_plans(made: Pipeline) -> None:
    for playbook in ("plan", "provision"):
        made.run(playbook, "dns1", refine="smaller").refused("refine changes sizes", "/size.yml ")


def test_what_was_only_planned_is_forgotten_and_what_runs_is_not(made: Pipeline) -> None:
    made.run("plan", "wish", intent=VM.format(name="wish")).ok()
    made.run("destroy", "wish").refused("it was only planned", "/forget.yml ")
    made.run("forget", "wish").ok()
    assert not (made.deployments / "wish").exists()
    assert "wish" not in made.run("list").ok().output
    made.run("forget", "dns1").refused("dns1 still holds dns1", "/release.yml ")


def test_what_was_only_planned_yields_to_a_corrected_site(made: Pipeline) -> None:
    made.run("plan", "late", intent=VM.format(name="late")).ok()
    before = made.read("late", "plan")["machines"][0]
    prefix = made.lab.document["subnet"].removesuffix(".0/24")
    site = made.lab.site(machine_range=f"{prefix}.150-{prefix}.160")
    site["vmid_range"] = [21000, 21010]
    made.run("plan", "late", intent=VM.format(name="late"), site=site).ok()
    after = made.read("late", "plan")["machines"][0]
    assert before["vmid"] < 21000 <= after["vmid"]
    assert after["nics"][0]["address"] == f"{prefix}.150/24"
