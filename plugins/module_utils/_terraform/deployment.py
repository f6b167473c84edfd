# SPDX-License-Identifier: GPL-3.0-or-later
"""The life cycle of one deployment: plan, apply what was approved, resume or roll back."""

from __future__ import annotations

import json
import time
import typing as t
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.module_utils._gates import (
    Moment,
    Situation,
    judge,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform import (
    receipts,
    records,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.document import (
    moved_providers,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.errors import (
    TerraformError,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.fields import (
    unjudged,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.guests import (
    Guest,
    Guests,
    changed_since,
    differences,
    foreign,
    is_ours,
    kept_config,
    lost_memory,
    taken,
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

VARIABLES_FILE = records.VARIABLES
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
        # Read before Terraform looks: a change in between is refused, never overwritten.
        before = self._configurations()
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
            guests={
                str(change.vmid): before[str(change.vmid)]
                for change in summary.machines
                if change.action != "create" and str(change.vmid) in before
            },
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
            if not check:
                records.keep_variables(self.directory)
            return {**report(summary), **self._outputs(), "changed": False, "msg": "No changes."}
        if not summary.empty:
            self._refuse_unapproved(summary, record, approval)
        if check:
            known = {"plan_json": summary.document, "msg": "Would apply."}
            return {**report(summary), **known, "changed": not summary.empty}
        before = self._machines_in_state()
        journal = self._begin(record, summary, before)
        begun = self.now()
        try:
            self.terraform.apply(file)
        except TerraformError as error:
            records.forget_plan(self.directory)
            told = self._what_exists(journal, before)
            raise TerraformError(
                f"{told} {error}",
                summary=summary.as_data(),
                receipts=receipts.looked_up(
                    summary.changes,
                    self.guests,
                    record.guests,
                    self._machines_in_state(),
                    plan_sha256=record.sha256,
                ),
            ) from None
        records.write_journal(self.directory, replace(journal, finished=True))
        records.keep_variables(self.directory)
        records.forget_plan(self.directory)
        result = {**report(summary), **self._outputs(), "changed": not summary.empty}
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
        """Have everything judged that can be known just before the apply."""
        facts_age = None if approval.facts_at is None else self.now() - _epoch(approval.facts_at)
        situation = replace(
            self._about_guests(summary),
            approve=approval.sha256,
            plan_sha256=record.sha256,
            consent=approval.consent,
            destructive=summary.destructive,
            creates=bool(summary.creates),
            planned_only=[change.name for change in summary.changes if change.planned_only],
            plan_age_seconds=self.now() - record.created_at,
            max_plan_age_seconds=approval.max_plan_age_seconds,
            same_state=_version(self.terraform.pull_state()) == _version(asdict(record)),
            verified=approval.verified,
            facts_age_seconds=facts_age,
            max_facts_age_seconds=approval.max_facts_age_seconds,
            changed_since=self._changed_since(summary, record),
        )
        _raise("apply", situation, summary)

    def _refuse(self, summary: Summary) -> None:
        """Refuse a plan that could not be applied, as far as that is known when planning."""
        _raise("plan", self._about_guests(summary), summary)

    def _about_guests(self, summary: Summary) -> Situation:
        name = self.name()
        paths = {
            changed.field
            for change in summary.changes
            if change.action == "update"
            for changed in change.fields
        }
        return Situation(
            foreign=foreign(summary.machines, self.guests, name, self.open_names()),
            taken=taken(summary.creates, self.guests, name),
            unjudged=unjudged(paths),
            protected=protected(summary),
            obstacles=self.obstacles(summary),
        )

    def obstacles(self, summary: Summary) -> list[str]:
        """Return what Proxmox VE would not do, guest by guest."""
        return [*impossible(summary.changes), *obstacles(summary.machines, self.guests)]

    def _changed_since(self, summary: Summary, record: records.PlanRecord) -> list[str]:
        """Return what is no longer as it was when the plan was made, guest by guest."""
        return changed_since(summary.machines, record.guests, self.guests)

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
        journal = records.Journal(
            record.sha256, self.now(), tuple(created.values()), before=record.guests
        )
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

    def _configurations(self) -> dict[str, dict[str, t.Any]]:
        """Return the configuration of each guest of ours by its VMID, without secrets."""
        name = self.name()
        ours = [guest for guest in self.guests.all() if is_ours(guest, name)]
        return {str(guest.vmid): kept_config(self.guests.config(guest)) for guest in ours}

    def strangers(self) -> list[Guest]:
        """Return the guests with both tags of the deployment that its state does not know."""
        root = self.terraform.show_state().get("values", {}).get("root_module", {})
        known = {
            int(resource["values"].get("vm_id") or 0)
            for resource in root.get("resources", [])
            if resource.get("type") in MACHINE_TYPES
        }
        journal = records.read_journal(self.directory)
        known |= {c.vmid for c in journal.open_creations} if journal else set()
        ours = [guest for guest in self.guests.all() if is_ours(guest, self.name())]
        return [guest for guest in ours if guest.vmid not in known]

    def refuse_strangers(self) -> None:
        """Refuse to go on when the cluster has guests of ours that the state has lost.

        Raises:
            TerraformError: names them and the command that takes them back.
        """
        lost = self.strangers()
        if lost:
            raise TerraformError(lost_memory(lost, self.name(), self.directory))

    def _outputs(self) -> Result:
        values = self.terraform.show_state().get("values", {}).get("outputs", {})
        return {"outputs": {name: output.get("value") for name, output in values.items()}}

    def _summary(self, file: Path) -> Summary:
        return summarise(self.terraform.show_plan(file), self.open_names())


def _version(state: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"serial": int(state.get("serial", 0)), "lineage": str(state.get("lineage", ""))}


def protected(summary: Summary) -> list[str]:
    """Return the machines that would go although Proxmox VE protects them."""
    return sorted(
        c.name for c in summary.machines if c.protected and c.action in ("delete", "replace")
    )


def refuse_destroying(deployment: Deployment, summary: Summary, consent: t.Iterable[str]) -> None:
    """Refuse to destroy what is foreign, protected or not agreed to by name.

    Raises:
        TerraformError: gives every reason.
    """
    situation = Situation(
        foreign=foreign(
            summary.machines, deployment.guests, deployment.name(), deployment.open_names()
        ),
        protected=protected(summary),
        obstacles=deployment.obstacles(summary),
        destructive=summary.destructive,
        consent=tuple(consent),
        changed_since=[],
    )
    _raise("destroy", situation, summary)


def _raise(moment: Moment, situation: Situation, summary: Summary) -> None:
    verdict = judge(moment, situation)
    if verdict.stopped:
        raise TerraformError(verdict.text, **report(summary))


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
