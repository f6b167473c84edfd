# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked for by itself: drift, destroying, importing, rolling back."""

from __future__ import annotations

import json
import os
import typing as t
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform import (
    fields,
    receipts,
    records,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.deployment import (
    Deployment,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.errors import (
    TerraformError,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.ground import (
    Result,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.guards import (
    Configurations,
    refuse_destroying,
    refuse_removing,
    refuse_strangers,
    report,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.guests import (
    lost_memory,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.obstacles import (
    attached,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.summary import (
    MACHINE_TYPES,
    FieldChange,
    ResourceChange,
    Summary,
    drifted,
    provider_side_only,
    summarise,
)

#: What the provider reads as "not set" of a container that has it, and writes as it is.
_CONTAINER_DEFAULTS = {"cpu.architecture": "amd64", "cpu.cores": "1", "memory.dedicated": "512"}


def drift(deployment: Deployment) -> Result:
    """Tell what differs between the state and the cluster; ``terraform`` works in a copy."""
    terraform = deployment.terraform
    terraform.initialise(copy=True)
    file = terraform.directory / records.PLAN_FILE
    known = records.applied_arguments(terraform.directory)
    terraform.plan(file, "-refresh-only", "-lock=false", *known)
    found = [
        {
            "name": change.name,
            "address": change.address,
            "what": "gone" if change.action == "delete" else "changed",
            "severity": severity(change),
            "fields": [asdict(field) for field in change.fields],
        }
        for change in drifted(terraform.show_plan(file))
    ]
    strangers = deployment.strangers()
    found += [
        {
            "name": guest.name or str(guest.vmid),
            "address": "",
            "what": "not in the state",
            "severity": "high",
            "fields": [],
        }
        for guest in strangers
    ]
    told = [f"{len(found)} resource(s) drifted."] if found else ["No drift."]
    if strangers:
        told.append(lost_memory(strangers, deployment.name(), deployment.directory))
    worst = [rank for rank in ("high", "medium", "low") if rank in {d["severity"] for d in found}]
    return {
        "changed": False,
        "drift": found,
        "severity": worst[0] if worst else "none",
        "msg": " ".join(told),
    }


def severity(change: ResourceChange) -> str:
    """Return high (identity, gone, or judged by nobody), medium (size, disks, network) or low."""
    if change.action == "delete":
        return "high"
    return fields.severity(field.field for field in change.fields)


def absent(
    deployment: Deployment,
    consent: t.Sequence[str],
    *,
    approved: Configurations | None = None,
    check: bool = False,
) -> Result:
    """Destroy the machines of the deployment, each of them named in ``consent``.

    Args:
        deployment: the deployment.
        consent: names of the machines that may go.
        approved: ``guests`` of the dry run that was looked at; a guest that is no longer like
            that stays.
        check: only tell; ``terraform`` works in a copy.
    """
    terraform = deployment.terraform
    terraform.initialise(copy=check)
    if not check:
        deployment.recover()
    file = terraform.directory / "destroy.tfplan"
    before = {**deployment.configurations(deployment.guests), **(approved or {})}
    try:
        known_as = records.applied_arguments(terraform.directory)
        terraform.plan(file, "-destroy", *(("-lock=false",) if check else ()), *known_as)
        summary = summarise(terraform.show_plan(file))
        known = {**report(summary), "plan_json": summary.document, "outputs": {}, "guests": before}
        refuse_strangers(deployment)
        if summary.empty:
            return {**known, "changed": False, "msg": "Nothing is there."}
        along = attached(summary.machines, deployment.guests, deployment.variables()["machines"])
        refuse_destroying(deployment, summary, summary.destructive if check else consent, before)
        if not check:
            _destroy(deployment, file, summary, before)
    finally:
        file.unlink(missing_ok=True)
    gone = ", ".join(summary.destructive)
    return {
        **known,
        "changed": True,
        "receipts": [] if check else receipts.done(summary.changes),
        "msg": " ".join([f"{'Would destroy' if check else 'Destroyed'} {gone}.", *along]),
    }


def _destroy(deployment: Deployment, file: Path, summary: Summary, before: Configurations) -> None:
    """Apply the plan that destroys; a failure says what each guest came to."""
    try:
        deployment.terraform.apply(file)
    except TerraformError as error:
        raise TerraformError(
            str(error),
            receipts=receipts.looked_up(
                summary.changes, deployment.guests, before, deployment.machines_in_state()
            ),
        ) from None
    records.forget_plan(deployment.directory)
    records.forget_journal(deployment.directory)
    records.forget_applied(deployment.directory)


def imported(
    deployment: Deployment, machines: t.Mapping[str, int], *, check: bool = False
) -> Result:
    """Take existing guests into the state without changing them, except for ownership tags.

    Args:
        deployment: the deployment, rendered with these machines as they are.
        machines: machine name to VMID.
        check: only tell; ``terraform`` works in a copy.
    """
    terraform = deployment.terraform
    terraform.initialise(copy=check)
    targets = _import_ids(deployment, machines)
    file = terraform.directory / "import.tfplan"
    lock = ("-lock=false",) if check else ()
    with _variables(terraform.directory, "import.json", {"imports": targets}) as extra:
        try:
            terraform.plan(file, f"-var-file={extra}", *lock)
            summary = summarise(terraform.show_plan(file))
            _refuse_changes(summary.changes)
            if not check and (summary.changes or summary.outputs_change):
                terraform.apply(file)
            if not check:
                records.keep_variables(terraform.directory)
        finally:
            file.unlink(missing_ok=True)
    taken = sorted(change.name for change in summary.machines if change.imported)
    return {
        **report(summary),
        **({} if check else deployment.outputs()),
        "changed": bool(taken),
        "imported": taken,
        "receipts": [] if check else receipts.done(summary.machines),
        "msg": f"{'Would import' if check else 'Imported'} {', '.join(taken) or 'nothing'}.",
    }


def released(deployment: Deployment, names: t.Sequence[str], *, check: bool = False) -> Result:
    """Take machines out of the state, with all that hangs on them; nothing else is touched.

    Args:
        deployment: the deployment.
        names: machines to let go; empty lets all of them go.
        check: only tell; ``terraform`` works in a copy.
    """
    terraform = deployment.terraform
    terraform.initialise(copy=check)
    root = terraform.show_state().get("values", {}).get("root_module", {})
    managed = [r for r in root.get("resources", []) if r.get("mode") == "managed"]
    known = {str(r.get("index")): r for r in managed if r.get("type") in MACHINE_TYPES}
    wanted = sorted(known) if not names else sorted(set(names) & known.keys())
    everything = set(wanted) == set(known)
    addresses = [r["address"] for r in managed if everything or str(r.get("index", "")) in wanted]
    if addresses and not check:
        terraform.forget(addresses)
    if not check:
        records.forget_plan(terraform.directory)
        if everything:
            records.forget_journal(terraform.directory)
            records.forget_applied(terraform.directory)
        else:
            # Those that a run before, which was killed, took out of the state are among the names.
            records.keep_without(terraform.directory, names)
    return {
        "changed": bool(addresses),
        "released": wanted,
        "msg": f"{'Would let' if check else 'Let'} go: {', '.join(wanted) or 'nothing'}.",
    }


def rolled_back(deployment: Deployment, *, check: bool = False) -> Result:
    """Destroy what the last unfinished run created, and nothing else.

    Raises:
        TerraformError: it could not be done; the message names what remains on Proxmox VE.
    """
    journal = records.read_journal(deployment.directory)
    if journal is None or not journal.open_creations:
        return _nothing_open(deployment, journal)
    names = deployment.open_names()
    try:
        return _rolled_back(deployment, journal, check=check)
    except TerraformError as error:
        left = deployment.what_is_there(names)
        raise TerraformError(
            f"The roll back was not finished. {f'{left} remains' if left else 'Nothing remains'} on"
            f" Proxmox VE. {error}",
            **{**error.result, "rolled_back": []},
        ) from None


def _nothing_open(deployment: Deployment, journal: records.Journal | None) -> Result:
    """Say what there is when no run is unfinished: an apply that ended leaves its machines."""
    made = {creation.name for creation in journal.creations} if journal is not None else set()
    left = deployment.what_is_there(made) if made else ""
    text = "There is nothing to roll back"
    text += f": the last run came to its end, and {left} is there." if left else "."
    return {"changed": False, "rolled_back": [], "msg": text}


def _rolled_back(deployment: Deployment, journal: records.Journal, *, check: bool) -> Result:
    terraform = deployment.terraform
    terraform.initialise(copy=check)
    if not check:
        deployment.recover()
    names = deployment.open_names()
    addresses = _addresses(terraform.show_state(), names)
    variables = deployment.variables()
    kept = {name: m for name, m in variables["machines"].items() if name not in names}
    if not addresses:
        _close(deployment, journal, check)
        return {"changed": False, "rolled_back": [], "msg": "The run had created nothing."}
    file = terraform.directory / "rollback.tfplan"
    with _variables(terraform.directory, "rollback.json", {"machines": kept}) as extra:
        try:
            terraform.plan(file, f"-var-file={extra}", *(f"-target={a}" for a in addresses))
            summary = summarise(terraform.show_plan(file))
            outside = [c.address for c in summary.changes if c.address not in addresses]
            if outside or any(c.action != "delete" for c in summary.changes):
                raise TerraformError(
                    "Nothing was rolled back: the plan would change more than what the run "
                    f"created ({', '.join(outside) or 'not only deletes'}).",
                    **report(summary),
                )
            refuse_removing(deployment, summary, names)
            if not check:
                terraform.apply(file)
        finally:
            file.unlink(missing_ok=True)
    _close(deployment, journal, check)
    gone = summary.destructive
    return {
        **report(summary),
        "changed": True,
        "rolled_back": gone,
        "kept": sorted(kept),
        "msg": f"{'Would roll' if check else 'Rolled'} back: {', '.join(gone)} removed, "
        f"{', '.join(sorted(kept)) or 'nothing else'} untouched.",
    }


def _close(deployment: Deployment, journal: records.Journal, check: bool) -> None:
    if not check:
        records.forget_plan(deployment.directory)
        records.write_journal(deployment.directory, replace(journal, finished=True))


def _addresses(state: dict[str, t.Any], names: t.Container[str]) -> list[str]:
    """Return the addresses of the resources of some machines, what depends on them first."""
    root = state.get("values", {}).get("root_module", {})
    return sorted(
        resource["address"]
        for resource in root.get("resources", [])
        if resource.get("mode") == "managed"
        and resource.get("name") == "machine"
        and resource.get("index") in names
    )


def _import_ids(deployment: Deployment, machines: t.Mapping[str, int]) -> dict[str, str]:
    planned = deployment.variables()["machines"]
    known = {guest.vmid: guest for guest in deployment.guests.all()}
    ids: dict[str, str] = {}
    for name, vmid in sorted(machines.items()):
        guest = known.get(vmid)
        if name not in planned or planned[name]["vmid"] != vmid:
            raise TerraformError(
                f"The rendered plan has no machine {name} with VMID {vmid}: render it first."
            )
        if guest is None or guest.kind != planned[name]["kind"]:
            raise TerraformError(f"There is no {planned[name]['kind']} with VMID {vmid} to import.")
        ids[name] = f"{guest.node}/{vmid}"
    return ids


def _refuse_changes(changes: t.Iterable[ResourceChange]) -> None:
    """Refuse an import that changes anything but provider settings and added tags."""
    wrong = [
        f"{change.action} {change.name}: "
        + ", ".join(f"{f.field} {f.before} -> {f.after}" for f in _unwanted(change))
        for change in changes
        if _unwanted(change)
    ]
    other = [
        f"{change.action} {change.address}"
        for change in changes
        if change.action not in ("import", "update")
        or (not change.imported and not provider_side_only(change))
    ]
    if wrong or other:
        raise TerraformError(
            "Nothing was imported, because it would not stay as it is "
            f"({'; '.join([*wrong, *other])}): plan the machine as it is first."
        )


def _unwanted(change: ResourceChange) -> list[FieldChange]:
    if not change.imported:
        return []
    return [
        field
        for field in change.fields
        if not provider_side_only(replace(change, action="update", fields=(field,)))
        and not _tags_added(field.field, field.before, field.after)
        and not (field.field == "vm_id" and field.before == "(none)")
        and not (change.kind == "lxc" and _default_said(field))
    ]


def _default_said(field: FieldChange) -> bool:
    default = _CONTAINER_DEFAULTS.get(field.field)
    return field.before == "(none)" and field.after == default


def _tags_added(field: str, before: str, after: str) -> bool:
    former = set() if before == "(none)" else set(before.split(", "))
    return field == "tags" and former <= set(after.split(", "))


@contextmanager
def _variables(directory: Path, name: str, values: dict[str, t.Any]) -> t.Iterator[Path]:
    """Give one plan other variables than the rendered file, in a private file for that time."""
    path = directory / f".{name}"
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(values, file)
        yield path
    finally:
        path.unlink(missing_ok=True)


__all__ = ["absent", "drift", "imported", "released", "rolled_back", "severity"]
