# SPDX-License-Identifier: GPL-3.0-or-later
"""From named software and drivers to needs: count, vCPU, memory and disk with their reasons."""

from __future__ import annotations

import functools
import math
import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import Why
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Software,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge._drivers import (
    SIBLINGS,
    keeps_data_by_rule,
    movers,
    needed_at_once_mib,
    serves_people_by_rule,
    stored_gib,
    with_derived,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge._evaluate import (
    Evaluation,
    evaluate,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge._loader import (
    Knowledge,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge._schema import (
    CONFIDENCE,
    UNDOCUMENTED,
    Component,
    Family,
)

UNITS = {"vcpu": "vCPU", "disk_gib": "GiB of disk"}
#: What a machine gets when neither a document nor a table names the quantity.
FALLBACK = {"count": 1.0, "vcpu": 2.0, "memory_mib": 2048.0, "disk_gib": 20.0}
#: Disk for data whose family documents none: head-room, and what the system takes.
DATA_HEADROOM = 1.2
SYSTEM_GIB = 20.0
#: Memory that the system and the software take beside that of the people who were given some.
SYSTEM_MIB = 2048.0
DATA_CONFIDENCE = 0.5
#: Confidence of a number that no source names.
UNKNOWN_CONFIDENCE = 0.3

#: Words in the name of unknown software that hint at a category, and endings that do.
CATEGORY_HINTS = {
    "database": {"db", "database", "sql", "datastore"},
    "load-balancer": {"balancer", "loadbalancer", "proxy", "gateway"},
    "web": {"web", "webserver", "website", "site", "http", "frontend", "nginx", "apache", "caddy"},
    "monitoring": {"monitoring", "monitor", "logging", "logs", "metrics"},
    "file": {"file", "files", "nas", "share", "backup", "fileserver"},
    "container-host": {"docker", "container", "containers", "podman"},
    "ai": {"ai", "llm", "gpu", "inference", "ml", "models", "ml-training"},
    "development": {"dev", "developer", "development", "workstation"},
}
ENDINGS = {"database": ("db", "sql")}


@dataclass(frozen=True)
class Need:
    """What one component needs; ``per`` says whether for a machine, a pod or all together."""

    family: str
    component: str
    category: str
    title: str
    per: str
    count: int
    vcpu: float
    memory_mib: float
    disk_gib: float
    data_disk_gib: float  # a second disk for data; 0: none
    minimum: dict[str, float]
    recommended: dict[str, float]
    available: dict[str, float]  # with high availability, where the family says how; else empty
    documented: frozenset[str]  # quantities of which a document names the least
    firm: dict[str, float]  # of these: below which it is not said to run, whatever it is used for
    fast_storage: bool
    confidence: float
    last_resort: bool
    unknown: bool  # no file knows it; `family` holds the words
    follows: frozenset[str]  # drivers that were said and that a number depends on
    assumed: dict[str, float]  # title of a driver that nobody said → number
    source: str
    why: tuple[Why, ...]


def needs(
    software: t.Iterable[Software],
    drivers: t.Mapping[str, float],
    environment: str,
    ha: bool,
    knowledge: Knowledge,
    *,
    scale: str | None = None,
) -> list[Need]:
    """Return the needs of each component of each software, in the order they were named.

    Args:
        software: what runs; unknown software gets the table of its category and says so.
        drivers: drivers said of all of them together; a software's own win.
        environment: development and test get the minimum where a document has both, any other
            one, or "" when none was said, the recommendation.
        ha: components get their high-availability count.
        knowledge: loaded families.
        scale: "small", "medium" or "large" when it was said in words.
    """
    found: list[Need] = []
    for asked in software:
        family = knowledge.get(asked.family) if asked.known else None
        unknown = family is None
        if family is None:
            family = knowledge.table(category_of(asked.family))
        wanted = _with_variant(family, asked)
        loads = {**drivers, **wanted.loads}
        said = with_derived(family, loads)
        cases: list[_Case] = []
        for name, component in _chosen(family, wanted.component):
            evaluated = functools.partial(
                evaluate,
                family,
                component,
                environment=environment,
                scale=scale,
                named=name == wanted.component,
                variant=wanted.variant,
            )
            result = evaluated(drivers=said, ha=ha)
            # The least of a table would be too little for half of the software nobody described.
            least = family.pick == "minimum" and not unknown
            small = least or environment in ("development", "test")
            chosen = result.minimum if small else result.recommended
            if chosen.get("count", 1.0) > 0:
                follows = _followed(family, loads, functools.partial(evaluated, ha=ha))
                case = _Case(wanted, family, name, component, result, chosen, unknown, follows)
                case = replace(case, firm=_firm(case, evaluated, said, environment, scale))
                if component.ha_count is not None and not ha:
                    case = replace(case, available=evaluated(drivers=said, ha=True).recommended)
                cases.append(case)
        cases = _with_people(_with_room(cases, said), said)
        found += [_need(case) for case in cases]
    return found


def _firm(
    case: _Case,
    evaluated: t.Callable[..., Evaluation],
    said: t.Mapping[str, float],
    environment: str,
    scale: str | None,
) -> dict[str, float]:
    """Return the least of each quantity that holds for what was said alone.

    What was assumed binds nobody: neither a load that was not said, nor that it is for production.
    """
    if case.advice:
        return dict.fromkeys(case.result.minimum, 0.0)
    uses = [(environment, scale)]
    if not environment and scale is None:
        uses += [("development", scale), ("test", scale), (environment, "small")]
    least = [
        evaluated(drivers=said, ha=False, environment=use, scale=size, assume=False).minimum
        for use, size in uses
    ]
    return {key: min(found.get(key, 0.0) for found in least) for key in case.result.minimum}


def _followed(
    family: Family,
    loads: t.Mapping[str, float],
    evaluated: t.Callable[..., Evaluation],
) -> frozenset[str]:
    """Return the loads that a rule follows, and those that count the same people or things."""

    def outcome(of: t.Mapping[str, float]) -> tuple[dict[str, float], dict[str, float]]:
        found = evaluated(drivers=with_derived(family, of))
        return found.minimum, found.recommended

    found = movers(outcome, loads)
    return found.union(*(group for group in SIBLINGS if group & found))


def _with_room(cases: list[_Case], said: t.Mapping[str, float]) -> list[_Case]:
    """Give the part that keeps the data a disk for it, where no rule of the family does."""
    stored = stored_gib(said)
    machines = [case for case in cases if case.on_a_machine]
    if not stored or not machines or any(keeps_data_by_rule(case.component) for case in cases):
        return cases
    keeper = next((case for case in machines if case.component.fast_storage), machines[0])
    wanted = SYSTEM_GIB + stored * DATA_HEADROOM
    follows = keeper.follows | movers(stored_gib, said)
    kept = replace(keeper, stored=stored, room=wanted, follows=follows)
    return [kept if case is keeper else case for case in cases]


def _with_people(cases: list[_Case], said: t.Mapping[str, float]) -> list[_Case]:
    """Give the first part the memory that people were promised, where no rule of it does."""
    wanted_mib = needed_at_once_mib(said)
    machines = [case for case in cases if case.component.per == "machine"]
    served = any(serves_people_by_rule(case.component) for case in machines)
    if not (wanted_mib and machines) or served:
        return cases
    first = machines[0]
    follows = first.follows | movers(needed_at_once_mib, said)
    served_first = replace(first, people_mib=wanted_mib, follows=follows)
    return [served_first if case is first else case for case in cases]


def _with_variant(family: Family, wanted: Software) -> Software:
    """Return the wish with its variant told from a component: words name either of them."""
    if wanted.component not in family.variants:
        return wanted
    return wanted.model_copy(update={"component": None, "variant": wanted.component})


def _chosen(family: Family, wanted: str | None) -> list[tuple[str, Component]]:
    if wanted is not None and wanted in family.components:
        return [(wanted, family.components[wanted])]
    parts = [(n, c) for n, c in family.components.items() if not c.optional]
    return parts or list(family.components.items())[:1]


def category_of(words: str) -> str:
    """Return the table's category that the words of unknown software hint at."""
    parts = words.lower().replace("-", " ").replace("_", " ").split()
    for category, hints in CATEGORY_HINTS.items():
        if any(part in hints or part.endswith(ENDINGS.get(category, ())) for part in parts):
            return category
    return "application"


@dataclass(frozen=True)
class _Case:
    """One component being sized: what the sentences about it need."""

    software: Software
    family: Family
    name: str
    component: Component
    result: Evaluation
    chosen: dict[str, float]
    unknown: bool
    follows: frozenset[str]
    available: dict[str, float] = field(default_factory=dict)  # numbers with high availability
    firm: dict[str, float] = field(default_factory=dict)
    stored: float = 0.0  # GiB of data that no rule of the family provides for
    room: float = 0.0  # GiB of disk that hold it
    people_mib: float = 0.0  # memory of the people that no rule of the family provides for

    @property
    def on_a_machine(self) -> bool:
        """Whether the numbers are those of a machine: of each, or of all where there is one."""
        alone = self.component.per == "total" and self.chosen.get("count", 1.0) == 1.0
        return alone or self.component.per == "machine"

    @property
    def advice(self) -> bool:
        own = self.component.advice
        return self.family.advice if own is None else own

    @property
    def grade(self) -> str:
        return self.component.grade or self.family.grade

    @property
    def confidence(self) -> float:
        confidence = CONFIDENCE[self.grade]
        return min(confidence, UNKNOWN_CONFIDENCE) if self.unknown else confidence

    @property
    def source(self) -> str:
        citation = self.component.citation or self.family.citation
        where = f"{citation.title}, {citation.where}, {citation.as_of}"
        if self.grade in UNDOCUMENTED:
            where = f"{self.grade}: {where}"
        return f"{self.family.family}.{self.name} ({where})"


def _documented(case: _Case) -> frozenset[str]:
    """Return what a document names; room for data that were said is none of it."""
    if case.grade in UNDOCUMENTED or case.unknown:
        return frozenset()
    return frozenset(case.result.minimum.keys() - case.result.usual)


def _need(case: _Case) -> Need:
    values = {key: case.chosen.get(key, value) for key, value in FALLBACK.items()}
    minimum = dict(case.result.minimum)
    data_disk = case.chosen.get("data_disk_gib", 0.0)
    if data_disk and case.stored:
        data_disk = max(data_disk, case.stored * DATA_HEADROOM)
        minimum["data_disk_gib"] = max(minimum.get("data_disk_gib", 0.0), case.stored)
    elif case.room > values["disk_gib"]:
        values["disk_gib"] = case.room
        minimum["disk_gib"] = max(minimum.get("disk_gib", 0.0), case.stored)
    if case.people_mib:
        shared = SYSTEM_MIB + case.people_mib / max(values["count"], 1.0)
        values["memory_mib"] = max(values["memory_mib"], shared)
    return Need(
        family=case.software.family if case.unknown else case.family.family,
        component=case.name,
        category=case.family.category,
        title=case.component.title,
        per=case.component.per,
        count=math.ceil(values["count"] - 1e-9),
        vcpu=values["vcpu"],
        memory_mib=values["memory_mib"],
        disk_gib=values["disk_gib"],
        data_disk_gib=data_disk,
        minimum=minimum,
        recommended=dict(case.result.recommended),
        available=dict(case.available),
        documented=_documented(case),
        firm=case.firm,
        fast_storage=case.component.fast_storage,
        confidence=case.confidence,
        last_resort=case.family.last_resort or case.unknown,
        unknown=case.unknown,
        follows=case.follows,
        assumed={
            case.family.drivers[name].title: number for name, number in case.result.assumed.items()
        },
        source=case.source,
        why=tuple(_why(case, key, value, data_disk) for key, value in values.items()),
    )


def _why(case: _Case, key: str, value: float, data_disk: float) -> Why:
    field = "cores" if key == "vcpu" else key
    if key == "disk_gib" and value == case.room:
        reason = (
            f"{case.stored:g} GiB of data with head-room and the system: {_amount(key, value)}."
        )
        return Why(field=field, reason=reason, source="sizing.data", confidence=DATA_CONFIDENCE)
    if key == "memory_mib" and case.people_mib and value != case.chosen.get(key):
        wanted = _amount(key, case.people_mib)
        reason = f"{wanted} for the people, and the system: {_amount(key, value)}."
        return Why(field=field, reason=reason, source="sizing.people", confidence=DATA_CONFIDENCE)
    if key not in case.chosen:
        title = case.component.title
        reason = f"No document names this for {title}: {_amount(key, value)} assumed."
        return Why(field=field, reason=reason, source="heuristic", confidence=UNKNOWN_CONFIDENCE)
    return Why(
        field=field,
        reason=_reason(case, key, value, data_disk),
        source=case.source,
        confidence=case.confidence,
    )


def _reason(case: _Case, key: str, value: float, data_disk: float) -> str:
    result = case.result
    parts = [f"{case.component.title}: {_amount(key, value)}"]
    low, high = result.minimum[key], result.recommended[key]
    if low != high:
        parts.append(f"minimum {_amount(key, low)}, recommended {_amount(key, high)}")
    if key == "disk_gib" and data_disk:
        parts.append(f"{_amount(key, data_disk)} more for data, on a disk of their own")
    if result.assumed:
        drivers = case.family.drivers
        listed = ", ".join(f"{n:g} {drivers[name].title}" for name, n in result.assumed.items())
        parts.append(f"assumed {listed}")
    if case.unknown:
        title = case.family.title
        parts.append(f"{case.software.family} is not in the knowledge, {title} used as last resort")
    elif case.family.last_resort:
        parts.append("category table, the last resort")
    if result.note:
        parts.append(result.note)
    return "; ".join(parts) + "."


def _amount(key: str, value: float) -> str:
    if key == "memory_mib":
        whole = value >= 1024 and value % 256 == 0
        return f"{value / 1024:g} GiB" if whole else f"{round(value)} MiB"
    return f"{value:g} {UNITS.get(key, '')}".strip()
