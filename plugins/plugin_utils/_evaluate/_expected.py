# SPDX-License-Identifier: GPL-3.0-or-later
"""What a case of reading expects of a plan, and which machines of the plan answer to it."""

from __future__ import annotations

import math
import re
import typing as t
from collections import Counter, defaultdict
from dataclasses import dataclass, field

Data = t.Mapping[str, t.Any]
#: Words that fit every machine, whatever runs on it.
ANY = frozenset({"any", "vm", "machine", "container", "lxc"})
ROLES: dict[str, frozenset[str]] = {
    "server": frozenset({"server", "master", "controlplane", "control"}),
    "agent": frozenset({"agent", "worker"}),
}
GENERIC = ANY | {"host", "node", "guest", "app", "application", "ct"}.union(*ROLES.values())
SIZES = ("cores", "memory_gib", "disk_gib")
#: A number that was said counts as kept within this share (GB said, GiB planned).
TOLERANCE = 0.025


def norm(text: t.Any) -> str:
    """Return letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", str(text).lower())


def as_list(value: t.Any) -> list[t.Any]:
    """Return a value, a list or nothing as a list."""
    return [] if value is None else list(value) if isinstance(value, (list, tuple)) else [value]


def bounds(want: t.Any) -> tuple[float, float]:
    """Return a number or [least, most] as a pair; nothing said is open."""
    low, high = want if isinstance(want, list) else (want, want)
    return low or 0, math.inf if high is None else high


def fits(want: t.Any, got: float) -> bool:
    """Tell whether a number is what was said, or inside the range."""
    low, high = bounds(want)
    slack = 0 if isinstance(want, list) or want is None else TOLERANCE * low
    return bool(low - slack <= got <= high + slack)


class Planned:
    """One machine of a plan, with the words that it answers to."""

    def __init__(self, data: Data, plan: Data) -> None:
        cluster = plan.get("cluster") or {}
        self.data, self.name, self.node = data, str(data["name"]), data.get("node")
        self.kind = data.get("kind")
        self.part = next((r for r in ROLES if self.name in cluster.get(f"{r}s", ())), None)
        self.group = str(data.get("group") or data.get("role") or "")
        bare = self.name.removeprefix(f"{plan.get('deployment') or ''}-")
        self.words = {norm(self.group), norm(data.get("role")), norm(re.sub(r"-?\d+$", "", bare))}
        self.pieces = {norm(piece) for piece in re.split(r"[-_.]", f"{self.group}-{bare}")}
        self.disks = [disk["size_gib"] for disk in data.get("disks", ())]
        self.size: dict[str, float] = {
            "cores": data.get("cores", 0) * data.get("sockets", 1),
            "memory_gib": data.get("memory_mib", 0) / 1024,
            "disk_gib": sum(self.disks),
        }

    def has(self, word: str) -> bool:
        """Tell whether the machine is what a word says."""
        word = norm(word)
        if self.part:
            return word in ROLES[self.part]
        inside = len(word) > 4 and any(word in own for own in self.words)
        return word in self.words | self.pieces or inside

    def called(self, name: t.Any) -> bool:
        """Tell whether the machine bears a name, with or without what stands before it."""
        own, said = (re.sub(r"[._]", "-", str(text).lower()) for text in (self.name, name))
        return f"-{own}".endswith(f"-{said}")


@dataclass
class Wanted:
    """One thing that a case expects."""

    data: dict[str, t.Any]
    kept: tuple[str, ...] = ()  # names that the base had

    @property
    def what(self) -> list[str]:
        """Return the words for it."""
        return as_list(self.data.get("what", "any"))

    @property
    def specific(self) -> list[str]:
        """Return the words that do not fit every machine."""
        return [word for word in self.what if norm(word) not in ANY]

    @property
    def part(self) -> str | None:
        """Return the role in the cluster that the words mean."""
        own = {norm(word) for word in self.what}
        return next((role for role, words in ROLES.items() if words & own), None)

    @property
    def count(self) -> tuple[float, float]:
        """Return how many at least and at most."""
        return bounds(self.data.get("count", 1))

    def get(self, name: str) -> t.Any:
        """Return what is expected of a field."""
        return self.data.get(name)


@dataclass
class Matched:
    """Machines by the place of the thing they answer to, and what is left."""

    machines: dict[int, list[Planned]] = field(default_factory=lambda: defaultdict(list))
    left: list[Planned] = field(default_factory=list)
    #: machines of another software that stand in the place of a missing one
    stand_ins: Counter[int] = field(default_factory=Counter)


def wanted_things(expect: Data, base: list[Planned] | None) -> list[Wanted]:
    """Return the things of a case; for a change those of the base with what changes."""
    things = [Wanted(dict(thing)) for thing in expect.get("things", ())]
    cluster = expect.get("cluster") or {}
    for role in ROLES:
        own = next((thing for thing in things if thing.part == role), None)
        if own is None and cluster:
            own = Wanted({"what": [role]})
            things.append(own)
        if own is not None and f"{role}s" in cluster:
            own.data["count"] = cluster[f"{role}s"]
        elif own is not None and base is None:
            own.data.setdefault("count", [int(role == "server"), None])
    return things if base is None else _changed(things, base)


def _changed(things: list[Wanted], base: list[Planned]) -> list[Wanted]:
    groups: dict[str, list[Planned]] = defaultdict(list)
    for machine in base:
        groups[machine.part or machine.group].append(machine)
    merged = []
    for group, members in groups.items():
        first = members[0]
        change = next(
            (
                thing
                for thing in things
                if any(first.has(word) for word in thing.what)
                or (len(groups) == 1 and not thing.specific)
            ),
            None,
        )
        old: dict[str, t.Any] = {"count": len(members), "kind": first.kind, **first.size}
        what = [group]
        if change is not None:
            things = [thing for thing in things if thing is not change]
            new = {k: v for k, v in change.data.items() if k != "what"}
            old |= {name: _relative(value, old.get(name) or 0) for name, value in new.items()}
            what += change.what
        merged.append(Wanted({**old, "what": what}, tuple(member.name for member in members)))
    return merged + [thing for thing in things if not thing.part or thing.get("count")]


def _relative(want: t.Any, old: float) -> t.Any:
    """Return 'x2', '+1' or '-1' against the base; anything else as it is."""
    if not (isinstance(want, str) and re.fullmatch(r"[x+-][\d.]+", want)):
        return want
    number = float(want[1:])
    return {"x": old * number, "+": old + number, "-": old - number}[want[0]]


def match(things: list[Wanted], machines: list[Planned], elsewhere: list[str]) -> Matched:
    """Give machines to things: by name, id and word first, then by sizes."""
    found = Matched()
    free = [m for m in machines if not any(m.has(word) for word in elsewhere)]
    pairs = sorted(
        (
            (_score(thing, machine, things), -i, -j)
            for i, thing in enumerate(things)
            for j, machine in enumerate(free)
        ),
        reverse=True,
    )
    used: set[int] = set()
    for limit in (0, 1):  # the least of each thing first, then up to its most
        for points, i, j in pairs:
            room = len(found.machines[-i]) < things[-i].count[limit]
            if points > 0 and -j not in used and room:
                used.add(-j)
                found.machines[-i].append(free[-j])
    taken = {id(free[j]) for j in used}
    found.left = [machine for machine in machines if id(machine) not in taken]
    words = [word for thing in things for word in thing.specific]
    spare = [m for m in found.left if m in free and not m.part and not any(m.has(w) for w in words)]
    for i, thing in enumerate(things):
        while spare and not thing.part and len(found.machines[i]) < thing.count[0]:
            found.machines[i].append(spare.pop(0))
            found.left.remove(found.machines[i][-1])
            found.stand_ins[i] += 1
    return found


def _score(thing: Wanted, machine: Planned, things: list[Wanted]) -> int:
    points = 8 * any(machine.called(name) for name in as_list(thing.get("names")))
    points += 8 * (machine.data.get("vmid") in as_list(thing.get("vmids")))
    if any(machine.has(word) for word in thing.what):
        points += 4
    elif not points:
        others = [word for other in things if other is not thing for word in other.specific]
        all_specific = len(thing.specific) == len(thing.what)
        named = any(machine.has(word) for word in others)
        if machine.part or thing.part or all_specific or named:
            return 0
    points += sum(
        thing.get(size) is not None and fits(thing.get(size), machine.size[size]) for size in SIZES
    )
    return points + 2 * (machine.node in as_list(thing.get("on"))) + 1
