# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluate a component's rules for given drivers: arithmetic only, no code from data."""

from __future__ import annotations

import math
import typing as t
from dataclasses import dataclass, field

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge._schema import (
    Component,
    Expression,
    Family,
    Quantity,
    Range,
    Rule,
)

#: Order of decision: a later quantity may name an earlier one.
Name = t.Literal["count", "vcpu", "memory_mib", "disk_gib", "data_disk_gib"]
QUANTITIES: tuple[Name, ...] = ("count", "vcpu", "memory_mib", "disk_gib", "data_disk_gib")

#: More than anybody has of anything; keeps products of drivers finite.
MAX_DRIVER = 1e15


@dataclass
class Evaluation:
    """Minimum and recommendation per quantity (missing: not documented), and what was assumed."""

    minimum: dict[str, float] = field(default_factory=dict)
    recommended: dict[str, float] = field(default_factory=dict)
    assumed: dict[str, float] = field(default_factory=dict)
    usual: set[str] = field(default_factory=set)  # one number, not said to be the least
    note: str = ""


def value_of(number: float | Expression, drivers: t.Mapping[str, float]) -> float:
    """Return the value; a driver that nobody said counts as 0, as does a negative one."""
    if not isinstance(number, Expression):
        return float(number)
    total = number.base
    for term in number.terms:
        factors = (min(max(drivers.get(name, 0.0), 0.0), MAX_DRIVER) for name in term.of)
        part = term.times * math.prod(factors) / term.per
        total += math.ceil(part - 1e-9) if term.step else part
    total *= number.factor
    if number.at_least is not None:
        total = max(total, number.at_least)
    if number.at_most is not None:
        total = min(total, number.at_most)
    return total


@dataclass(frozen=True)
class _Circumstances:
    """What decides which rule holds; ``known`` are the drivers with their defaults."""

    said: t.Mapping[str, float]
    known: t.Mapping[str, float]
    environment: str
    ha: bool
    scale: str | None
    named: bool
    variant: str | None

    def allow(self, rule: Rule) -> bool:
        """Return whether the rule holds."""
        when = rule.when
        return (
            (not when.environment or self.environment in when.environment)
            and when.ha in (None, self.ha)
            and when.named in (None, self.named)
            and (not when.scale or self.scale in when.scale)
            and (not when.variant or self.variant in when.variant)
            and all(name in self.said for name in when.drivers)
            and all(self.known.get(name, 0.0) <= limit for name, limit in rule.upto.items())
        )


def _names(quantity: Quantity) -> t.Iterator[str]:
    for number in _bounds(quantity):
        if isinstance(number, Expression):
            for term in number.terms:
                yield from term.of


def evaluate(
    family: Family,
    component: Component,
    drivers: t.Mapping[str, float],
    environment: str,
    ha: bool,
    *,
    scale: str | None = None,
    named: bool = False,
    variant: str | None = None,
    assume: bool = True,
) -> Evaluation:
    """Return the numbers of the first rule that holds (the last rule when none does).

    Args:
        family: gives the default of drivers that were not said.
        component: whose rules are read.
        drivers: what was said, by driver name; ``cores`` of a machine replace the rule's vCPU.
        environment: "production", "staging", "development", "test" or "" (not said).
        ha: high availability is wanted.
        scale: "small", "medium" or "large" when it was said in words.
        named: the component itself was asked for, not the software as a whole.
        variant: the edition that was named.
        assume: take the defaults of drivers that were not said; else nobody and nothing is there.
    """
    defaults = {name: d.default for name, d in family.drivers.items() if d.default is not None}
    known = defaults if assume else {}
    known = {**known, **drivers}
    rules = component.rules
    if named:  # what was asked for by name is not left out
        rules = tuple(rule for rule in rules if rule.count != 0) or rules
    case = _Circumstances(drivers, known, environment, ha, scale, named, variant)
    rule = next((r for r in rules if case.allow(r)), rules[-1])
    result = Evaluation(note=rule.note)
    used: set[str] = {name for candidate in rules for name in candidate.upto}
    low, high = dict(known), dict(known)  # a ratio to vCPU follows its own bound
    for name in QUANTITIES:
        quantity = getattr(rule, name)
        if quantity is None:
            quantity = getattr(component.default, name)
        if quantity is None:
            continue
        used.update(_names(quantity))
        if name == "vcpu" and "cores" in drivers:  # said: memory by core follows it
            quantity = drivers["cores"]
        if name == "disk_gib" and not isinstance(quantity, Range):
            result.usual.add(name)  # what a table reserves; smaller disks are in use everywhere
        least, most = _bounds(quantity)
        result.minimum[name] = low[name] = _bounded(component, name, least, low)
        result.recommended[name] = high[name] = _bounded(component, name, most, high)
        if name == "count":
            _raise_for_ha(result, component, ha)
            low[name], high[name] = result.minimum[name], result.recommended[name]
    if ha and component.ha_factor != 1.0:
        for values in (result.minimum, result.recommended):
            for scaled in values.keys() & {"vcpu", "memory_mib"}:
                values[scaled] *= component.ha_factor
    unsaid = sorted(used & (family.drivers.keys() - drivers.keys()))
    result.assumed = {driver: known[driver] for driver in unsaid if driver in known}
    return result


def _bounds(quantity: Quantity) -> tuple[float | Expression, float | Expression]:
    if not isinstance(quantity, Range):
        return quantity, quantity
    if quantity.recommended is None:
        return quantity.minimum, quantity.minimum
    return quantity.minimum, quantity.recommended


def _bounded(
    component: Component,
    name: Name,
    number: float | Expression,
    drivers: t.Mapping[str, float],
) -> float:
    """Return one bound of a quantity: divided when shared, inside floor and ceiling."""
    value = value_of(number, drivers)
    if name in component.shared:
        value /= max(drivers.get("count", 1.0), 1.0)
    floor, ceiling = getattr(component.floor, name), getattr(component.ceiling, name)
    if floor is not None:
        value = max(value, floor)
    if ceiling is not None:
        value = min(value, ceiling)
    return value


def _raise_for_ha(result: Evaluation, component: Component, ha: bool) -> None:
    if ha and component.ha_count is not None and result.recommended["count"] > 0:
        for values in (result.minimum, result.recommended):
            values["count"] = max(values["count"], float(component.ha_count))
