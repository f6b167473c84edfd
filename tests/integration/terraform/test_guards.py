# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing is stopped before all of it may go, and nothing is offered that cannot be applied."""

from __future__ import annotations

from integration.terraform.conftest import Lab
from unit.plugins.plugin_utils._render.samples import machine

NAMES = ["demo-web-1", "demo-web-2"]


def test_a_protected_or_locked_guest_keeps_all_of_a_deployment_running(lab: Lab) -> None:
    second = machine("demo-web-2", 20002, nics=[{"bridge": "vmbr0", "address": "10.77.0.22/24"}])
    lab.render(machine(), second)
    lab.apply()
    protected, locked = lab.pve.state.vm(20002), lab.pve.state.vm(20001)
    protected.config["protection"] = "1"
    locked.lock = "backup"
    refused = lab.run("absent", consent=NAMES)
    assert refused["failed"]
    assert "demo-web-2" in refused["msg"] and "protects" in refused["msg"]
    assert "locked (backup)" in refused["msg"]
    assert {protected.status, locked.status} == {"running"}

    protected.config["protection"], locked.lock = "0", None
    protected.config["scsi7"] = "ceph-vm:vm-20002-disk-7,size=9G"
    gone = lab.run("absent", consent=NAMES)
    assert not gone.get("failed"), gone["msg"]
    assert "scsi7 (9G)" in gone["msg"]


def test_a_disk_that_would_shrink_is_never_offered(lab: Lab) -> None:
    lab.render(machine())
    lab.apply()
    guest = lab.pve.state.vm(20001)
    volume, size = guest.config["scsi0"].partition(",")[0], "500G"
    guest.config["scsi0"] = f"{volume},size={size}"
    refused = lab.run("planned")
    assert refused["failed"]
    assert "no disk can shrink" in refused["msg"]
    assert not refused.get("plan_sha256")
