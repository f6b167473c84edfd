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
