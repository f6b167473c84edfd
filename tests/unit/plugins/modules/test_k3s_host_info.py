# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read from a host, from files and commands as they look there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.modules.k3s_host_info import Host

ADDR = """\
1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
2: ens18    inet 10.0.0.5/24 brd 10.0.0.255 scope global ens18\\       valid_lft forever
2: ens18    inet6 fe80::1/64 scope link \\       valid_lft forever preferred_lft forever
"""


def host(root: Path, answers: dict[str, tuple[int, str]] | None = None) -> Host:
    """A host below ``root``; commands answer by their first word."""
    known = answers or {}
    return Host(lambda command: known.get(command[0], (1, "")), root)


def put(root: Path, path: str, text: str) -> Path:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    return target


@pytest.mark.parametrize(
    ("address", "interface", "prefix"),
    [("10.0.0.5", "ens18", 24), ("fe80::1", "ens18", 64), ("10.0.0.50", "", 0)],
)
def test_interface_is_the_one_with_the_address(
    tmp_path: Path, address: str, interface: str, prefix: int
) -> None:
    found = host(tmp_path, {"ip": (0, ADDR)}).network(address)
    assert found == {"interface": interface, "prefix_length": prefix}


@pytest.mark.parametrize(
    ("fstab", "expected"),
    [
        ("UUID=1 none swap sw 0 0\n", True),
        ("# UUID=1 none swap sw 0 0\n", False),
        ("UUID=1 /swap ext4 defaults 0 1\n", False),
        ("", False),
    ],
)
def test_swap_at_boot(tmp_path: Path, fstab: str, expected: bool) -> None:
    put(tmp_path, "etc/fstab", fstab)
    assert host(tmp_path).kernel([])["fstab_swap"] is expected


def test_active_swap_and_kernel_parameters(tmp_path: Path) -> None:
    put(tmp_path, "proc/swaps", "Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n")
    put(tmp_path, "proc/sys/net/ipv4/ip_forward", "1\n")
    found = host(tmp_path).kernel(["net.ipv4.ip_forward", "net.bridge.missing"])
    assert found["swap"] == ["/dev/sda2"]
    assert found["sysctls"] == {"net.ipv4.ip_forward": "1"}


@pytest.mark.parametrize(
    ("ufw", "systemctl", "expected"),
    [("ENABLED=yes\n", 3, "ufw"), ("ENABLED=no\n", 3, ""), ("", 0, "firewalld"), ("", 3, "")],
)
def test_active_firewall(tmp_path: Path, ufw: str, systemctl: int, expected: str) -> None:
    put(tmp_path, "etc/ufw/ufw.conf", ufw)
    assert host(tmp_path, {"systemctl": (systemctl, "")}).kernel([])["firewall"] == expected


def test_files_are_told_by_checksum_and_mode(tmp_path: Path) -> None:
    put(tmp_path, "etc/a", "abc").chmod(0o600)
    found = host(tmp_path).files(["/etc/a", "/etc/missing", "/srv/missing"])
    checksum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert found == {"files": [f"/etc/a {checksum} 0600"], "folders": ["/etc"]}


@pytest.mark.parametrize(("age_seconds", "outdated"), [(+60, True), (-60, False)])
def test_service_with_newer_files_is_outdated(
    tmp_path: Path, age_seconds: int, outdated: bool
) -> None:
    boot, ticks = 1_700_000_000, os.sysconf("SC_CLK_TCK")
    put(tmp_path, "proc/stat", f"cpu 1 2\nbtime {boot}\n")
    put(tmp_path, "proc/42/stat", "42 (k3s server) S " + " ".join(["0"] * 18) + f" {100 * ticks} 0")
    config = put(tmp_path, "etc/config", "x")
    os.utime(config, (boot + 100 + age_seconds,) * 2)
    shown = "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nMainPID=42\n"
    found = host(tmp_path, {"systemctl": (0, shown)}).services({"k3s": ["/etc/config"]})
    assert found == {"k3s": {"known": True, "active": True, "enabled": True, "outdated": outdated}}


def test_service_that_does_not_exist(tmp_path: Path) -> None:
    shown = "LoadState=not-found\nActiveState=inactive\nUnitFileState=\nMainPID=0\n"
    found = host(tmp_path, {"systemctl": (0, shown)}).services({"k3s": []})
    assert not any(found["k3s"].values())
