# SPDX-License-Identifier: GPL-3.0-or-later
"""From nothing to machines and back, with Terraform and with OpenTofu."""

from __future__ import annotations

from functools import partial

import pytest
from integration.terraform.conftest import Lab
from lab.tools import ensure
from unit.plugins.plugin_utils._render.samples import machine


@pytest.mark.parametrize("program", ["terraform", "tofu"])
def test_create_grow_destroy(lab: Lab, program: str) -> None:
    run = partial(lab.run, binary=str(getattr(ensure([program]), program)))
    before = lab.guests()
    lab.render(machine("demo-web-1", 20001))
    planned = run("planned")
    assert planned["summary"]["counts"] == {"create": 1, "update": 0, "replace": 0, "delete": 0}
    applied = run("applied", approved_sha256=planned["plan_sha256"])
    assert applied["changed"], applied
    assert applied["outputs"]["machines"]["demo-web-1"]["address"] == "10.77.0.21"
    assert lab.guests() == before | {20001: "demo-web-1"}

    again = run("planned")
    assert not any(again["summary"]["counts"].values()), again["summary"]["text"]
    unchanged = run("applied")
    assert not unchanged["changed"] and unchanged["outputs"] == applied["outputs"]
    assert run("drift")["severity"] == "none"

    lab.render(machine("demo-web-1", 20001), machine("demo-web-2", 20002))
    grown = run("planned")
    assert grown["summary"]["counts"] == {"create": 1, "update": 0, "replace": 0, "delete": 0}
    assert [m["name"] for m in grown["summary"]["machines"]] == ["demo-web-2"]
    assert run("applied", approved_sha256=grown["plan_sha256"])["changed"]

    refused = run("absent", consent=["demo-web-1"])
    assert refused["failed"] and "demo-web-2" in refused["msg"]
    gone = run("absent", consent=["demo-web-1", "demo-web-2"])
    assert gone["changed"], gone
    assert lab.guests() == before
    assert not run("absent")["changed"]


def test_one_program_goes_on_where_the_other_was(lab: Lab) -> None:
    before = lab.guests()
    tools = ensure(["terraform", "tofu"])
    lab.render(machine("demo-web-1", 20001))
    lab.apply()
    for memory_mib, binary in ((3072, tools.tofu), (4096, tools.terraform)):
        run = partial(lab.run, binary=str(binary))
        same = run("planned")
        assert not same.get("failed"), same["msg"]
        assert not any(same["summary"]["counts"].values()), same["summary"]["text"]
        lab.render(machine("demo-web-1", 20001, memory_mib=memory_mib))
        larger = run("planned")
        assert larger["summary"]["counts"]["update"] == 1, larger["summary"]["text"]
        applied = run("applied", approved_sha256=larger["plan_sha256"])
        assert not applied.get("failed"), applied["msg"]
    gone = lab.run("absent", consent=["demo-web-1"], binary=str(tools.tofu))
    assert gone.get("changed"), gone["msg"]
    assert lab.guests() == before
