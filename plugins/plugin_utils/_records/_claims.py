# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan needs of everything that two deployments could share."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._cluster_names import (
    job_name,
    rule_names,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._vrrp import (
    router_id_of,
)

Data = t.Mapping[str, t.Any]
#: A load balancer's range of our own choice is small; a larger one is held by its ends.
MOST_ADDRESSES = 1024


def claims_of(plan: Data) -> list[dict[str, str]]:
    """Return ``{"kind", "value", "machine"}`` of everything but the machines' own ids."""
    return [
        {"kind": kind, "value": str(value), "machine": holder}
        for kind, value, holder in (*_cluster(plan), *_machines(plan), *_rules(plan))
    ]


def machines_of(plan: Data) -> list[dict[str, t.Any]]:
    """Return name, VMID and fixed address of each machine."""
    return [
        {
            "name": machine["name"],
            "vmid": machine["vmid"],
            "address": next(
                (
                    nic["address"].partition("/")[0]
                    for nic in machine["nics"]
                    if nic["address"] not in ("dhcp", "manual")
                ),
                None,
            ),
        }
        for machine in plan["machines"]
    ]


def _cluster(plan: Data) -> t.Iterator[tuple[str, t.Any, str]]:
    cluster = plan.get("cluster")
    if not cluster:
        return
    if cluster.get("vip"):
        yield "address", cluster["vip"], "vip"
        if cluster.get("vip_provider") == "keepalived":
            yield "vrrp", router_id_of(cluster["vip"]), "vip"
    for address in addresses_of(cluster.get("load_balancer_range")):
        yield "address", address, "load-balancer"
    for field in ("pod_cidr", "service_cidr"):
        if cluster.get(field):
            yield "network", cluster[field], field


def _machines(plan: Data) -> t.Iterator[tuple[str, t.Any, str]]:
    for machine in plan["machines"]:
        for mapping in machine.get("pci_mappings") or ():
            yield "pci", f"{mapping}@{machine['node']}"[:64], machine["name"]


def _rules(plan: Data) -> t.Iterator[tuple[str, t.Any, str]]:
    """Names of HA rules and groups, and of backup jobs."""
    managed = [m for m in plan["machines"] if (m.get("ha") or {}).get("enabled")]
    for name in rule_names(plan["deployment"], ((m["node"], m["group"]) for m in managed)):
        yield "ha_rule", name[:64], "ha"
    for job in plan.get("backups") or ():
        yield "backup", job_name(plan["deployment"], job["name"])[:64], "backup"


def addresses_of(text: str | None) -> list[str]:
    """Return the addresses of ``a-b``, a CIDR block or one address; the ends of a huge range."""
    if not text:
        return []
    if "/" in text:
        block = ipaddress.ip_network(text.strip(), strict=False)
        first, last = block[0], block[-1]
    else:
        low, _dash, high = text.partition("-")
        first = ipaddress.ip_address(low.strip())
        last = ipaddress.ip_address((high or low).strip())
    if int(last) - int(first) >= MOST_ADDRESSES:
        return [str(first), str(last)]
    return [str(first + offset) for offset in range(int(last) - int(first) + 1)]
