# SPDX-License-Identifier: GPL-3.0-or-later
"""What was said is in the plan unchanged, or refused with the reason; in three languages."""

from __future__ import annotations

import re

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Plan
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import size_data


def sized(text: str, *, insist: bool = False) -> Plan:
    return size_data(intent=text, site={}, insist=insist)[1]


@pytest.mark.parametrize(
    ("text", "cores", "memory_mib", "disk_gib"),
    [
        ("redis VM with 3 cores, 5 GB RAM and 11 GB disk", 3, 5120, 11),
        ("redis VM mit 3 Kernen, 5 GB RAM und 11 GB Festplatte", 3, 5120, 11),
        ("une VM redis avec 3 coeurs, 5 Go de RAM et 11 Go de disque", 3, 5120, 11),
        ("redis VM with at least 9 GB disk", None, None, 9),
        ("redis VM mit mindestens 9 GB Festplatte", None, None, 9),
        ("une VM redis avec au moins 9 Go de disque", None, None, 9),
        ("VM called box with 1 core and at most 700 MB RAM", 1, 700, None),
        ("redis and grafana on one VM with 6 GB RAM in total", None, 6144, None),
    ],
)
def test_a_number_that_was_said_is_kept(
    text: str, cores: int | None, memory_mib: int | None, disk_gib: int | None
) -> None:
    plan = sized(text)
    assert plan.status == "ready", plan.summary
    [machine] = plan.machines
    assert cores in (None, machine.cores * machine.sockets)
    assert memory_mib in (None, machine.memory_mib)
    assert disk_gib in (None, machine.disks[0].size_gib)


@pytest.mark.parametrize(
    "text",
    [
        "Kafka VM with 4 vCPU, 16 GB RAM and 500 GB disk",  # a production size
        "Vault VM with 1 core, 1 GB RAM and 20 GB disk",  # a document that recommends
        "GitHub Enterprise VM for 3 users with 2 cores and 16 GB RAM",
        "GitHub Enterprise VM with 2 cores and 16 GB RAM",  # a load that nobody said
    ],
)
def test_what_nobody_said_does_not_refuse_a_size(text: str) -> None:
    assert sized(text).status == "ready"


@pytest.mark.parametrize(
    "text",
    [
        "GitHub Enterprise VM for 3000 users with 2 cores and 16 GB RAM",
        "Artifactory VM with 4 cores, 6 GB RAM and 100 GB disk, for development",
    ],
)
def test_what_was_said_binds(text: str) -> None:
    assert sized(text).status == "refused"


def test_less_than_usual_is_said_with_its_document() -> None:
    [told] = [
        f for f in sized("Vault VM with 4 cores, 1 GB RAM").findings if "common use" in f.message
    ]
    assert "8 GiB" in told.message and "Vault" in told.message


@pytest.mark.parametrize(
    ("text", "count"),
    [("Consul VM with 2 cores, 4 GB", 1), ("HA Consul VM with 2 cores, 4 GB", 5), ("Consul", 5)],
)
def test_one_machine_that_was_spoken_of_is_one(text: str, count: int) -> None:
    assert len(sized(text).machines) == count


@pytest.mark.parametrize(
    "text",
    [
        "GitLab VM for 20 people with 1 GB RAM",
        "GitLab VM für 20 Leute mit 1 GB RAM",
        "une VM GitLab pour 20 personnes avec 1 Go de RAM",
    ],
)
def test_below_a_documented_minimum_is_refused_unless_the_person_insists(text: str) -> None:
    refused = sized(text)
    assert refused.status == "refused"
    assert "documented minimum" in refused.summary and "insist=true" in refused.summary
    kept = sized(text, insist=True)
    assert kept.status == "ready" and kept.machines[0].memory_mib == 1024
    [told] = [f.message for f in kept.findings if f.id == "minimum.memory_mib"]
    assert "because you insist" in told


