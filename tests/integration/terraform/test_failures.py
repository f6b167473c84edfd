# SPDX-License-Identifier: GPL-3.0-or-later
"""What is there after an apply that did not come to its end."""

from __future__ import annotations

import os
import signal
import threading
import time
import typing as t

import pytest
from integration.terraform.conftest import Lab
from unit.plugins.plugin_utils._render.samples import machine

WAIT_SECONDS = 300.0


def wait_for(condition: t.Callable[[], bool]) -> None:
    """Wait until something is true, however long the machine takes within a limit."""
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        threading.Event().wait(0.02)


def children(pid: int) -> list[int]:
    """Process ids of all descendants."""
    found: list[int] = []
    for task in os.listdir("/proc"):
        if not task.isdigit():
            continue
        try:
            with open(f"/proc/{task}/stat", encoding="utf-8") as file:
                parent = int(file.read().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found += [int(task), *children(int(task))]
    return found


def kill_tree(pid: int) -> None:
    """End a process and all that it started, without a chance to clean up."""
    for each in [*children(pid), pid]:
        os.kill(each, signal.SIGKILL)


def approved(lab: Lab) -> str:
    """Plan and return the sha256 of the plan."""
    planned = lab.run("planned")
    assert not planned.get("failed"), planned["msg"]
    return str(planned["plan_sha256"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/nodes/pve1/qemu/9000/clone"),
        ("PUT", "/nodes/pve1/qemu/20001/config"),
        ("POST", "/nodes/pve1/qemu/20001/status/start"),
    ],
    ids=["clone", "config", "start"],
)
def test_killed_in_the_middle_then_resumed(lab: Lab, method: str, path: str) -> None:
    before = lab.guests()
    lab.render(machine(), machine("demo-web-2", 20002))
    sha256 = approved(lab)
    lab.pve.faults.set("slow", method=method, path=path, seconds=3600, times=1)
    process = lab.start("applied", approved_sha256=sha256)
    wait_for(lambda: not lab.pve.faults.listing())
    kill_tree(process.pid)
    process.wait()
    lab.pve.faults.clear()

    planned = lab.run("planned")
    assert not planned.get("failed"), planned["msg"]
    assert planned["destructive"] == [], planned["summary"]["text"]
    resumed = lab.run("applied", approved_sha256=planned["plan_sha256"])
    assert not resumed.get("failed"), resumed["msg"]
    assert lab.guests() == before | {20001: "demo-web-1", 20002: "demo-web-2"}
    assert not any(lab.run("planned")["summary"]["counts"].values())


def test_provider_error_then_rolled_back(lab: Lab) -> None:
    lab.render(machine())
    lab.apply()
    before = lab.guests()
    configs = {g.vmid: dict(g.config) for g in lab.pve.state.vms}
    lab.render(machine(), machine("demo-web-2", 20002), machine("demo-web-3", 20003))
    sha256 = approved(lab)
    lab.pve.faults.set("start_fails", vmid=20003)
    failed = lab.run("applied", approved_sha256=sha256)
    assert failed["failed"]
    assert "made: demo-web-2" in failed["msg"] and "half made: demo-web-3" in failed["msg"]

    back = lab.run("rolled_back")
    assert not back.get("failed"), back["msg"]
    assert back["rolled_back"] == ["demo-web-2", "demo-web-3"] and back["kept"] == ["demo-web-1"]
    assert lab.guests() == before
    assert {g.vmid: dict(g.config) for g in lab.pve.state.vms} == configs
    assert not lab.run("rolled_back")["changed"]
    lab.pve.faults.clear()
    lab.apply()
    assert lab.guests() == before | {20002: "demo-web-2", 20003: "demo-web-3"}


def test_what_a_roll_back_leaves_is_named(lab: Lab) -> None:
    lab.render(machine(), machine("demo-web-2", 20002))
    sha256 = approved(lab)
    lab.pve.faults.set("start_fails", vmid=20002)
    assert lab.run("applied", approved_sha256=sha256)["failed"]
    lab.pve.faults.set("forbidden", method="DELETE", path="/nodes/pve1/qemu/20002*")
    stopped = lab.run("rolled_back")
    assert stopped["failed"]
    left = "The roll back was not finished. demo-web-2 (VMID 20002 on pve1) remains on Proxmox VE."
    assert left in stopped["msg"], stopped["msg"]
    assert 20001 not in lab.guests() and 20002 in lab.guests()
    lab.pve.faults.clear()
    assert lab.run("rolled_back")["rolled_back"] == ["demo-web-2"]
    assert 20002 not in lab.guests()


def test_roll_back_keeps_high_availability_of_what_was_there(lab: Lab) -> None:
    ha = {"enabled": True}
    lab.render(machine(ha=ha))
    lab.apply()
    before = lab.guests()
    lab.render(machine(ha=ha), machine("demo-web-2", 20002, ha=ha), machine("demo-web-3", 20003))
    sha256 = approved(lab)
    lab.pve.faults.set("start_fails", vmid=20003)
    assert lab.run("applied", approved_sha256=sha256)["failed"]
    lab.pve.faults.clear()
    back = lab.run("rolled_back")
    assert not back.get("failed"), back["msg"]
    assert lab.guests() == before
    lab.render(machine(ha=ha))
    lab.apply()
    again = lab.run("planned")
    assert not any(again["summary"]["counts"].values()), again["summary"]["text"]


def test_provider_error_then_resumed(lab: Lab) -> None:
    lab.render(machine(), machine("demo-web-2", 20002))
    sha256 = approved(lab)
    lab.pve.faults.set("start_fails", vmid=20002)
    assert lab.run("applied", approved_sha256=sha256)["failed"]
    lab.pve.faults.clear()
    planned = lab.run("planned")
    assert planned["destructive"] == []
    assert "made again" in planned["summary"]["text"]
    assert not lab.run("applied", approved_sha256=planned["plan_sha256"]).get("failed")
    assert not any(lab.run("planned")["summary"]["counts"].values())


def test_killed_then_rolled_back(lab: Lab) -> None:
    before = lab.guests()
    lab.render(machine())
    sha256 = approved(lab)
    lab.pve.faults.set("slow", method="PUT", path="*/20001/config", seconds=3600, times=1)
    process = lab.start("applied", approved_sha256=sha256)
    wait_for(lambda: not lab.pve.faults.listing())
    kill_tree(process.pid)
    process.wait()
    assert 20001 in lab.guests()
    back = lab.run("rolled_back")
    assert back["rolled_back"] == ["demo-web-1"], back["msg"]
    assert lab.guests() == before


def test_second_run_is_refused_while_the_first_holds_the_lock(lab: Lab) -> None:
    lab.render(machine())
    sha256 = approved(lab)
    lab.pve.faults.set("slow", method="POST", path="*/clone", seconds=3600, times=1)
    process = lab.start("applied", approved_sha256=sha256)
    wait_for(lambda: not lab.pve.faults.listing())
    second = lab.run("planned")
    assert second["failed"] and "Another run works on this deployment (applied by" in second["msg"]
    assert f"process {process.pid}" in second["msg"]

    terraform = children(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    orphaned = lab.run("planned")
    assert orphaned["failed"] and "Another run works" in orphaned["msg"]
    for pid in terraform:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not lab.run("planned").get("failed"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"api_token_secret": "00000000-0000-0000-0000-000000000000"},
            "does not accept the API token",
        ),
        ({"api_host": "https://127.0.0.1:1"}, "127.0.0.1:1"),
        ({"ca_path": None}, "certificate"),
        ({"binary": "no-such-terraform"}, "install Terraform or OpenTofu"),
        ({"directory": "/nonexistent"}, "run tf_render first"),
    ],
    ids=["token", "unreachable", "tls", "binary", "directory"],
)
def test_errors_are_one_sentence(lab: Lab, options: dict[str, t.Any], words: str) -> None:
    lab.render(machine())
    lab.apply()
    result = lab.run("planned", **options)
    assert result["failed"] and words in result["msg"], result["msg"]
    assert "Traceback" not in result["msg"] and "\n" not in result["msg"], result["msg"]


def test_missing_provider(lab: Lab) -> None:
    empty = lab.folder / "empty.rc"
    mirror = lab.folder / "mirror"
    mirror.mkdir()
    empty.write_text(f'provider_installation {{ filesystem_mirror {{ path = "{mirror}" }} }}\n')
    lab.environment["TF_CLI_CONFIG_FILE"] = str(empty)
    lab.render(machine())
    result = lab.run("planned")
    assert result["failed"] and "The Terraform provider cannot be had" in result["msg"], result[
        "msg"
    ]


def test_missing_privilege_is_named(lab: Lab) -> None:
    lab.token = lab.pve.make_token(
        "thin@pve", privileges=["VM.Audit", "VM.Allocate", "Datastore.AllocateSpace", "SDN.Use"]
    )
    lab.render(machine())
    sha256 = approved(lab)
    result = lab.run("applied", approved_sha256=sha256)
    assert result["failed"] and "lacks the privilege VM.Clone on /vms/9000" in result["msg"], (
        result["msg"]
    )
