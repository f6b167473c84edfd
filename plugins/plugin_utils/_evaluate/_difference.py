# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole plan beside what a case expects: every difference, with patterns that would name it."""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._expected import (
    GENERIC,
    ROLES,
    SIZES,
    Data,
    Planned,
    Wanted,
    as_list,
    fits,
    match,
    norm,
    wanted_things,
)

#: Add-ons that may come unasked.
DEFAULT_ADDONS = frozenset({"metricsserver", "traefik", "kubevip", "coredns"})
SAME_ADDON: dict[str, tuple[str, ...]] = {
    "monitoring": ("prometheus", "grafana", "monitoring"),
    "ingress": ("traefik", "ingressnginx"),
    "storage": ("longhorn", "rook", "openebs"),
    "nginx": ("ingressnginx",),
}
SIZE_WORDS = {
    "cores": r"cpu|core|kern|c(oe|œ)ur|thread",
    "memory_gib": r"memory|ram|speicher|m[ée]moire",
    "disk_gib": r"disk|disc|storage|platte|disque|ssd",
}
_FIELDS = {"cores": "cores", "memory_gib": "memory_mib", "disk_gib": "disk_gib"}


@dataclass(frozen=True)
class Difference:
    """Something of the plan that is not as expected.

    ``hints`` are patterns of a finding that names it, ``fields`` the fields it would stand at.
    """

    kind: str
    what: str
    want: t.Any
    got: t.Any
    hints: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


def differences(
    expect: Data, plan: Data, request: Data, base_plan: Data | None
) -> list[Difference]:
    """Return every difference of a plan that is ready."""
    machines = [Planned(data, plan) for data in plan.get("machines", ())]
    base = [Planned(m, base_plan) for m in base_plan.get("machines", ())] if base_plan else None
    found = list(_cluster(expect, plan, base_plan))
    if any(difference.what == "a cluster" for difference in found):
        machines = [machine for machine in machines if not machine.part]
    things = wanted_things(expect, base)
    matched = match(things, machines, as_list(expect.get("elsewhere")))
    found += _surplus(matched.left)
    for i, thing in enumerate(things):
        members = matched.machines[i]
        found += _counted(thing, things, members)
        if matched.stand_ins[i]:
            hints = tuple(_named(thing))
            found.append(
                Difference("software", thing.what[0], thing.what[0], members[-1].group, hints)
            )
        found += _sized(thing, members)
        if members:
            found += _identified(thing, members)
            found += _placed(thing, members, request)
    found += _nodes(expect, plan)
    found += _addons(expect, plan, base_plan)
    return found


def _cluster(expect: Data, plan: Data, base_plan: Data | None) -> t.Iterator[Difference]:
    wanted, planned = expect.get("cluster"), plan.get("cluster") or None
    if planned and not wanted and not (base_plan or {}).get("cluster"):
        got = f"{len(planned['servers'])}+{len(planned['agents'])}"
        yield Difference("cluster", "a cluster", None, got, ("cluster|kubernetes|k3s",))
    if wanted and not planned:
        yield Difference("cluster", "the cluster", wanted, None, ("cluster|kubernetes|k3s|k8s",))


def _nodes(expect: Data, plan: Data) -> t.Iterator[Difference]:
    wanted, planned = expect.get("cluster"), plan.get("cluster") or None
    if not wanted or not planned:
        return
    servers, agents = len(planned["servers"]), len(planned["agents"])
    if wanted.get("ha") and (servers < 3 or servers % 2 == 0):
        hints = (r"quorum|\bha\b|high|hochverf|haute|odd",)
        yield Difference("cluster", "servers of an HA cluster", "3 or 5", servers, hints)
    if wanted.get("nodes") is not None and not fits(wanted["nodes"], servers + agents):
        hints = (r"nodes|knoten|n(oe|œ)uds",)
        yield Difference("cluster", "nodes", wanted["nodes"], servers + agents, hints)


def _surplus(left: list[Planned]) -> t.Iterator[Difference]:
    for group in dict.fromkeys(machine.group for machine in left):
        same = [machine for machine in left if machine.group == group]
        first = same[0]
        word = rf"(?s)(?=.*\b{re.escape(group)}\b)(?=.*(machine|maschine|container|own|apart))"
        hints = (re.escape(first.name), *([word] if group not in GENERIC else []))
        size = "/".join(f"{first.size[name]:g}" for name in SIZES)
        yield Difference("surplus", first.name, 0, f"{len(same)} x {size}", hints)


def _named(thing: Wanted) -> list[str]:
    named = [rf"\b{re.escape(word)}" for word in thing.what if norm(word) not in GENERIC]
    part = thing.part
    return named or ([rf"\b({'|'.join(sorted(ROLES[part]))})s?\b"] if part else [])


def _counted(thing: Wanted, things: list[Wanted], members: list[Planned]) -> t.Iterator[Difference]:
    low = thing.count[0]
    if len(members) >= low:
        return
    own = [
        hint
        for size in SIZES
        for hint in _number(size, thing.get(size))
        if not any(other.get(size) == thing.get(size) for other in things if other is not thing)
    ]
    general = [rf"\b{low:g} (machine|vm|container|server)s?\b", "one machine was said"]
    hints = _named(thing) + own or general
    yield Difference(
        "dropped", thing.what[0], thing.data.get("count", 1), len(members), tuple(hints)
    )


