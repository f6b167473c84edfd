# SPDX-License-Identifier: GPL-3.0-or-later
"""What others lost, tried here; ``stories.yml`` says what happened and who tells it."""

from __future__ import annotations

import shutil
import typing as t
from functools import partial

import pytest
from ansible_collections.clusterwright.proxmox.plugins.action import approval, freeze
from ansible_collections.clusterwright.proxmox.plugins.action import run as run_plugin
from incidents.conftest import Nothing
from integration.terraform.conftest import Lab
from integration.terraform.test_failures import approved, kill_tree, wait_for
from unit.plugins.action.conftest import _run as run_action
from unit.plugins.plugin_utils._render.samples import machine

Watch = t.Callable[[], Nothing]
WEB = 20001


def refused(result: dict[str, t.Any], *words: str) -> None:
    """The result is a refusal that says why."""
    assert result.get("failed"), result["msg"]
    for word in words:
        assert word in result["msg"], result["msg"]


def test_state_of_another(lab: Lab, watch: Watch) -> None:
    lab.render(machine())
    lab.apply()
    lab.render(machine("other-db", 20101), deployment="other")
    lab.apply("other")
    nothing = watch()
    state = lab.directory("demo") / "terraform.tfstate"
    shutil.copy(state, lab.directory("other") / "terraform.tfstate")
    for consent in ([], ["demo-web-1"], ["other-db"]):
        refused(lab.run("absent", "other", consent=consent))
    refused(lab.run("planned", "other"))
    nothing.lost()


def test_old_state_back(lab: Lab, watch: Watch) -> None:
    """The machine is rebuilt by somebody else with the same VMID before the state comes back."""
    directory = lab.render(machine())
    lab.apply()
    state = directory / "terraform.tfstate"
    kept = state.read_bytes()
    state.unlink()
    refused(lab.run("planned"), "the state was lost", "import -e deployment=demo")
    [guest] = [vm for vm in lab.pve.state.vms if vm.vmid == WEB]
    guest.config["tags"] = "clusterwright;cw-shop"
    guest.name = "shop-db"
    guest.config["name"] = "shop-db"
    nothing = watch()
    state.write_bytes(kept)
    refused(lab.run("absent", consent=["demo-web-1"]), "without the tags")
    nothing.lost()


def test_approved_then_changed(lab: Lab, watch: Watch) -> None:
    lab.render(machine())
    lab.apply()
    lab.render(machine(memory_mib=4096))
    sha256 = approved(lab)
    [guest] = [vm for vm in lab.pve.state.vms if vm.vmid == WEB]
    guest.config["memory"] = "8192"
    nothing = watch()
    refused(
        lab.run("applied", approved_sha256=sha256),
        "memory: approved with 2048, now 8192",
        "ask who made it",
    )
    nothing.lost()


def test_wrong_environment(lab: Lab, watch: Watch) -> None:
    """Deleting is planned for production, and somebody says auto."""
    lab.render(machine(), machine("demo-web-2", 20002))
    lab.apply()
    lab.render(machine())
    planned = lab.run("planned")
    nothing = watch()
    said = {
        "plan_sha256": planned["plan_sha256"],
        "counts": planned["summary"]["counts"],
        "destructive": planned["destructive"],
        "approve": "auto",
        "deployment": "demo",
    }
    for environment, auto in (("production", False), ("development", True)):
        result = run_action(
            approval.ActionModule,
            environments=[environment],
            rules={environment: {"auto_approve": auto}},
            **said,
        )
        refused(result, "consent=demo-web-2", "approve=auto")
    for options in ({}, {"approved_sha256": "auto"}, {"approved_sha256": planned["plan_sha256"]}):
        refused(lab.run("applied", **options), "without consent")
    nothing.lost()


def test_lost_answer(lab: Lab, watch: Watch) -> None:
    lab.render(machine())
    sha256 = approved(lab)
    nothing = watch()
    lab.pve.faults.set("answer_lost", path="/nodes/pve1/qemu/9000/clone", times=1)
    first = lab.run("applied", approved_sha256=sha256)
    assert first["failed"] or WEB in lab.guests()
    lab.apply()
    assert list(lab.guests().values()).count("demo-web-1") == 1
    assert not any(lab.run("planned")["summary"]["counts"].values())
    nothing.lost()


def test_restart_by_default(lab: Lab, watch: Watch) -> None:
    lab.render(machine())
    lab.apply()
    lab.render(machine(memory_mib=4096, cores=4, description="shop"))
    nothing = watch()
    lab.pve.clear_calls()
    planned = lab.run("planned")
    assert "effective after a restart" in planned["summary"]["text"]
    result = lab.run("applied", approved_sha256=planned["plan_sha256"])
    assert not result.get("failed"), result["msg"]
    assert [c.path for c in lab.pve.calls if c.method != "GET" and "/status/" in c.path] == []
    nothing.lost(but=[WEB])


def test_moved_by_ha(lab: Lab, watch: Watch) -> None:
    lab.render(machine(ha={"enabled": True}))
    lab.apply()
    [guest] = [vm for vm in lab.pve.state.vms if vm.vmid == WEB]
    guest.node = "pve2"
    nothing = watch()
    planned = lab.run("planned")
    assert planned["destructive"] == [], planned["summary"]["text"]
    result = lab.run("applied", approved_sha256=planned["plan_sha256"])
    assert not result.get("failed"), result["msg"]
    nothing.lost(but=[WEB])


