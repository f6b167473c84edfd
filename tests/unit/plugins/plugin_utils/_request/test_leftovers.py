# SPDX-License-Identifier: GPL-3.0-or-later
"""What a sentence says and nothing uses is named; chatter stays quiet."""

from __future__ import annotations

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Request
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request import read_request
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.facts import (
    to_intent_facts,
)


def said(request: Request, severity: str) -> str:
    return " ".join(f.message for f in request.findings if f.severity == severity)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("k3s cluster with 3 servers, 2 agents and 4 gizmos", "'4 gizmos'"),
        ("2 web servers, 3 frobnicators and a redis", "'3 frobnicators'"),
        ("two mail relays and a web server with 4 GB", "'two mail relays'"),
        ("wordpress with 3 replicas and a mariadb with 16 GB", "'3 replicas'"),
        ("docker host with portainer and 12 stacklets", "'12 stacklets'"),
        ("a redis VM with 8 GB and 2 quibbles", "'2 quibbles'"),
        ("a redis VM with 8 GB and 3 build agents", "'3 build agents'"),
    ],
)
def test_a_number_of_something_that_is_not_planned_is_a_warning(text: str, named: str) -> None:
    request = read_request(text)

    assert request.answer == "plan"
    assert named in said(request, "warning")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a gitlab vm that talks to the hoverboard", ("hoverboard",)),
        (
            "postgresql for 50 users beside the zeppelin and the gramophone",
            ("zeppelin", "gramophone"),
        ),
        ("k3s cluster with 3 workers near the blimp", ("blimp",)),
        ("Eine VM mit 4 Kernen und 8 GB neben der Kaffeemaschine", ("kaffee",)),
    ],
)
def test_unknown_words_are_named_and_stay_an_information(text: str, words: tuple[str, ...]) -> None:
    request = read_request(text)

    assert request.answer == "plan"
    notes = said(request, "info")
    assert "Not used from the request:" in notes
    assert all(word in notes for word in words)
    assert not any(word in said(request, "warning") for word in words)


@pytest.mark.parametrize(
    "text",
    [
        "Hi there, could you please give me a VM with 4 cores and 8 GB for my work? Thanks a lot!",
        "we need 3 web servers with 2 cores each, they should be ready by monday",
        "a postgresql database for our accounting team, 50 users, it must be fast",
        "k3s cluster with 3 servers and 5 workers, 4 cores and 8 GB each, please",
        "ubuntu vm named web-01 with 2 cores, 4 GB and 40 GB disk on local-lvm",
        "Bitte eine VM mit 4 Kernen und 8 GB für unsere Abteilung, danke",
        "Je voudrais une machine virtuelle avec 4 coeurs et 8 Go pour mon équipe, merci",
        "payment service with 800 QPS at peak, P99 under 200 ms, built on Node.js and Redis",
        "4 VMs: two web servers, one database and one redis",
        "3 VMs with 2 cores and 4 GB, one with 500 GB disk",
        "gitlab for 50 developers with 200 GB disk",
        "k3s cluster with 5 workers and a separate nfs server with 4 TB",
        "a VM with 4 cores, 8 GB and ubuntu 24.04, not debian",
    ],
)
def test_sentences_that_are_used_whole_stay_quiet(text: str) -> None:
    request = read_request(text)

    assert request.answer == "plan"
    assert not [f.message for f in request.findings if f.id == "request.not_used"]


@pytest.mark.parametrize(
    ("text", "count", "cores"),
    [
        ("5 load generators with 8 cores", 5, 8),
        ("three quiz kiosks with 2 cores and 4 GB", 3, 2),
        ("4 desktops with 6 cores each", 4, 6),
    ],
)
def test_an_unknown_noun_with_a_number_and_sizes_is_machines(
    text: str, count: int, cores: int
) -> None:
    (machine,) = read_request(text).machines
    assert (machine.count, machine.cores) == (count, cores)


def test_one_of_several_machines_has_the_sizes_of_all() -> None:
    rest, one = read_request("3 VMs with 2 cores and 4 GB, one with 500 GB disk").machines
    assert (rest.count, rest.cores, rest.memory_mib, rest.disk_gib) == (2, 2, 4096, None)
    assert (one.count, one.cores, one.memory_mib, one.disk_gib) == (1, 2, 4096, 500)


def test_several_disks_of_one_size_are_a_question() -> None:
    request = read_request("an ubuntu vm with 32 GB and two 500 GB disks")
    assert request.answer == "ask"
    assert "2 disks" in request.questions[0].text


@pytest.mark.parametrize(
    ("text", "action", "facts"),
    [
        (
            "cluster edge-7 is slow since monday, add 3 workers to it",
            "plan_mutation",
            {"cluster_name": "edge-7", "operation": "scale", "worker_delta": 3},
        ),
        (
            "scale up the k3s cluster k3s-till by two workers",
            "plan_mutation",
            {"cluster_name": "k3s-till", "worker_delta": 2},
        ),
        (
            "kubernetes cluster of seven nodes in total with 4 vCPUs and 8 GB RAM per node",
            "plan",
            {"total_nodes": 7, "cores_per_node": 4, "memory_mib_per_node": 8192},
        ),
        (
            "The analysts want a k8s cluster with 32 GB memory per node",
            "plan",
            {"memory_mib_per_node": 32768},
        ),
        (
            "k3s cluster with 4 workers, 4 cores and 32 MB of memory each",
            "ask",
            {"worker_count": 4},
        ),
        (
            "k3s cluster with 900 workers, 64 cores and 512 GB each, on my homelab with two nodes",
            "refuse_capacity",
            {"worker_count": 900},
        ),
        ("could you set me up a small dev cluster", "plan", {"environment": "development"}),
        ("we grow to 300 gitlab users", "plan", {"app": "gitlab", "users": 300}),
        (
            "we grow to 25,000 gitlab users, please size each of the three PostgreSQL servers",
            "plan",
            {"app": "gitlab"},
        ),
    ],
)
def test_phrases_of_changes_totals_and_hosts(
    text: str, action: str, facts: dict[str, object]
) -> None:
    read_action, read_facts = to_intent_facts(read_request(text))

    assert read_action == action
    assert {name: read_facts.get(name) for name in facts} == facts


def test_growing_users_are_no_order_to_enlarge_machines() -> None:
    assert not any(m.tendency for m in read_request("we grow to 300 gitlab users").machines)
