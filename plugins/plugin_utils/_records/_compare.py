# SPDX-License-Identifier: GPL-3.0-or-later
"""How two records differ, as rows of machine, field and both values."""

from __future__ import annotations

import typing as t

Data = t.Mapping[str, t.Any]
Row = tuple[str, str, str, str]
#: What a plan says about a number is no value of the machine.
_TOLD = ("why", "description")
#: Fields of the whole plan that are compared.
_OF_PLAN = ("environment", "backups")
NONE = "-"


def rows(before: Data | None, after: Data | None) -> list[Row]:
    """Return (machine, field, before, after) for each value that differs, machines by name.

    A machine that only one side has is one row, with its size.
    """
    old, new = _machines(before), _machines(after)
    found: list[Row] = []
    for name in sorted(old.keys() | new.keys()):
        if name not in new or name not in old:
            found.append((name, "machine", _size(old.get(name)), _size(new.get(name))))
            continue
        mine, theirs = dict(leaves(old[name])), dict(leaves(new[name]))
        found += [
            (name, field, text_of(mine.get(field)), text_of(theirs.get(field)))
            for field in sorted(mine.keys() | theirs.keys())
            if mine.get(field) != theirs.get(field)
        ]
    return [*found, *_whole(before or {}, after or {})]


def compare(before: Data | None, after: Data | None) -> list[str]:
    """Return one sentence per difference."""
    told = []
    for machine, field, old, new in rows(before, after):
        if field == "machine" and NONE in (old, new):
            told.append(f"{machine} is new: {new}." if old == NONE else f"{machine} goes: {old}.")
        else:
            told.append(f"{machine} {field}: {old} -> {new}.")
    return told


def _machines(plan: Data | None) -> dict[str, Data]:
    return {machine["name"]: machine for machine in (plan or {}).get("machines") or ()}


def _size(machine: Data | None) -> str:
    if machine is None:
        return NONE
    disk = sum(disk["size_gib"] for disk in machine.get("disks") or ())
    return (
        f"VMID {machine['vmid']} on {machine['node']},"
        f" {machine['cores'] * machine.get('sockets', 1)} vCPU, {machine['memory_mib']} MiB,"
        f" {disk} GiB"
    )


def _whole(before: Data, after: Data) -> t.Iterator[Row]:
    for label, old, new in (
        ("cluster", before.get("cluster"), after.get("cluster")),
        ("add-ons", _addons(before), _addons(after)),
        *((field, before.get(field), after.get(field)) for field in _OF_PLAN),
    ):
        mine, theirs = dict(leaves(old, label)), dict(leaves(new, label))
        for field in sorted(mine.keys() | theirs.keys()):
            if mine.get(field) != theirs.get(field):
                yield "(all)", field, text_of(mine.get(field)), text_of(theirs.get(field))


def _addons(plan: Data) -> list[str]:
    return sorted(addon["name"] for addon in plan.get("addons") or ())


def leaves(value: t.Any, path: str = "") -> t.Iterator[tuple[str, t.Any]]:
    """Yield dotted paths and plain values; a list of plain values is one value."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            if key not in _TOLD:
                yield from leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple) and any(isinstance(item, dict) for item in value):
        for number, item in enumerate(value):
            yield from leaves(item, f"{path}.{number}")
    elif value not in (None, "", [], {}, ()):
        yield path, list(value) if isinstance(value, tuple) else value


def text_of(value: t.Any) -> str:
    """Return a value as a person reads it."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
