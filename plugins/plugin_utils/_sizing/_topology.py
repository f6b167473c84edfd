# SPDX-License-Identifier: GPL-3.0-or-later
"""Cluster request → groups of servers and agents: profile, documented needs, explicit values."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    AppWish,
    ClusterWish,
    MachineWish,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import needs
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    NUMBERS,
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._profiles import (
    Profile,
    Profiles,
    load_profiles,
)

#: etcd keeps a majority with these numbers of members; more than five only cost writes.
QUORUM_SIZES = (1, 3, 5)
SERVER_MINIMUM = {"cores": 2, "memory_mib": 2048, "disk_gib": 20}
AGENT_MINIMUM = {"cores": 1, "memory_mib": 1024, "disk_gib": 15}
QUORUM_SOURCE = "cluster.quorum (etcd keeps a majority only with an odd number of members)"


@dataclass(frozen=True)
class Topology:
    """How many servers and agents, who said it and why."""

    servers: int
    agents: int
    servers_said: bool
    agents_said: bool
    ha: bool
    profile_id: str
    profile: Profile
    server_reason: str
    agent_reason: str


def cluster_groups(context: Context) -> tuple[Topology, list[Group]] | None:
    """Return topology and groups, or None after reporting why there are none."""
    table = load_profiles()
    topology = _topology(context, table)
    if topology is None:
        return None
    servers = _sized(context, table, topology, "server")
    groups = [servers]
    if topology.agents:
        groups.append(_sized(context, table, topology, "agent"))
    return topology, groups


def _topology(context: Context, table: Profiles) -> Topology | None:
    request, wish = context.request, context.request.cluster or ClusterWish()
    profile_id, profile = table.choose(request.workload, context.environment)
    ha = wants_ha(context)
    least = table.high_availability.servers if ha else profile.servers
    servers = wish.servers if wish.servers is not None else _count(request.machines, "server")
    agents = wish.agents if wish.agents is not None else _count(request.machines, "agent")
    servers_said, agents_said = servers is not None, agents is not None
    server_reason = "As asked." if servers_said else f"Profile {profile_id}."
    agent_reason = "As asked." if agents_said else f"Profile {profile_id}."
    total = wish.total_nodes
    if servers is None:
        servers = max(least, profile.servers)
        if total is not None and agents is not None:
            servers = total - agents
        elif total is not None and servers > total:
            servers = 1
        if ha:
            server_reason = "High availability needs three servers: etcd survives the loss of one."
    if agents is None and total is not None:
        agents = total - servers
        agents_said = True
        agent_reason = f"The rest of {total} nodes after {servers} server(s)."
    if agents is None:
        agents = max(profile.agents, table.high_availability.agents if ha else 0)
        if ha:
            agent_reason = "Profile for high availability."
    if total is not None and servers + agents != total:
        context.report(
            "topology.total",
            "error",
            "cluster.total_nodes",
            f"{total} nodes in total cannot be {servers} servers and {agents} agents;"
            " change one of the three numbers.",
        )
        return None
    if not _valid(context, servers, agents, ha):
        return None
    return Topology(
        servers=servers,
        agents=agents,
        servers_said=servers_said,
        agents_said=agents_said,
        ha=ha,
        profile_id=profile_id,
        profile=profile,
        server_reason=server_reason,
        agent_reason=agent_reason,
    )


def wants_ha(context: Context) -> bool:
    """Return whether high availability is asked for or a rule of the site; say which."""
    request, rules = context.request, context.site.environments.get(context.environment)
    if request.ha is not None:
        if request.ha is False and rules is not None and rules.ha:
            context.report(
                "policy.ha",
                "warning",
                "ha",
                f"The site asks for high availability in {context.environment}, the request"
                " declines it; planned without.",
                "site",
            )
        return request.ha
    if rules is not None and rules.ha:
        context.report(
            "policy.ha",
            "info",
            "ha",
            f"The site asks for high availability in {context.environment}: planned with it.",
            "site",
        )
        return True
    return False


def _count(machines: t.Iterable[MachineWish], role: str) -> int | None:
    counts = [wish.count for wish in machines if wish.role == role and wish.count is not None]
    return sum(counts) if counts else None


def _valid(context: Context, servers: int, agents: int, ha: bool) -> bool:
    if servers not in QUORUM_SIZES:
        nearest = [str(size) for size in QUORUM_SIZES if abs(size - servers) <= 2] or ["1", "3"]
        context.report(
            "topology.quorum",
            "error",
            "cluster.servers",
            f"A cluster cannot have {servers} servers, because etcd needs an odd number to keep a"
            f" majority; ask for {' or '.join(nearest)}.",
            QUORUM_SOURCE,
        )
        return False
    if agents < 0:
        context.report(
            "topology.agents",
            "error",
            "cluster.agents",
            "A cluster cannot have fewer than 0 agents.",
        )
        return False
    if ha and servers == 1:
        context.report(
            "topology.ha",
            "warning",
            "cluster.servers",
            "High availability was asked for, but one server was named: the control plane stops"
            " with that machine; ask for 3 servers.",
            QUORUM_SOURCE,
        )
    return True


def _sized(context: Context, table: Profiles, topology: Topology, role: str) -> Group:
    profile, extra = topology.profile, table.high_availability if topology.ha else None
    server = role == "server"
    values = {
        "cores": max(profile.cores, extra.cores if extra else 0),
        "memory_mib": max(profile.memory_mib, extra.memory_mib if extra else 0),
        "disk_gib": max(
            profile.server_disk_gib if server else profile.agent_disk_gib,
            (extra.server_disk_gib if server else extra.agent_disk_gib) if extra else 0,
        ),
    }
    name = "high-availability" if extra else topology.profile_id
    source = f"{table.source}: {name}"
    minimum = dict(SERVER_MINIMUM if server else AGENT_MINIMUM)
    group = Group(
        name=role,
        role=role,
        count=topology.servers if server else topology.agents,
        cores=values["cores"],
        memory_mib=values["memory_mib"],
        disk_gib=values["disk_gib"],
        explicit=frozenset(
            {"count"} if (topology.servers_said if server else topology.agents_said) else ()
        ),
        minimum={"count": topology.servers if server else min(1, topology.agents), **minimum},
        spread=server and topology.servers > 1,
        fast=False,
        start_order=1 if server else 2,
    )
    reason = topology.server_reason if server else topology.agent_reason
    said = "count" in group.explicit
    group = group.because(
        "count", reason, "explicit" if said else source, 1.0 if said else table.confidence
    )
    for number, value in values.items():
        group = group.because(
            number, f"Profile {name}: {_amount(number, value)}.", source, table.confidence
        )
    group = _documented(context, topology, group)
    return with_wishes(context, group, _wishes(context.request.machines, role))


def _documented(context: Context, topology: Topology, group: Group) -> Group:
    """Raise a server to what k3s documents for so many agents (an agent: its system cost)."""
    component = "server" if group.role == "server" else "agent"
    [need] = needs(
        [AppWish(family="k3s", component=component)],
        {"agents": float(topology.agents)},
        "production",
        topology.servers > 1,
        context.knowledge,
    )
    source = next(why.source for why in need.why if why.field == "cores")
    changes: dict[str, int] = {}
    for number, key in (("cores", "vcpu"), ("memory_mib", "memory_mib")):
        documented = int(need.minimum[key])
        if documented > getattr(group, number):
            changes[number] = documented
            group = group.because(
                number,
                f"K3s documents {_amount(number, documented)} for a {group.role} of a cluster with"
                f" {topology.agents} agents.",
                source,
                need.confidence,
            )
    if group.role == "server":
        least = {
            n: max(group.minimum[n], int(need.minimum[k]))
            for n, k in (("cores", "vcpu"), ("memory_mib", "memory_mib"))
        }
        group = replace(group, minimum={**group.minimum, **least})
    return replace(group, **t.cast("dict[str, t.Any]", changes))


def _wishes(machines: t.Sequence[MachineWish], role: str) -> list[MachineWish]:
    """Return what was said of all nodes first, then what was said of this role."""
    general = [wish for wish in machines if wish.role not in ("server", "agent")]
    return general + [wish for wish in machines if wish.role == role]


def with_wishes(context: Context, group: Group, wishes: t.Sequence[MachineWish]) -> Group:
    """Lay the explicit values over the group: unchanged, or refused when below a minimum."""
    merged: dict[str, t.Any] = {}
    for wish in wishes:
        data = wish.model_dump()
        merged.update({key: value for key, value in data.items() if value not in (None, ())})
    if not merged:
        return group
    wish = MachineWish(**{**merged, "role": group.role})
    changes: dict[str, t.Any] = {"wish": wish}
    for number in NUMBERS[1:]:
        value = getattr(wish, number)
        if value is None:
            continue
        least = group.minimum.get(number, 1)
        if value < least:
            context.report(
                f"minimum.{number}",
                "error",
                f"machines.{group.name}.{number}",
                f"{_amount(number, value)} for a {group.role} is below the minimum of"
                f" {_amount(number, least)}; ask for more.",
                "clusterwright minimum of a role",
            )
        changes[number] = value
        group = group.because(number, f"As asked: {_amount(number, value)}.", "explicit", 1.0)
    group = replace(group, **changes)
    said = {number for number in NUMBERS[1:] if getattr(wish, number) is not None}
    return replace(group, explicit=group.explicit | said)


def _amount(number: str, value: float) -> str:
    return amount(number, value)


def amount(number: str, value: float) -> str:
    """Return a number with its unit as a person reads it."""
    if number == "memory_mib":
        return f"{value / 1024:g} GiB" if value >= 1024 else f"{value:g} MiB"
    if number == "disk_gib":
        return f"{value:g} GiB of disk"
    if number == "cores":
        return f"{value:g} vCPU"
    return f"{value:g}"
