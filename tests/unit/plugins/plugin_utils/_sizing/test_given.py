# SPDX-License-Identifier: GPL-3.0-or-later
"""A request as data is checked like a sentence, and the same wish gives the same plan."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    ContractError,
    Plan,
    to_data,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._conversation import (
    form_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import (
    request_given,
    size_data,
)

ROOT = Path(__file__).resolve().parents[5]
EXAMPLE = ROOT / "docs/examples/request.yml"


def machines(plan: Plan) -> dict[str, t.Any]:
    """Return everything of a plan that is built."""
    data = to_data(plan)
    return {key: data[key] for key in ("status", "machines", "cluster", "addons", "backups")}


@pytest.mark.parametrize(
    "sentence",
    [
        "staging HA cluster with 2 workers of at least 12 GB RAM each and monitoring",
        "redis VM called cache with 3 cores, 6 GB RAM and 30 GB disk",
        "container with 512 MB RAM and debian 12 called dns7",
        "PostgreSQL for 250 concurrent users, no high availability",
        "zwei Server-VMs mit je 4 Kernen und 8 GB RAM",
        "un cluster k3s avec 2 workers de 4 Go",
    ],
)
def test_a_form_that_says_the_same_gives_the_same_plan(sentence: str) -> None:
    request, plan = size_data(intent=sentence, site={})
    assert plan.status == "ready", plan.summary
    form = {k: v for k, v in form_of(to_data(request)).items() if k != "text"}
    assert machines(size_data(request=form, site={})[1]) == machines(plan)


def beside(**guest: t.Any) -> Plan:
    """Return the plan of a form in which a cache runs on the machine of a database."""
    host = {"type": "machines", "id": "t1", "software": [{"family": "postgresql"}], "cores": 4}
    other = {"type": "machines", "id": "t2", "software": [{"family": "redis"}], **guest}
    other["links"] = [{"how": "same_machine", "thing": "t1"}]
    return size_data(request={"things": [host, other]}, site={})[1]


def test_things_on_one_machine_are_one_machine() -> None:
    plan = beside(memory_mib=12288, loads={"data_gib": 4})
    assert plan.status == "ready", plan.summary
    [machine] = plan.machines
    assert (machine.cores, machine.memory_mib) == (4, 12288)


def test_things_on_one_machine_that_contradict_each_other_are_asked() -> None:
    plan = beside(cores=8)
    assert [question.id for question in plan.questions] == ["machines.together"]
    assert "redis and postgresql share a machine, but cores" in plan.questions[0].text


def test_the_example_is_the_sentence_in_its_comment() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    said = next(x for x in text.splitlines() if x.startswith("# "))
    sentence = next(x for x in text.splitlines() if x.startswith('#   "')).strip('#" ')
    _request, plan = size_data(intent=sentence, site={})
    assert said and plan.status == "ready", plan.summary
    form = yaml.safe_load(text)["request"]
    assert machines(size_data(request=form, site={})[1]) == machines(plan)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"thing": []}, ["thing is no field of a request", "did you mean things?"]),
        ({"things": {}}, ["things", "array"]),
        ({"things": [{"id": "t1"}]}, ["things.0.type", "machines, cluster, application"]),
        (
            {"things": [{"type": "cluster", "id": "t1", "worker": {}}]},
            ["things.0.worker is no field of a cluster", "agents"],
        ),
        (
            {"things": [{"type": "machines", "id": "t1", "memory_mb": 1}]},
            ["things.0.memory_mb", "did you mean memory_mib?"],
        ),
        (
            {"things": [{"type": "cluster", "id": "t1", "agents": {"disk": 1}}]},
            ["things.0.agents.disk is no field", "did you mean disk_gib?"],
        ),
        (
            {"things": [{"type": "machines", "id": "t1", "cores": "two"}]},
            ["things.0.cores ('two')"],
        ),
        ({"things": [{"type": "machines", "id": "t1"}] * 2}, ["t1 is the id of several things"]),
        (
            {
                "things": [
                    {"type": "machines", "id": "t1", "links": [{"how": "beside", "thing": "t9"}]}
                ]
            },
            ["things.0.links names t9"],
        ),
        ({"environment": "prod"}, ["environment ('prod')", "'production'"]),
    ],
)
def test_what_is_wrong_is_named_with_what_is_near(data: dict[str, t.Any], words: list[str]) -> None:
    with pytest.raises(ContractError) as error:
        request_given(data)
    for word in words:
        assert word in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("thing", "status", "words"),
    [
        ({"type": "machines", "software": [{"family": "postgres"}]}, "ready", "postgresql"),
        ({"type": "machines", "cores": -2}, "refused", "-2 cores"),
        ({"type": "machines"}, "ask", "purpose"),
        ({"type": "machines", "cores": 1, "names": ["Not good"]}, "refused", "not a valid name"),
        ({"type": "cluster", "addons": ["prometeus"]}, "refused", "did you mean prometheus"),
        ({"type": "cluster", "addons": ["monitoring"]}, "ready", "cluster"),
    ],
)
def test_a_form_is_judged_like_a_sentence(thing: dict[str, t.Any], status: str, words: str) -> None:
    plan = size_data(request={"things": [{"id": "t1", **thing}]}, site={})[1]
    assert (plan.status, words in plan.summary) == (status, True), plan.summary
