# SPDX-License-Identifier: GPL-3.0-or-later
"""From named software and drivers to needs: count, vCPU, memory and disk with their reasons."""

from __future__ import annotations

import math
import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import Why
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    AppWish,
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
    Component,
    Family,
)

_UNITS = {"vcpu": "vCPU", "memory_mib": "MiB", "disk_gib": "GiB", "count": ""}
#: What a machine gets when neither a document nor a table names the quantity.
_FALLBACK = {"count": 1.0, "vcpu": 2.0, "memory_mib": 2048.0, "disk_gib": 20.0}


@dataclass(frozen=True)
class Need:
    """What one component needs; ``per`` says whether for a machine, a pod or all together."""

    family: str
    component: str
    title: str
    per: str
    count: int
    vcpu: float
    memory_mib: float
    disk_gib: float
    minimum: dict[str, float]
    fast_storage: bool
    confidence: float
    last_resort: bool
    why: tuple[Why, ...]


def needs(
    apps: t.Iterable[AppWish],
    drivers: t.Mapping[str, float],
    environment: str,
    ha: bool,
    knowledge: Knowledge,
) -> list[Need]:
    """Return the needs of each component of each app, in the order they were named.

    Args:
        apps: named software; an unknown one gets the application table and says so.
        drivers: drivers said of the whole request; an app's own win.
        environment: decides between minimum and recommendation where a document has both.
        ha: components get their high-availability count.
        knowledge: loaded families.
    """
    found: list[Need] = []
    for app in apps:
        family = knowledge.get(app.family)
        unknown = family is None
        if family is None:
            family = knowledge.table(category_of(app.family))
        said = {**drivers, **app.drivers}
        for name, component in _chosen(family, app.component):
            result = evaluate(family, component, said, environment, ha)
            need = _need(family, name, component, result, environment, unknown, app)
            if need.count > 0:
                found.append(need)
    return found


def _chosen(family: Family, wanted: str | None) -> list[tuple[str, Component]]:
    if wanted is not None and wanted in family.components:
        return [(wanted, family.components[wanted])]
    parts = [(n, c) for n, c in family.components.items() if not c.optional]
    return parts or list(family.components.items())[:1]


def category_of(words: str) -> str:
    """Return the table's category that the words of unknown software hint at."""
    hints = {
        "database": ("db", "database", "sql", "store"),
        "web": ("web", "site", "http", "frontend"),
        "load-balancer": ("balancer", "proxy", "gateway"),
        "monitoring": ("monitor", "log", "metric"),
        "file": ("file", "nas", "share", "backup"),
        "container-host": ("docker", "container", "podman"),
        "development": ("dev", "developer", "workstation"),
    }
    lowered = words.lower()
    for category, parts in hints.items():
        if any(part in lowered.replace("-", " ").split() for part in parts):
            return category
    return "application"


def _need(
    family: Family,
    name: str,
    component: Component,
    result: Evaluation,
    environment: str,
    unknown: bool,
    app: AppWish,
) -> Need:
    small = family.pick == "minimum" or environment in ("development", "test")
    chosen = result.minimum if small else result.recommended
    values = {key: chosen.get(key, value) for key, value in _FALLBACK.items()}
    if app.count is not None:
        values["count"] = float(app.count)
    citation = component.citation or family.citation
    confidence = CONFIDENCE[component.grade or family.grade]
    if unknown:
        confidence = min(confidence, 0.3)
    source = f"{family.family}.{name} ({citation.title}, {citation.where}, {citation.as_of})"
    why = []
    for key, value in values.items():
        documented = key in chosen
        if key == "count" and app.count is not None:
            why.append(Why(field=key, reason="As asked.", source="explicit", confidence=1.0))
            continue
        why.append(
            Why(
                field="cores" if key == "vcpu" else key,
                reason=_reason(family, component, key, value, documented, result, unknown, app),
                source=source if documented else "heuristic",
                confidence=confidence if documented else 0.3,
            )
        )
    return Need(
        family=family.family,
        component=name,
        title=component.title,
        per=component.per,
        count=math.ceil(values["count"] - 1e-9),
        vcpu=values["vcpu"],
        memory_mib=values["memory_mib"],
        disk_gib=values["disk_gib"],
        minimum=dict(result.minimum),
        fast_storage=component.fast_storage,
        confidence=confidence,
        last_resort=family.last_resort or unknown,
        why=tuple(why),
    )


def _reason(
    family: Family,
    component: Component,
    key: str,
    value: float,
    documented: bool,
    result: Evaluation,
    unknown: bool,
    app: AppWish,
) -> str:
    amount = f"{value:g} {_UNITS[key]}".strip()
    if not documented:
        return f"No document names this for {component.title}: {amount} assumed."
    parts = [f"{component.title}: {amount}"]
    low, high = result.minimum[key], result.recommended[key]
    if low != high:
        parts.append(f"documented minimum {low:g}, recommended {high:g}")
    if result.assumed:
        listed = ", ".join(f"{name} {number:g}" for name, number in result.assumed.items())
        parts.append(f"assumed {listed}")
    if unknown:
        parts.append(f"{app.family} is not in the knowledge, {family.title} used as last resort")
    elif family.last_resort:
        parts.append("category table, the last resort")
    if result.note:
        parts.append(result.note)
    return "; ".join(parts) + "."
