# SPDX-License-Identifier: GPL-3.0-or-later
"""The life cycle of one deployment: plan, apply what was approved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform import (
    receipts,
    records,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.errors import (
    TerraformError,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.ground import (
    Ground,
    Result,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.guards import (
    Approval,
    refuse_plan,
    refuse_unapproved,
    report,
    saved_plan,
    version,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.guests import (
    AtOnce,
    differences,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.summary import (
    ACTIONS,
    Summary,
)

VARIABLES_FILE = records.VARIABLES


@dataclass(frozen=True)
class Deployment(Ground):
    """Plans what is rendered and applies what was approved."""

    # -- plan -------------------------------------------------------------------------------

    def planned(self) -> Result:
        """Save a plan, refuse it when it would touch a foreign guest, and sum it up.

        A plan that does the same as the saved one leaves that in place, with its sha256.
        """
        name = self.name()
        earlier = records.put_aside(self.directory)
        self.terraform.initialise()
        self.terraform.validate()
        self.recover()
        file = self.directory / records.PLAN_FILE
        # Read before Terraform looks: a change in between is refused, never overwritten.
        seen = AtOnce(self.guests)
        before = self.configurations(seen)
        self.terraform.plan(file)
        summary, state = self.summary(file), self.terraform.pull_state()
        refuse_plan(self, summary, seen)
        record = records.PlanRecord(
            deployment=name,
            sha256=records.sha256_of(file),
            variables_sha256=records.sha256_of(self.directory / VARIABLES_FILE),
            created_at=self.now(),
            content_sha256=summary.content_sha256,
            guests={
                str(change.vmid): before[str(change.vmid)]
                for change in summary.machines
                if change.action != "create" and str(change.vmid) in before
            },
            **version(state),
        )
        record = records.keep_the_same(self.directory, earlier, record)
        return {
            **report(summary),
            "changed": False,
            "plan_file": str(file),
            "plan_json": summary.document,
            "plan_sha256": record.sha256,
            "msg": summary.text().splitlines()[0],
        }

    def preview(self) -> Result:
        """Plan without writing anything: the directory of ``terraform`` is a copy."""
        self.terraform.initialise(copy=True)
        self.terraform.validate()
        file = self.directory / records.PLAN_FILE
        self.terraform.plan(file, "-lock=false")
        summary = self.summary(file)
        refuse_plan(self, summary, AtOnce(self.guests))
        return {
            **report(summary),
            **(self.outputs() if summary.empty else {}),
            "changed": not summary.empty,
            "plan_json": summary.document,
            "plan_sha256": "",
            "msg": summary.text().splitlines()[0],
        }

    # -- apply ------------------------------------------------------------------------------

    def applied(self, approval: Approval, *, check: bool = False) -> Result:
        """Apply the saved plan when it is the approved one and still true."""
        file, record = saved_plan(self)
        summary = self.summary(file)
        if summary.empty and not summary.outputs_change:
            if not check:
                records.keep_variables(self.directory)
            known = {"changed": False, "applied": not check, "msg": "No changes."}
            return {**report(summary), **self.outputs(), **known}
        if not summary.empty:
            refuse_unapproved(self, summary, record, approval)
        if check:
            known = {"plan_json": summary.document, "msg": "Would apply."}
            return {**report(summary), **known, "changed": not summary.empty}
        before = self.machines_in_state()
        journal = self.begin(record, summary, before)
        begun = self.now()
        try:
            self.terraform.apply(file)
        except TerraformError as error:
            records.forget_plan(self.directory)
            told = self.what_exists(journal, before)
            raise TerraformError(
                f"{told} {error}",
                summary=summary.as_data(),
                receipts=receipts.looked_up(
                    summary.changes,
                    self.guests,
                    record.guests,
                    self.machines_in_state(),
                    plan_sha256=record.sha256,
                ),
            ) from None
        records.write_journal(self.directory, replace(journal, finished=True))
        records.keep_variables(self.directory)
        records.forget_plan(self.directory)
        result = {**report(summary), **self.outputs(), "changed": not summary.empty}
        result["applied"] = True
        result["receipts"] = receipts.done(
            summary.changes, plan_sha256=record.sha256, seconds=round(self.now() - begun, 3)
        )
        wrong = differences(result["outputs"].get("machines", {}), self.guests, self.name())
        if wrong:
            raise TerraformError(
                f"The plan was applied, but the cluster differs from it: {' '.join(wrong)}",
                **result,
            )
        return {**result, "msg": "Applied."}


def rendered(directory: Path) -> bool:
    """Return whether tf_render wrote into a directory."""
    return (directory / VARIABLES_FILE).is_file()


def not_rendered() -> Result:
    """Return what check mode has to say about a deployment that is not rendered yet."""
    return {
        **report(Summary(counts=dict.fromkeys(ACTIONS, 0))),
        "changed": False,
        "plan_sha256": "",
        "msg": "The deployment is not rendered yet: check mode has nothing to plan.",
    }
