# SPDX-License-Identifier: GPL-3.0-or-later
"""From a specification to a host's files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lab.hosts import guest_files
from lab.machines import MachineSpec

MACHINE_MEMINFO = """\
MemTotal:       24684084 kB
MemFree:        22798612 kB
MemAvailable:   24212824 kB
Cached:          1194772 kB
SwapTotal:       4194304 kB
HugePages_Total:       4
Hugepagesize:       2048 kB
"""
MACHINE_CPUINFO = """\
processor\t: 0
model name\t: Some CPU
physical id\t: 3
siblings\t: 64
core id\t\t: 7
cpu cores\t: 32
apicid\t\t: 9
flags\t\t: fpu sse

processor\t: 1
model name\t: Some CPU
"""


def spec(**changes: object) -> MachineSpec:
    fields: dict[str, object] = {
        "vmid": 201,
        "name": "k3s-server-1",
        "node": "pve1",
        "cores": 4,
        "memory_mib": 4096,
        "user": "debian",
        "ssh_keys": ("ssh-ed25519 AAAA one",),
        "address": "10.77.0.21/24",
        "gateway": "10.77.0.1",
        "dns_servers": ("10.77.0.1", "10.77.0.2"),
        "search_domain": "lab.example",
        "mac": "bc:24:11:00:00:01",
        "bridge": "vmbr0",
    }
    return MachineSpec(**(fields | changes))  # type: ignore[arg-type]


def test_identity_of_a_complete_specification() -> None:
    assert guest_files.identity_files(spec()) == {
        "etc/hostname": "k3s-server-1\n",
        "etc/hosts": (
            "127.0.0.1 localhost\n"
            "127.0.1.1 k3s-server-1.lab.example k3s-server-1\n"
            "::1 localhost ip6-localhost\n"
        ),
        "etc/resolv.conf": "nameserver 10.77.0.1\nnameserver 10.77.0.2\nsearch lab.example\n",
        "usr/lib/clusterwright-lab/network.env": (
            "MAC=bc:24:11:00:00:01\nADDRESS=10.77.0.21/24\nGATEWAY=10.77.0.1\n"
        ),
    }


@pytest.mark.parametrize(
    ("changes", "path", "expected"),
    [
        ({"search_domain": None}, "etc/hosts", "127.0.1.1 k3s-server-1\n"),
        ({"search_domain": None, "dns_servers": ()}, "etc/resolv.conf", ""),
        ({"address": None}, "usr/lib/clusterwright-lab/network.env", "ADDRESS=''\n"),
        ({"gateway": None}, "usr/lib/clusterwright-lab/network.env", "GATEWAY=''\n"),
        (
            {"gateway": "$(reboot)"},
            "usr/lib/clusterwright-lab/network.env",
            "GATEWAY='$(reboot)'\n",
        ),
    ],
)
def test_identity_of_what_is_left_out(changes: dict[str, object], path: str, expected: str) -> None:
    assert expected in guest_files.identity_files(spec(**changes))[path]


def _values(meminfo: str) -> dict[str, int]:
    return {line.split(":")[0]: int(line.split()[1]) for line in meminfo.splitlines()}


def test_meminfo_shows_the_guest_and_not_the_machine() -> None:
    shown = guest_files.meminfo(MACHINE_MEMINFO, total_kib=4_194_304, used_kib=194_304)

    assert _values(shown) == {
        "MemTotal": 4_194_304,
        "MemFree": 4_000_000,
        "MemAvailable": 4_000_000,
        "Cached": 0,
        "SwapTotal": 0,
        "HugePages_Total": 0,
        "Hugepagesize": 2048,
    }


@given(
    total_kib=st.integers(1, 2**36),
    used_kib=st.integers(0, 2**37),
    later_kib=st.integers(0, 2**37),
)
def test_meminfo_can_be_rewritten_in_place(total_kib: int, used_kib: int, later_kib: int) -> None:
    before = guest_files.meminfo(MACHINE_MEMINFO, total_kib=total_kib, used_kib=used_kib)
    after = guest_files.meminfo(MACHINE_MEMINFO, total_kib=total_kib, used_kib=later_kib)

    assert len(before) == len(after)
    assert all(value >= 0 for value in _values(after).values())


@given(cores=st.integers(1, 200))
def test_cpuinfo_has_one_entry_a_core(cores: int) -> None:
    shown = guest_files.cpuinfo(MACHINE_CPUINFO, cores)

    entries = [
        {key.strip(): value.strip() for key, _, value in map(lambda x: x.partition(":"), entry)}
        for entry in (text.splitlines() for text in shown.strip().split("\n\n"))
    ]
    assert [entry["processor"] for entry in entries] == [str(number) for number in range(cores)]
    assert {entry["cpu cores"] for entry in entries} == {str(cores)}
    assert {entry["physical id"] for entry in entries} == {"0"}
    assert {entry["model name"] for entry in entries} == {"Some CPU"}


@pytest.mark.parametrize(
    ("cores", "online", "mask"),
    [
        (1, "0", "00000001"),
        (4, "0-3", "0000000f"),
        (32, "0-31", "ffffffff"),
        (33, "0-32", "00000001,ffffffff"),
    ],
)
def test_processors_are_counted_as_the_kernel_writes_them(
    cores: int, online: str, mask: str
) -> None:
    assert guest_files.cpu_tree(cores)["online"] == f"{online}\n"
    assert guest_files.node_tree(cores, 1)["node0/cpulist"] == f"{online}\n"
    assert guest_files.node_tree(cores, 1)["node0/cpumap"] == f"{mask}\n"


def test_a_tree_is_written_and_replaced(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("kept")
    base = tmp_path / "base"
    (base / "etc").mkdir(parents=True)
    (base / "etc/resolv.conf").symlink_to(outside)

    guest_files.write_tree(base, {"etc/resolv.conf": "new", "cache/": "", "a/b/c": "deep"})

    assert (base / "etc/resolv.conf").read_text() == "new"
    assert outside.read_text() == "kept"
    assert (base / "cache").is_dir()
    assert (base / "a/b/c").read_text() == "deep"
