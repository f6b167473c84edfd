# SPDX-License-Identifier: GPL-3.0-or-later
"""A second message completes the first, or changes only what it names."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Request
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request import read_request

CLUSTER = "production HA k3s cluster named blue with 5 workers and monitoring"
MACHINE = "vm named db1 with 2 cores and 4 GB"


def changes(request: Request) -> dict[str, t.Any]:
    """Return what a change names: counts, add-ons and sizes by role."""
    found: dict[str, t.Any] = {}
    if request.cluster is not None:
        data = request.cluster.model_dump(exclude={"name", "distribution"})
        found.update({key: value for key, value in data.items() if value not in (None, ())})
    for machine in request.machines:
        for key, value in machine.model_dump(exclude={"role"}).items():
            if value not in (None, ()):
                found[f"{machine.role}.{key}"] = value
    for key in ("environment", "ha"):
        if getattr(request, key) is not None:
            found[key] = getattr(request, key)
    return found


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        (
            "a vm with the usual settings",
            "2 cores, 4GB, named web-07",
            "a vm named web-07 with 2 cores and 4GB",
        ),
        ("a vm", "4 cores and 16 GB", "a vm with 4 cores and 16 GB"),
        (
            "k8s cluster, 5 workers, 2 cores and 1 MB memory each",
            "4 GB",
            "k8s cluster, 5 workers, 2 cores and 4 GB memory each",
        ),
        (
            "k8s cluster, 5 workers, 2 cores and 1 MB memory each",
            "yes",
            "k8s cluster, 5 workers, 2 cores and 1 GB memory each",
        ),
        (
            "k3s cluster with 3 masters and 2 workers and 4 workers",
            "4",
            "k3s cluster with 3 masters and 4 workers",
        ),
        ("5 nodes: 3 masters and 4 workers", "7", "7 nodes: 3 masters and 4 workers"),
        ("une VM", "2 cœurs, 4 Go, nommée web-08", "une VM nommée web-08 avec 2 cœurs, 4 Go"),
    ],
)
def test_the_answer_completes_the_request(first: str, second: str, whole: str) -> None:
    previous = read_request(first)
    assert previous.answer == "ask"

    request = read_request(second, previous=previous)

    expected = read_request(whole)
    assert request.answer == "plan"
    assert (request.kind, changes(request)) == (expected.kind, changes(expected))


def test_a_bare_word_answers_the_question_for_a_name() -> None:
    first = read_request("a vm with the usual settings")
    second = read_request("web-07", previous=first)
    assert [q.field for q in second.questions] == ["purpose or size, template"]
    third = read_request("9001", previous=second)
    assert third.machines[0].source is not None
    assert third.machines[0].source.vmid == 9001
    assert (third.answer, third.machines[0].name) == ("plan", "web-07")


@pytest.mark.parametrize(
    ("first", "text", "expected"),
    [
        (CLUSTER, "make the workers smaller", {"agent.tendency": "smaller"}),
        (CLUSTER, "make it smaller", {"node.tendency": "smaller"}),
        (CLUSTER, "die Worker sind zu groß", {"agent.tendency": "smaller"}),
        (CLUSTER, "use 3 workers instead", {"agents": 3}),
        (CLUSTER, "two more workers", {"agents_delta": 2}),
        (CLUSTER, "remove one worker", {"agents_delta": -1}),
        (CLUSTER, "without ingress", {"addons_excluded": ("traefik", "ingress-nginx")}),
        (CLUSTER, "add longhorn", {"addons": ("longhorn",)}),
        (CLUSTER, "give the masters 8 GB", {"server.memory_mib": 8192}),
        (CLUSTER, "8 GB per worker", {"agent.memory_mib": 8192}),
        (CLUSTER, "5 control planes", {"servers": 5}),
        (CLUSTER, "no HA", {"ha": False}),
        (CLUSTER, "for staging", {"environment": "staging"}),
        (MACHINE, "give db1 8 GB", {"vm.name": "db1", "vm.memory_mib": 8192}),
        (MACHINE, "bigger", {"vm.tendency": "larger"}),
        (MACHINE, "make it 4 cores", {"vm.cores": 4}),
        (MACHINE, "100 GB disk", {"vm.disk_gib": 100}),
        (MACHINE, "call it db2", {"vm.name": "db2"}),
        (MACHINE, "twice the memory", {"vm.factor": 2.0, "vm.factor_of": "memory_mib"}),
        (MACHINE, "plus de mémoire", {"vm.factor": 2.0, "vm.factor_of": "memory_mib"}),
        (MACHINE, "mehr Kerne", {"vm.factor": 2.0, "vm.factor_of": "cores"}),
    ],
)
def test_a_change_holds_only_what_it_names(
    first: str, text: str, expected: dict[str, t.Any]
) -> None:
    previous = read_request(first)
    request = read_request(text, previous=previous)
    assert (request.answer, changes(request)) == ("plan", expected)
    assert request.operation != "create"
    assert (request.deployment, request.kind) == (previous.deployment, previous.kind)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("what is the weather?", "redirect"),
        ("thanks", "redirect"),
        ("name it {{ lookup('pipe','id') }}", "refuse_invalid"),
        ("give the workers 1 MB", "ask"),
        ("-3 workers", "refuse_invalid"),
    ],
)
def test_a_follow_up_is_checked_like_a_request(text: str, answer: str) -> None:
    assert read_request(text, previous=read_request(CLUSTER)).answer == answer


def test_an_answer_can_be_refused() -> None:
    previous = read_request("k3s cluster with 2 workers and 4 workers")
    request = read_request("3 {{ 7*7 }}", previous=previous)
    assert request.answer == "refuse_invalid"
