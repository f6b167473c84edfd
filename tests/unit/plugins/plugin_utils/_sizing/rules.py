# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules a ready plan must keep, written down a second time, straight from the facts."""

from __future__ import annotations

import ipaddress
from collections import Counter, defaultdict

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Plan,
    Site,
    Snapshot,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._snapshot import (
    NodeState,
)

LIMIT = {"production": 0.6, "staging": 0.8, "development": 0.8, "test": 0.8}
IDLE = {"production": 1.0, "staging": 0.5, "development": 0.5, "test": 0.5}
STOPPED = {"production": 1.0, "staging": 0.0, "development": 0.0, "test": 0.0}


def _span(text: str) -> set[int]:
    if "/" in text:
        net = ipaddress.ip_network(text)
        return set(range(int(net[0]), int(net[-1]) + 1))
    first, _, last = text.partition("-")
    return set(range(int(ipaddress.ip_address(first)), int(ipaddress.ip_address(last)) + 1))


def broken(plan: Plan, facts: Snapshot, site: Site) -> list[str]:
    """Return a sentence for each rule that the plan breaks."""
    found = [*_capacity(plan, facts, site), *_storage(plan, facts), *_names(plan, facts, site)]
    found += [*_addresses(plan, facts, site), *_cluster(plan, facts, site)]
    for machine in plan.machines:
        said = {why.field for why in machine.why}
        if not {"count", "cores", "memory_mib", "disk_gib", "node"} <= said:
            found.append(f"{machine.name} has no reason for some of its numbers")
    return found


def _capacity(plan: Plan, facts: Snapshot, site: Site) -> list[str]:
    found = []
    nodes = {node.name: node for node in facts.nodes}
    memory: Counter[str] = Counter()
    cpus: Counter[str] = Counter()
    for machine in plan.machines:
        node = nodes[machine.node]
        memory[machine.node] += machine.memory_mib
        cpus[machine.node] += machine.cores * machine.sockets
        if not node.online or node.maintenance:
            found.append(f"{machine.name} is on {node.name}, which takes no guests")
        if site.nodes and node.name not in site.nodes:
            found.append(f"{machine.name} is on {node.name}, which is not the site's")
        if machine.cores * machine.sockets > node.cpus:
            found.append(f"{machine.name} has more vCPU than {node.name} has threads")
    for name, added in memory.items():
        node = nodes[name]
        used, promised, given = _taken(facts, node, plan.environment)
        used += added
        if promised + added > node.memory_mib:
            found.append(f"{name} promises {promised + added} of {node.memory_mib} MiB to run")
        if used >= LIMIT[plan.environment] * node.memory_mib:
            found.append(f"{name} would use {used} of {node.memory_mib} MiB")
        if used > 0.9 * node.memory_mib:
            found.append(f"{name} keeps less than a tenth of its memory")
        if cpus[name] + given > node.cpus * site.cpu_overcommit:
            found.append(f"{name} has more vCPU than the over-commitment allows")
    return found


def _taken(facts: Snapshot, node: NodeState, environment: str) -> tuple[float, float, float]:
    """Memory that counts as used, memory promised to what runs, and vCPU given."""
    counted = promised = listed = 0.0
    cpus = float(node.committed_cpus)
    for guest in facts.guests:
        if guest.node != node.name or guest.template:
            continue
        listed += guest.memory_mib
        if guest.status == "stopped":
            counted += STOPPED[environment] * guest.memory_mib
            promised += STOPPED[environment] * guest.memory_mib
            cpus -= (1 - STOPPED[environment]) * guest.cpus
        else:
            idle = max(guest.memory_mib - guest.memory_used_mib, 0)
            counted += guest.memory_used_mib + IDLE[environment] * idle
            promised += guest.memory_mib
    unseen = max(node.committed_memory_mib - listed, 0)
    used = max(counted + unseen, node.memory_used_mib)
    return used, promised + unseen, max(cpus, 0.0)


def _storage(plan: Plan, facts: Snapshot) -> list[str]:
    found = []
    taken: defaultdict[tuple[str, str], float] = defaultdict(float)
    states = {(state.node, state.storage): state for state in facts.storages}
    for machine in plan.machines:
        content = "rootdir" if machine.kind == "lxc" else "images"
        for disk in machine.disks:
            state = states.get((machine.node, disk.storage))
            if state is None or content not in state.content:
                found.append(f"{machine.name}: {machine.node} has no {disk.storage} for {content}")
                continue
            taken[("" if state.shared else machine.node, disk.storage)] += disk.size_gib
    for (on, storage), size in taken.items():
        rows = [s for s in facts.storages if s.storage == storage and on in ("", s.node)]
        if any(s.available_gib - size < 0.2 * s.total_gib - 1e-6 for s in rows):
            found.append(f"{storage} on {on or 'all'} keeps less than a fifth free")
    return found


def _names(plan: Plan, facts: Snapshot, site: Site) -> list[str]:
    found = []
    for field in ("vmid", "name", "address"):
        values = [getattr(machine, field) for machine in plan.machines]
        if len(set(values)) != len(values):
            found.append(f"a {field} is given twice: {values}")
    for machine in plan.machines:
        if machine.vmid in {guest.vmid for guest in facts.guests}:
            found.append(f"the VMID {machine.vmid} is taken")
        if machine.name in {guest.name for guest in facts.guests}:
            found.append(f"the name {machine.name} is taken")
        if not site.vmid_range[0] <= machine.vmid <= site.vmid_range[1]:
            found.append(f"the VMID {machine.vmid} is outside the range")
    return found


def _addresses(plan: Plan, facts: Snapshot, site: Site) -> list[str]:
    found = []
    network = site.network
    subnet = ipaddress.ip_network(network.subnet)
    used = {text for guest in facts.guests for text in guest.addresses}
    used |= {node.address for node in facts.nodes if node.address}
    used |= {network.gateway, *network.dns_servers, str(subnet[0]), str(subnet[-1])}
    held: set[int] = set()
    for text in (network.load_balancer_range, *network.reserved_ranges):
        held |= _span(text) if text else set()
    vips = _span(network.vip_range) if network.vip_range else set()
    vip = plan.cluster.vip if plan.cluster else None
    for machine in plan.machines:
        address = machine.address
        if address is None:
            found.append(f"{machine.name} has no address")
            continue
        number = int(ipaddress.ip_address(address))
        if ipaddress.ip_address(address) not in subnet or address in used or address == vip:
            found.append(f"{machine.name} has the wrong address {address}")
        if number in held | vips:
            found.append(f"{machine.name} has the reserved address {address}")
    if vip is not None and (vip in used or int(ipaddress.ip_address(vip)) in held):
        found.append(f"the virtual address {vip} is taken")
    return found


def _cluster(plan: Plan, facts: Snapshot, site: Site) -> list[str]:
    if plan.cluster is None:
        return []
    found = []
    servers = [machine for machine in plan.machines if machine.role == "server"]
    if len(servers) not in (1, 3, 5):
        found.append(f"{len(servers)} servers")
    if any(machine.cores < 2 or machine.memory_mib < 2048 for machine in servers):
        found.append("a server is below its minimum")
    hosts = [
        node.name
        for node in facts.nodes
        if node.online and not node.maintenance and (not site.nodes or node.name in site.nodes)
    ]
    if len(hosts) >= len(servers) > len({machine.node for machine in servers}):
        found.append("two servers share a host although there are enough")
    if (len(servers) > 1) != (plan.cluster.vip is not None):
        found.append("the virtual address does not fit the number of servers")
    return found
