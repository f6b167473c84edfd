# SPDX-License-Identifier: GPL-3.0-or-later
"""What was said of machines, laid over what rules gave them: unchanged, or refused."""

from __future__ import annotations

import math
import typing as t
from dataclasses import replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Machines,
    Number,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    SIZES,
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import amount

#: A disk that holds the system alone.
SYSTEM_DISK_GIB = 20


def merged(*layers: Machines) -> Machines:
    """Return what was said, later layers over earlier ones."""
    data: dict[str, t.Any] = {}
    for layer in layers:
        said = layer.model_dump(exclude_defaults=True)
        for key in ("bounds", "totals", "loads"):
            if key in said:
                said[key] = {**data.get(key, {}), **said[key]}
        data.update(said)
    data.pop("type", None)
    data.pop("id", None)
    data.pop("links", None)
    return Machines(**data)


def with_said(context: Context, group: Group, said: Machines) -> Group:
    """Return the group with sizes, disks, names and places that were said."""
    numbered = len(said.names) == 1 and group.count > 1
    group = replace(
        group,
        wish=said,
        environment=said.environment or group.environment,
        names=() if numbered else said.names,
        base_name=said.names[0] if numbered else group.base_name,
    )
    for number in SIZES:
        value = getattr(said, number)
        if value is not None:
            bound = said.bounds.get(number, "exact")
            group = _with_bound(group, said, number, value, bound)
    if said.data_disks_gib:
        group = _with_data_disks(group, said)
    if len(said.names) > max(group.count, 1):
        context.ask(
            "names.count",
            f"machines.{group.name}.names",
            f"{len(said.names)} names ({', '.join(said.names)}) were said for {group.count}"
            f" machine(s) of {group.name}; how many shall there be?",
        )
    return checked(context, group)


def _with_data_disks(group: Group, said: Machines) -> Group:
    """Return the group with the data disks that were said; the system disk holds only the rest."""
    planned = bool(group.data_disks_gib)
    group = replace(group, data_disks_gib=said.data_disks_gib)
    left = max(SYSTEM_DISK_GIB, group.disk_gib - sum(said.data_disks_gib))
    if planned or said.disk_gib is not None or group.disk_gib <= left:
        return group
    reason = f"{left} GiB for the system; the data is on a disk of its own."
    return group.with_number("disk_gib", left, reason, "rule", 0.6)


def _with_bound(group: Group, said: Machines, number: str, value: int, bound: str) -> Group:
    """Return the group with a number that was said as it is, as a least or as a most."""
    own = getattr(group, number)
    if bound == "at_least":
        least = max(value, group.minimum.get(number, 1))
        group = replace(group, minimum={**group.minimum, number: least})
        loaded = said.loads or any(software.loads for software in said.software)
        told = said.part or said.purpose or said.scale or loaded
        if own >= value and (told or number in group.documented):
            return group  # a size that neither a document nor a load speaks for gives way
        more = "; no document asks for more" if own > value else ""
        return group.with_number(
            number, value, f"At least {amount(number, value)} as asked{more}.", "bound", 1.0
        )
    if bound == "at_most":
        if own <= value:
            return group
        reason = f"At most {amount(number, value)} as asked."
        return group.with_number(number, value, reason, "explicit", 1.0)
    return group.with_number(number, value, f"As asked: {amount(number, value)}.", "explicit", 1.0)


def with_count(context: Context, group: Group, said: Machines) -> Group:
    """Return the group with the number of machines that was said."""
    count, bound = said.count, said.bounds.get("count", "exact")
    if count is None and said.listed > 1:
        count = said.listed
    if count is None:
        return group
    if count < 1:
        context.report(
            "count.none",
            "error",
            f"machines.{group.name}.count",
            f"{count} machines of {group.name} were asked for; ask for at least one.",
        )
        return group
    if (bound == "at_least" and group.count >= count) or (
        bound == "at_most" and group.count <= count
    ):
        return group
    return group.with_number("count", count, f"As asked: {count}.", "explicit", 1.0)


def checked(context: Context, group: Group) -> Group:
    """Report explicit sizes below a minimum: a documented one refuses, a rule of thumb warns."""
    for number in SIZES:
        value, least = getattr(group, number), group.minimum.get(number, 1)
        if number not in group.explicit or value >= least:
            continue
        document = group.documented.get(number)
        where = f"machines.{group.name}.{number}"
        if document is None:
            context.report(
                f"minimum.{number}",
                "warning",
                where,
                f"{amount(number, value)} for {group.name} is less than the rule of thumb of"
                f" {amount(number, least)}; kept as asked.",
                "rule of thumb",
            )
        elif context.request.insist:
            context.report(
                f"minimum.{number}",
                "warning",
                where,
                f"{amount(number, value)} for {group.name} is below the documented minimum of"
                f" {amount(number, least)} ({document}); kept because you insist.",
                document,
            )
        else:
            context.report(
                f"minimum.{number}",
                "error",
                where,
                f"{amount(number, value)} for {group.name} is below the documented minimum of"
                f" {amount(number, least)} ({document}); ask for more, or insist (-e insist=true).",
                document,
            )
            continue
        group = replace(group, minimum={**group.minimum, number: value})
    return group


def share_totals(
    context: Context, groups: list[Group], totals: t.Mapping[Number, float]
) -> list[Group]:
    """Divide sizes that were said of all machines together among them, rounded down."""
    machines = sum(group.count for group in groups)
    for number in SIZES:
        total = totals.get(number)
        if total is None or not machines:
            continue
        each = max(1, math.floor(total / machines))
        reason = f"{amount(number, total)} in total for {machines} machines: {amount(number, each)}"
        groups = [
            checked(context, group.with_number(number, each, f"{reason}.", "explicit", 1.0))
            for group in groups
        ]
    return groups
