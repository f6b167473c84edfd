# SPDX-License-Identifier: GPL-3.0-or-later
"""Which machines of a deployment a change is about; everything that it names has to fit."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Question,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Change,
    Target,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._record import (
    Group,
)

CLUSTER_ROLES = ("server", "agent")
#: Roles that name a kind of guest and no purpose.
KINDS = {"vm": "vm", "machine": "vm", "container": "lxc", "lxc": "lxc"}
#: What "it" cannot mean of servers and agents at once.
OF_ONE_ROLE = frozenset({"count", "whole", "disk_gib", "scale"})

#: Groups with the names of their machines that are meant.
Found = list[tuple[Group, tuple[str, ...]]]


def target_of(by: str, value: t.Any) -> Target | None:
    """Return the target that a statement names by one of its fields; None where it names none."""
    if by in ("everything", "pronoun"):
        return Target.model_validate({by: True})
    if by in ("role", "family", "addon", "name", "vmid", "node"):
        return Target.model_validate({by: int(str(value)) if by == "vmid" else str(value)})
    return None


def find(change: Change, groups: t.Sequence[Group]) -> tuple[Found, Question | None]:
    """Return the machines that a change is about, or a question when these are none or unclear."""
    target, found = change.target, meant(change.target, groups)
    only_kind = target.role in KINDS and target == Target(role=target.role)
    exact = any(
        target.role == group.role for group, _names in found
    )  # "database": PostgreSQL, Redis
    only_part = target == Target(role=target.role) and target.role != "node" and not exact
    open_ = target in (Target(), Target(pronoun=True))
    open_ = open_ or (change.verb != "keep" and (only_kind or only_part))
    if found and not (open_ and _several(change, found)):
        return found, None
    there = [group for group, _names in found] or groups
    choices = tuple(dict.fromkeys(spoken(group) for group in there))
    named = [target.name, target.family, target.role, target.vmid, target.node]
    what = " ".join(str(value) for value in named if value is not None)
    if found:
        rule, text = "whose", f'"{change.said or change.field}" may mean {", ".join(choices)}'
    else:
        rule, text = "unknown", f"The deployment has no {what}, it has {', '.join(choices)}"
        text = text if what in change.said else f'"{change.said}": {text}'
    return [], Question(
        id=f"change.{rule}", text=f"{text}; which of them is meant?", choices=choices[:6]
    )


def meant(target: Target, groups: t.Sequence[Group]) -> Found:
    """Return the machines that a target names; one that names nothing means all."""
    found = [(group, names) for group in groups if (names := _of_group(target, group, groups))]
    own = [(g, names) for g, names in found if target.family in (g.label, g.role, g.software)]
    return own or found  # those that are for a software, without its database


def spoken(group: Group) -> str:
    """Return what the machines of a group are called."""
    name = group.label or group.role
    return {"server": "servers", "agent": "workers"}.get(name, name)


def called(name: str, said: str) -> bool:
    """Tell whether a word is the name of a machine, or the end of it."""
    return name == said or name.endswith(f"-{said}")


def _of_group(target: Target, group: Group, groups: t.Sequence[Group]) -> tuple[str, ...]:
    if not (
        (target.role is None or _has_role(group, target.role, groups))
        and (target.family is None or target.family in (group.role, *group.words))
    ):
        return ()
    return tuple(
        name
        for name, vmid, node in zip(group.names, group.vmids, group.nodes, strict=True)
        if (target.name is None or called(name, target.name) or target.name == group.label)
        and target.vmid in (None, vmid)
        and target.node in (None, node)
    )


def _has_role(group: Group, role: str, groups: t.Sequence[Group]) -> bool:
    if role == "node":
        return group.role in CLUSTER_ROLES or not any(g.role in CLUSTER_ROLES for g in groups)
    if role in KINDS and role != group.role:
        return group.kind == KINDS[role] and group.role not in CLUSTER_ROLES
    return role in (group.role, *group.words)


def _several(change: Change, found: Found) -> bool:
    """Tell whether "it" could be machines of several kinds that are no cluster as a whole."""
    cluster = {group.role for group, _names in found} <= {*CLUSTER_ROLES}
    one = len({group.label or group.role for group, _names in found}) == 1
    return not (one or (cluster and change.field not in OF_ONE_ROLE))
