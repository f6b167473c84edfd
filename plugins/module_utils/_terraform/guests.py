# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose guest is it: what the Proxmox VE cluster says about the machines of a plan."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.errors import PveError
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.summary import (
    ResourceChange,
)

OWNER_TAG = "clusterwright"
#: Keys of a configuration that are secret, or change without anybody's wish.
_RUNS_ALONG = re.compile(r"cipassword|lock|vmgenid|running.*|snaptime|parent")
_LONGEST = 100


@dataclass(frozen=True)
class Guest:
    """A VM or container as the cluster sees it; a fresh one may have no name for seconds."""

    vmid: int
    kind: str  # vm or lxc
    node: str
    name: str | None = None
    tags: frozenset[str] = frozenset()
    lock: str | None = None
    ha: str | None = None  # state in high availability, None for a guest that it does not manage


class Guests(t.Protocol):
    """A view of the guests of a cluster at this moment."""

    def all(self) -> list[Guest]:
        """Return every guest that the user may see."""

    def is_free(self, vmid: int) -> bool:
        """Return whether no guest has the VMID, those the user may not see included."""

    def config(self, guest: Guest) -> dict[str, t.Any]:
        """Return a guest's configuration."""


class AtOnce:
    """The cluster at one moment: every question is asked once, whoever wants to know."""

    def __init__(self, guests: Guests) -> None:
        self._guests = guests
        self._all: list[Guest] | None = None
        self._configs: dict[int, dict[str, t.Any] | PveError] = {}

    def all(self) -> list[Guest]:
        """Return every guest that the user may see."""
        if self._all is None:
            self._all = self._guests.all()
        return self._all

    def is_free(self, vmid: int) -> bool:
        """Return whether no guest has the VMID."""
        return self._guests.is_free(vmid)

    def config(self, guest: Guest) -> dict[str, t.Any]:
        """Return a guest's configuration, or raise what the first question raised."""
        if guest.vmid not in self._configs:
            try:
                self._configs[guest.vmid] = self._guests.config(guest)
            except PveError as error:
                self._configs[guest.vmid] = error
        found = self._configs[guest.vmid]
        if isinstance(found, PveError):
            raise found
        return found


def deployment_tag(deployment: str) -> str:
    """Return the tag of the guests of one deployment."""
    return f"cw-{deployment}"


def is_ours(guest: Guest, deployment: str) -> bool:
    """Return whether a guest carries both tags of the deployment."""
    return {OWNER_TAG, deployment_tag(deployment)} <= guest.tags


def taken(creates: t.Sequence[ResourceChange], guests: Guests, deployment: str) -> list[str]:
    """Return what is against creating machines whose VMIDs or names somebody has.

    A machine that is made again under its VMID is left out: its own guest still holds it.
    """
    fresh = [
        change
        for change in creates
        if change.new_vmid or (change.action == "create" and not change.unfinished)
    ]
    if not fresh:
        return []
    known = guests.all()
    by_vmid = {guest.vmid: guest for guest in known}
    ours = [g for c in fresh if (g := by_vmid.get(c.made_vmid or 0)) and is_ours(g, deployment)]
    if ours:
        return [lost_memory(ours, deployment)]
    problems: list[str] = []
    for change in fresh:
        vmid = change.made_vmid
        holder = by_vmid.get(vmid or 0)
        if holder is not None:
            problems.append(f"VMID {vmid} of {change.name} belongs to {_named(holder)}")
        elif vmid is not None and not guests.is_free(vmid):
            problems.append(
                f"VMID {vmid} of {change.name} belongs to a guest that this user may not see"
            )
        problems += [
            f"the name {change.name} is borne by {_named(guest)}"
            for guest in known
            if guest.name == change.name
            and guest.vmid != change.vmid
            and not is_ours(guest, deployment)
        ]
    if problems:
        return [f"{'; '.join(problems)}. Plan again with other ids or names."]
    return []


def lost_memory(
    guests: t.Sequence[Guest], deployment: str, directory: t.Any = "this folder"
) -> str:
    """Return one sentence about guests of ours that no state knows, with the way back."""
    names = ", ".join(_named(guest) for guest in guests)
    return (
        f"{names} carries the tags of {deployment}, but the Terraform state of {directory} does"
        " not know it: the state was lost, or another deployments_dir or checkout made it. Take it"
        " back with"
        f" ansible-playbook clusterwright.proxmox.import -e deployment={deployment}."
    )


