# SPDX-License-Identifier: GPL-3.0-or-later
"""The ground that every run stands on: one Terraform directory, its state, the guests around it."""

from __future__ import annotations

import json
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform import records
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.errors import (
    TerraformError,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.guests import (
    Guest,
    Guests,
    is_ours,
    kept,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.process import (
    Terraform,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.summary import (
    MACHINE_TYPES,
    ResourceChange,
    Summary,
    summarise,
)

Result = dict[str, t.Any]


@dataclass(frozen=True)
class Ground:
    """One Terraform directory, the program that works in it and the guests around it."""

    terraform: Terraform
    guests: Guests
    now: t.Callable[[], float] = time.time

    @property
    def directory(self) -> Path:
        """Terraform directory of the deployment."""
        return self.terraform.directory

    def name(self) -> str:
        """Return the name of the deployment from its rendered variables.

        Raises:
            TerraformError: nothing was rendered here.
        """
        return str(self.variables()["deployment"])

    def variables(self) -> dict[str, t.Any]:
        """Return the rendered variables."""
        try:
            found = json.loads((self.directory / records.VARIABLES).read_text(encoding="utf-8"))
            return {"deployment": found["deployment"], **found}
        except (OSError, ValueError, KeyError, TypeError):
            raise TerraformError(
                f"{self.directory} holds no rendered plan: run tf_render first."
            ) from None

    def open_names(self) -> frozenset[str]:
        """Return the names of the machines that an unfinished run set out to create."""
        journal = records.read_journal(self.directory)
        return frozenset(c.name for c in journal.open_creations) if journal else frozenset()

    def begin(
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
        in_state = self.machines_in_state()
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

    def what_exists(self, journal: records.Journal, before: dict[str, str]) -> str:
        """Return which machines of a failed run exist and which do not."""
        now = self.machines_in_state()
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
        deployment, machines = self.name(), self.variables()["machines"]
        mine = {machine["vmid"]: name for name, machine in machines.items()}
        there = {
            guest.vmid: guest
            for guest in self.guests.all()
            if guest.vmid in mine
            # A clone that was cut short has no tags yet, a guest on a dead host no name.
            and (is_ours(guest, deployment) or guest.name in ("", mine[guest.vmid]))
        }
        return ", ".join(
            f"{name} (VMID {machine['vmid']} on {there[machine['vmid']].node})"
            for name, machine in sorted(machines.items())
            if name in names and machine["vmid"] in there
        )

    def machines_in_state(self) -> dict[str, str]:
        """Return {name: ok or tainted} of the machines in the state."""
        root = self.terraform.show_state().get("values", {}).get("root_module", {})
        return {
            str(resource.get("index", resource["name"])): (
                "tainted" if resource.get("tainted") else "ok"
            )
            for resource in root.get("resources", [])
            if resource.get("type") in MACHINE_TYPES
        }

    def configurations(self, guests: Guests) -> dict[str, dict[str, t.Any]]:
        """Return the configuration of each guest of ours by its VMID, without secrets."""
        name = self.name()
        ours = [guest for guest in guests.all() if is_ours(guest, name)]
        return {str(guest.vmid): kept(guest, guests.config(guest)) for guest in ours}

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

    def outputs(self) -> Result:
        """Return the outputs of the state as part of a result."""
        values = self.terraform.show_state().get("values", {}).get("outputs", {})
        return {"outputs": {name: output.get("value") for name, output in values.items()}}

    def summary(self, file: Path) -> Summary:
        """Return what a saved plan would do."""
        return summarise(self.terraform.show_plan(file), self.open_names())


def _creation(change: ResourceChange) -> records.Creation:
    return records.Creation(
        name=change.name,
        address=change.address,
        vmid=change.made_vmid or 0,
        kind=change.kind or "vm",
        node=change.node or "",
    )
