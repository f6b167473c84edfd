# SPDX-License-Identifier: GPL-3.0-or-later
"""A rule of the site about what Terraform would do stops a run before approval."""

from __future__ import annotations

import re

from .conftest import VM, Pipeline

RULE = """
package team.calm

findings contains {
	"id": "team.calm.started",
	"severity": "error",
	"field": change.address,
	"message": sprintf("%s would start at once; we start machines by hand.", [change.index]),
} if {
	some change in input.terraform.resource_changes
	"create" in change.change.actions
	change.change.after.started
}
"""
SAID = "web would start at once; we start machines by hand. (policy calm: team.calm.started)"
WEB = VM.format(name="web")


def test_rule_of_the_site_refuses_plan_and_apply(pipeline: Pipeline) -> None:
    folder = pipeline.folder / "policies"
    folder.mkdir()
    site = {**pipeline.lab.site(), "policy_dirs": [str(folder)]}
    planned = pipeline.run("plan", "web", intent=WEB, site=site).ok().output
    [sha256] = re.findall(r"approve=([0-9a-f]{64})$", planned, re.M)

    (folder / "calm.rego").write_text(RULE)
    for playbook, variables in (
        ("apply", {"approve": sha256}),
        ("provision", {"intent": WEB, "approve": "auto"}),
        ("plan", {"intent": WEB}),
    ):
        pipeline.run(playbook, "web", site=site, **variables).refused(SAID)
    assert pipeline.lab.writes() == []

    (folder / "calm.rego").write_text(RULE.replace('"error"', '"warning"'))
    warned = pipeline.run("plan", "web", "--check", intent=WEB, site=site).ok()
    assert "web would start at once" in warned.output
    assert pipeline.lab.writes() == []


KEEP = """
package team.keep

findings contains {
	"id": "team.keep.deletes",
	"severity": "error",
	"field": change.address,
	"message": sprintf("%s is kept until the audit.", [change.index]),
} if {
	some change in input.terraform.resource_changes
	"delete" in change.change.actions
	change.type == "proxmox_virtual_environment_vm"
}

findings contains {
	"id": "team.keep.names",
	"severity": "error",
	"field": "machines",
	"message": "No machine may be named like this any more.",
} if {
	some machine in input.plan.machines
	machine.name == "web"
}
"""


def test_rule_of_the_site_about_deletes_refuses_destroy(pipeline: Pipeline) -> None:
    folder = pipeline.folder / "policies"
    folder.mkdir()
    site = {**pipeline.lab.site(), "policy_dirs": [str(folder)]}
    pipeline.run("provision", "web", site=site, intent=WEB, approve="auto").ok()
    pipeline.lab.forget_calls()

    (folder / "keep.rego").write_text(KEEP)
    refused = pipeline.run("destroy", "web", site=site, confirm="web")
    refused.refused("web is kept until the audit. (policy keep: team.keep.deletes)")
    assert "named like this" not in refused.output, "a rule about the plan keeps nothing alive"
    assert pipeline.lab.writes() == []

    (folder / "keep.rego").write_text(KEEP.replace('"delete" in', '"forget" in'))
    pipeline.run("destroy", "web", site=site, confirm="web").ok()
    assert pipeline.lab.writes()
