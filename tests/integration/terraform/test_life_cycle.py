# SPDX-License-Identifier: GPL-3.0-or-later
"""From nothing to machines and back."""

from __future__ import annotations

from integration.terraform.conftest import Lab
from unit.plugins.plugin_utils._render.samples import machine


def test_create_grow_destroy(lab: Lab) -> None:
    before = lab.guests()
    lab.render(machine("demo-web-1", 20001))
    planned = lab.run("planned")
    assert planned["summary"]["counts"] == {"create": 1, "update": 0, "replace": 0, "delete": 0}
    applied = lab.run("applied", approved_sha256=planned["plan_sha256"])
    assert applied["changed"], applied
    assert applied["outputs"]["machines"]["demo-web-1"]["address"] == "10.77.0.21"
    assert lab.guests() == before | {20001: "demo-web-1"}

    again = lab.run("planned")
    assert not any(again["summary"]["counts"].values()), again["summary"]["text"]
    unchanged = lab.run("applied")
    assert not unchanged["changed"] and unchanged["outputs"] == applied["outputs"]

    lab.render(machine("demo-web-1", 20001), machine("demo-web-2", 20002))
    grown = lab.run("planned")
    assert grown["summary"]["counts"] == {"create": 1, "update": 0, "replace": 0, "delete": 0}
    assert [m["name"] for m in grown["summary"]["machines"]] == ["demo-web-2"]
    assert lab.run("applied", approved_sha256=grown["plan_sha256"])["changed"]

    refused = lab.run("absent", consent=["demo-web-1"])
    assert refused["failed"] and "demo-web-2" in refused["msg"]
    gone = lab.run("absent", consent=["demo-web-1", "demo-web-2"])
    assert gone["changed"], gone
    assert lab.guests() == before
    assert not lab.run("absent")["changed"]
