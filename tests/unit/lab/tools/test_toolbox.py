# SPDX-License-Identifier: GPL-3.0-or-later
"""Tools are found by name, and what is missing is said in one sentence."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from lab.tools import TOOL_NAMES, ToolError, Tools, ensure
from lab.tools.__main__ import main
from lab.tools.mirror import cli_config, mirror_platform
from lab.tools.toolbox import table


def test_unknown_tool_lists_the_known_ones() -> None:
    with pytest.raises(ToolError, match=r"no tool named spade: choose from .*helm"):
        ensure(["helm", "spade"])


def test_a_lab_does_not_build_what_only_tests_use() -> None:
    assert not {"tofu", "gofakes3"} & set(TOOL_NAMES)


def test_nothing_asked_nothing_had() -> None:
    assert ensure([]) == Tools()


@pytest.mark.parametrize("name", ["terraform", "tofu"])
def test_terraform_or_tofu(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / name
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ensure(["terraform"]).terraform == program


def test_neither_terraform_nor_tofu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["terraform"]) == 1
    assert capsys.readouterr().err.startswith("Neither terraform nor tofu is on PATH: install")


def test_given_k3s_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary = tmp_path / "k3s"
    binary.write_bytes(b"real")
    binary.chmod(0o755)
    monkeypatch.setenv("K3S_BINARY", str(binary))
    tools = ensure(["k3s"])
    assert tools.k3s == binary
    assert tools.k3s_sha256 == hashlib.sha256(b"real").hexdigest()
    assert tools.k3s_is_standin is False


@pytest.mark.parametrize("kind", ["missing", "directory", "plain file"])
def test_given_k3s_must_be_a_program(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "k3s"
    if kind == "directory":
        path.mkdir()
    elif kind == "plain file":
        path.touch(mode=0o644)
    monkeypatch.setenv("K3S_BINARY", str(path))
    with pytest.raises(ToolError, match=r"K3S_BINARY names .*k3s, which is no executable file"):
        ensure(["k3s"])


def test_mirror_serves_terraform_and_opentofu(tmp_path: Path) -> None:
    binary = tmp_path / "terraform-provider-proxmox"
    binary.write_bytes(b"provider")
    config = cli_config(binary, "bpg/proxmox", "0.111.1")
    assert cli_config(binary, "bpg/proxmox", "0.111.1") == config
    for host in ("registry.terraform.io", "registry.opentofu.org"):
        folder = tmp_path / "mirror" / host / "bpg/proxmox/0.111.1" / mirror_platform()
        assert (folder / "terraform-provider-proxmox_v0.111.1").read_bytes() == b"provider"
        assert f'"{host}/bpg/proxmox"' in config.read_text()


@pytest.mark.parametrize(
    ("machine", "expected"), [("x86_64", "linux_amd64"), ("aarch64", "linux_arm64")]
)
def test_platform(machine: str, expected: str) -> None:
    assert mirror_platform("Linux", machine) == expected


def test_unknown_processor() -> None:
    with pytest.raises(ToolError, match="no name for the processor vax"):
        mirror_platform("Linux", "vax")


def test_table_shows_what_is_there() -> None:
    assert table(Tools(helm=Path("/h"), k3s_sha256="ab")) == "helm        /h\nk3s_sha256  ab"
