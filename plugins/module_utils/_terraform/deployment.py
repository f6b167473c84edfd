# SPDX-License-Identifier: GPL-3.0-or-later
"""The life cycle of one deployment: plan, apply what was approved, resume or roll back."""

from __future__ import annotations

import json
import time
import typing as t
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform import records
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.document import (
    moved_providers,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.errors import (
    TerraformError,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.guests import (
    Guests,
    differences,
    refuse_foreign,
    refuse_taken,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.obstacles import (
    impossible,
    obstacles,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.process import (
    Terraform,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.summary import (
    ACTIONS,
    MACHINE_TYPES,
    ResourceChange,
    Summary,
    summarise,
)

VARIABLES_FILE = "terraform.tfvars.json"
Result = dict[str, t.Any]


@dataclass(frozen=True)
class Approval:
    """What a person, or the policy of the site, agreed to.

    ``facts_at`` is when the facts behind the plan were collected (RFC 3339), None when nobody
    says; ``verified`` is False for a plan that was made without facts of a real cluster.
    """

    sha256: str = ""
    consent: tuple[str, ...] = ()
    max_plan_age_seconds: int = 3600
    facts_at: str | None = None
    max_facts_age_seconds: int = 3600
    verified: bool = True


@dataclass(frozen=True)
class Deployment:
    """One Terraform directory, the program that works in it and the guests around it."""

    terraform: Terraform
    guests: Guests
    now: t.Callable[[], float] = time.time

    @property
    def directory(self) -> Path:
        """Terraform directory of the deployment."""
        return self.terraform.directory

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
        self.terraform.plan(file)
        summary, state = self._summary(file), self.terraform.pull_state()
        moved = moved_providers(state, summary.document)
        if moved:
            for former, name_now in moved.items():
                self.terraform.replace_provider(former, name_now)
            self.terraform.plan(file)
            summary, state = self._summary(file), self.terraform.pull_state()
        self._refuse(summary)
        record = records.PlanRecord(
            deployment=name,
            sha256=records.sha256_of(file),
            variables_sha256=records.sha256_of(self.directory / VARIABLES_FILE),
            created_at=self.now(),
            content_sha256=summary.content_sha256,
            **_version(state),
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
        self.terraform.initialise()
        self.terraform.validate()
        file = self.directory / records.PLAN_FILE
        self.terraform.plan(file, "-lock=false")
        summary = self._summary(file)
        self._refuse(summary)
        return {
            **report(summary),
            **(self._outputs() if summary.empty else {}),
            "changed": not summary.empty,
            "plan_json": summary.document,
            "plan_sha256": "",
            "msg": summary.text().splitlines()[0],
        }

    # -- apply ------------------------------------------------------------------------------

    def applied(self, approval: Approval, *, check: bool = False) -> Result:
        """Apply the saved plan when it is the approved one and still true."""
        file, record = self._saved_plan()
        summary = self._summary(file)
        if summary.empty and not summary.outputs_change:
            return {**report(summary), **self._outputs(), "changed": False, "msg": "No changes."}
        if not summary.empty:
            self._refuse_unapproved(summary, record, approval)
            self._refuse(summary)
        if check:
            known = {"plan_json": summary.document, "msg": "Would apply."}
            return {**report(summary), **known, "changed": not summary.empty}
        before = self._machines_in_state()
        journal = self._begin(record, summary, before)
        try:
            self.terraform.apply(file)
        except TerraformError as error:
            records.forget_plan(self.directory)
            raise TerraformError(
                f"{self._what_exists(journal, before)} {error}", summary=summary.as_data()
            ) from None
        records.write_journal(self.directory, replace(journal, finished=True))
        records.forget_plan(self.directory)
        result = {**report(summary), **self._outputs(), "changed": not summary.empty}
        wrong = differences(result["outputs"].get("machines", {}), self.guests, self.name())
        if wrong:
            raise TerraformError(
                f"The plan was applied, but the cluster differs from it: {' '.join(wrong)}",
                **result,
            )
        return {**result, "msg": "Applied."}

    def name(self) -> str:
        """Return the name of the deployment from its rendered variables.

        Raises:
            TerraformError: nothing was rendered here.
        """
        return str(self.variables()["deployment"])

    def variables(self) -> dict[str, t.Any]:
        """Return the rendered variables."""
        try:
            found = json.loads((self.directory / VARIABLES_FILE).read_text(encoding="utf-8"))
            return {"deployment": found["deployment"], **found}
        except (OSError, ValueError, KeyError, TypeError):
            raise TerraformError(
                f"{self.directory} holds no rendered plan: run tf_render first."
            ) from None

    # -- guards -----------------------------------------------------------------------------

    def _saved_plan(self) -> tuple[Path, records.PlanRecord]:
        file = self.directory / records.PLAN_FILE
        record = records.read_plan_record(self.directory)
        found = records.sha256_of(file)
        if record is None or not found:
            raise TerraformError(f"{self.directory} holds no saved plan: plan first.")
        if found != record.sha256:
            raise TerraformError(
                "The saved plan was changed or replaced after it was planned: plan again."
            )
        if record.deployment != self.name():
            raise TerraformError(
                f"The saved plan is of the deployment {record.deployment}, not of {self.name()}: "
                "plan again."
            )
        if record.variables_sha256 != records.sha256_of(self.directory / VARIABLES_FILE):
            raise TerraformError(
                "The rendered variables changed after the plan was saved: plan again."
            )
        return file, record

    def _refuse_unapproved(
        self, summary: Summary, record: records.PlanRecord, approval: Approval
    ) -> None:
        data = report(summary)
        foreign = [change.name for change in summary.changes if change.planned_only]
        if foreign:
            raise TerraformError(
                f"{', '.join(foreign)} would be made by Telmate/proxmox, for which a plan is only"
                " shown: render with terraform_provider bpg to apply it.",
                **data,
            )
        if not approval.sha256:
            raise TerraformError(
                f"The saved plan is not approved: approve its sha256 {record.sha256}.", **data
            )
        if approval.sha256 != record.sha256:
            raise TerraformError(
                f"The approved sha256 {approval.sha256} is not that of the saved plan "
                f"({record.sha256}): look at the new plan and approve that.",
                **data,
            )
        age = self.now() - record.created_at
        if age > approval.max_plan_age_seconds:
            raise TerraformError(
                f"The saved plan is {age:.0f} s old and the limit is "
                f"{approval.max_plan_age_seconds} s: plan again.",
                **data,
            )
        if _version(self.terraform.pull_state()) != _version(asdict(record)):
            raise TerraformError("The state changed after the plan was saved: plan again.", **data)
        refuse_without_consent(summary, approval.consent)
        if summary.creates:
            self._refuse_old_facts(approval, data)

    def _refuse_old_facts(self, approval: Approval, data: Result) -> None:
        if not approval.verified:
            raise TerraformError(
                "The plan was made without facts of a Proxmox VE cluster and is not verified: "
                "make it again while the cluster can be reached.",
                **data,
            )
        if approval.facts_at is None:
            return
        age = self.now() - _epoch(approval.facts_at)
        if age > approval.max_facts_age_seconds:
            raise TerraformError(
                f"The facts behind the plan are {age:.0f} s old and the limit is "
                f"{approval.max_facts_age_seconds} s: make the plan again.",
                **data,
            )

    def _refuse(self, summary: Summary) -> None:
        """Refuse what would touch foreign guests; asked again just before an apply."""
        unfinished = self.open_names()
        refuse_foreign(summary.machines, self.guests, self.name(), unfinished)
        refuse_taken(summary.creates, self.guests, self.name())
        self.refuse_obstacles(summary)

    def refuse_obstacles(self, summary: Summary) -> None:
        """Refuse what Proxmox VE would not do, before anything is stopped.

        Raises:
            TerraformError: names every reason, guest by guest.
        """
        against = [*impossible(summary.changes), *obstacles(summary.machines, self.guests)]
        if against:
            raise TerraformError(f"Nothing was changed: {' '.join(against)}", **report(summary))

    # -- what a run did ---------------------------------------------------------------------

    def open_names(self) -> frozenset[str]:
        """Return the names of the machines that an unfinished run set out to create."""
        journal = records.read_journal(self.directory)
        return frozenset(c.name for c in journal.open_creations) if journal else frozenset()

    def _begin(
        self, record: records.PlanRecord, summary: Summary, before: dict[str, str]
    ) -> records.Journal:
        """Write down what is about to be created, with what an earlier run left open."""
        earlier = records.read_journal(self.directory)
        created = {c.name: c for c in (earlier.open_creations if earlier else ())}
        for change in summary.creates:
            if change.name not in before:
                created[change.name] = _creation(change)
        journal = records.Journal(record.sha256, self.now(), tuple(created.values()))
        records.write_journal(self.directory, journal)
        return journal

    def recover(self) -> list[str]:
        """Take half-made guests of an unfinished run into the state, to be made again.

        Such a guest has the VMID and the name that our journal says, and the VMID was free just
        before the journal was written.
        """
        journal = records.read_journal(self.directory)
        if journal is None or not journal.open_creations:
            return []
        in_state = self._machines_in_state()
        known = {guest.vmid: guest for guest in self.guests.all()}
        taken: list[str] = []
        for creation in journal.open_creations:
            guest = known.get(creation.vmid)
            if creation.name in in_state or guest is None or guest.kind != creation.kind:
                continue
            config = self.guests.config(guest)
            if creation.name in (config.get("name"), config.get("hostname")):
                self.terraform.import_guest(creation.address, f"{guest.node}/{guest.vmid}")
                self.terraform.mark_unfinished(creation.address)
                taken.append(creation.name)
        return taken

    def _what_exists(self, journal: records.Journal, before: dict[str, str]) -> str:
        """Return which machines of a failed run exist and which do not."""
        now = self._machines_in_state()
        there = {guest.vmid for guest in self.guests.all()}
        wanted = {c.name: c.vmid for c in journal.creations if c.name not in before}
        groups = {
            "made": [name for name in wanted if now.get(name) == "ok"],
            "half made": [
                name
                for name, vmid in wanted.items()
                if now.get(name) == "tainted" or (name not in now and vmid in there)
            ],
            "not made": [
                name for name, vmid in wanted.items() if name not in now and vmid not in there
            ],
        }
        told = [f"{what}: {', '.join(sorted(names))}" for what, names in groups.items() if names]
        return (
            f"The apply stopped in the middle ({'; '.join(told) or 'no machine was to be made'}). "
            "Plan and apply again to resume, or roll back to remove what this run made."
        )

    def what_is_there(self, names: t.Container[str]) -> str:
        """Return which machines exist on Proxmox VE, as a list for a sentence; empty for none."""
        there = {guest.vmid: guest for guest in self.guests.all()}
        machines = self.variables()["machines"]
        return ", ".join(
            f"{name} (VMID {machine['vmid']} on {there[machine['vmid']].node})"
            for name, machine in sorted(machines.items())
            if name in names and machine["vmid"] in there
        )

    def _machines_in_state(self) -> dict[str, str]:
        """Return {name: ok or tainted} of the machines in the state."""
        root = self.terraform.show_state().get("values", {}).get("root_module", {})
        return {
            str(resource.get("index", resource["name"])): (
                "tainted" if resource.get("tainted") else "ok"
            )
            for resource in root.get("resources", [])
            if resource.get("type") in MACHINE_TYPES
        }

    def _outputs(self) -> Result:
        values = self.terraform.show_state().get("values", {}).get("outputs", {})
        return {"outputs": {name: output.get("value") for name, output in values.items()}}

    def _summary(self, file: Path) -> Summary:
        return summarise(self.terraform.show_plan(file), self.open_names())


def _version(state: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"serial": int(state.get("serial", 0)), "lineage": str(state.get("lineage", ""))}


def refuse_without_consent(summary: Summary, consent: t.Iterable[str]) -> None:
    """Refuse deletes and replacements of machines that were not each consented to by name.

    Raises:
        TerraformError: names the machines; a protected one is refused even with consent.
    """
    wanted, given = set(summary.destructive), set(consent)
    protected = sorted(
        c.name for c in summary.machines if c.protected and c.action in ("delete", "replace")
    )
    if protected:
        raise TerraformError(
            f"{', '.join(protected)} would be deleted but Proxmox VE protects it: take the "
            "protection away first.",
            **report(summary),
        )
    if wanted - given:
        raise TerraformError(
            f"The plan deletes or replaces {', '.join(sorted(wanted - given))} without consent: "
            "name each of them in consent if that is wanted.",
            **report(summary),
        )
    if given - wanted:
        raise TerraformError(
            f"Consent was given for {', '.join(sorted(given - wanted))}, which the plan does not "
            "delete or replace: look at the plan again.",
            **report(summary),
        )


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


def report(summary: Summary) -> Result:
    """Return a summary as part of a result."""
    return {
        "summary": summary.as_data(),
        "destructive": summary.destructive,
        "diff": {"before": "", "after": "" if summary.empty else summary.text()},
    }


def _epoch(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise TerraformError(f"{text} is no time of RFC 3339: make the plan again.") from None


def _creation(change: ResourceChange) -> records.Creation:
    return records.Creation(
        name=change.name,
        address=change.address,
        vmid=change.vmid or 0,
        kind=change.kind or "vm",
        node=change.node or "",
    )
