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
    """Report explicit sizes below a minimum: one that binds refuses, all others warn."""
    for number in SIZES:
        value, least = getattr(group, number), group.minimum.get(number, 1)
        if number not in group.explicit or value >= least:
            continue
        document = group.documented.get(number)
        binding = min(group.firm.get(number, least), least)
        said = f"{amount(number, value)} for {group.name} is"
        below = f"{said} below the documented minimum of {amount(number, binding)} ({document})"
        severity: t.Literal["warning", "error"] = "warning"
        if document is None:
            than = f"the rule of thumb of {amount(number, least)}"
            message = f"{said} less than {than}; kept as asked."
        elif value >= binding:
            usual = f"the {amount(number, least)} that are documented for common use ({document})"
            message = f"{said} less than {usual}; kept as asked."
        elif context.request.insist:
            message = f"{below}; kept because you insist."
        else:
            severity = "error"
            message = f"{below}; ask for more, or insist (-e insist=true)."
        where = f"machines.{group.name}.{number}"
        source = document or "rule of thumb"
        context.report(f"minimum.{number}", severity, where, message, source)
        if severity == "warning":
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
