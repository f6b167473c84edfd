# SPDX-License-Identifier: GPL-3.0-or-later
"""What the software of one thing needs, with the disks and the number that were said."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    MachinesThing,
    Scale,
    Software,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import (
    Need,
    category_of,
    needs,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._loads import (
    name_unused_scale,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
)


def needs_of(context: Context, thing: MachinesThing, ha: bool) -> list[Need]:
    """Return what the software of a thing needs, part by part."""
    scale = thing.scale or context.request.scale
    found = _needs_at(context, thing, ha, scale)
    sized = thing.cores or thing.memory_mib or thing.totals
    if scale and not sized and found == _needs_at(context, thing, ha, None):
        name_unused_scale(context, found[0].title if found else thing.id, scale)
    return _as_one_machine(context, thing, found, ha)


def _as_one_machine(
    context: Context, thing: MachinesThing, found: list[Need], ha: bool
) -> list[Need]:
    """Return the needs for one machine where one was spoken of ("a VM for it", no number)."""
    several = [need for need in found if need.count > 1]
    if not several or thing.kind is None or thing.count is not None or thing.listed > 1 or ha:
        return found
    documented = ", ".join(f"{need.count} x {need.title}" for need in several)
    context.report(
        "count.one",
        "warning",
        f"machines.{thing.id}.count",
        f"One machine was spoken of; {documented} are documented, so that one may be lost. Say a"
        " number, or high availability, for more.",
        several[0].source,
    )
    return [replace(need, count=1) for need in found]


def _needs_at(context: Context, thing: MachinesThing, ha: bool, scale: Scale | None) -> list[Need]:
    software = thing.runs or (Software(family=_table(context, thing)),)
    environment = thing.environment or context.request.environment or ""
    loads = {**context.request.loads, **thing.loads}

    def with_loads(**more: float) -> list[Need]:
        drivers = {**loads, **more}
        return needs(software, drivers, environment, ha, context.knowledge, scale=scale)

    family = context.knowledge.get(software[0].family)
    disk = thing.disk_gib
    said = {"data_gib"} & {*loads, *software[0].loads}
    one = len(software) == 1 and family is not None and "data_gib" in family.drivers
    if thing.data_disks_gib and one and not said:
        full = with_loads(data_gib=float(sum(thing.data_disks_gib)))
        return [_on_second_disk(a, b) for a, b in zip(full, with_loads(data_gib=0.0), strict=True)]
    if not disk or said or not one:
        return with_loads()
    return _with_disk(context, thing, with_loads(data_gib=float(disk)), with_loads(data_gib=0.0))


def _with_disk(
    context: Context, thing: MachinesThing, found: list[Need], empty: list[Need]
) -> list[Need]:
    """Return the needs for a disk that was said and holds the data; memory follows that data.

    Only the disk of an empty machine is a minimum then: what was said is the disk, and what the
    data would rather have is a warning.
    """
    if len(found) != len(empty):
        return found
    disk, wanted = t.cast(int, thing.disk_gib), _in_all(found[0].minimum)
    if _in_all(empty[0].minimum) <= disk < wanted:
        context.report(
            "data.headroom",
            "warning",
            f"machines.{thing.id}.disk_gib",
            f"Full with data, {disk:g} GiB of disk leave no head-room: {wanted:g} GiB are"
            f" documented for so much data of {found[0].title}; {disk:g} GiB are kept as asked.",
            found[0].source,
        )
    keys = ("disk_gib", "data_disk_gib")
    return [
        replace(need, minimum={**need.minimum, **{k: bare.minimum.get(k, 0.0) for k in keys}})
        for need, bare in zip(found, empty, strict=True)
    ]


def _on_second_disk(full: Need, empty: Need) -> Need:
    """Return a need for data that lies on a disk of its own: the system disk holds none of it."""
    disk = next((why for why in empty.why if why.field == "disk_gib"), None)
    return replace(
        full,
        disk_gib=empty.disk_gib,
        minimum={**full.minimum, "disk_gib": empty.minimum.get("disk_gib", 0.0)},
        why=tuple(disk if why.field == "disk_gib" and disk else why for why in full.why),
    )


def _table(context: Context, thing: MachinesThing) -> str:
    """Return the table of the category that part, purpose and name hint at."""
    if thing.part and context.knowledge.get(f"table-{thing.part}") is not None:
        return f"table-{thing.part}"
    names = " ".join(name.rstrip("0123456789").replace("-", " ") for name in thing.names)
    hint = "gpu" if thing.gpu else ""
    return f"table-{category_of(' '.join((thing.part or '', thing.purpose or '', names, hint)))}"


def _in_all(least: t.Mapping[str, float]) -> float:
    """Return the least GiB of all disks."""
    return least.get("disk_gib", 0.0) + least.get("data_disk_gib", 0.0)


def on_one_disk(need: Need, thing: MachinesThing) -> Need:
    """Return the need with the least of its disk; one that was said holds the data as well."""
    if thing.disk_gib is None or thing.data_disks_gib or "data_disk_gib" not in need.minimum:
        return need
    return replace(
        need,
        minimum={**need.minimum, "disk_gib": _in_all(need.minimum)},
        firm={**need.firm, "disk_gib": _in_all(need.firm)},
    )
