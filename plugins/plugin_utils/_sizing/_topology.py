# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster of a request → servers and agents: how many, how large, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    ClusterThing,
    Environment,
    Machines,
    Software,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import needs
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._addons import (
    resolved,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._loads import (
    name_unused_scale,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._profiles import (
    Profile,
    Profiles,
    load_profiles,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._said import (
    merged,
    share_totals,
    with_said,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import amount
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._workload import (
    hold_addons,
)

#: etcd keeps a majority with these numbers of members; more than five only cost writes.
QUORUM_SIZES = (1, 3, 5)
MINIMUMS = {
    "server": {"cores": 2, "memory_mib": 2048, "disk_gib": 20},
    "agent": {"cores": 1, "memory_mib": 1024, "disk_gib": 15},
}
QUORUM_SOURCE = "cluster.quorum (etcd keeps a majority only with an odd number of members)"
AVAILABLE = "high-availability"


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

    @property
    def addons(self) -> dict[str, str]:
        """Return the add-ons of the profile with the reason for each."""
        return {name: f"Profile {self.profile_id}." for name in self.profile.addons}


def groups_of_cluster(context: Context, thing: ClusterThing) -> tuple[Topology, list[Group]] | None:
    """Return topology and groups, or None after reporting why there are none."""
    table = load_profiles()
    for part, said in (("servers", thing.servers), ("agents", thing.agents)):
        if said.kind == "lxc" or thing.nodes.kind == "lxc":
            context.report(
                "cluster.kind",
                "error",
                f"cluster.{part}.kind",
                "k3s in containers (lxc) is not built here; ask for VMs as the cluster's nodes.",
            )
            return None
    topology = _topology(context, table, thing)
    if topology is None:
        return None
    groups = [_sized(context, table, topology, thing, "server")]
    if topology.agents.value:
        groups.append(_sized(context, table, topology, thing, "agent"))
    counts = topology.servers.value, topology.agents.value
    addons = resolved(context, thing, *counts, topology.addons)
    groups = hold_addons(context, addons, groups, topology.ha)
    groups = share_totals(context, groups, thing.nodes.totals)
    totals = {"server": thing.servers.totals, "agent": thing.agents.totals}
    return topology, [
        shared for group in groups for shared in share_totals(context, [group], totals[group.role])
    ]


def _topology(context: Context, table: Profiles, thing: ClusterThing) -> Topology | None:
    environment = thing.environment or context.environment
    workload = thing.workload or context.request.workload
    profile_id, profile = table.choose(workload, environment)
    ha = wants_ha(context, thing.ha, thing.environment)
    total = thing.nodes.count
    servers, agents = _said(thing.servers), _said(thing.agents)
    if servers is None:
        servers = _rest_for_servers(total, agents) or _server_count(table, profile_id, ha, total)
    if agents is None and total is not None:
        rest = f"The rest of {total} nodes beside {servers.value} server(s)."
        agents = Count(total - servers.value, True, rest, "explicit")
    if agents is None and servers.said and thing.agents == Machines():
        reason = "Only servers were asked for; they carry what runs in the cluster."
        agents = Count(0, False, reason, "sizing.servers-only")
    if agents is None:
        agents = _agent_count(table, profile_id, ha)
    counts = servers.value, agents.value
    if not valid(context, *counts, total=total, ha=ha, environment=environment):
        return None
    return Topology(servers, agents, ha, profile_id, profile)


def _said(said: Machines) -> Count | None:
    count = said.count if said.count is not None or said.listed < 2 else said.listed
    return None if count is None else Count(count, True, f"As asked: {count}.", "explicit")


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


def _agent_count(table: Profiles, profile_id: str, ha: bool) -> Count:
    own = table.by_id(profile_id).agents
    deciding = profile_id
    if ha and table.high_availability.agents > own:
        deciding, own = AVAILABLE, table.high_availability.agents
    return Count(own, False, f"Profile {deciding}.", f"{table.source}: {deciding}")


def wants_ha(context: Context, said: bool | None, own: Environment | None = None) -> bool:
    """Return whether high availability is asked for or a rule of the site; say which."""
    environment = own or context.environment
    rules = context.site.environments.get(environment)
    policy = rules is not None and bool(rules.ha)
    if policy and said is not True:
        outcome = "the request declines it; planned without" if said is False else ""
        context.report(
            "policy.ha",
            "warning" if outcome else "info",
            "ha",
            f"The site asks for high availability in {environment}"
            f"{', ' + outcome if outcome else ': planned with it'}.",
            "site",
        )
    return said if said is not None else policy


def valid(
    context: Context,
    servers: int,
    agents: int,
    *,
    total: int | None = None,
    ha: bool = False,
    environment: str,
) -> bool:
    """Report a topology that cannot be, and one that lacks what was asked for."""
    if total is not None and servers + agents != total:
        context.report(
            "topology.total",
            "error",
            "cluster.nodes.count",
            f"{total} nodes in total cannot be {servers} servers and {agents} agents;"
            " change one of the three numbers.",
        )
        return False
    if servers not in QUORUM_SIZES:
        nearest = [str(size) for size in QUORUM_SIZES if abs(size - servers) <= 1] or ["5"]
        context.report(
            "topology.quorum",
            "error",
            "cluster.servers.count",
            f"A cluster cannot have {servers} servers: etcd needs an odd number, at most"
            f" {QUORUM_SIZES[-1]}, to keep a majority (quorum); ask for {' or '.join(nearest)}.",
            QUORUM_SOURCE,
        )
        return False
    if agents < 0:
        context.report(
            "topology.agents",
            "error",
            "cluster.agents.count",
            f"A cluster cannot have {agents} agents; ask for 0 or more.",
        )
        return False
    if servers == 1 and (ha or environment == "production"):
        context.report(
            "topology.single-server",
            "warning" if ha else "info",
            "cluster.servers.count",
            "With one server the control plane stops with that machine; ask for high availability"
            " to get 3.",
            QUORUM_SOURCE,
        )
    return True


def _sized(
    context: Context, table: Profiles, topology: Topology, thing: ClusterThing, role: str
) -> Group:
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
        minimum={"count": count.value if server else min(1, count.value), **MINIMUMS[role]},
        spread=server and count.value > 1,
        start_order=1 if server else 2,
        environment=thing.environment,
    )
    sure = 1.0 if count.said or count.source == QUORUM_SOURCE else table.confidence
    group = group.because("count", count.reason, count.source, sure)
    group = _of_profile(table, topology, group)
    group = documented(context, group, topology.agents.value, topology.servers.value > 1)
    wish = _wish(topology, thing, role)
    if wish.scale and not (wish.cores or wish.memory_mib):
        name_unused_scale(context, f"the cluster's {role}s", wish.scale)
    return with_said(context, group, wish)


def _wish(topology: Topology, thing: ClusterThing, role: str) -> Machines:
    """Return what was said of the nodes of a role; names and addresses of all nodes in turn."""
    own = thing.servers if role == "server" else thing.agents
    first = 0 if role == "server" else topology.servers.value
    last = first + (topology.servers.value if role == "server" else topology.agents.value)
    nodes = thing.nodes
    shared = nodes.model_copy(
        update={
            "count": None,
            "totals": {},
            **{field: getattr(nodes, field)[first:last] for field in ("names", "vmids")},
            "addresses": nodes.addresses[first:last],
        }
    )
    return merged(shared, own)


def _of_profile(table: Profiles, topology: Topology, group: Group) -> Group:
    """Give the group the sizes of its profile; high availability raises them."""
    layers = {topology.profile_id: topology.profile}
    if topology.ha:
        layers[AVAILABLE] = table.high_availability
    disk = f"{group.role}_disk_gib"
    for number, field in (("cores", "cores"), ("memory_mib", "memory_mib"), ("disk_gib", disk)):
        name = max(layers, key=lambda layer: int(getattr(layers[layer], field)))
        value = int(getattr(layers[name], field))
        reason = f"Profile {name}: {amount(number, value)}."
        source = f"{table.source}: {name}"
        group = group.with_number(number, value, reason, source, table.confidence)
    return group


def documented(context: Context, group: Group, agents: int, available: bool) -> Group:
    """Raise a server to what k3s documents for so many agents (an agent: its system cost)."""
    [need] = needs(
        [Software(family="k3s", component=group.role)],
        {"agents": float(agents)},
        "",
        available,
        context.knowledge,
    )
    least, sources = dict(group.minimum), dict(group.documented)
    for number, key in (("cores", "vcpu"), ("memory_mib", "memory_mib")):
        minimum = int(need.minimum[key])
        if group.role == "server":
            least[number] = max(least.get(number, 1), minimum)
        if least.get(number, 1) <= minimum:
            sources[number] = need.source
        if minimum > getattr(group, number):
            reason = (
                f"K3s documents {amount(number, minimum)} for a {group.role} of a cluster with"
                f" {agents} agents."
            )
            group = group.with_number(number, minimum, reason, need.source, need.confidence)
    return replace(group, minimum=least, documented=sources)
