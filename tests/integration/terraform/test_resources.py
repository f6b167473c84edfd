# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of machine: applied, unchanged on a second plan, and gone without a trace."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from dataclasses import replace

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _render
from integration.terraform.conftest import Lab
from lab.machines import MachineSpec, SimulatedMachines
from lab.pve import PveServer
from unit.plugins.plugin_utils._render.samples import container, iso_vm, machine, plan

HA = {"enabled": True, "max_restart": 2, "max_relocate": 3}
NIC = {"bridge": "vmbr0", "address": "10.77.0.50/24", "gateway": "10.77.0.1"}

MACHINES: dict[str, list[dict[str, t.Any]]] = {
    "container": [container()],
    "iso": [iso_vm()],
    "ha": [machine(ha=HA), machine("demo-web-2", 20002, node="pve2", ha=HA), container(ha=HA)],
    "firewall": [machine(nics=[{**NIC, "firewall": True}])],
    "two-nics": [
        machine(
            nics=[
                {**NIC, "vlan": 10, "mtu": 1450, "mac_address": "BC:24:11:AA:00:01"},
                {"bridge": "vmbr0", "model": "e1000", "address": "10.78.0.5/24"},
            ]
        )
    ],
    "disks": [
        machine(
            disks=[
                {"interface": "scsi0", "storage": "ceph-vm", "size_gib": 10},
                {"interface": "scsi1", "storage": "local-lvm", "size_gib": 5, "backup": False},
                {"interface": "virtio0", "storage": "ceph-vm", "size_gib": 7, "discard": False},
            ]
        )
    ],
    "settings": [
        machine(
            cores=4,
            sockets=2,
            numa=True,
            balloon_mib=1024,
            pool="lab",
            description='Öffentlich; ${file("/etc/hostname")} {{ 7 * 7 }}\nzweite Zeile',
            bios="ovmf",
            pci_mappings=["gpu0"],
            startup={"order": 3, "up_delay_seconds": 20},
            on_boot=False,
            backup=False,
            serial=False,
            hotplug="network,disk",
        )
    ],
    "linked-clone": [
        machine(source={"type": "template", "vmid": 9000, "node": "pve1", "full_clone": False})
    ],
    "other-node": [machine(node="pve3")],
}


@pytest.mark.parametrize("name", MACHINES)
def test_apply_plan_destroy(lab: Lab, name: str) -> None:
    before = lab.guests()
    machines = MACHINES[name]
    lab.render(*machines)
    applied = lab.apply()
    assert set(applied["outputs"]["machines"]) == {m["name"] for m in machines}
    again = lab.run("planned")
    assert not again.get("failed"), again["msg"]
    assert not any(again["summary"]["counts"].values()), again["summary"]["text"]
    drift = lab.run("drift")
    assert drift["severity"] == "none", drift["drift"]
    gone = lab.run("absent", consent=[m["name"] for m in machines])
    assert not gone.get("failed"), gone["msg"]
    assert lab.guests() == before


def test_one_machine_less_is_one_resource_less(lab: Lab) -> None:
    machines = [machine(f"demo-web-{i}", 20000 + i) for i in (1, 2, 3)]
    lab.render(*machines)
    lab.apply()
    lab.render(machines[0], machines[2])
    planned = lab.run("planned")
    assert planned["summary"]["counts"] == {"create": 0, "update": 0, "replace": 0, "delete": 1}
    assert [m["name"] for m in planned["summary"]["machines"]] == ["demo-web-2"]


class LeasingMachines(SimulatedMachines):
    """Hosts that get an address by DHCP, which only their guest agent knows."""

    def start(self, spec: MachineSpec) -> None:
        super().start(replace(spec, address="10.77.0.201/24"))


class TestDhcp:
    """The address comes from the guest agent."""

    @pytest.fixture
    def pve(self) -> Iterator[PveServer]:
        """A simulated cluster whose network leases addresses."""
        with PveServer(machines=LeasingMachines()) as server:
            yield server

    def test_address_of_the_agent_reaches_the_outputs(self, lab: Lab) -> None:
        lab.render(machine(nics=[{"bridge": "vmbr0"}]))
        applied = lab.apply()
        assert applied["outputs"]["machines"]["demo-web-1"]["address"] == "10.77.0.201"
        assert not any(lab.run("planned")["summary"]["counts"].values())

    def test_machine_with_a_silent_agent_is_made_and_named(self, lab: Lab) -> None:
        silent = machine(nics=[{"bridge": "vmbr0"}])
        other = machine("demo-web-2", 20002)
        both = plan(silent, other)
        lab.pve.faults.set("agent_silent", vmid=20001)
        lab.render(silent, other, agent_timeout_seconds=5)
        outputs = lab.apply()["outputs"]
        assert {20001, 20002} <= set(lab.guests())
        addresses = {name: found["address"] for name, found in outputs["machines"].items()}
        assert addresses == {"demo-web-1": None, "demo-web-2": "10.77.0.22"}
        with pytest.raises(_render.RenderError, match=r"demo-web-1.*within 5 seconds") as named:
            _render.inventory_from(both, outputs, agent_timeout_seconds=5)
        assert "demo-web-2" not in str(named.value)

        lab.pve.faults.clear()
        outputs = lab.apply()["outputs"]
        assert outputs["machines"]["demo-web-1"]["address"] == "10.77.0.201"
        assert "10.77.0.201" in str(_render.inventory_from(both, outputs))


class TestVersion8:
    """HA is placed by groups before version 9."""

    @pytest.fixture
    def pve(self) -> Iterator[PveServer]:
        """A simulated cluster of version 8.4."""
        with PveServer(version="8.4") as server:
            yield server

    def test_ha_by_groups(self, lab: Lab) -> None:
        lab.render(*MACHINES["ha"], pve_major=8)
        lab.apply()
        again = lab.run("planned")
        assert not any(again["summary"]["counts"].values()), again["summary"]["text"]
        names = [m["name"] for m in MACHINES["ha"]]
        assert lab.run("absent", consent=names)["changed"]
