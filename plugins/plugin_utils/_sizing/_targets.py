# SPDX-License-Identifier: GPL-3.0-or-later
"""The groups of a plan as what a change may name."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Change,
    Target,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading import _targets
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._record import (
    Group as There,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._record import (
    with_parts,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)


def find(
    context: Context, groups: t.Sequence[Group], change: Change
) -> list[tuple[Group, list[str]]]:
    """Return each group with the names of its machines that are meant; ask when there are none."""
    there = [_there(context, group) for group in groups]
    found, question = _targets.find(change, there)
    if question is not None and not context.refused:
        context.ask(question.id, "changes", question.text, question.choices)
    names = {name for _group, own in found for name in own}
    pairs = [(group, [name for name in group.names if name in names]) for group in groups]
    return [(group, own) for group, own in pairs if own]


def meant(context: Context, groups: t.Sequence[Group], target: Target) -> set[str]:
    """Return the names of the machines that a target names; one that names nothing means all."""
    there = [_there(context, group) for group in groups]
    return {name for _group, own in _targets.meant(target, there) for name in own}


def _there(context: Context, group: Group) -> There:
    """Return what a group may be called by."""
    before = [group.before.get(name) for name in group.names]
    words = {group.role, group.label, group.name, *group.families}
    for name in group.families:
        family = context.knowledge.get(name)
        words |= {family.category} if family else set()
        if family is not None and name == f"table-{family.category}":  # nobody named its software
            alike = context.knowledge.families.values()
            words |= {other.family for other in alike if other.category == family.category}
    return There(
        role=group.role,
        words=with_parts(words - {""}),
        names=group.names,
        vmids=tuple(machine.vmid if machine else 0 for machine in before),
        nodes=tuple(machine.node if machine else "" for machine in before),
        cores=group.cores,
        memory_mib=group.memory_mib,
        disk_gib=group.disk_gib,
        kind=group.kind,
        label=group.label or group.name,
    )
