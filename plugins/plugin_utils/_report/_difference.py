# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between two plans, field by field."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report._table import gib

Data = dict[str, t.Any]

#: What is compared of a machine, with the words for it.
FIELDS = {
    "vcpu": "vCPU",
    "memory": "memory",
    "disk": "disk",
    "node": "node",
    "storage": "storage",
    "network": "network",
    "address": "address",
    "tags": "tags",
}
#: Fields of a request that ask for a change of one of them.
ASKED = {
    "vcpu": ("cores",),
    "memory": ("memory_mib",),
    "disk": ("disk_gib", "data_disks_gib"),
    "node": ("nodes", "not_nodes"),
    "storage": ("storage",),
    "network": ("bridge", "vlan"),
    "address": ("addresses",),
    "tags": ("tags",),
}
#: What is compared of the cluster.
CLUSTER = {
    "version": "k3s",
    "cni": "CNI",
    "vip": "virtual address",
    "pod_cidr": "pods",
    "service_cidr": "services",
    "load_balancer_range": "load balancer addresses",
}


@dataclasses.dataclass(frozen=True)
class Line:
    """One change in words, the machines it is of, and the fields of a request that ask for it."""

    text: str
    machines: frozenset[str] = frozenset()
    fields: tuple[str, ...] = ()


def differences(before: Data, after: Data) -> list[str]:
    """Return a line per change: machines, cluster, add-ons, environment and cost.

    A line begins with ``+`` (new), ``-`` (gone) or ``~`` (changed); machines that change in the
    same way share one.
    """
    return [line.text for line in lines(before, after)]


def lines(before: Data, after: Data) -> list[Line]:
    """Return the changes that ``differences`` words."""
    old, new = _machines(before), _machines(after)
    found = [Line(f"- {n}: {_size(old[n])}", frozenset([n])) for n in old if n not in new]
    found += [Line(f"+ {n}: {_size(new[n])}", frozenset([n])) for n in new if n not in old]
    found += _changed({name: (old[name], new[name]) for name in new if name in old})
    found += _cluster(before.get("cluster") or {}, after.get("cluster") or {})
    found += [Line(text, fields=("addons", "addons_excluded")) for text in _addons(before, after)]
    environments = [plan.get("environment") for plan in (before, after)]
    if environments[0] != environments[1]:
        text = f"~ environment: {environments[0]} -> {environments[1]}"
        found.append(Line(text, fields=("environment",)))
    costs = [_cost(plan) for plan in (before, after)]
    if costs[0] != costs[1]:
        found.append(Line(f"~ cost: {costs[0]} -> {costs[1]}"))
    return found


def _changed(pairs: t.Mapping[str, tuple[Data, Data]]) -> t.Iterator[Line]:
    """Yield the changed fields of machines that stay."""
    names: dict[tuple[str, str, str], list[str]] = {}
    for name, (old, new) in pairs.items():
        for field in FIELDS:
            if old[field] != new[field]:
                names.setdefault((field, old[field], new[field]), []).append(name)
    for (field, was, now), changed in names.items():
        text = f"~ {', '.join(changed)} {FIELDS[field]}: {was} -> {now}"
        yield Line(text, frozenset(changed), ASKED[field])


def _cluster(old: Data, new: Data) -> t.Iterator[Line]:
    """Yield what changed about the cluster itself, when there is one in both plans."""
    for field, words in CLUSTER.items() if old and new else ():
        if old.get(field) != new.get(field):
            text = f"~ cluster {words}: {old.get(field) or 'none'} -> {new.get(field) or 'none'}"
            yield Line(text, fields=(field,))


def _cost(plan: Data) -> str:
    cost = plan.get("cost")
    return f"{cost['monthly']:.2f} {cost['currency']} a month" if cost else "unknown"


def _machines(plan: Data) -> dict[str, Data]:
    return {
        machine["name"]: {
            "vcpu": str(machine["cores"] * machine["sockets"]),
            "memory": gib(machine["memory_mib"]),
            "disk": " + ".join(str(disk["size_gib"]) for disk in machine["disks"]) + " GiB",
            "node": machine["node"],
            "storage": _joined(disk.get("storage") for disk in machine["disks"]),
            "network": _joined(_network(nic) for nic in machine["nics"]),
            "address": machine["nics"][0]["address"] if machine["nics"] else "-",
            "tags": _joined(machine.get("tags", ())),
        }
        for machine in plan["machines"]
    }


def _joined(values: t.Iterable[str | None]) -> str:
    return ", ".join(dict.fromkeys(filter(None, values))) or "none"


def _network(nic: Data) -> str | None:
    vlan = nic.get("vlan")
    return f"{nic.get('bridge')} VLAN {vlan}" if vlan else nic.get("bridge")


def _size(machine: Data) -> str:
    return f"{machine['vcpu']} vCPU, {machine['memory']}, {machine['disk']}"


def _addons(before: Data, after: Data) -> list[str]:
    old, new = ({addon["name"] for addon in plan["addons"]} for plan in (before, after))
    return [
        *(f"- add-on {name}" for name in sorted(old - new)),
        *(f"+ add-on {name}" for name in sorted(new - old)),
    ]
