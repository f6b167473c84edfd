# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of labs: each has its own, and none meets one of the machine's."""

from __future__ import annotations

from contextlib import ExitStack
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from lab.hosts import network
from lab.hosts.commands import CommandError
from lab.hosts.network import LabNetwork, claim_network
from lab.machines import MachineError


def test_labs_side_by_side_get_different_networks(tmp_path: Path) -> None:
    with ExitStack() as held:
        claimed = []
        for _ in range(3):
            lab, handle = claim_network(tmp_path, [])
            held.enter_context(handle)
            claimed.append(lab)

    assert [lab.bridge for lab in claimed] == ["cwlab0", "cwlab1", "cwlab2"]
    assert [str(lab.subnet) for lab in claimed] == ["10.77.0.0/24", "10.77.1.0/24", "10.77.2.0/24"]
    assert [str(lab.gateway) for lab in claimed] == ["10.77.0.1/24", "10.77.1.1/24", "10.77.2.1/24"]


def test_a_network_is_free_again_when_its_lab_has_ended(tmp_path: Path) -> None:
    first, handle = claim_network(tmp_path, [])
    handle.close()
    second, handle = claim_network(tmp_path, [])
    handle.close()

    assert first == second


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ([], 0),
        (["192.168.0.0/16"], 0),
        (["10.77.0.0/24"], 1),
        (["10.77.0.17/32", "10.77.1.0/28"], 2),
        (["10.77.0.0/17"], 128),
    ],
)
def test_networks_of_the_machine_are_left_alone(
    tmp_path: Path, taken: list[str], expected: int
) -> None:
    lab, handle = claim_network(tmp_path, [IPv4Network(one) for one in taken])
    handle.close()

    assert lab == LabNetwork(expected)


def test_no_network_is_left(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"^No network of 10\.77\.0\.0/16 is free"):
        claim_network(tmp_path, [IPv4Network("10.0.0.0/8")])


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`ip` and `iptables` of this directory are found first and write down how they are called."""
    directory = tmp_path / "bin"
    directory.mkdir()
    log = tmp_path / "calls"
    for name in ("ip", "iptables", "modprobe"):
        script = directory / name
        script.write_text(
            f'#!/bin/sh\necho "{name} $*" >> {log}\ncat {tmp_path}/{name}.out 2>/dev/null || true\n'
        )
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
    log.touch()
    return log


def test_used_networks_are_routes_and_addresses(commands: Path) -> None:
    (commands.parent / "ip.out").write_text(
        '[{"dst": "default", "gateway": "192.0.2.1", "addr_info": []},'
        ' {"dst": "198.51.100.0/24", "addr_info": []},'
        ' {"dst": "192.0.2.255", "type": "broadcast", "addr_info": []},'
        ' {"dst": "203.0.113.9", "addr_info": [{"local": "10.77.0.3", "prefixlen": 24}]}]'
    )

    assert network.used_networks() == [
        IPv4Network("198.51.100.0/24"),
        IPv4Network("203.0.113.9/32"),
        IPv4Network("10.77.0.0/24"),
    ]


@pytest.mark.parametrize("filtered", [True, False])
def test_a_bridge_passes_the_packet_filter_of_the_machine(
    commands: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filtered: bool
) -> None:
    switch = tmp_path / "bridge-nf-call-iptables"
    switch.write_text("1\n" if filtered else "0\n")
    monkeypatch.setattr(network, "FORWARDED_BRIDGES", switch)

    network.make_bridge(LabNetwork(7))

    rule = "FORWARD -i cwlab7 -o cwlab7 -j ACCEPT"
    assert commands.read_text().splitlines() == [
        "ip link add cwlab7 type bridge",
        "ip address add 10.77.7.1/24 dev cwlab7",
        "ip link set cwlab7 up",
        *([f"iptables -w -I {rule}"] if filtered else []),
    ]


def test_the_bridge_filter_is_loaded_without_an_effect_on_other_bridges(
    commands: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "FORWARDED_BRIDGES", tmp_path / "bridge-nf-call-iptables")

    network.make_bridge(LabNetwork(7))

    assert commands.read_text().splitlines()[0] == "modprobe br_netfilter"
    assert (tmp_path / "bridge-nf-call-iptables").read_text() == "0\n"
    assert "iptables" not in commands.read_text()


def test_removing_a_bridge_that_is_gone_does_nothing(commands: Path) -> None:
    network.remove_bridge("cwlab-none")

    assert commands.read_text() == ""


def test_removing_a_bridge_takes_its_rule_along(
    commands: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = tmp_path / "bridge-nf-call-iptables"
    switch.write_text("1\n")
    (tmp_path / "links/cwlab7").mkdir(parents=True)
    monkeypatch.setattr(network, "FORWARDED_BRIDGES", switch)
    monkeypatch.setattr(network, "LINKS", tmp_path / "links")
    (tmp_path / "iptables.out").write_text(
        "-P FORWARD DROP\n-A FORWARD -i cwlab7 -o cwlab7 -j ACCEPT\n"
    )

    network.remove_bridge("cwlab7")

    assert commands.read_text().splitlines() == [
        "iptables -w -S FORWARD",
        "iptables -w -D FORWARD -i cwlab7 -o cwlab7 -j ACCEPT",
        "ip link delete cwlab7",
    ]


def test_links_of_hosts_that_went_off_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("vb-cwlab1-20000", "vb-cwlab1-20001", "vb-cwlab11-20000", "cwlab1"):
        (tmp_path / name).mkdir()

    def delete(command: list[str]) -> str:
        (tmp_path / command[-1]).rmdir()
        if command[-1].endswith("20001"):
            raise CommandError("Cannot find device")  # the kernel was faster
        return ""

    monkeypatch.setattr(network, "LINKS", tmp_path)
    monkeypatch.setattr(network, "run", delete)
    network.remove_links("cwlab1-*")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["cwlab1", "vb-cwlab11-20000"]


def test_a_link_that_stays_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "vb-cwlab1-20000").mkdir()

    def refuse(command: list[str]) -> str:
        raise CommandError(f"{command[-1]} is busy")

    monkeypatch.setattr(network, "LINKS", tmp_path)
    monkeypatch.setattr(network, "run", refuse)
    with pytest.raises(CommandError, match="vb-cwlab1-20000 is busy"):
        network.remove_links("cwlab1-20000")
