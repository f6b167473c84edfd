# SPDX-License-Identifier: GPL-3.0-or-later
"""Cluster request → groups of servers and agents: profile, documented needs, explicit values."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Machine
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import Why
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    AppWish,
    ClusterWish,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import needs
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._profiles import (
    Profile,
    Profiles,
    load_profiles,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import amount
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._wishes import (
    previous_machine,
    sizes_of,
    with_wishes,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._workload import (
    hold_workload,
)

#: etcd keeps a majority with these numbers of members; more than five only cost writes.
QUORUM_SIZES = (1, 3, 5)
SERVER_MINIMUM = {"cores": 2, "memory_mib": 2048, "disk_gib": 20}
AGENT_MINIMUM = {"cores": 1, "memory_mib": 1024, "disk_gib": 15}
QUORUM_SOURCE = "cluster.quorum (etcd keeps a majority only with an odd number of members)"
#: Source of a number that a change does not touch and whose reason is not known any more.
UNCHANGED = "previous plan"


@dataclass(frozen=True)
class Count:
    """How many, whether the person said it, and why."""

    value: int
    said: bool
    reason: str
    source: str


@dataclass(frozen=True)
class Topology:
    """Servers and agents of a cluster, and the profile that their sizes come from."""

    servers: Count
    agents: Count
    ha: bool
    profile_id: str
    profile: Profile
    source: str
    confidence: float


def cluster_groups(context: Context) -> tuple[Topology, list[Group]] | None:
    """Return topology and groups, or None after reporting why there are none."""
    table = load_profiles()
    topology = _topology(context, table)
    if topology is None:
        return None
    groups = [_sized(context, table, topology, "server")]
    if topology.agents.value:
        groups.append(_sized(context, table, topology, "agent"))
    return topology, hold_workload(context, groups, topology.ha)


def _topology(context: Context, table: Profiles) -> Topology | None:
    request, wish = context.request, context.request.cluster or ClusterWish()
    profile_id, profile = table.choose(request.workload, context.environment)
    ha = wants_ha(context)
    servers = _said(context, "server", wish.servers, wish.servers_delta)
    agents = _said(context, "agent", wish.agents, wish.agents_delta)
    total = wish.total_nodes
    if request.ha and servers is not None and servers.source == UNCHANGED:
        servers = servers if servers.value >= table.high_availability.servers else None
    if servers is None:
        servers = _rest_for_servers(total, agents) or _server_count(table, profile_id, ha, total)
    if agents is None and total is not None:
        rest = f"The rest of {total} nodes beside {servers.value} server(s)."
        agents = Count(total - servers.value, True, rest, "explicit")
    if agents is None:
        least = table.high_availability.agents if ha else 0
        reason = f"Profile {'high-availability' if ha else profile_id}."
        source = f"{table.source}: {profile_id}"
        agents = Count(max(profile.agents, least), False, reason, source)
    if not _valid(context, servers.value, agents.value, ha):
        return None
    return Topology(servers, agents, ha, profile_id, profile, table.source, table.confidence)


def _said(context: Context, role: str, said: int | None, delta: int | None) -> Count | None:
    """Return a count that was said, changed by a difference, or that the cluster has already."""
    counts = [w.count for w in context.request.machines if w.role == role and w.count is not None]
    if said is None and counts:
        said = sum(counts)
    if said is not None:
        return Count(said, True, f"As asked: {said}.", "explicit")
    cluster = context.previous.cluster if context.previous else None
    if context.request.operation == "create" or cluster is None:
        return None
    there = len(cluster.servers if role == "server" else cluster.agents)
    if delta:
        return Count(there + delta, True, f"{delta:+d} to the {there} there are.", "explicit")
    return Count(there, True, "Unchanged.", UNCHANGED)


def _rest_for_servers(total: int | None, agents: Count | None) -> Count | None:
    if total is None or agents is None:
        return None
    rest = f"The rest of {total} nodes beside {agents.value} agent(s)."
    return Count(total - agents.value, True, rest, "explicit")


def _server_count(table: Profiles, profile_id: str, ha: bool, total: int | None) -> Count:
    available = table.high_availability.servers
    if ha and (total is None or total >= available):
        reason = "High availability needs three servers: etcd survives the loss of one."
        return Count(available, False, reason, QUORUM_SOURCE)
    servers = table.by_id(profile_id).servers
    return Count(servers, False, f"Profile {profile_id}.", f"{table.source}: {profile_id}")


def wants_ha(context: Context) -> bool:
    """Return whether high availability is asked for or a rule of the site; say which."""
    request, rules = context.request, context.site.environments.get(context.environment)
    policy = rules is not None and bool(rules.ha)
    if policy and request.ha is not True:
        outcome = "the request declines it; planned without" if request.ha is False else ""
        context.report(
            "policy.ha",
            "warning" if outcome else "info",
            "ha",
            f"The site asks for high availability in {context.environment}"
            f"{', ' + outcome if outcome else ': planned with it'}.",
            "site",
        )
    return request.ha if request.ha is not None else policy


def _valid(context: Context, servers: int, agents: int, ha: bool) -> bool:
    total = (context.request.cluster or ClusterWish()).total_nodes
    if total is not None and servers + agents != total:
        context.report(
            "topology.total",
            "error",
            "cluster.total_nodes",
            f"{total} nodes in total cannot be {servers} servers and {agents} agents;"
            " change one of the three numbers.",
        )
        return False
    if servers not in QUORUM_SIZES:
        nearest = [str(size) for size in QUORUM_SIZES if abs(size - servers) <= 1] or ["5"]
        context.report(
            "topology.quorum",
            "error",
            "cluster.servers",
            f"A cluster cannot have {servers} servers: etcd needs an odd number, at most"
            f" {QUORUM_SIZES[-1]}, to keep a majority; ask for {' or '.join(nearest)}.",
            QUORUM_SOURCE,
        )
        return False
    if agents < 0:
        context.report(
            "topology.agents",
            "error",
            "cluster.agents",
            f"A cluster cannot have {agents} agents; ask for 0 or more.",
        )
        return False
    if servers == 1 and (ha or context.environment == "production"):
        context.report(
            "topology.single-server",
            "warning" if ha else "info",
            "cluster.servers",
            "With one server the control plane stops with that machine; ask for high availability"
            " to get 3.",
            QUORUM_SOURCE,
        )
    return True


def _sized(context: Context, table: Profiles, topology: Topology, role: str) -> Group:
    server = role == "server"
    count = topology.servers if server else topology.agents
    group = Group(
        name=role,
        role=role,
        count=count.value,
        cores=1,
        memory_mib=1,
        disk_gib=1,
        explicit=frozenset({"count"} if count.said else ()),
        minimum={
            "count": count.value if server else min(1, count.value),
            **(SERVER_MINIMUM if server else AGENT_MINIMUM),
        },
        spread=server and count.value > 1,
        start_order=1 if server else 2,
    )
    group = group.because(
        "count", count.reason, count.source, 1.0 if count.said else table.confidence
    )
    group = _base_sizes(context, table, topology, group)
    group = _documented(context, topology, group)
    general = [w for w in context.request.machines if w.role not in ("server", "agent")]
    own = [w for w in context.request.machines if w.role == role]
    return with_wishes(context, group, [*general, *own])


def _kept(group: Group, there: Machine) -> t.Iterator[Why]:
    """Yield the reasons of unchanged numbers, as the earlier plan has them."""
    before = {why.field: why for why in there.why}
    for why in group.why:
        if why.source == UNCHANGED:
            yield before.get(why.field, why)


def _base_sizes(context: Context, table: Profiles, topology: Topology, group: Group) -> Group:
    """Give the group its sizes: those it has already, else the profile's."""
    there = previous_machine(context, group.name)
    if there is not None:
        for number, value in sizes_of(there).items():
            group = replace(group, **t.cast("dict[str, t.Any]", {number: value}))
            group = group.because(number, "Unchanged.", UNCHANGED, 1.0)
        # What was decided before keeps the reason that it had.
        group = replace(
            group, why=(*(w for w in group.why if w.source != UNCHANGED), *_kept(group, there))
        )
        return replace(group, minimum={**group.minimum, "disk_gib": group.disk_gib})
    layers = [topology.profile] + ([table.high_availability] if topology.ha else [])
    server = group.role == "server"
    values = {
        "cores": max(layer.cores for layer in layers),
        "memory_mib": max(layer.memory_mib for layer in layers),
        "disk_gib": max(
            layer.server_disk_gib if server else layer.agent_disk_gib for layer in layers
        ),
    }
    name = "high-availability" if topology.ha else topology.profile_id
    for number, value in values.items():
        group = replace(group, **t.cast("dict[str, t.Any]", {number: value}))
        group = group.because(
            number,
            f"Profile {name}: {amount(number, value)}.",
            f"{table.source}: {name}",
            table.confidence,
        )
    return group


def _documented(context: Context, topology: Topology, group: Group) -> Group:
    """Raise a server to what k3s documents for so many agents (an agent: its system cost)."""
    [need] = needs(
        [AppWish(family="k3s", component=group.role)],
        {"agents": float(topology.agents.value)},
        "",
        topology.servers.value > 1,
        context.knowledge,
    )
    source = next(why.source for why in need.why if why.field == "cores")
    least = dict(group.minimum)
    for number, key in (("cores", "vcpu"), ("memory_mib", "memory_mib")):
        documented = int(need.minimum[key])
        if group.role == "server":
            least[number] = max(least[number], documented)
        if documented > getattr(group, number):
            group = replace(group, **t.cast("dict[str, t.Any]", {number: documented}))
            group = group.because(
                number,
                f"K3s documents {amount(number, documented)} for a {group.role} of a cluster with"
                f" {topology.agents.value} agents.",
                source,
                need.confidence,
            )
    return replace(group, minimum=least)


__all__ = ["Topology", "cluster_groups", "wants_ha"]
