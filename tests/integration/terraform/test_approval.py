# SPDX-License-Identifier: GPL-3.0-or-later
"""Only the saved plan that was approved is applied, and only to what is ours."""

from __future__ import annotations

import json

import pytest
from integration.terraform.conftest import Lab
from unit.plugins.plugin_utils._render.samples import machine


def test_apply_needs_the_approved_plan(lab: Lab) -> None:
    directory = lab.render(machine())
    planned = lab.run("planned")
    before = lab.guests()
    refusals = {
        "is not approved": lab.run("applied"),
        "is not that of the saved plan": lab.run("applied", approved_sha256="0" * 64),
        "s old": lab.run(
            "applied", approved_sha256=planned["plan_sha256"], max_plan_age_seconds=-1
        ),
        "without facts": lab.run(
            "applied", approved_sha256=planned["plan_sha256"], provenance={"verified": False}
        ),
        "facts behind the plan": lab.run(
            "applied",
            approved_sha256=planned["plan_sha256"],
            provenance={"verified": True, "facts_collected_at": "2026-01-01T00:00:00Z"},
        ),
    }
    lab.render(machine(memory_mib=4096))
    refusals["variables changed"] = lab.run("applied", approved_sha256=planned["plan_sha256"])
    lab.render(machine())
    plan_file = directory / "plan.tfplan"
    plan_file.write_bytes(plan_file.read_bytes() + b"x")
    refusals["changed or replaced"] = lab.run("applied", approved_sha256=planned["plan_sha256"])
    plan_file.unlink()
    refusals["no saved plan"] = lab.run("applied", approved_sha256=planned["plan_sha256"])
    for words, result in refusals.items():
        assert result["failed"] and words in result["msg"], (words, result["msg"])
    assert lab.guests() == before


def test_plan_of_another_deployment_is_refused(lab: Lab) -> None:
    other = lab.render(machine("other-1", 20101), deployment="other")
    planned = lab.run("planned", "other")
    directory = lab.render(machine())
    for name in ("plan.tfplan", "plan.json"):
        (directory / name).write_bytes((other / name).read_bytes())
    result = lab.run("applied", approved_sha256=planned["plan_sha256"])
    assert result["failed"] and "of the deployment other" in result["msg"]


def test_stale_plan_is_refused(lab: Lab) -> None:
    directory = lab.render(machine())
    planned = lab.run("planned")
    saved = {name: (directory / name).read_bytes() for name in ("plan.tfplan", "plan.json")}
    lab.run("applied", approved_sha256=planned["plan_sha256"])
    for name, content in saved.items():
        (directory / name).write_bytes(content)
    result = lab.run("applied", approved_sha256=planned["plan_sha256"])
    assert result["failed"] and "state changed" in result["msg"]


@pytest.mark.parametrize(
    ("consent", "words"),
    [([], "without consent"), (["demo-web-2", "demo-web-1"], "Consent was given for demo-web-1")],
)
def test_delete_needs_exact_consent(lab: Lab, consent: list[str], words: str) -> None:
    lab.render(machine(), machine("demo-web-2", 20002))
    lab.apply()
    lab.render(machine())
    planned = lab.run("planned")
    assert planned["destructive"] == ["demo-web-2"]
    result = lab.run("applied", approved_sha256=planned["plan_sha256"], consent=consent)
    assert result["failed"] and words in result["msg"]
    assert 20002 in lab.guests()
    assert lab.run("applied", approved_sha256=planned["plan_sha256"], consent=["demo-web-2"])[
        "changed"
    ]
    assert 20002 not in lab.guests() and 20001 in lab.guests()


def test_protected_machine_is_not_destroyed(lab: Lab) -> None:
    lab.render(machine(protection=True))
    lab.apply()
    result = lab.run("absent", consent=["demo-web-1"])
    assert result["failed"] and "protects it" in result["msg"]
    assert 20001 in lab.guests()


@pytest.mark.parametrize("vmid", [100, 102, 9000])
def test_taken_vmid_is_refused_and_never_adopted(lab: Lab, vmid: int) -> None:
    before = {g.vmid: dict(g.config) for g in lab.pve.state.vms}
    lab.render(machine(vmid=vmid))
    result = lab.run("planned")
    assert result["failed"] and f"VMID {vmid} of demo-web-1 belongs to" in result["msg"]
    assert {g.vmid: dict(g.config) for g in lab.pve.state.vms} == before


def test_vmid_taken_after_the_plan_is_refused(lab: Lab) -> None:
    lab.render(machine())
    planned = lab.run("planned")
    lab.render(machine("theirs", 20001), deployment="other")
    lab.apply("other")
    result = lab.run("applied", approved_sha256=planned["plan_sha256"])
    assert result["failed"] and "belongs to VM 20001 theirs" in result["msg"]
    assert lab.guests()[20001] == "theirs"


def test_name_of_a_foreign_guest_is_refused(lab: Lab) -> None:
    lab.render(machine("homeassistant", 20001))
    result = lab.run("planned")
    assert result["failed"] and "is borne by VM 101 homeassistant" in result["msg"]


def test_invisible_guest_still_takes_its_vmid(lab: Lab) -> None:
    lab.token = lab.pve.make_token("blind@pve", path="/pool/lab")
    lab.render(machine(vmid=101))
    result = lab.run("planned")
    assert result["failed"] and "may not see" in result["msg"], result["msg"]


def test_guest_that_lost_its_tags_is_not_touched(lab: Lab) -> None:
    lab.render(machine())
    lab.apply()
    guest = next(g for g in lab.pve.state.vms if g.vmid == 20001)
    guest.config["tags"] = "theirs"
    lab.render(machine(memory_mib=4096))
    for result in (lab.run("planned"), lab.run("absent", consent=["demo-web-1"])):
        assert result["failed"] and "without the tags clusterwright and cw-demo" in result["msg"]
    assert guest.config["tags"] == "theirs" and 20001 in lab.guests()


def test_two_deployments_side_by_side(lab: Lab) -> None:
    lab.render(machine("one-1", 20001), deployment="one")
    lab.render(machine("two-1", 20002), deployment="two")
    lab.apply("one")
    lab.apply("two")
    assert lab.run("absent", "one", consent=["one-1"])["changed"]
    again = lab.run("planned", "two")
    assert not any(again["summary"]["counts"].values())
    assert 20001 not in lab.guests() and lab.guests()[20002] == "two-1"


def test_check_mode_changes_nothing(lab: Lab) -> None:
    assert "not rendered" in lab.run("planned", _ansible_check_mode=True)["msg"]
    directory = lab.render(machine())
    before, files = lab.guests(), sorted(path.name for path in directory.iterdir())
    planned = lab.run("planned", _ansible_check_mode=True, _ansible_diff=True)
    assert planned["changed"] and planned["summary"]["counts"]["create"] == 1
    assert "create demo-web-1" in planned["diff"]["after"]
    assert sorted(path.name for path in directory.iterdir()) == files

    lab.apply()
    state = (directory / "terraform.tfstate").read_bytes()
    gone = lab.run("absent", _ansible_check_mode=True)
    assert gone["changed"] and gone["destructive"] == ["demo-web-1"]
    assert (directory / "terraform.tfstate").read_bytes() == state
    assert lab.guests() == before | {20001: "demo-web-1"}
    assert json.loads(state)["resources"]
