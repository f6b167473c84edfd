# SPDX-License-Identifier: GPL-3.0-or-later
"""Layout of one knowledge file: what a software family needs, as data with citations.

Numbers are vCPU (fractions allowed for pods), MiB of memory, GiB of disk and a count of machines
or replicas. Nothing here is code: an expression is ``base + sum(times * drivers / per)``.
"""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._pydantic import (
    Field,
    Model,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Environment,
)

ID_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
Scale = t.Literal["small", "medium", "large"]
Grade = t.Literal["vendor-table", "vendor-formula", "chart-default", "script-default", "heuristic"]
#: Confidence of a number by the kind of its source.
CONFIDENCE: dict[str, float] = {
    "vendor-table": 0.95,
    "vendor-formula": 0.9,
    "chart-default": 0.8,
    "script-default": 0.5,
    "heuristic": 0.4,
}
#: Grades of which no document says a minimum.
UNDOCUMENTED: frozenset[str] = frozenset({"script-default", "heuristic"})

#: Least disk for a machine of its own where a container's default is less.
SYSTEM_DISK_GIB = 8.0


class Citation(Model):
    """Where a number was read: document, place in it and the date or version it held."""

    title: str
    where: str
    as_of: str


class Term(Model):
    """``times`` x the product of the drivers in ``of`` / ``per``; ``step`` rounds it up.

    Besides drivers, ``vcpu`` and ``count`` may be named: the component's own numbers, which are
    decided in the order count, vcpu, memory_mib, disk_gib.
    """

    of: tuple[str, ...] = Field(min_length=1)
    times: float = 1.0
    per: float = Field(default=1.0, gt=0)
    step: bool = False


class Expression(Model):
    """``factor`` x (``base`` + terms), then raised to ``at_least`` and cut to ``at_most``."""

    base: float = 0.0
    terms: tuple[Term, ...] = ()
    factor: float = 1.0
    at_least: float | None = None
    at_most: float | None = None


class Range(Model):
    """What a document calls minimum and what it recommends; either may be all it says."""

    minimum: float | Expression
    recommended: float | Expression | None = None


Quantity = float | Expression | Range


class When(Model):
    """Circumstances in which a rule holds; what is not named does not matter."""

    environment: tuple[Environment, ...] = ()
    ha: bool | None = None
    named: bool | None = None  # the component itself was asked for, not the software as a whole
    scale: tuple[Scale, ...] = ()  # said in words: "light use", "a big …"
    drivers: tuple[str, ...] = ()  # drivers that must have been said
    variant: tuple[str, ...] = ()  # one of these variants of the software was named


class Rule(Model):
    """One row of a table: holds ``when``, up to the named value of each driver (inclusive)."""

    when: When = Field(default_factory=When)
    upto: dict[str, float] = Field(default_factory=dict)
    count: Quantity | None = None
    vcpu: Quantity | None = None
    memory_mib: Quantity | None = None
    disk_gib: Quantity | None = None  # system disk, and data where the document names one number
    data_disk_gib: Quantity | None = None  # a second disk, where the document names two
    note: str = ""


class Sizes(Model):
    """Bounds of a component's numbers."""

    count: float | None = None
    vcpu: float | None = None
    memory_mib: float | None = None
    disk_gib: float | None = None
    data_disk_gib: float | None = None


class Component(Model):
    """One part of the software that is deployed on machines (or as pods) of its own.

    The first of ``rules`` that holds gives the numbers; a quantity that the rule leaves out comes
    from ``default``. ``shared`` quantities are needs of all replicas together and are divided by
    the count. ``per``: the numbers are for one machine, one pod or for all together.
    """

    title: str
    aliases: tuple[str, ...] = ()
    per: t.Literal["machine", "pod", "total"] = "machine"
    optional: bool = False  # only deployed when it is named
    rules: tuple[Rule, ...] = Field(min_length=1)
    default: Rule = Field(default_factory=Rule)
    shared: tuple[t.Literal["vcpu", "memory_mib", "disk_gib", "data_disk_gib"], ...] = ()
    ha_count: int | None = None  # at least so many when high availability is wanted
    ha_factor: float = 1.0  # on vCPU and memory when high availability is wanted
    floor: Sizes = Field(default_factory=Sizes)
    ceiling: Sizes = Field(default_factory=Sizes)
    fast_storage: bool = False
    grade: Grade | None = None
    citation: Citation | None = None
    advice: bool | None = None  # default: the family's


class Driver(Model):
    """A number that the size depends on; ``default`` is assumed (and said) when it is missing."""

    title: str
    default: float | None = None


class Variant(Model):
    """An edition or way to run it with needs of its own; rules name it in ``when.variant``.

    No component of the family has the same id.
    """

    title: str
    aliases: tuple[str, ...] = ()  # words that select it beside the software's name


class Family(Model):
    """One software family: a file ``<family>.yml``."""

    family: str = Field(pattern=ID_PATTERN)
    title: str
    category: str  # database, web, monitoring …: chooses the last-resort table
    aliases: tuple[str, ...] = ()
    spoken: bool = True  # false: its name has another meaning for reading; only aliases count
    drivers: dict[str, Driver] = Field(default_factory=dict)
    variants: dict[str, Variant] = Field(default_factory=dict)
    components: dict[str, Component] = Field(min_length=1)
    pick: t.Literal["recommended", "minimum"] = "recommended"
    last_resort: bool = False  # a category table, used when nothing else is known
    grade: Grade
    citation: Citation
    advice: bool = False  # what the document recommends for production or load: less warns
    conflicts: tuple[str, ...] = ()  # where sources disagree, one sentence each


class Small(Model):
    """Software of one machine, in a table of its group; the id is a name of it as well."""

    title: str
    vcpu: float
    memory_mib: float
    disk_gib: float
    aliases: tuple[str, ...] = ()
    spoken: bool = True


class Group(Model):
    """Small software whose defaults are known and whose requirements are not: ``<group>.yml``."""

    group: str = Field(pattern=ID_PATTERN)
    title: str
    category: str
    grade: t.Literal["script-default", "heuristic"] = "script-default"
    citation: Citation
    software: dict[t.Annotated[str, Field(pattern=ID_PATTERN)], Small] = Field(min_length=1)

    def families(self) -> list[Family]:
        """Return the rows as families of one machine; a system disk is never below 8 GiB."""
        return [
            Family(
                family=name,
                title=row.title,
                category=self.category,
                aliases=row.aliases,
                spoken=row.spoken,
                grade=self.grade,
                citation=self.citation,
                components={"server": _machine(row)},
            )
            for name, row in self.software.items()
        ]


def _machine(row: Small) -> Component:
    rule = Rule(
        count=1.0,
        vcpu=row.vcpu,
        memory_mib=row.memory_mib,
        disk_gib=Range(minimum=row.disk_gib, recommended=max(row.disk_gib, SYSTEM_DISK_GIB)),
        note="no documented requirement",
    )
    return Component(title=row.title, rules=(rule,))