def foreign(
    touched: t.Sequence[ResourceChange],
    guests: Guests,
    deployment: str,
    unfinished: t.Container[str] = (),
) -> list[str]:
    """Return what is against changing guests that do not carry the tags of the deployment.

    ``unfinished`` are names of machines of an interrupted run, which may lack tags and name.
    """
    existing = [
        change
        for change in touched
        if change.action in ("update", "replace", "delete") or change.unfinished
    ]
    if not existing:
        return []
    known = {guest.vmid: guest for guest in guests.all()}
    found = [
        f"{change.name} (VMID {change.vmid}) is {_named(known[change.vmid])}"
        for change in existing
        if change.vmid in known
        and not is_ours(known[change.vmid], deployment)
        and change.name not in unfinished
    ]
    if not found:
        return []
    return [
        f"{'; '.join(found)}, without the tags {OWNER_TAG} and {deployment_tag(deployment)}. "
        "If it is this deployment's, give it the tags back; else remove it from the state."
    ]


def kept(guest: Guest, config: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what of a guest is compared and kept: no secret, nothing that runs along."""
    found = {key: value for key, value in config.items() if not _RUNS_ALONG.fullmatch(key)}
    return {**found, "node": guest.node}


def changed_since(
    touched: t.Iterable[ResourceChange],
    before: t.Mapping[str, t.Mapping[str, t.Any]],
    guests: Guests,
) -> list[str]:
    """Return a sentence for each value of a touched guest that is not what the plan saw.

    One call for each guest; the digest tells at once that nothing changed.
    """
    told: list[str] = []
    known = {guest.vmid: guest for guest in guests.all()}
    for change in touched:
        approved, guest = before.get(str(change.vmid)), known.get(change.vmid or 0)
        if change.action not in ("update", "replace", "delete") or approved is None:
            continue
        title = f"{change.name} (VMID {change.vmid})"
        if guest is None:
            # What shall go and is gone needs no word: Terraform finds the same.
            told += [f"{title} is not there any more."] if change.action != "delete" else []
            continue
        try:
            now = kept(guest, guests.config(guest))
        except PveError:
            continue  # told as an obstacle
        told += [
            f"{title} {key}: approved with {_value(approved.get(key))}, now {_value(now.get(key))}."
            for key in sorted(approved.keys() | now.keys())
            if key != "digest" and approved.get(key) != now.get(key)
        ]
    return told


def _value(value: t.Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def differences(
    machines: dict[str, dict[str, t.Any]], guests: Guests, deployment: str
) -> list[str]:
    """Compare the applied machines with the cluster; return one sentence per difference.

    Args:
        machines: the root module's output ``machines``.
        guests: view of the cluster.
        deployment: name of the deployment.
    """
    known = {guest.vmid: guest for guest in guests.all()}
    found: list[str] = []
    for name, machine in sorted(machines.items()):
        guest = known.get(int(machine["vmid"]))
        if guest is None:
            found.append(f"{name} (VMID {machine['vmid']}) is not there.")
            continue
        if guest.name is None or not guest.tags:
            guest = _from_config(guest, guests)
        if guest.name != name:
            found.append(f"VMID {guest.vmid} is named {guest.name}, not {name}.")
        if not is_ours(guest, deployment):
            found.append(f"{name} (VMID {guest.vmid}) lacks the tags of the deployment.")
    return found


def _from_config(guest: Guest, guests: Guests) -> Guest:
    """Ask the configuration: the cluster's list is some seconds behind for a fresh guest."""
    config = guests.config(guest)
    tags = str(config.get("tags") or "").replace(",", ";").split(";")
    name = config.get("name") or config.get("hostname")
    return Guest(guest.vmid, guest.kind, guest.node, name, frozenset(filter(None, tags)))


def _named(guest: Guest) -> str:
    what = "container" if guest.kind == "lxc" else "VM"
    return f"{what} {guest.vmid} {guest.name or '(no name yet)'} on {guest.node}"