@pytest.mark.parametrize(
    "text",
    [
        "VM called box with 4 cores and 200 MB RAM",
        "VM namens box mit 4 Kernen und 200 MB RAM",
        "une VM nommée box avec 4 coeurs et 200 Mo de RAM",
    ],
)
def test_below_a_rule_of_thumb_is_kept_with_a_warning(text: str) -> None:
    plan = sized(text)
    assert plan.status == "ready", plan.summary
    assert plan.machines[0].memory_mib == 200
    assert any(f.id == "minimum.memory_mib" and f.severity == "warning" for f in plan.findings)


@pytest.mark.parametrize(
    "text", ["k3s cluster with flurbomatic as add-on", "dev cluster with velero"]
)
def test_an_add_on_is_in_the_plan_or_named(text: str) -> None:
    plan = sized(text)
    named = text.split()[3]
    built = {addon.name for addon in plan.addons}
    assert named in built or (plan.status != "ready" and named in plan.summary)


@pytest.mark.parametrize(
    "text",
    [
        "a VM for Quablix",
        "I need Zorblatt for 20 users",
        "eine VM für Databruno",
        "ich brauche Vexilondb",
        "une VM pour Klomptar",
        "une VM pour Filomax, 30 utilisateurs",
    ],
)
def test_unknown_software_is_told_in_one_sentence_with_a_range_around_the_answer(text: str) -> None:
    plan = sized(text)
    assert plan.status == "ready", plan.summary
    [machine] = plan.machines
    [told] = [f.message for f in plan.findings if f.id == "software.unknown"]
    assert "is not in the knowledge" in told and "confidence 0.3" in told
    numbers = [float(number) for number in re.findall(r"([\d.]+) (?:vCPU|[GM]iB)", told)]
    answer = (machine.cores, machine.memory_mib / 1024, machine.disks[0].size_gib)
    for low, value, high in zip(numbers[::2], answer, numbers[1::2], strict=True):
        assert low <= value <= high, told
    guessed = [why for why in machine.why if why.field in ("cores", "memory_mib", "disk_gib")]
    assert all(why.confidence <= 0.3 for why in guessed)


def test_software_that_is_known_by_name_alone_has_no_near_name() -> None:
    [told] = [f.message for f in sized("a VM for nginx").findings if f.id == "software.unknown"]
    assert "nginx has no size of its own in the knowledge: sized as web server" in told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("vm with 2 cores and 4 GB called web", {"cores", "memory_mib"}),
        ("eine VM namens web mit 4 GB", {"memory_mib"}),
        ("gitea for 20 people", set()),
        ("3 VMs with 2 cores", {"count", "cores"}),
    ],
)
def test_only_what_was_said_is_told_as_asked(text: str, said: set[str]) -> None:
    plan = sized(text)
    told = {why.field for m in plan.machines for why in m.why if why.source == "explicit"}
    assert told == said
    asked = {why.field for m in plan.machines for why in m.why if "As asked" in why.reason}
    assert asked == said


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Our host has 2 cores and 4 GB of RAM. A redis VM with 4 cores and 2 GB RAM", {"cores"}),
        ("Our host has 8 cores and 32 GB of RAM. A redis VM with 4 cores and 2 GB RAM", set()),
    ],
)
def test_a_machine_larger_than_the_hardware_that_was_said_is_told(
    text: str, told: set[str]
) -> None:
    found = [f for f in sized(text).findings if f.id == "hardware.small"]
    assert {f.field.rpartition(".")[2] for f in found} == told


@pytest.mark.parametrize(
    "text",
    [
        "Nextcloud and Gitea, together at most 6 GB RAM",
        "Nextcloud and Gitea. Together they must not have more than 6 GB of RAM.",
        "Nextcloud und Gitea, zusammen maximal 6 GB RAM",
        "Nextcloud et Gitea, au plus 6 Go de RAM au total",
    ],
)
def test_what_all_may_have_together_is_kept(text: str) -> None:
    plan = sized(text)
    assert plan.status == "ready"
    assert sum(machine.memory_mib for machine in plan.machines) <= 6 * 1024
    reasons = [why.reason for machine in plan.machines for why in machine.why]
    assert any("together shall have at most 6 GiB" in reason for reason in reasons)


def test_less_together_than_the_machines_need_is_refused() -> None:
    plan = sized("Nextcloud and Gitea, together at most 1 GB RAM")
    assert plan.status == "refused" and "together at least" in plan.summary