def _number(size: str, value: t.Any) -> list[str]:
    """Return patterns of a number as people and programs write it."""
    if not isinstance(value, (int, float)):
        return []
    if size == "cores":
        return [rf"\b{value:g} ?(x )?({SIZE_WORDS['cores']}|v?c\b)"]
    forms = [
        (value, "g(b|ib|o|ig)?"),
        (value * 1024, "m(b|ib|o)?"),
        (value * 1000, "m(b|ib|o)?"),
        (value / 1024, "t(b|ib|o)?"),
        (value / 1000, "t(b|ib|o)?"),
    ]
    return [
        rf"(?<![\d.,-]){re.escape(f'{number:g}')} ?{unit}\b"
        for number, unit in forms
        if number >= 0.5
    ]


def _sized(thing: Wanted, members: list[Planned]) -> t.Iterator[Difference]:
    for size in SIZES:
        want = thing.get(size)
        exact = want is not None and not isinstance(want, list)
        wrong = [
            member.size[size]
            for member in members
            if not fits(want, member.size[size])
            and not (exact and size == "disk_gib" and any(fits(want, d) for d in member.disks))
        ]
        if not wrong:
            continue
        hints = _number(size, want) + _number(size, wrong[0]) if exact else []
        hints += [rf"(?s)(?=.*{word})(?=.*({SIZE_WORDS[size]}))" for word in _named(thing)]
        fields = {f"{member.group}.{_FIELDS[size]}" for member in members}
        yield Difference(
            size, f"{thing.what[0]} {size}", want, wrong[0], tuple(hints), tuple(sorted(fields))
        )
    disks = as_list(thing.get("disks"))
    for member in members:
        if not all(any(fits(want, disk) for disk in member.disks) for want in disks):
            patterns = tuple(hint for want in disks for hint in _number("disk_gib", want))
            yield Difference("disks", thing.what[0], disks, member.disks, patterns)


def _identified(thing: Wanted, members: list[Planned]) -> t.Iterator[Difference]:
    label, now, kept = thing.what[0], {m.name for m in members}, set(thing.kept)
    lost = [n for n in as_list(thing.get("names")) if not any(m.called(n) for m in members)]
    if lost or (kept and not (kept <= now or now <= kept)):
        patterns = [re.escape(str(name)) for name in lost or kept - now]
        hints = (*patterns, r"(?<!=)\bnam(e|es|ed)\b|\bnoms?\b")
        yield Difference("names", label, lost or sorted(kept), sorted(now), hints)
    vmids = {member.data.get("vmid") for member in members}
    missing = set(as_list(thing.get("vmids"))) - vmids
    if missing:
        hints = (r"vm-?ids?\b", *map(str, missing))
        yield Difference("vmids", label, sorted(missing), sorted(map(str, vmids)), hints)
    if any(thing.get("kind") not in (None, member.kind) for member in members):
        hints = ("lxc|container|conteneur",)
        yield Difference("kind", label, thing.get("kind"), members[0].kind, hints)


def _placed(thing: Wanted, members: list[Planned], request: Data) -> t.Iterator[Difference]:
    label, wishes = thing.what[0], request.get("machines", ())
    real = {member.node for member in members} - {"unverified", None}
    wished = {wish.get("node") for wish in wishes} - {None}
    on, off = set(as_list(thing.get("on"))), set(as_list(thing.get("not_on")))
    got = sorted(map(str, real or wished))
    if on and not (real <= on if real else wished & on):
        yield Difference("on", label, sorted(on), got, tuple(map(re.escape, on)))
    known = json.dumps(wishes)
    if off and (real & off if real else wished & off or not all(n in known for n in off)):
        yield Difference("not_on", label, sorted(off), got, tuple(map(re.escape, off)))
    system = str(thing.get("os") or "").lower().split()
    told = json.dumps(
        [
            request.get("image"),
            [(wish.get("os"), wish.get("source")) for wish in wishes],
            [(m.data.get("source"), m.data.get("os_type")) for m in members],
        ]
    ).lower()
    if not all(token in told for token in system):
        hints = tuple(rf"\b{re.escape(token)}\b" for token in system)
        yield Difference("os", label, thing.get("os"), None, hints)


def _addons_of(plan: Data) -> set[str]:
    return {norm(addon["name"]) for addon in plan.get("addons", ())}


def _addons(expect: Data, plan: Data, base_plan: Data | None) -> t.Iterator[Difference]:
    now, old = (
        {norm(addon["name"]) for addon in (one or {}).get("addons", ())}
        for one in (plan, base_plan)
    )

    def same(word: t.Any) -> tuple[str, ...]:
        return SAME_ADDON.get(norm(word), (norm(word),))

    wanted = [
        [name for word in as_list(entry) for name in same(word)]
        for entry in expect.get("addons", ())
    ]
    unwanted = [name for word in expect.get("not_addons", ()) for name in same(word)]
    for entry, names in zip(expect.get("addons", ()), wanted, strict=True):
        if not any(name in addon for name in names for addon in now):
            hints = tuple(re.escape(str(word)) for word in as_list(entry))
            yield Difference("addons", "lost", entry, sorted(now), hints)
    for addon in sorted(now):
        asked = any(name in addon for names in wanted for name in names)
        allowed = addon in DEFAULT_ADDONS | old or asked
        if any(name in addon for name in unwanted) or not allowed:
            yield Difference("addons", "surplus", None, addon, (addon[:5],))
    for gone in sorted(old - now):
        if not any(name in gone for name in unwanted):
            yield Difference("addons", "removed", gone, None, (gone[:5],))
