# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a guest that are named: taken by the machine, or told to the person."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Machine, Plan
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import load
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import request_of, size
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    site,
)

PLACE = site(lxc_template="local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst")
SETTINGS = load("settings.yml")["settings"]


def planned(text: str, previous: Plan | None = None) -> Plan:
    request, _rounds = request_of(text, PLACE, None, previous)
    return size(request, None, PLACE, deployment="t", previous=previous)


def by_hand(plan: Plan) -> list[str]:
    return [found.message for found in plan.findings if found.id == "settings.by-hand"]


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("Debian VM with 2 cores and 4 GB RAM, no autostart", lambda m: not m.on_boot),
        ("Debian VM with 2 cores and 4 GB RAM, autostart", lambda m: m.on_boot),
        ("VM mit 2 Kernen und 4 GB RAM mit Löschschutz", lambda m: m.protection),
        ("Debian VM with 2 cores and 4 GB RAM, firewall on", lambda m: m.nics[0].firewall),
        (
            "Debian VM, 2 cores, 4 GB RAM, without a firewall",
            lambda m: not m.nics[0].firewall,
        ),
        ("LXC container with nesting, 1 core and 1 GB of RAM", lambda m: m.nesting),
        ("unprivileged LXC with 1 core and 1 GB of RAM", lambda m: m.unprivileged),
        ("LXC with 1 core, 1 GB of RAM and 2 GB swap", lambda m: m.swap_mib == 2048),
        ("un conteneur LXC, 1 coeur, 1 Go de RAM, sans swap", lambda m: m.swap_mib == 0),
    ],
)
def test_a_machine_takes_what_it_can(text: str, taken: t.Callable[[Machine], bool]) -> None:
    plan = planned(text)
    assert plan.status == "ready"
    assert all(taken(machine) for machine in plan.machines)
    assert by_hand(plan) == []


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("VM for Home Assistant with a USB stick", "--usb0"),
        ("VM mit 2 Kernen, 4 GB RAM und zwei Netzwerkkarten", "template"),
        ("privileged LXC with 1 core and 1 GB of RAM", "unprivileged"),
        ("VM with 2 cores, 4 GB RAM and nesting", "only a container"),
        ("VM with 2 cores, 4 GB RAM and 2 GB swap", "swap of its template"),
        ("VM with 2 cores, 4 GB RAM and nested virtualization", "cpu_type"),
        ("VM avec 2 coeurs et 4 Go de RAM, disque chiffré", "encrypted"),
        ("VM with 2 cores and 4 GB RAM on RAID1", "storage"),
        ("VM with 2 cores, 4 GB RAM, UEFI and a TPM", "template"),
    ],
)
def test_what_no_machine_takes_is_told_with_the_way(text: str, way: str) -> None:
    plan = planned(text)
    assert plan.status == "ready"
    assert any(way in message for message in by_hand(plan))
    assert all(machine.name != "raid1" for machine in plan.machines)


def test_each_machine_of_a_cluster_takes_it() -> None:
    plan = planned("k3s cluster with 3 servers and 2 workers, protected against deletion")
    assert [machine.protection for machine in plan.machines] == [True] * 5


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_every_setting_is_taken_or_told(name: str) -> None:
    entry = SETTINGS[name]
    for example in entry["examples"]:
        plan = planned(f"Debian VM with 2 cores and 4 GB RAM, {example}")
        taken = entry.get("field") and "vm" in entry.get("kinds", ("vm", "lxc"))
        assert plan.status == "ready", plan.summary
        assert bool(by_hand(plan)) == (not taken and not entry.get("usual", False))


def test_a_setting_in_a_change_is_asked_about() -> None:
    plan = planned("a Debian VM named web1 with 2 cores and 4 GB RAM")
    changed = planned("double the memory of web1, and autostart", plan)
    assert changed.status == "ask"
    assert any('"autostart"' in question.text for question in changed.questions)


@pytest.mark.parametrize("speed", ["a 10G network", "10 GB Netzwerk", "un lien 10G", "10G uplinks"])
def test_the_speed_of_a_network_is_no_disk(speed: str) -> None:
    with_speed = planned(f"Debian VM with 2 cores, 4 GB RAM, {speed}")
    without = planned("Debian VM with 2 cores, 4 GB RAM")
    assert [m.disks for m in with_speed.machines] == [m.disks for m in without.machines]
