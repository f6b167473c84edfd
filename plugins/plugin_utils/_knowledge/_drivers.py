# SPDX-License-Identifier: GPL-3.0-or-later
"""Drivers that follow from others that were said: a sibling of the same meaning, a product."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge._schema import (
    Component,
    Expression,
    Family,
    Quantity,
    Range,
)

#: Things that are looked after; a family that knows one of the names is meant by the others.
LOOKED_AFTER = ("agents", "devices", "endpoints", "nodes", "workers", "servers")
#: Names of one and the same number of things or people: where one decides, the others are heard.
SIBLINGS = (frozenset(LOOKED_AFTER), frozenset({"users", "concurrent_users"}))
#: So many times a load is beyond every band of a document.
VERY_MUCH = 1e6
#: Share of all users that is there at the same time, where only those are documented.
AT_ONCE = 0.5
#: GiB of one of them, a heuristic: originals with what is made of them.
GIB_EACH = {"photos": 0.005, "videos": 1.0, "songs": 0.01, "documents": 0.002, "mails": 0.0001}
#: Drivers that say how much is kept; a disk rule that uses one decides by itself.
DATA = frozenset(
    {"data_gib", "disk_gib_per_user", "ingest_gib_per_day", "retention_days", *GIB_EACH}
)
#: A band of a rate says nothing of how long it is kept.
RATES = frozenset({"ingest_gib_per_day"})


def with_derived(family: Family, said: t.Mapping[str, float]) -> dict[str, float]:
    """Return the drivers with those that the family knows and that follow from what was said."""
    drivers = dict(said)
    known = family.drivers.keys()

    def derive(name: str, value: float | None) -> None:
        if value is not None and name in known and name not in drivers:
            drivers[name] = value

    looked_after = [name for name in LOOKED_AFTER if name in known]
    if not said.keys() & set(looked_after) and looked_after:
        others = [said[name] for name in LOOKED_AFTER if name in said]
        derive(looked_after[0], sum(others) if others else None)
    if "users" in said and "users" not in known:
        derive("concurrent_users", said["users"] * AT_ONCE)
    if said.get("scrape_interval_seconds"):
        derive("samples_per_second", said.get("series", 0.0) / said["scrape_interval_seconds"])
    derive("data_gib", stored_gib(said) or None)
    return drivers


def movers(
    outcome: t.Callable[[t.Mapping[str, float]], t.Any], said: t.Mapping[str, float]
) -> frozenset[str]:
    """Return the drivers without which, or with very much of which, an outcome is another."""
    now = outcome(said)
    return frozenset(
        name
        for name, number in said.items()
        if any(outcome({**said, name: other}) != now for other in (0.0, number * VERY_MUCH))
    )


def stored_gib(said: t.Mapping[str, float]) -> float:
    """Return the GiB to keep: as said, else by rate, by the share of people, by count."""
    if "data_gib" in said:
        return max(said["data_gib"], 0.0)
    kept = said.get("ingest_gib_per_day", 0.0) * said.get("retention_days", 0.0)
    kept += said.get("disk_gib_per_user", 0.0) * people(said)
    counted = sum(said.get(name, 0.0) * each for name, each in GIB_EACH.items())
    return max(kept, 0.0) + max(counted, 0.0)


def people(said: t.Mapping[str, float]) -> float:
    """Return how many people there are: all of them, where both numbers were said."""
    return max(said.get("users", 0.0), said.get("concurrent_users", 0.0))


def needed_at_once_mib(said: t.Mapping[str, float]) -> float:
    """Return the MiB that people take who were given so much each, 0 when nobody was."""
    at_once = said.get("concurrent_users", said.get("users", 0.0))
    return max(said.get("memory_mib_per_user", 0.0) * at_once, 0.0)


def names_of(quantity: Quantity | None) -> set[str]:
    """Return the drivers that a quantity is computed from."""
    bounds = (
        (quantity.minimum, quantity.recommended) if isinstance(quantity, Range) else (quantity,)
    )
    return {
        name
        for number in bounds
        if isinstance(number, Expression)
        for term in number.terms
        for name in term.of
    }


def keeps_data_by_rule(component: Component) -> bool:
    """Return whether a rule of the component already follows how much is kept."""
    rules = (*component.rules, component.default)
    disks = [quantity for rule in rules for quantity in (rule.disk_gib, rule.data_disk_gib)]
    used = {name for quantity in disks for name in names_of(quantity)}
    bands = {name for rule in rules for name in rule.upto} - RATES
    return bool((used | bands) & DATA)


def serves_people_by_rule(component: Component) -> bool:
    """Return whether a rule of the component already follows the memory of each person."""
    rules = (*component.rules, component.default)
    return any("memory_mib_per_user" in names_of(rule.memory_mib) for rule in rules)