@pytest.mark.parametrize("moment", ["/9000/clone", "/20001/config", "/20001/status/start"])
def test_killed(lab: Lab, watch: Watch, moment: str) -> None:
    lab.render(machine("demo-db-1", 20051))
    lab.apply()
    lab.render(machine("demo-db-1", 20051), machine())
    sha256 = approved(lab)
    nothing = watch()
    lab.pve.faults.set("slow", path=f"/nodes/*/qemu{moment}", method="P*", seconds=3600, times=1)
    process = lab.start("applied", approved_sha256=sha256)
    wait_for(lambda: not lab.pve.faults.listing())
    kill_tree(process.pid)
    process.wait()
    nothing.lost()
    assert lab.run("planned")["destructive"] == []
    lab.apply()
    assert lab.guests()[WEB] == "demo-web-1"
    assert list(lab.guests().values()).count("demo-web-1") == 1
    nothing.lost()


def test_locked_by_backup(lab: Lab, watch: Watch) -> None:
    lab.render(machine(), machine("demo-web-2", 20002))
    lab.apply()
    [guest] = [vm for vm in lab.pve.state.vms if vm.vmid == 20002]
    lab.render(machine(memory_mib=4096), machine("demo-web-2", 20002, memory_mib=4096))
    sha256 = approved(lab)
    guest.config["lock"] = "backup"
    nothing = watch()
    refused(lab.run("applied", approved_sha256=sha256), "demo-web-2", "locked (backup)")
    refused(lab.run("absent", consent=["demo-web-1", "demo-web-2"]), "locked (backup)")
    nothing.lost()


def test_rights_lost(lab: Lab, watch: Watch) -> None:
    """The right goes while the second of two machines is made; what was there stays."""
    lab.render(machine("demo-db-1", 20051))
    lab.apply()
    lab.render(machine("demo-db-1", 20051), machine())
    sha256 = approved(lab)
    nothing = watch()
    lab.pve.faults.set("forbidden", method="P*", path="/nodes/*/qemu/20001/*")
    result = lab.run("applied", approved_sha256=sha256)
    refused(result, "half made: demo-web-1", "lacks")
    assert {r["outcome"] for r in result["receipts"]} <= {"happened", "not", "unknown"}
    nothing.lost()
    lab.pve.faults.clear()
    back = lab.run("rolled_back")
    assert back["rolled_back"] == ["demo-web-1"], back["msg"]
    nothing.lost()


def test_storage_full(lab: Lab, watch: Watch) -> None:
    lab.render(machine("demo-db-1", 20051))
    lab.apply()
    lab.render(machine("demo-db-1", 20051), machine())
    sha256 = approved(lab)
    nothing = watch()
    lab.pve.faults.set("storage_full", storage="ceph-vm")
    refused(lab.run("applied", approved_sha256=sha256), "demo-web-1")
    nothing.lost()
    lab.pve.faults.clear()
    lab.apply()
    assert not any(lab.run("planned")["summary"]["counts"].values())
    nothing.lost()


def test_two_at_once(lab: Lab, watch: Watch) -> None:
    lab.render(machine())
    sha256 = approved(lab)
    nothing = watch()
    lab.pve.faults.set("slow", path="*/clone", method="POST", seconds=20, times=1)
    first = lab.start("applied", approved_sha256=sha256)
    wait_for(lambda: not lab.pve.faults.listing())
    for state, options in (
        ("planned", {}),
        ("applied", {"approved_sha256": sha256}),
        ("absent", {"consent": ["demo-web-1"]}),
    ):
        refused(lab.run(state, **options), "Another run works on this deployment")
    first.communicate()
    assert not any(lab.run("planned")["summary"]["counts"].values())
    assert list(lab.guests().values()).count("demo-web-1") == 1
    nothing.lost()


def test_around_a_freeze(lab: Lab, watch: Watch) -> None:
    """Another ledger, another folder, another stage, the right sha256: none gets through."""
    place = lab.folder / "deployments"
    ledger = str(place / "ledger.sqlite")
    place.mkdir()
    nothing = watch()
    run_action(
        freeze.ActionModule,
        state="frozen",
        reason="Holidays",
        by="eve",
        ledger=ledger,
        deployments_dir=str(place),
    )
    tries = [
        (ledger, place / "demo"),
        (str(lab.folder / "own.sqlite"), place / "demo"),
        (ledger, lab.folder / "elsewhere/demo"),
    ]
    for number, (url, directory) in enumerate(tries):
        record = partial(run_action, run_plugin.ActionModule, ledger=url, directory=str(directory))
        run = record(state="started", deployment=f"demo-{number}")["workflow_id"]
        record(state="stage", workflow_id=run, stage="size", status="PLANNING")
        for stage in ("apply", "destroy", "release", "import"):
            refused(
                record(state="stage", workflow_id=run, stage=stage, status="PROVISIONING"),
                "eve froze the site",
                "Holidays",
            )
    for choice in ({"approve": "ab" * 32}, {"approve": "", "answer": "yes"}):
        result = run_action(
            approval.ActionModule,
            plan_sha256="ab" * 32,
            counts={"create": 1, "update": 0, "replace": 0, "delete": 0},
            environments=["development"],
            ledger=ledger,
            **choice,
        )
        refused(result, "eve froze the site")
    nothing.lost()
