# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole sentences become the machines that they name, each with its own count and sizes."""

from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Plan
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import (
    load_knowledge,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request import (
    Vocabulary,
    read_request,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    plan,
    snapshot,
    storage,
)

LARGE = snapshot(
    6,
    [storage("tank", f"pve{i}", total_gib=90_000.0, available_gib=88_000.0) for i in range(1, 7)],
)


def planned(sentence: str, *, guests: tuple[str, ...] = (), deployment: str = "x") -> Plan:
    vocabulary = Vocabulary(software=load_knowledge(()).vocabulary, guests=guests)
    return plan(read_request(sentence, vocabulary=vocabulary), LARGE, deployment=deployment)


def messages(result: Plan, severity: str) -> str:
    return " ".join(f.message for f in result.findings if f.severity == severity)


@pytest.mark.parametrize(
    ("sentence", "counts", "sizes"),
    [
        (
            "app server with 8 GB and a PostgreSQL database with 100 GB disk",
            {"app": 1, "postgresql": 1},
            {"app": {"memory_mib": 8192}, "postgresql": {"disk_gib": 100}},
        ),
        (
            "2 web servers and a PostgreSQL database with 200 GB disk",
            {"web": 2, "postgresql": 1},
            {"postgresql": {"disk_gib": 200}},
        ),
        (
            "three web servers with 2 cores and a MySQL database with 8 cores",
            {"web": 3, "mysql": 1},
            {"web": {"cores": 2}, "mysql": {"cores": 8}},
        ),
        (
            "2 VMs with 4 cores and a PostgreSQL database with 300 GB disk",
            {"vm": 2, "postgresql": 1},
            {"vm": {"cores": 4}, "postgresql": {"disk_gib": 300}},
        ),
        ("a database cluster with 3 nodes", {"database": 3}, {}),
        (
            "jenkins with 5 build agents, 4 cores each",
            {"controller": 1, "agent": 5},
            {"agent": {"cores": 4, "memory_mib": 8192}},
        ),
        (
            "a galera cluster with 3 nodes, 16 GB each",
            {"mariadb": 3},
            {"mariadb": {"memory_mib": 16384}},
        ),
        ("Jenkins and 3 agents with 16 GB", {"controller": 1, "agent": 3}, {}),
        (
            "two domain controllers and a file server with 10 TB for 60 employees",
            {"active-directory": 2, "file": 1},
            {"file": {"disk_gib": 10240}},
        ),
        (
            "kafka 3 brokers 2 TB each",
            {"broker": 3, "controller": 3},
            {"broker": {"disk_gib": 2048}, "controller": {"disk_gib": 64}},
        ),
        ("home lab: plex, sonarr and a nas", {"plex": 1, "sonarr": 1, "file": 1}, {}),
        ("2 VMs for DNS (pihole) on different hosts", {"pihole": 2}, {}),
    ],
)
def test_counts_and_sizes_belong_to_the_machine_of_their_phrase(
    sentence: str, counts: dict[str, int], sizes: dict[str, dict[str, int]]
) -> None:
    result = planned(sentence, guests=("nas", "pihole"))

    assert Counter(machine.group for machine in result.machines) == counts, result.summary
    for machine in result.machines:
        found = {
            "cores": machine.cores,
            "memory_mib": machine.memory_mib,
            "disk_gib": machine.disks[0].size_gib,
        }
        expected = sizes.get(machine.group, {})
        assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "k3s ha cluster with 5 workers and a separate nfs server with 4 TB",
        "k3s ha cluster with 5 workers and an nfs server with 4 TB",
        "k3s ha cluster with 5 workers plus a standalone minio with 4 TB",
    ],
)
def test_a_machine_beside_a_cluster_is_said_to_be_left_out(sentence: str) -> None:
    result = planned(sentence)

    assert Counter(machine.group for machine in result.machines) == {"server": 3, "agent": 5}
    assert max(machine.disks[0].size_gib for machine in result.machines) < 1000
    assert "-e deployment=" in messages(result, "warning")


def test_two_programs_on_one_machine_are_said() -> None:
    warned = messages(planned("plex, sonarr, radarr and a nas"), "warning")
    assert "radarr is planned on the machine of sonarr" in warned


def test_a_change_of_a_cluster_without_a_plan_names_it() -> None:
    elsewhere = planned("add 2 workers to cluster prod")
    assert elsewhere.status == "refused"
    assert "no earlier plan of prod in the deployment x" in elsewhere.summary
    assert "-e deployment=prod" in elsewhere.summary

    own = planned("add 2 workers to cluster prod", deployment="prod")
    assert "no earlier plan of prod to change" in own.summary


@pytest.mark.parametrize(
    ("sentence", "target"),
    [
        ("add 4 GB memory to pihole", "pihole"),
        ("create a pihole", None),
        ("add a nas", None),
        ("resize web-blue to 4 cores", "web-blue"),
    ],
)
def test_a_guest_whose_name_is_a_word_is_meant_only_by_a_change(
    sentence: str, target: str | None
) -> None:
    vocabulary = Vocabulary(guests=("nas", "pihole", "web-blue"))
    assert read_request(sentence, vocabulary=vocabulary).deployment == target
