# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab without hosts: what it writes down is true, and it leaves nothing running."""

from __future__ import annotations

import functools
import json
import stat
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
import requests
from lab import __main__ as command
from lab.lab import Lab, LabRequest, stand_ins
from lab.machines import MachineError
from lab.prepare import Prepared
from lab.state import LabState
from lab.tools import Tools

REASON = "Real hosts need root: run the lab with sudo."


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """`lab.json` of a running lab."""
    running = Lab(LabRequest("test", "default", REASON), tmp_path, Prepared(Tools()))
    try:
        running.start()
        yield json.loads((tmp_path / "lab.json").read_text())
    finally:
        running.close()


def ask(lab: dict[str, Any], path: str, secret: str) -> Any:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(
            f"{lab['endpoint']}/api2/json{path}",
            headers={"Authorization": f"PVEAPIToken={lab['user']}!{lab['token_id']}={secret}"},
            verify=lab["ca_file"],
            timeout=10,
        )
    answer.raise_for_status()
    return answer.json()["data"]


def test_the_token_of_lab_json_opens_the_endpoint(lab: dict[str, Any]) -> None:
    secret = Path(lab["token_secret_file"]).read_text()

    assert ask(lab, "/version", secret)["release"]
    assert len(ask(lab, "/nodes", secret)) == 3
    with pytest.raises(requests.HTTPError, match="401"):
        ask(lab, "/version", "wrong")


def test_secrets_are_for_their_owner_alone(lab: dict[str, Any]) -> None:
    for key in ("token_secret_file", "ssh_private_key_file"):
        assert stat.S_IMODE(Path(lab[key]).stat().st_mode) == 0o600
    assert Path(lab["token_secret_file"]).read_text() not in json.dumps(lab)


def test_a_lab_without_hosts_says_so(lab: dict[str, Any]) -> None:
    assert (lab["simulated"], lab["simulated_reason"]) == (True, REASON)
    assert "hosts: SIMULATED, no machine is behind a guest" in lab["lab_stand_ins"]
    assert f"SIMULATED: {REASON}" in command.summary(lab)


def test_the_cluster_lies_in_the_network_of_its_lab(lab: dict[str, Any]) -> None:
    secret = Path(lab["token_secret_file"]).read_text()
    [bridge] = [one for one in ask(lab, "/nodes/pve1/network", secret) if one["iface"] == "vmbr0"]

    assert IPv4Network(bridge["cidr"], strict=False) == IPv4Network(lab["subnet"])
    assert bridge["gateway"] == lab["gateway"]


def test_two_labs_side_by_side(lab: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Lab(LabRequest("other", "default", REASON), tmp_path / "other", Prepared(Tools()))
    try:
        other.start()
        second = json.loads((tmp_path / "other/lab.json").read_text())
    finally:
        other.close()

    for key in ("endpoint", "bridge", "subnet", "gateway", "ssh_public_key"):
        assert lab[key] != second[key]


def test_real_hosts_without_a_root_filesystem_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="prepare them first"):
        Lab(LabRequest("test", "default", None), tmp_path, Prepared(Tools()))


@pytest.mark.parametrize(("standin", "expected"), [(True, ["k3s: k3s version v1"]), (False, [])])
def test_only_a_stand_in_for_k3s_is_named(
    tmp_path: Path, standin: bool, expected: list[str]
) -> None:
    k3s = tmp_path / "k3s"
    k3s.write_text("#!/bin/sh\necho 'k3s version v1'\necho go version\n")
    k3s.chmod(0o755)

    lines = stand_ins(Tools(k3s=k3s, k3s_is_standin=standin), simulated=False)

    assert [line for line in lines if line.startswith("k3s")] == expected


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["status"], 1, "The lab demo does not run.\n"),
        (["status", "--name", "A"], 1, "'A' is no name for a lab: use lower-case letters, "),
        (["down"], 0, "There is no lab demo.\n"),
        (["down", "--name", "left"], 0, "The lab left is gone.\n"),
    ],
)
def test_command(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    arguments: list[str],
    code: int,
    expected: str,
) -> None:
    (tmp_path / "left/machines").mkdir(parents=True)
    monkeypatch.setattr(command, "LabState", functools.partial(LabState, labs_dir=tmp_path))

    assert command.main(arguments) == code

    printed = capsys.readouterr()
    assert (printed.err if code else printed.out).startswith(expected)
    assert (tmp_path / "left").exists() is ("left" not in arguments)
