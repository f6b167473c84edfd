# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of a software that were said as things of their own, or that are there already."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    MachinesThing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import load
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    SIZES,
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import amount

Groups = dict[str, list[Group]]


def with_own_parts(context: Context, things: t.Sequence[MachinesThing], groups: Groups) -> Groups:
    """Return the groups of things, each part once.

    The database of a software is the one that was said beside it ("Mattermost with PostgreSQL"),
    which is then at least as large as that software documents, or the one that is there already.
    With several that could be meant, each thing keeps its own.
    """
    found = dict(groups)
    for thing in things:
        for part in found[thing.id][1:]:
            said = [other for other in things if other is not thing and _is(other, part.role)]
            there = _there(context, part.role)
            if len(said) == 1 and _only_one(things, groups, part.role):
                first, *rest = found[said[0].id]
                found[said[0].id] = [_held(context, first, part), *rest]
                context.report(
                    "part.said",
                    "info",
                    f"machines.{first.name}",
                    f"{first.name} is the {part.role} of {part.families[0]} as well; if it shall"
                    " have one of its own, plan it as a deployment of its own.",
                )
            elif not there or said:
                continue
            else:
                context.report(
                    "part.there",
                    "warning",
                    f"machines.{part.name}",
                    f"No machine is planned for the {part.role} of {part.families[0]}: {there} is"
                    f" there already. It should have {_sizes(part)}.",
                )
            found[thing.id] = [group for group in found[thing.id] if group is not part]
    return found


def _is(thing: MachinesThing, role: str) -> bool:
    """Tell whether a thing is such a part: it is called so, or its software is of that kind."""
    families = {software.family for software in thing.software}
    return thing.part == role or role in families or bool(families & _kinds(role))


def _kinds(role: str) -> set[str]:
    return set(load("software.yml")["relational"]) if role == "database" else set()


def _only_one(things: t.Sequence[MachinesThing], groups: Groups, role: str) -> bool:
    return sum(any(part.role == role for part in groups[thing.id][1:]) for thing in things) == 1


def _there(context: Context, role: str) -> str:
    """Return what of that kind exists already, as it was said."""
    reading = context.request.reading
    named = reading.statements if reading is not None else ()
    kinds = {role, *_kinds(role)}
    return next(
        (
            str(s.value)
            for s in named
            if s.kind == "exists" and s.topic in ("software", "thing") and s.value in kinds
        ),
        "",
    )


def _held(context: Context, group: Group, part: Group) -> Group:
    """Return the group that was said, no smaller than the part it stands for."""
    for number in SIZES:
        wanted, own = getattr(part, number), getattr(group, number)
        if wanted <= own:
            continue
        if number in group.explicit:
            context.report(
                "part.small",
                "warning",
                f"machines.{group.name}.{number}",
                f"{part.families[0]}'s {part.role} should have {amount(number, wanted)};"
                f" {amount(number, own)} were asked for {group.name} and are kept.",
            )
            continue
        why = next((why for why in part.why if why.field == number), None)
        reason = f"{amount(number, wanted)} for {part.families[0]}'s {part.role}."
        source, confidence = (why.source, why.confidence) if why is not None else ("", 0.5)
        group = replace(group, **{number: wanted}).because(number, reason, source, confidence)
    return group


def _sizes(group: Group) -> str:
    return ", ".join(amount(number, getattr(group, number)) for number in SIZES)
