# SPDX-License-Identifier: GPL-3.0-or-later
"""The things of a request → groups of machines: links first, then each thing by itself."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    ApplicationThing,
    ClusterThing,
    MachinesThing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._cluster import (
    ClusterSpec,
    spec_of_thing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._own_parts import (
    with_own_parts,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._software import (
    distinct,
    groups_of_thing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._topology import (
    groups_of_cluster,
)

#: Parts whose machines a load balancer without a link stands in front of.
BALANCED = ("web", "application", "app")


@dataclass
class Sized:
    """Groups of all things, and the cluster among them."""

    groups: list[Group] = field(default_factory=list)
    cluster: ClusterSpec | None = None
    ha: bool = False


def sized(context: Context) -> Sized:
    """Return the groups of the request's things; what cannot be built is refused by name."""
    request, result = context.request, Sized()
    clusters = [thing for thing in request.things if isinstance(thing, ClusterThing)]
    for second in clusters[1:]:
        name = second.name or second.id
        context.report(
            "cluster.second",
            "error",
            f"things.{second.id}",
            f"A deployment holds one cluster; plan the second one ({name}) as a deployment of its"
            f" own, with -e deployment={second.name or 'NAME'}.",
        )
    for thing in request.things:
        if isinstance(thing, ApplicationThing):
            _refuse_application(context, thing)
    machines = _joined(context, request.things)
    if context.refused:
        return result
    if clusters:
        found = groups_of_cluster(context, clusters[0])
        if found is None:
            return result
        topology, result.groups = found
        result.groups = [replace(group, thing=clusters[0].id) for group in result.groups]
        result.cluster = spec_of_thing(context, clusters[0], topology)
        result.ha = topology.ha
    own = {
        thing.id: [replace(group, thing=thing.id) for group in groups_of_thing(context, thing)]
        for thing in machines
    }
    own = with_own_parts(context, machines, own)
    result.ha = result.ha or any(thing.ha for thing in machines)
    balanced = _balanced(machines, own)
    for groups in balanced.values():
        result.groups += [_beside(group) for group in groups] if clusters else groups
    result.groups = distinct(result.groups)
    return result


def _refuse_application(context: Context, thing: ApplicationThing) -> None:
    families = ", ".join(software.family for software in thing.software)
    name = thing.name or families or thing.image or thing.id
    context.report(
        "application.kubernetes",
        "error",
        f"things.{thing.id}",
        f"{name} is an application on Kubernetes, in a cluster; that cannot be planned yet. Ask for"
        " the cluster alone, or for the software on a machine of its own.",
    )


def _joined(context: Context, things: t.Iterable[t.Any]) -> list[MachinesThing]:
    """Return the machines of the request, those of one machine as one thing."""
    kinds = {thing.id: thing for thing in things}
    machines = {k: thing for k, thing in kinds.items() if isinstance(thing, MachinesThing)}
    for thing in list(machines.values()):
        for link in thing.links:
            target = kinds.get(link.thing)
            if link.how != "same_machine" or target is None or link.thing == thing.id:
                continue
            if not isinstance(target, MachinesThing):
                context.report(
                    "application.kubernetes",
                    "error",
                    f"things.{thing.id}",
                    f"{_called(thing)} on the machines of a cluster is an application on"
                    " Kubernetes; that cannot be planned yet. Ask for a machine of its own.",
                )
                continue
            host = machines.get(link.thing)
            if host is not None and thing.id in machines:
                machines[link.thing] = _one(context, host, machines.pop(thing.id))
    return list(machines.values())


def _one(context: Context, host: MachinesThing, guest: MachinesThing) -> MachinesThing:
    """Return one thing that holds the software of both; what was said of both must agree."""
    said, other = host.model_dump(exclude_defaults=True), guest.model_dump(exclude_defaults=True)
    for key in ("type", "id", "links", "software", "loads", "part", "purpose"):
        other.pop(key, None)
    clash = sorted(k for k in other.keys() & said.keys() if other[k] != said[k])
    if clash:
        context.ask(
            "machines.together",
            f"things.{host.id}",
            f"{_called(guest)} and {_called(host)} share a machine, but {', '.join(clash)} was said"
            " differently of the two; which holds?",
        )
    update: dict[str, t.Any] = {key: getattr(guest, key) for key in other if key not in clash}
    update["software"] = (*host.software, *guest.software)
    update["loads"] = {**guest.loads, **host.loads}
    update["part"], update["purpose"] = host.part or guest.part, host.purpose or guest.purpose
    return host.model_copy(update=update)


def _called(thing: MachinesThing) -> str:
    families = ", ".join(software.family for software in thing.software)
    return (thing.names[0] if thing.names else "") or families or thing.part or thing.id


def _balanced(
    things: list[MachinesThing], groups: dict[str, list[Group]]
) -> dict[str, list[Group]]:
    """Give a load balancer at least two machines to balance."""
    targets: set[str] = set()
    for thing in things:
        if not any("balancer" in group.role for group in groups[thing.id]):
            continue
        linked = {link.thing for link in thing.links if link.how == "in_front_of"}
        targets |= linked or {
            other.id
            for other in things
            if any(group.role in BALANCED for group in groups[other.id])
        }
    return {
        key: [
            _two(group) if key in targets and not index else group
            for index, group in enumerate(own)
        ]
        for key, own in groups.items()
    }


def _two(group: Group) -> Group:
    if group.count > 1 or "count" in group.explicit:
        return group
    minimum = {**group.minimum, "count": 2}
    raised = replace(group, count=2, minimum=minimum, spread=True, ha=False)
    if group.names:
        raised = replace(raised, name=group.role, names=(), base_name=group.names[0])
    reason = "Load balancing needs at least two machines behind the balancer."
    return raised.because("count", reason, "sizing.load-balancing", 0.9)


def _beside(group: Group) -> Group:
    """Return a group whose role cannot be taken for a part of the cluster."""
    if group.role not in ("server", "agent"):
        return group
    role = f"{group.families[0] if group.families else 'machine'}-{group.role}"
    name = role if group.name == group.role else group.name
    return replace(group, role=role, name=name)
