# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of what a deployment is: a pure function of groups, cluster and add-ons.

A change touches what it names and deletes what it says; what it cannot mean is asked.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Change,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._targets import (
    CLUSTER_ROLES,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._addons import (
    completed,
    with_order,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._altered import (
    changed,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._before import part_of
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._cluster import (
    ClusterSpec,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    SIZES,
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._targets import find
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._topology import valid
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import (
    amount,
)

#: Words of a reading for fields that hold several values.
FIELDS = {
    "name": "names",
    "vmid": "vmids",
    "address": "addresses",
    "node": "nodes",
    "data_disk_gib": "data_disks_gib",
    "tag": "tags",
    "dns_server": "dns_servers",
    "addon": "addons",
    **dict.fromkeys(("template", "iso", "image"), "source"),
}
#: Fields that a machine gets when it is made and never again.
BORN_WITH = ("os", "source", "kind", "vmids", "gpu", "software")
CLUSTER_FIELDS = ("version", "cni", "vip", "addons", "addons_excluded")
#: How near a number that was said to be there has to be to the one that is (GB and GiB).
NEAR = 0.08


@dataclass(frozen=True)
class Touched:
    """What one order changed: its words, its field, and the machines that are others now."""

    said: str
    field: str
    machines: frozenset[str]


@dataclass
class State:
    """What a deployment is while changes are applied to it."""

    groups: list[Group]
    cluster: ClusterSpec | None = None
    protected: set[tuple[str, str]] = field(default_factory=set)  # (machine, field or "whole")
    touched: list[Touched] = field(default_factory=list)

    def swap(self, old: Group, *new: Group | None) -> None:
        """Put groups in the place of another one."""
        index = self.groups.index(old)
        self.groups[index : index + 1] = [group for group in new if group is not None]


def apply_changes(context: Context, state: State, changes: t.Iterable[Change]) -> None:
    """Apply the changes in order; what they protect first."""
    named = [
        change.model_copy(update={"field": FIELDS.get(change.field, change.field)})
        for change in changes
    ]
    ordered = sorted(named, key=lambda change: change.verb != "keep")
    cluster = state.cluster
    for change in ordered:
        before = _by_name(state)
        _apply(context, state, change)
        after = _by_name(state)
        names = {name for name in before | after if before.get(name) is not after.get(name)}
        state.touched.append(Touched(change.said, change.field, frozenset(names)))
    _complete_addons(context, state, cluster)
    _check_cluster(context, state)


def _by_name(state: State) -> dict[str, Group]:
    """Return the group of each machine; those that are still to be named go by their group."""
    named = {name: group for group in state.groups for name in group.names}
    return named | {group.name: group for group in state.groups if len(group.names) < group.count}


def _apply(context: Context, state: State, change: Change) -> None:
    """Apply one change."""
    if change.verb == "keep":
        _protect(context, state, change)
    elif change.target.addon is not None or change.field.startswith("addons"):
        _addon(context, state, change)
    elif change.field in CLUSTER_FIELDS:
        _cluster(context, state, change)
    elif change.field == "environment":
        _environment(context, state, change)
    elif change.field == "ha" and _of_cluster(state, change):
        _available(context, state)
    else:
        _machines(context, state, change)


def _protect(context: Context, state: State, change: Change) -> None:
    for _group, names in find(context, state.groups, change):
        state.protected |= {(name, change.field) for name in names}


def _free(state: State, names: list[str], number: str) -> list[str]:
    """Return the machines that no "keep" protects from a change of a field."""
    held = {name for name, kept in state.protected if kept in ("whole", number)}
    return [name for name in names if name not in held]


def _machines(context: Context, state: State, change: Change) -> None:
    more = change.field == "count" and change.verb in ("add", "increase")
    found = [
        (group, free)
        for group, names in find(context, state.groups, change)
        if (free := names if more else _free(state, names, change.field))
    ]
    if change.field in SIZES or change.field in ("scale", "whole"):
        found = _as_it_was(context, change, found)
    if not found or context.refused:
        return
    if change.field == "whole" and change.verb == "remove" and _names_machines(change):
        if not _which_go(context, change, found):
            return
        _drop(context, state, {name for _group, names in found for name in names})
    elif change.field == "count" or (change.field == "whole" and change.verb in ("add", "remove")):
        _count(context, state, change, found)
    elif change.field == "names":
        _rename(context, state, change, found)
    elif change.field in BORN_WITH:
        context.report(
            "change.unsupported",
            "error",
            f"changes.{change.field}",
            f"{change.said or change.field}: a machine gets its {change.field} when it is made;"
            " remove it and add a new one.",
        )
    else:
        for group, names in found:
            rest, own = part_of(group, names)
            state.swap(group, rest, changed(context, own, change))


def _names_machines(change: Change) -> bool:
    """Return whether a removal says which machines go, and not how many of a kind."""
    return change.value is None


def _as_it_was(
    context: Context, change: Change, found: list[tuple[Group, list[str]]]
) -> list[tuple[Group, list[str]]]:
    """Return the machines that have what the person says is there now; ask when none has."""
    if change.before is None or change.field not in SIZES:
        return found
    alike = [
        pair
        for pair in found
        if abs(getattr(pair[0], change.field) - change.before) <= NEAR * change.before
    ]
    if found and not alike:
        there = ", ".join(
            f"{group.name} {amount(change.field, getattr(group, change.field))}"
            for group, _names in found
        )
        context.ask(
            "change.before",
            "changes",
            f"{change.said or 'The change'} speaks of {amount(change.field, change.before)}, but"
            f" there is {there}; which of them shall change?",
        )
    return alike


def _count(
    context: Context, state: State, change: Change, found: list[tuple[Group, list[str]]]
) -> None:
    """Change how many machines of one kind there are; the last ones go first."""
    labels = list(dict.fromkeys(group.label or group.name for group, _names in found))
    if len(labels) > 1:
        spoken = [{"server": "servers", "agent": "workers"}.get(name, name) for name in labels]
        context.ask(
            "change.whose",
            "changes",
            f"{change.said or 'The number'}: which of {', '.join(spoken)} shall there be more or"
            f" fewer of ({' or '.join(spoken)}?)",
            tuple(spoken),
        )
        return
    there = sum(group.count for group, _names in found)
    value = 1 if change.value is None else float(change.value)
    wanted = {
        "add": there + value,
        "increase": there + value,
        "remove": there - value,
        "decrease": there - value,
        "multiply": there * value,
    }.get(change.verb, value)
    if change.verb == "set" and (
        (change.bound == "at_least" and there >= wanted)
        or (change.bound == "at_most" and there <= wanted)
    ):
        return
    wanted = int(wanted)
    if wanted < 0:
        context.ask(
            "change.count",
            "changes",
            f"There are {there} {labels[0]}, {change.said or wanted} would leave {wanted}; how"
            " many shall stay?",
        )
        return
    if wanted < there:
        last = [name for group, names in found for name in group.names if name in names]
        _drop(context, state, set(last[wanted - there :]))
    elif wanted > there:
        group = found[-1][0]
        reason = f"{wanted - there:+d} to the {there} there are, as asked."
        grown = replace(group, count=group.count + wanted - there, spread=wanted > 1)
        grown = grown.with_number("count", grown.count, reason, "explicit", 1.0)
        state.swap(group, grown)


def _which_go(context: Context, change: Change, found: list[tuple[Group, list[str]]]) -> bool:
    """Ask how many of several machines of a kind shall go when no number and no name was said."""
    target = change.target
    names = [name for _group, own in found for name in own]
    clear = target.everything or target.name or target.vmid or target.family or target.node
    if clear or len(names) == 1:
        return True
    kind = found[0][0].label or found[0][0].name
    context.ask(
        "change.count",
        "changes",
        f"{change.said or 'The removal'}: there are {len(names)} {kind} ({', '.join(names)}); how"
        " many shall go, or which?",
    )
    return False


def _drop(context: Context, state: State, names: set[str]) -> None:
    """Take machines out of the plan; a deployment without any is destroyed, not planned."""
    there = {name for group in state.groups for name in group.names}
    if not (there - names or context.request.things):
        context.report(
            "change.none-left",
            "error",
            "changes",
            "No machine would be left; use the playbook destroy to remove a deployment.",
        )
        return
    for group in list(state.groups):
        if names & set(group.names):
            rest, _gone = part_of(group, names)
            if rest is not None:
                rest = rest.because("count", f"{rest.count} stay.", "explicit", 1.0)
            state.swap(group, rest)


def _rename(
    context: Context, state: State, change: Change, found: list[tuple[Group, list[str]]]
) -> None:
    machines = [(group, name) for group, names in found for name in names]
    if len(machines) != 1 or not isinstance(change.value, str):
        context.ask(
            "change.rename",
            "changes",
            f"{change.said or 'A new name'}: which of"
            f" {', '.join(name for _group, name in machines)} gets it, and what is it?",
        )
        return
    group, name = machines[0]
    way = (
        "add a node and remove this one"
        if group.role in CLUSTER_ROLES
        else f"add a machine named {change.value}, move its data, and remove {name} then"
    )
    context.report(
        "change.rename",
        "error",
        "changes",
        f"{name} cannot be renamed to {change.value}: under a new name the machine would be"
        f" replaced and its disk lost. Keep the name, or {way}.",
    )


def _environment(context: Context, state: State, change: Change) -> None:
    if change.value not in ("production", "staging", "development", "test"):
        context.ask("change.environment", "changes", "Which environment shall it be?")
        return
    value = t.cast(t.Any, change.value)
    found = find(context, state.groups, change)
    meant = {name for _group, names in found for name in names}
    if meant == {name for group in state.groups for name in group.names}:
        context.environment = value
    for group, names in found:
        rest, own = part_of(group, names)
        state.swap(group, rest, replace(own, environment=value))


def _of_cluster(state: State, change: Change) -> bool:
    target = change.target
    named = (target.family, target.name, target.vmid, target.node)
    return state.cluster is not None and all(value is None for value in named)


def _available(context: Context, state: State) -> None:
    """Give the cluster the servers that survive the loss of one."""
    servers = next(group for group in state.groups if group.role == "server")
    if servers.count < 3:
        reason = "High availability needs three servers: etcd survives the loss of one."
        grown = replace(servers, count=3, spread=True)
        state.swap(servers, grown.because("count", reason, "cluster.quorum", 1.0))


def _cluster(context: Context, state: State, change: Change) -> None:
    family = change.target.family
    if family is not None and family not in ("k3s", "kubernetes"):
        context.ask(
            "change.field",
            "changes",
            f"{change.said or change.field}: a plan makes machines and clusters; it does not hold"
            f" the {change.field} of {family}. What shall change?",
        )
        return
    if state.cluster is None:
        context.ask(
            "change.unknown",
            "changes",
            f"The deployment has no cluster whose {change.field} could change; what is meant?",
        )
        return
    value = None if change.verb == "remove" else change.value
    state.cluster = replace(
        state.cluster, **t.cast("dict[str, t.Any]", {change.field: value and str(value)})
    )


def _addon(context: Context, state: State, change: Change) -> None:
    if state.cluster is None:
        name = change.target.addon or change.value
        context.ask(
            "change.unknown",
            "changes",
            f"The deployment has no cluster that could hold the add-on {name}; what is meant?",
        )
        return
    addons = with_order(context, state.cluster.addons, change)
    state.cluster = replace(state.cluster, addons=addons)


def _complete_addons(context: Context, state: State, before: ClusterSpec | None) -> None:
    """Add what the add-ons of all orders together need, as soon as these changed them."""
    cluster = state.cluster
    if cluster is None or before is None or cluster.addons == before.addons or context.refused:
        return
    servers, agents = ([g for g in state.groups if g.role == role] for role in CLUSTER_ROLES)
    addons = completed(context, before.addons, cluster.addons, cluster.cni, (servers, agents))
    state.cluster = replace(cluster, addons=addons)


def _check_cluster(context: Context, state: State) -> None:
    """Report a cluster that has no majority after the changes."""
    if state.cluster is None or context.refused:
        return
    counts = {
        role: sum(group.count for group in state.groups if group.role == role)
        for role in CLUSTER_ROLES
    }
    there = state.cluster.before
    if there is not None and (len(there.servers), len(there.agents)) != tuple(counts.values()):
        valid(context, counts["server"], counts["agent"], environment=context.environment)
