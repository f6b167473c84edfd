# SPDX-License-Identifier: GPL-3.0-or-later
"""The last look at a plan: what was understood is in it, and what is in it was understood.

Whatever went wrong on the way from the statements to the machines ends here as a question. It
knows nothing of how a plan is made: it compares the statements with the machines.
"""

from __future__ import annotations

import math
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Machine,
    Plan,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Statement,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading import meaning
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._loads import (
    name_unused_loads,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._settings import (
    name_settings_by_hand,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._unasked import (
    NUMBERS,
    SHOWN,
    close_changes,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import amount

_ROLES = {"server": ("server",), "agent": ("agent",), "node": ("server", "agent")}
_CLUSTERS = frozenset({"cluster", "k3s", "kubernetes"})
_KINDS = {"vm": "vm", "container": "lxc"}


def close(context: Context, groups: t.Sequence[Group], plan: Plan) -> None:
    """Ask about each statement that is not in the plan, and about what nobody said.

    A load that no number follows, a setting that no machine takes, and a machine larger than the
    hardware that was said, are warnings.
    """
    _beyond_hardware(context, plan)
    name_unused_loads(context, groups)
    name_settings_by_hand(context, groups)
    if context.previous is not None and context.request.changes:
        close_changes(context, groups, context.previous, plan)
        return
    reading = context.request.reading
    if reading is None or context.previous is not None:
        return
    owners = _owners(reading.statements, groups)
    for statement in reading.statements:
        if statement.kind not in ("wish", "exclude") or statement.verb is not None:
            continue
        if statement.topic == "gpu" and any(f.id.startswith("gpu.") for f in context.findings):
            continue  # that it cannot be given is said
        machines = _machines(statement, owners, plan)
        if statement.topic == "link":
            other = statement.model_copy(update={"thing": str(statement.value)})
            both = [*machines, *_machines(other, owners, plan)]
            machines = list({machine.name: machine for machine in both}.values())
        if not _kept(statement, machines, plan, owners):
            context.ask(
                "closing.lost",
                "text",
                f'"{statement.quote.text}" ({meaning(statement)}) was understood, but it is not in'
                " the plan; say it another way, or leave it out.",
            )
    _implied(context, reading.statements, groups)


def _beyond_hardware(context: Context, plan: Plan) -> None:
    """Warn of machines that are larger than the hardware that the person says is there."""
    for host in context.request.exists if plan.machines else ():
        for number in ("cores", "memory_mib") if host.what == "host" else ():
            said, read = getattr(host, number), SHOWN[number]
            most = max(plan.machines, key=read)
            if said and read(most) > said:
                have = f'the hardware has {amount(number, said)} ("{host.said}")'
                text = f"{most.name} gets {amount(number, read(most))}, and {have}."
                field = f"machines.{most.group}.{number}"
                context.report("hardware.small", "warning", field, text)


class _Owners(t.NamedTuple):
    """Which groups the things of a reading became; ``kinds`` is what each thing was called."""

    groups: dict[str, list[Group]]
    kinds: dict[str, set[str]]
    whole: dict[str, str]  # thing → the one that it is a part of, or runs with
    sized: frozenset[tuple[str, str]]  # thing and topic of each size


def _owners(statements: t.Sequence[Statement], groups: t.Sequence[Group]) -> _Owners:
    made: dict[str, list[Group]] = {}
    for group in groups:
        made.setdefault(group.thing, []).append(group)
    kinds: dict[str, set[str]] = {}
    whole: dict[str, str] = {}
    for statement in statements:
        if statement.topic == "thing" and statement.kind == "wish":
            kinds.setdefault(statement.thing, set()).add(str(statement.value))
        if statement.topic == "link" and statement.about in ("same_machine", "part_of"):
            whole[statement.thing] = str(statement.value)
    sized = frozenset((s.thing, s.topic) for s in statements if s.topic in NUMBERS)
    return _Owners(made, kinds, whole, sized)


def _machines(statement: Statement, owners: _Owners, plan: Plan) -> list[Machine]:
    """Return the machines that a statement is about; all where it is of no thing."""
    thing = statement.thing
    roles = [role for kind in owners.kinds.get(thing, ()) for role in _ROLES.get(kind, ())]
    if roles and plan.cluster is not None:
        names = {name for role in roles for name in getattr(plan.cluster, f"{role}s")}
        return [m for m in plan.machines if m.name in names]
    things = {thing, *(part for part, whole in owners.whole.items() if whole == thing)}
    things |= {owners.whole[thing]} if thing in owners.whole else set()
    if statement.topic in NUMBERS:  # "three VMs, one of them with 16 GB, the others with 4"
        things = {x for x in things if x == thing or (x, statement.topic) not in owners.sized}
        things = {thing} if thing in owners.groups and thing in owners.whole else things
    made = [group for one in things for group in owners.groups.get(one, ())]
    if statement.topic == "disk_gib" and len(things) == 1:
        made = made[:1]  # of several parts of a software, the first one keeps the data
    labels = {group.label or group.name for group in made}
    return [m for m in plan.machines if m.group in labels] or list(plan.machines)


def _kept(statement: Statement, machines: list[Machine], plan: Plan, owners: _Owners) -> bool:
    value, topic = statement.value, statement.topic
    if value is None or statement.about in ("workload", "insist"):
        return True
    if statement.kind == "exclude":
        return not _excluded(topic, str(value), machines, plan)
    if topic in ("link", "thing"):
        return _as_called(statement, machines, owners)
    if topic == "count":
        return _counted(statement, machines, plan, owners)
    if topic in NUMBERS and not isinstance(value, str):
        return _sized(statement, machines, single=statement.thing in owners.groups)
    test = _PLACES.get(topic)
    return test is None or test(value, machines, plan)


def _as_called(statement: Statement, machines: list[Machine], owners: _Owners) -> bool:
    """Tell whether machines are of the kind that was said, and apart where that was said."""
    if statement.topic == "link":
        return statement.about != "apart" or _apart(machines)
    kind = _KINDS.get(str(statement.value))
    own = kind is not None and owners.groups.get(statement.thing)
    return not own or all(machine.kind == kind for machine in machines)


def _apart(machines: list[Machine]) -> bool:
    """Tell whether machines that shall be apart are; by their hosts where these are known."""
    nodes = [m.node for m in machines if m.node != "unverified"]
    return len(machines) > 1 and len(set(nodes)) == len(nodes)


def _excluded(topic: str, value: str, machines: list[Machine], plan: Plan) -> bool:
    if topic == "addon":
        return any(addon.name == value for addon in plan.addons)
    return topic == "node" and any(machine.node == value for machine in machines)


def _counted(statement: Statement, machines: list[Machine], plan: Plan, owners: _Owners) -> bool:
    value, thing = float(statement.value or 0), statement.thing
    if statement.about != "nodes" and owners.kinds.get(thing, set()) & _CLUSTERS:
        return True  # how many clusters
    if statement.about == "nodes":
        cluster = plan.cluster
        return cluster is None or len(cluster.servers) + len(cluster.agents) == value
    if thing in owners.whole and not owners.groups.get(thing):
        return True  # counted with the whole
    there = [len(machines), *(g.count for g in owners.groups.get(thing, ()))]
    if statement.bound == "at_least":
        return max(there) >= value
    if statement.bound == "at_most":
        return min(there) <= value
    return statement.bound == "approximate" or value in there or not machines


def _sized(statement: Statement, machines: list[Machine], *, single: bool) -> bool:
    """Tell whether machines have a size; each of them where they are those of one thing."""
    value, topic = float(t.cast(float, statement.value)), statement.topic
    read = SHOWN[topic]
    if topic == "disk_gib":
        disks = [[float(d.size_gib) for d in m.disks] for m in machines]
        have = [size for sizes in disks for size in sizes]
    else:
        disks, have = [], [float(read(m)) for m in machines]
    if statement.total:
        return sum(have) <= math.ceil(value)
    if statement.bound == "at_least":
        return all(number >= math.floor(value) for number in have)
    if statement.bound == "at_most":
        return all(number <= math.ceil(value) for number in have)
    if single and disks:
        return all(any(abs(size - value) < 1 for size in sizes) for sizes in disks)
    return (all if single else any)(abs(number - value) < 1 for number in have)


def _named(value: t.Any, machines: list[Machine], plan: Plan) -> bool:
    names = {m.name for m in machines} | {plan.deployment, getattr(plan.cluster, "name", "")}
    return any(
        name == value or name.endswith(f"-{value}") or name.startswith(f"{value}") for name in names
    )


def _on_node(value: t.Any, machines: list[Machine], plan: Plan) -> bool:
    placed = [m for m in machines if m.node != "unverified"]
    return not placed or any(m.node == value for m in placed)


def _shown(topic: str) -> t.Callable[[t.Any, list[Machine], Plan], bool]:
    def test(value: t.Any, machines: list[Machine], _plan: Plan) -> bool:
        for machine in machines:
            have = SHOWN[topic](machine)
            have = have if isinstance(have, tuple) else (have,)
            if any(str(one).partition("/")[0] == str(value).partition("/")[0] for one in have):
                return True
        return False

    return test


_PLACES: dict[str, t.Callable[[t.Any, list[Machine], Plan], bool]] = {
    "name": _named,
    "node": _on_node,
    "vmid": lambda value, machines, _plan: any(m.vmid == int(value) for m in machines),
    "gpu": lambda value, machines, _plan: not value or any(m.pci_mappings for m in machines),
    "data_disk_gib": lambda value, machines, _plan: any(
        abs(d.size_gib - float(value)) < 1 for m in machines for d in m.disks
    ),
    "addon": lambda value, _machines, plan: any(a.name == value for a in plan.addons),
    "cni": lambda value, _machines, plan: plan.cluster is not None and plan.cluster.cni == value,
    "vip": lambda value, _machines, plan: plan.cluster is not None and plan.cluster.vip == value,
    **{name: _shown(name) for name in ("storage", "bridge", "vlan", "address", "gateway", "pool")},
}


def _implied(
    context: Context, statements: t.Iterable[Statement], groups: t.Sequence[Group]
) -> None:
    """Name the machines that a document asks for though one thing was said."""
    counted = {s.thing for s in statements if s.topic in ("count", "name", "vmid", "ha")}
    by_thing: dict[str, list[Group]] = {}
    for group in groups:
        if group.role not in ("server", "agent"):
            by_thing.setdefault(group.thing, []).append(group)
    for thing, own in by_thing.items():
        if sum(group.count for group in own) < 2 or (thing in counted and len(own) == 1):
            continue
        listed = " and ".join(f"{group.count} x {group.label or group.name}" for group in own)
        context.report(
            "machines.implied",
            "warning",
            f"machines.{own[0].name}.count",
            f"{listed} are planned for one thing that was said"
            f" ({', '.join(dict.fromkeys(f for g in own for f in g.families)) or own[0].name});"
            " say how many machines there shall be, or that one machine is enough.",
        )
