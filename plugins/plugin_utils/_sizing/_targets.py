# SPDX-License-Identifier: GPL-3.0-or-later
"""Which machines of a plan a change is about; everything that it names has to fit."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Change,
    Target,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import (
    called_by,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)

CLUSTER_ROLES = ("server", "agent")
#: Roles that name a kind of guest and no purpose.
KINDS = {"vm": "vm", "machine": "vm", "container": "lxc", "lxc": "lxc"}


def find(
    context: Context, groups: t.Sequence[Group], change: Change
) -> list[tuple[Group, list[str]]]:
    """Return each group with the names of its machines that are meant; ask when there are none."""
    target = change.target
    found = []
    for group in groups:
        names = [name for name in group.names if meant(context, group, name, target)]
        if names:
            found.append((group, names))
    if target.family is not None:
        found = _of_its_own(found, target.family) or found
    if found and _unnamed(target) and not target.everything:
        found = _the_one(context, found, change)
    if not found and not context.refused:
        _ask(context, groups, change)
    return found


def _of_its_own(found: list[tuple[Group, list[str]]], family: str) -> list[tuple[Group, list[str]]]:
    """Return the machines that are for a software, without those of its parts (its database)."""
    return [(group, names) for group, names in found if family in (group.label, group.role)]


def _unnamed(target: Target) -> bool:
    named = (target.role, target.family, target.name, target.vmid, target.node, target.addon)
    return all(value is None for value in named)


def meant(context: Context, group: Group, name: str, target: Target) -> bool:
    """Tell whether a target names a machine of a group; one that names nothing means all."""
    machine = group.before.get(name)
    return (
        (target.role is None or _has_role(context, group, target.role))
        and (target.family is None or _runs(context, group, target.family))
        and (target.name is None or _called(group, name, target.name))
        and (target.vmid is None or (machine is not None and machine.vmid == target.vmid))
        and (target.node is None or (machine is not None and machine.node == target.node))
    )


def _called(group: Group, name: str, said: str) -> bool:
    """Return whether words name a machine: its name, the end of it, or its group."""
    return said in (name, group.name, group.label) or name.endswith(f"-{said}")


def _has_role(context: Context, group: Group, role: str) -> bool:
    if role == "node":
        return group.role in CLUSTER_ROLES
    if role in KINDS and role != group.role:
        return group.kind == KINDS[role] and group.role not in CLUSTER_ROLES
    kinds = {group.role, group.label, group.name, *group.families}
    for name in group.families:
        family = context.knowledge.get(name)
        kinds |= {family.category} if family else set()
    return role in kinds or bool(kinds & {*called_by(role)})


def _runs(context: Context, group: Group, family: str) -> bool:
    known = context.knowledge.get(family)
    if family in group.families or family in (group.role, group.label):
        return True
    # A machine of the category whose software nobody named.
    general = {f"table-{known.category}"} if known else set()
    return bool(general & set(group.families))


def _the_one(
    context: Context, found: list[tuple[Group, list[str]]], change: Change
) -> list[tuple[Group, list[str]]]:
    """Return what "it" is: the only kind of machine there is, or a cluster as a whole."""
    roles = {group.role for group, _names in found}
    if len({group.label for group, _names in found}) == 1:
        return found
    if roles <= set(CLUSTER_ROLES) and change.field not in ("count", "whole", "disk_gib"):
        return found
    names = tuple(dict.fromkeys(group.label or group.name for group, _names in found))
    context.ask(
        "change.whose",
        "changes",
        f"{change.said or 'The change'}: which of {', '.join(_spoken(name) for name in names)} is"
        " meant?",
        tuple(_spoken(name) for name in names),
    )
    return []


def _ask(context: Context, groups: t.Sequence[Group], change: Change) -> None:
    target = change.target
    named = [target.name, target.family, target.role, target.vmid, target.node]
    what = " ".join(str(value) for value in named if value is not None) or change.said or "that"
    names = dict.fromkeys(_spoken(group.label or group.name) for group in groups)
    context.ask(
        "change.unknown",
        "changes",
        f"The deployment has no {what}, it has {', '.join(names)}; which of them is meant?",
        tuple(names),
    )


def _spoken(name: str) -> str:
    return {"server": "servers", "agent": "workers"}.get(name, name)
