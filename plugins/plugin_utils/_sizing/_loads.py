# SPDX-License-Identifier: GPL-3.0-or-later
"""A load that was said and decides no number is named, with what decides it instead."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Machines,
    machines_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._history import MEASURED
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)

#: Fields of a change that say a size themselves: a load beside them is why.
_RESIZED = frozenset({"cores", "memory_mib", "scale"})

#: Loads that a disk holds: said cores and memory are no answer to them.
_STORED = frozenset({"data_gib", "ingest_gib_per_day", "disk_gib_per_user"})
_STORED |= {f"growth_gib_per_{period}" for period in ("week", "month", "year")}


def name_unused_loads(context: Context, groups: t.Sequence[Group]) -> None:
    """Warn of each load of the request that no number follows; said sizes make it a remark."""
    request = context.request
    for thing in request.things:
        own = [group for group in groups if group.thing == thing.id]
        said: dict[str, float] = {}
        for machines in machines_of(thing):
            said |= _loads(machines)
        _name(context, said, own)
    # Groups of an earlier plan are of no thing: what was told of them is kept with it.
    _name(context, request.loads, [group for group in groups if group.thing])
    if request.changes and not any(change.field in _RESIZED for change in request.changes):
        for name in sorted(request.loads):
            context.report(
                "loads.unused",
                "warning",
                "machines.loads",
                f"{_told(context, name, request.loads[name])} change no number of the machines that"
                " are there; say cores, memory and disk where that is much for them.",
            )


def name_unused_scale(context: Context, title: str, scale: str) -> None:
    """Warn of a size in words that no number follows."""
    context.report(
        "scale.unused",
        "warning",
        "machines.scale",
        f'"{scale}" changes no size of {title}: no source says what that is; say cores, memory and'
        " disk if another size is meant.",
    )


def _loads(machines: Machines) -> dict[str, float]:
    loads = dict(machines.loads)
    for software in machines.software:
        loads |= software.loads
    return loads


def _name(context: Context, said: t.Mapping[str, float], groups: list[Group]) -> None:
    if not groups:
        return
    if any(group.explicit & {"cores", "memory_mib"} for group in groups):
        said = {name: number for name, number in said.items() if name in _STORED}
    followed = MEASURED.union(*(group.follows for group in groups))
    label = groups[0].label or groups[0].name
    assumed = ", ".join(
        f"{number:g} {title}" for group in groups for title, number in group.assumed.items()
    )
    why = f"its size follows {assumed} (assumed)" if assumed else "no source says how it grows"
    for name in sorted(said.keys() - followed):
        context.report(
            "loads.unused",
            "warning",
            f"machines.{label}.loads",
            f"{_told(context, name, said[name])} change no number of {label}: {why}; say cores,"
            " memory and disk where that is much for it.",
        )


def _told(context: Context, name: str, number: float) -> str:
    """Return a load in the words of the person, or by its name where there are none."""
    reading = context.request.reading
    for statement in reading.statements if reading else ():
        if statement.topic == "driver" and statement.about == name and statement.value == number:
            return f'"{statement.quote.text}"'
    return f"{number:g} {name.replace('_', ' ')}"
