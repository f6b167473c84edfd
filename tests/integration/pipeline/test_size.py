# SPDX-License-Identifier: GPL-3.0-or-later
"""`size.yml` as a person runs it: a sketch with a page, then refinements of it."""

from __future__ import annotations

import json
import stat
import typing as t

import pytest

from .conftest import Pipeline


def plan_of(pipeline: Pipeline, name: str) -> dict[str, t.Any]:
    """Return the stored plan of a deployment."""
    data: dict[str, t.Any] = json.loads((pipeline.deployments / name / "plan.json").read_text())
    return data


def test_a_sketch_is_refined_step_by_step(pipeline: Pipeline) -> None:
    pipeline.lab.forget_calls()
    shown = pipeline.run("size", "shop", intent="k3s cluster with 3 workers").ok()
    assert "Why agent" in shown.output and "Changed:" not in shown.output
    page = pipeline.deployments / "shop" / "report.html"
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert page.read_text().count("<figure>") == len(pipeline.lab.api("GET", "/nodes"))
    first = plan_of(pipeline, "shop")
    assert [cycle["number"] for cycle in first["rounds"]] == [1]

    smaller = pipeline.run("size", "shop", refine="make the workers smaller").ok().output
    assert "shop-agent-1, shop-agent-2, shop-agent-3 memory: 2 GiB -> 1 GiB" in smaller
    assert "server" not in smaller.partition("Changed:")[2].partition("report:")[0]

    calico = pipeline.run("size", "shop", refine="use calico").ok().output
    assert "cluster CNI: flannel -> calico" in calico
    assert "memory:" not in calico.partition("Changed:")[2]
    refined = plan_of(pipeline, "shop")
    assert {m["memory_mib"] for m in refined["machines"] if m["role"] == "agent"} == {1024}

    again = pipeline.run("size", "shop").ok().output
    assert "Changed: nothing" in again
    assert plan_of(pipeline, "shop")["machines"] == refined["machines"]
    assert plan_of(pipeline, "shop")["cluster"] == refined["cluster"]

    pipeline.run("size", "shop", refine="purple monkey dishwasher").refused()
    assert plan_of(pipeline, "shop")["machines"] == refined["machines"]
    assert pipeline.lab.writes() == []


def test_what_was_never_sized_cannot_be_refined(pipeline: Pipeline) -> None:
    pipeline.run("size", "none", refine="make it smaller").refused("There is no plan in", "size it")
    assert not (pipeline.deployments / "none" / "plan.json").exists()


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_what_a_person_must_see_is_there_with_the_callbacks_of_ansible(
    pipeline: Pipeline, form: str
) -> None:
    pipeline.environment.update(
        ANSIBLE_STDOUT_CALLBACK="default", ANSIBLE_CALLBACK_RESULT_FORMAT=form
    )
    sized = pipeline.run("size", "shop", intent="vm with 3 cores and 5 GB called web1").ok().output
    [machine] = plan_of(pipeline, "shop")["machines"]
    wanted = ("web1", "3 ", "5 GiB", f"{machine['disks'][0]['size_gib']} GiB", "Why web1")
    assert all(text in sized for text in (*wanted, machine["nics"][0]["address"][:9])), sized
    assert "shop" in pipeline.run("list").ok().output
    told = pipeline.run("status", "shop").ok().output
    assert "COMPLETED" in told and "applied   nothing of it is applied" in told, told
    refused = pipeline.run("plan", "shop", intent="vm with 3 cores called web1 on node pve9")
    refused.refused("pve9 does not exist; there is: pve1, pve2, pve3")
    assert '"plan": {' not in refused.output and "cloud_init" not in refused.output
