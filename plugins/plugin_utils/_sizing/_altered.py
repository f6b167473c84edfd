# SPDX-License-Identifier: GPL-3.0-or-later
"""One field of a group after a change: its sizes, its disks, its places, its redundancy."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Change,
    Machines,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    SIZES,
    Context,
    Group,
    Size,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._said import (
    checked,
    merged,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import (
    amount,
    practical_memory,
)

#: Fields of a machine that are laid over what it has.
PLACES = ("nodes", "not_nodes", "storage", "bridge", "vlan", "pool", "tags", "addresses")
NETWORK = ("gateway", "dns_servers")
#: What "smaller" and "larger" without a number mean; disks only ever grow, by what is said.
FACTOR = {"increase": 2.0, "decrease": 0.5, "multiply": 2.0}


def changed(context: Context, group: Group, change: Change) -> Group:
    """Return the group with one field of it changed."""
    if change.field in SIZES:
        return _sized(context, group, change, change.field)
    if change.field == "data_disks_gib":
        return _data_disk(context, group, change)
    if change.field in ("scale", "whole"):
        for number in ("cores", "memory_mib"):
            group = _sized(context, group, change, number)
        return group
    if change.field == "ha":
        return _redundant(context, group, change)
    if change.field in (*PLACES, *NETWORK) and change.value is not None:
        many = change.field in ("nodes", "not_nodes", "tags", "addresses", "dns_servers")
        value: t.Any = (change.value,) if many else change.value
        if change.verb == "remove":
            value = () if many else None
        said = Machines.model_validate({change.field: value})
        return replace(group, wish=merged(group.wish or Machines(), said))
    context.ask(
        "change.field",
        "changes",
        f"{change.said or change.field}: what shall change about {group.name}?",
    )
    return group


def _sized(context: Context, group: Group, change: Change, number: Size) -> Group:
    now = getattr(group, number)
    wanted = _wanted(change, now)
    if wanted is None:
        context.ask(
            "change.value",
            "changes",
            f"{change.said or 'The disk of ' + group.name}: how large shall the disk be? It has"
            f" {amount(number, now)} now.",
        ) if number == "disk_gib" else None
        return group if number == "disk_gib" else _tendency(group, change, number)
    if number == "disk_gib" and wanted < now:
        context.report(
            "disk.shrinks",
            "error",
            f"machines.{group.name}.disk_gib",
            f"The disk of {group.name} has {amount(number, now)} and cannot shrink to"
            f" {amount(number, wanted)}; ask for more, or make a new machine.",
        )
        return group
    if wanted == now:
        return group
    reason = f"{amount(number, now)} became {amount(number, wanted)}, as asked."
    return checked(context, group.with_number(number, wanted, reason, "explicit", 1.0))


def _wanted(change: Change, now: int) -> int | None:
    """Return the new number, None when none was said."""
    if change.value is None or isinstance(change.value, (str, bool)):
        return None
    value = float(change.value)
    wanted = {
        "add": now + value,
        "increase": now + value,
        "remove": now - value,
        "decrease": now - value,
        "multiply": now * value,
    }.get(change.verb, value)
    if change.bound == "at_least":
        wanted = max(now, wanted)
    elif change.bound == "at_most":
        wanted = min(now, wanted)
    return max(1, int(-(-wanted // 1)))


def _tendency(group: Group, change: Change, number: Size) -> Group:
    """Return the group with a number made smaller or larger, never below its minimum."""
    smaller = change.verb == "decrease" or change.value == "small"
    now = getattr(group, number)
    wanted = now * FACTOR["decrease" if smaller else "increase"]
    value = practical_memory(wanted) if number == "memory_mib" else max(1, int(wanted))
    if smaller:
        value = min(now, max(value, group.minimum.get(number, 1)))
    reason = f"Made {'smaller' if smaller else 'larger'} as asked: {amount(number, value)}."
    return group.with_number(number, value, reason, "tendency", 1.0)


def _data_disk(context: Context, group: Group, change: Change) -> Group:
    """Return the group with a data disk more, or with its data disk grown."""
    disks = list(group.data_disks_gib)
    if change.verb == "add" and isinstance(change.value, (int, float)):
        return replace(group, data_disks_gib=(*disks, int(change.value)))
    wanted = _wanted(change, disks[-1] if disks else 0)
    if not disks or wanted is None or change.verb in ("remove", "decrease") or wanted < disks[-1]:
        context.report(
            "disk.shrinks",
            "error",
            f"machines.{group.name}.data_disks_gib",
            f"{change.said or 'The change'}: a plan adds data disks and grows them, it does not"
            " remove or shrink one; what is on it would be lost.",
        )
        return group
    return replace(group, data_disks_gib=(*disks[:-1], wanted))


def _redundant(context: Context, group: Group, change: Change) -> Group:
    """Ask what redundancy of one machine means: replicas are not the same as a restart."""
    if change.value is False:
        return replace(group, ha=False)
    if group.count > 1:
        return group
    choices = (f"two machines of {group.name}", "one machine that Proxmox VE restarts elsewhere")
    context.ask(
        "change.redundant",
        "changes",
        f"How many machines shall there be to make {group.name} redundant: two or three replicas,"
        " or one that Proxmox VE restarts on another host?",
        choices,
    )
    return group
