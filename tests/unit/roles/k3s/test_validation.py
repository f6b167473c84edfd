# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot become one cluster is refused in one sentence."""

from __future__ import annotations

import typing as t

import pytest
from ansible.parsing.dataloader import DataLoader
from unit.roles.k3s.render import ADDRESSES, ROLE, SERVERS, Role, found

HOSTS = list(ADDRESSES)


def problems(part: str, host: str = "host-1", **variables: t.Any) -> list[str]:
    """Return what the task that refuses in ``tasks/<part>.yml`` has to say."""
    tasks = DataLoader().load_from_file(str(ROLE / f"tasks/{part}.yml"), trusted_as_template=True)
    task = next(item for item in tasks if item["name"].startswith("Refuse"))
    play = {"ansible_play_hosts": HOSTS, "ansible_play_hosts_all": HOSTS}
    role = Role(host, **(task["vars"] | play | variables))
    return role["__k3s_problems | map('trim') | select | list"]


def test_sound_cluster_is_not_refused() -> None:
    assert problems("validate") == []


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"k3s_servers": SERVERS[:2]}, "lists 2 servers; etcd needs 1, 3 or 5"),
        ({"k3s_servers": []}, "lists 0 servers"),
        ({"k3s_agents": ["host-1"]}, "name a host twice"),
        ({"k3s_agents": ["host-9"]}, "Not in this play: host-9"),
        ({"k3s_version": "v9.9.9+k3s1"}, "v9.9.9+k3s1 is not pinned; choose one of v1.37.1+k3s1"),
        ({"k3s_binary_sha256": "latest"}, "is not a sha256 checksum"),
        (
            {"k3s_binary_url": "https://mirror.example/k3s"},
            "k3s_binary_url needs k3s_binary_sha256",
        ),
        ({"k3s_vip": "", "k3s_vip_provider": "kube_vip"}, "k3s_vip is empty"),
        ({"k3s_vip": "api.example"}, "api.example is not an IPv4 address"),
        ({"k3s_server_config": {"token": "x"}}, "Leave these to the role: token."),
        ({"k3s_agent_config": {"tls-san": ["x"]}}, "would not start: tls-san."),
    ],
)
def test_bad_input_is_refused(variables: dict[str, t.Any], sentence: str) -> None:
    assert [text for text in problems("validate", **variables) if sentence in text]


def test_own_checksum_vouches_for_another_release() -> None:
    assert not problems("validate", k3s_version="v9.9.9+k3s1", k3s_binary_sha256="ab" * 32)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"interface": ""}, "No interface of host-1 carries 10.77.0.21"),
        ({"machine_id": "10.77.0.22"}, "The machine id of host-1 is not its own"),
        ({"hostname": "10.77.0.22"}, "The host name 10.77.0.22 of host-1 is not its own"),
        ({"clock_offset_seconds": -95.2}, "The clock of host-1 is -95.2 s off"),
        ({"firewall": "ufw"}, "The firewall ufw is active on host-1; open 6443/tcp"),
        ({"cloud_init": "running"}, "cloud-init has not finished on host-1"),
        ({"architecture": "riscv64"}, "No k3s is released for the architecture riscv64"),
    ],
)
def test_unfit_hosts_are_refused(changes: dict[str, t.Any], sentence: str) -> None:
    sound = {"clock_offset_seconds": 0.2, "firewall": "", "cloud_init": "done"}
    facts = {name: found(address, **sound) for name, address in ADDRESSES.items()}
    facts["host-1"] |= changes
    variables = {
        "hostvars": {name: {"__k3s_host": fact} for name, fact in facts.items()},
        "__k3s_host": facts["host-1"],
    }
    assert [text for text in problems("facts", **variables) if sentence in text]


def test_first_server_without_data_never_starts_a_second_cluster() -> None:
    sound = {"clock_offset_seconds": 0.2, "firewall": "", "cloud_init": "done"}
    facts = {name: found(address, **sound) for name, address in ADDRESSES.items()}
    facts["host-2"]["etcd_data"] = True
    variables = {
        "hostvars": {name: {"__k3s_host": fact} for name, fact in facts.items()},
        "__k3s_host": facts["host-1"],
    }
    assert problems("facts", **variables) == [
        "host-1 would start a second cluster: it has no data, but host-2 has;"
        " list a server with data first."
    ]
