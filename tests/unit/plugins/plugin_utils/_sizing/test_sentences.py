# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole sentences become the machines that they name, each with its own count and sizes."""

from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Plan
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import request_of
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    node,
    plan,
    site,
    snapshot,
    storage,
)

LARGE = snapshot(
    6,
    [storage("tank", f"pve{i}", total_gib=90_000.0, available_gib=88_000.0) for i in range(1, 7)],
)


def planned(sentence: str, *, deployment: str = "x") -> Plan:
    return plan(request_of(sentence, site(), LARGE)[0], LARGE, deployment=deployment)


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
            "three web servers with 2 cores and a MySQL database with 8 cores",
            {"web": 3, "mysql": 1},
            {"web": {"cores": 2}, "mysql": {"cores": 8}},
        ),
    ],
)
def test_counts_and_sizes_belong_to_the_machine_of_their_phrase(
    sentence: str, counts: dict[str, int], sizes: dict[str, dict[str, int]]
) -> None:
    result = planned(sentence)

    assert Counter(machine.group for machine in result.machines) == counts, result.summary
    for machine in result.machines:
        found = {
            "cores": machine.cores,
            "memory_mib": machine.memory_mib,
            "disk_gib": machine.disks[0].size_gib,
        }
        expected = sizes.get(machine.group, {})
        assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("where", ["on node 10.0.0.12", "on 10.0.0.12", "auf dem Knoten 10.0.0.12"])
def test_a_node_that_is_named_by_its_address_is_told_with_its_name(where: str) -> None:
    facts = snapshot([node("pve1", address="10.0.0.11"), node("pve2", address="10.0.0.12")])
    wanted, _rounds = request_of(f"vm with 2 cores and 2 GB called web1 {where}", site(), facts)
    result = plan(wanted, facts)
    assert result.status == "refused"
    assert [f.message for f in result.findings if f.severity == "error"] == [
        "10.0.0.12 is the address of the node pve2; name it so."
    ]


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        ("Mattermost with PostgreSQL for 200 users", {"mattermost", "postgresql"}),
        ("Mattermost for 200 users and a database VM", {"mattermost", "database"}),
        ("Mattermost für 200 Leute mit MariaDB", {"mattermost", "mariadb"}),
        ("Mattermost for 200 users, PostgreSQL we already have", {"mattermost"}),
        ("Mattermost pour 200 personnes, PostgreSQL existe déjà", {"mattermost"}),
        ("Mattermost for 200 users and Redis", {"mattermost", "database", "redis"}),
    ],
)
def test_a_part_that_was_said_or_is_there_is_made_once(text: str, roles: set[str]) -> None:
    result = planned(text)
    assert {machine.role for machine in result.machines} == roles
    own = [finding for finding in result.findings if finding.id == "part.there"]
    assert bool(own) == (len(roles) == 1)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Mattermost for 200 users and a PostgreSQL VM", "part.said"),
        ("a PostgreSQL VM with 8 GB and Mattermost for 200 users", "part.small"),
    ],
)
def test_what_serves_as_a_part_is_told(text: str, told: str) -> None:
    result = planned(text)
    assert {machine.role for machine in result.machines} == {"mattermost", "postgresql"}
    assert told in {finding.id for finding in result.findings}
