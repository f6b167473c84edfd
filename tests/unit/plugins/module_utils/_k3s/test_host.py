# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read from a host, from files and commands as they look there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._k3s.host import (
    Host,
    fingerprint,
    plain_config,
)

ADDR = """\
1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
2: ens18    inet 10.0.0.5/24 brd 10.0.0.255 scope global ens18\\       valid_lft forever
2: ens18    inet6 fe80::1/64 scope link \\       valid_lft forever preferred_lft forever
"""


def host(root: Path, answers: dict[str, tuple[int, str]] | None = None) -> Host:
    """A host below ``root``; commands answer by their first word."""
    known = answers or {}
    return Host(lambda command: (*known.get(command[0], (1, "")), ""), root)


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
    assert (found["interface"], found["prefix_length"]) == (interface, prefix)
    assert {"interface": "ens18", "address": "10.0.0.5/24"} in found["addresses"]


@pytest.mark.parametrize(
    ("neighbours", "own", "holder"),
    [
        ("127.0.0.9 dev lo lladdr 52:54:00:00:00:09 REACHABLE", [], "52:54:00:00:00:09"),
        ("127.0.0.9 dev lo FAILED", [], ""),
        ("127.0.0.9 dev lo lladdr 52:54:00:00:00:09 STALE", ["127.0.0.9"], ""),
    ],
    ids=["of a neighbour", "of nobody", "its own"],
)
def test_who_has_an_address(tmp_path: Path, neighbours: str, own: list[str], holder: str) -> None:
    assert host(tmp_path, {"ip": (0, neighbours)}).somebody_has("127.0.0.9", own) == holder


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
    ("ufw", "systemctl", "nft", "expected"),
    [
        ("ENABLED=yes\n", 3, "", "ufw"),
        ("ENABLED=no\n", 3, "", ""),
        ("", 0, "", "firewalld"),
        ("", 3, "", ""),
        ("", 3, "type filter hook input priority filter; policy drop;", "nftables"),
        ("", 3, "type filter hook input priority filter; policy accept;", ""),
    ],
)
def test_active_firewall(tmp_path: Path, ufw: str, systemctl: int, nft: str, expected: str) -> None:
    put(tmp_path, "etc/ufw/ufw.conf", ufw)
    answers = {"systemctl": (systemctl, ""), "nft": (0, nft)}
    assert host(tmp_path, answers).kernel([])["firewall"] == expected


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


MARK = "# Written by the Ansible role clusterwright.proxmox.k3s"


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        (None, None),
        ("[Unit]\nDescription=Lightweight Kubernetes\n", ""),
        (f"{MARK}\n[Unit]\n", "?"),
        (f"{MARK} for the cluster demo\n[Unit]\n", "demo"),
        (f"#!/bin/sh\n{MARK} for the cluster demo\n", "demo"),
    ],
)
def test_whose_file_it_is(tmp_path: Path, text: str | None, mark: str | None) -> None:
    if text is not None:
        put(tmp_path, "etc/unit", text)
    assert host(tmp_path).mark("/etc/unit") == mark


def test_k3s_of_the_official_installer_is_seen_and_its_secrets_are_not_told(tmp_path: Path) -> None:
    put(
        tmp_path,
        "etc/systemd/system/k3s.service",
        "[Service]\nExecStart=/usr/local/bin/k3s \\\n    server \\\n\t'--cluster-init' \\\n"
        "\t'--token=canary' \\\n\t'--cluster-cidr=10.50.0.0/16' \\\n",
    )
    put(tmp_path, "etc/rancher/k3s/config.yaml", "token: canary\ntls-san:\n  - a\n  - b\n")
    put(tmp_path, "etc/rancher/k3s/config.yaml.d/x.yaml", "write-kubeconfig-mode: '0644'\n")
    put(tmp_path, "var/lib/rancher/k3s/server/db/state.db", "")
    put(tmp_path, "var/lib/rancher/k3s/server/token", f"K10{'a' * 64}::server:canary\n")
    found = host(tmp_path).k3s("/usr/local/bin/k3s", "/etc/rancher/k3s", "salt")
    assert "canary" not in repr(found)
    assert found["units"]["k3s.service"]["mark"] == "" and found["config_mark"] == ""
    assert "--cluster-cidr=10.50.0.0/16" in found["units"]["k3s.service"]["arguments"]
    assert found["cluster_init"] and found["datastore"] == "sqlite"
    assert found["config"]["tls-san"] == ["a", "b"]
    drop_in = found["config_drop_ins"]["/etc/rancher/k3s/config.yaml.d/x.yaml"]
    assert drop_in == {"mark": "", "config": {"write-kubeconfig-mode": "0644"}}
    assert found["token"] == fingerprint("salt", "canary")


def test_secrets_are_compared_by_who_knows_the_salt(tmp_path: Path) -> None:
    put(tmp_path, "etc/secret", "abc")
    one, other = (host(tmp_path).files([], ["/etc/secret"], salt)["files"][0] for salt in "ab")
    plain = host(tmp_path).files(["/etc/secret"])["files"][0]
    assert len({one, other, plain}) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 'x'\n", {"a": "1", "b": "x"}),
        ('a:\n- x\n- "y"\nb: z # why\n', {"a": ["x", "y"], "b": "z"}),
        ("a: [x, y]\ntls-san+: z\n", {"a": ["x", "y"], "tls-san": "z"}),
        ("# only words\n", {}),
    ],
)
def test_plain_configuration(text: str, expected: dict[str, object]) -> None:
    assert plain_config(text) == expected


def test_a_user_without_rights_sees_less_and_is_not_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "var/lib/rancher/k3s/server/token", "canary")

    def denied(*_args: object, **_more: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "stat", denied)
    monkeypatch.setattr(Path, "read_text", denied)
    found = host(tmp_path).k3s("/usr/local/bin/k3s", "/etc/rancher/k3s", "salt")
    assert (found["datastore"], found["token"], found["config_mark"]) == ("", "", None)
