# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between two plans, field by field."""

from __future__ import annotations

import typing as t

Data = dict[str, t.Any]

#: What is compared of a machine, with the words and units for it.
FIELDS = {
    "vcpu": ("vCPU", ""),
    "memory_mib": ("memory", " MiB"),
    "disk_gib": ("disk", " GiB"),
    "node": ("node", ""),
    "address": ("address", ""),
}


def differences(before: Data, after: Data) -> list[str]:
    """Return a line per field that changed: machines by name, then add-ons and cost."""
    old, new = _machines(before), _machines(after)
    lines = [f"- {name}: {_size(old[name])}" for name in old if name not in new]
    lines += [f"+ {name}: {_size(new[name])}" for name in new if name not in old]
    for name in (name for name in new if name in old):
        for field, (words, unit) in FIELDS.items():
            if old[name][field] != new[name][field]:
                values = f"{old[name][field]}{unit} -> {new[name][field]}{unit}"
                lines.append(f"~ {name} {words}: {values}")
    lines += _addons(before, after)
    costs = [(plan.get("cost") or {}).get("monthly") for plan in (before, after)]
    if costs[0] != costs[1]:
        currency = (after.get("cost") or before["cost"])["currency"]
        lines.append(f"~ cost: {costs[0]} -> {costs[1]} {currency} a month")
    return lines


def _machines(plan: Data) -> dict[str, Data]:
    return {
        machine["name"]: {
            "vcpu": machine["cores"] * machine["sockets"],
            "memory_mib": machine["memory_mib"],
            "disk_gib": sum(disk["size_gib"] for disk in machine["disks"]),
            "node": machine["node"],
            "address": machine["nics"][0]["address"] if machine["nics"] else "-",
        }
        for machine in plan["machines"]
    }


def _size(machine: Data) -> str:
    return f"{machine['vcpu']} vCPU, {machine['memory_mib']} MiB, {machine['disk_gib']} GiB"


def _addons(before: Data, after: Data) -> list[str]:
    old, new = ({addon["name"] for addon in plan["addons"]} for plan in (before, after))
    return [
        *(f"- add-on {name}" for name in sorted(old - new)),
        *(f"+ add-on {name}" for name in sorted(new - old)),
    ]
