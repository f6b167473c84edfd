# SPDX-License-Identifier: GPL-3.0-or-later
"""What `NspawnMachines` refuses before a host is touched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.hosts.footprint import Footprint
from lab.hosts.machines import NspawnMachines
from lab.hosts.network import LabNetwork
from lab.machines import MachineError, MachineSpec


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NspawnMachines]:
    """A lab of its own, whose `ip` makes no bridge."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/ip").write_text("#!/bin/sh\n")
    (tmp_path / "bin/ip").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parents[3])]))
    with (tmp_path / "network.lock").open("w") as held:
        lab = NspawnMachines(tmp_path, LabNetwork(254), held, rootfs=tmp_path / "rootfs")
        yield lab
        lab.close()


def spec(address: str | None) -> MachineSpec:
    return MachineSpec(
        vmid=1001,
        name="host-1",
        node="pve1",
        cores=1,
        memory_mib=512,
        user="debian",
        ssh_keys=(),
        address=address,
        gateway=None,
        dns_servers=(),
        search_domain=None,
        mac="bc:24:11:00:00:01",
        bridge="vmbr0",
    )


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("dhcp", "VM 1001: 'dhcp' is no IPv4 address."),
        ("10.77.254.300/24", "VM 1001: '10.77.254.300/24' is no IPv4 address."),
        ("192.168.1.5/24", "VM 1001: 192.168.1.5 is not for hosts; the lab has 10.77.254.0/24"),
        ("10.77.254.1/24", "VM 1001: 10.77.254.1 is not for hosts"),
        ("10.77.254.0/24", "VM 1001: 10.77.254.0 is not for hosts"),
        ("10.77.254.255/24", "VM 1001: 10.77.254.255 is not for hosts"),
    ],
)
def test_addresses_outside_the_lab_are_refused(
    machines: NspawnMachines, address: str, message: str
) -> None:
    with pytest.raises(MachineError) as refused:
        machines.start(spec(address))

    assert str(refused.value).startswith(message)
    assert machines.status(1001) is None


def test_a_host_that_cannot_start_is_one_sentence(machines: NspawnMachines) -> None:
    with pytest.raises(MachineError, match=r"^Host host-1 cannot start: mount "):
        machines.start(spec("10.77.254.21/24"))

    status = machines.status(1001)
    assert status is not None and not status.running


def test_an_unknown_guest(machines: NspawnMachines) -> None:
    assert machines.status(1) is None
    machines.stop(1, force=True)
    machines.destroy(1)
    with pytest.raises(MachineError, match=r"^VM 1 has no host\.$"):
        machines.reboot(1)


def test_closing_removes_the_record_and_refuses_new_hosts(
    machines: NspawnMachines, tmp_path: Path
) -> None:
    assert Footprint.load(tmp_path) is not None
    machines.close()

    assert Footprint.load(tmp_path) is None
    with pytest.raises(MachineError, match="the lab is ending"):
        machines.start(spec("10.77.254.21/24"))
