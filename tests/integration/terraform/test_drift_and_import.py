# SPDX-License-Identifier: GPL-3.0-or-later
"""What others changed is told, and what exists can be taken over as it is."""

from __future__ import annotations

import json
import shutil

from integration.terraform.conftest import Lab
from unit.plugins.plugin_utils._render.samples import container, machine


def test_drift_is_told_with_its_severity(lab: Lab) -> None:
    lab.render(
        machine(),
        machine("demo-web-2", 20002, description="Ours"),
        machine("demo-web-3", 20003),
        container(),
    )
    lab.apply()
    assert lab.run("drift")["severity"] == "none"
    guests = {guest.vmid: guest for guest in lab.pve.state.vms}
    guests[20001].config["memory"] = "4096"
    guests[20002].config["description"] = "by hand"
    lab.pve.state.vms.remove(guests[20003])
    found = lab.run("drift")
    assert not found["changed"] and found["severity"] == "high"
    assert {(d["name"], d["what"], d["severity"]) for d in found["drift"]} == {
        ("demo-web-1", "changed", "medium"),
        ("demo-web-2", "changed", "low"),
        ("demo-web-3", "gone", "high"),
    }
    planned = lab.run("planned")
    assert planned["summary"]["counts"] == {"create": 1, "update": 2, "replace": 0, "delete": 0}


def test_existing_machines_are_imported_without_a_change(lab: Lab) -> None:
    rootfs = {"interface": "rootfs", "storage": "local-lvm", "size_gib": 8}
    machines = [machine(), container(disks=[rootfs])]
    directory = lab.render(*machines)
    lab.apply()
    configs = {guest.vmid: dict(guest.config) for guest in lab.pve.state.vms}
    shutil.rmtree(directory)
    lab.render(*machines)
    imports = {"demo-web-1": 20001, "demo-ct-1": 20011}

    would = lab.run("imported", imports=imports, _ansible_check_mode=True)
    assert would["changed"] and not (directory / "terraform.tfstate").exists(), would
    taken = lab.run("imported", imports=imports)
    assert not taken.get("failed"), taken["msg"]
    assert taken["imported"] == ["demo-ct-1", "demo-web-1"]
    assert {guest.vmid: dict(guest.config) for guest in lab.pve.state.vms} == configs
    again = lab.run("planned")
    assert not any(again["summary"]["counts"].values()), again["summary"]["text"]
    assert not lab.run("imported", imports=imports)["changed"]
    assert not [path for path in directory.iterdir() if path.name.startswith(".import")]


def test_import_that_would_change_a_machine_is_refused(lab: Lab) -> None:
    directory = lab.render(machine())
    lab.apply()
    shutil.rmtree(directory)
    lab.render(machine(memory_mib=8192))
    refused = lab.run("imported", imports={"demo-web-1": 20001})
    assert refused["failed"] and "memory.dedicated 2048 -> 8192" in refused["msg"]
    assert not json.loads(
        (directory / "terraform.tfstate").read_text()
        if (directory / "terraform.tfstate").exists()
        else "{}"
    ).get("resources")


def test_only_existing_machines_of_the_plan_can_be_imported(lab: Lab) -> None:
    lab.render(machine())
    assert "no vm with VMID 20001" in lab.run("imported", imports={"demo-web-1": 20001})["msg"]
    assert "no machine other" in lab.run("imported", imports={"other": 100})["msg"]
    assert "no VMID" in lab.run("imported", imports={"demo-web-1": "x"})["msg"]
