# SPDX-License-Identifier: GPL-3.0-or-later
"""Hits and answers under the documented minimum, with 95 % intervals."""

from __future__ import annotations

import math
import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._answer import (
    Answer,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._cases import Case

FIELDS = ("vcpu", "memory_mib", "disk_gib", "nodes")
#: 97.5 % quantile of the normal distribution: a two-sided interval of 95 %.
Z = 1.959963984540054


@dataclass(frozen=True)
class Scored:
    """One case with its answer; ``hit`` and ``under`` hold the fields that are scored."""

    case: Case
    answer: Answer
    hit: dict[str, bool]
    under: dict[str, bool]


def score(case: Case, answer: Answer) -> Scored:
    """Compare an answer with the documented numbers of a case.

    hit: minimum <= answer <= 2 x recommended, or equal for nodes; a number that is not
    documented is replaced by the other one. Without an answer nothing is hit and nothing under.
    """
    hit: dict[str, bool] = {}
    under: dict[str, bool] = {}
    for field in case["score_fields"]:
        low, high = _bounds(case["requirement"], field)
        if low is None or high is None:
            continue
        value = answer.values.get(field)
        hit[field] = value is not None and low - 1e-6 <= value <= high + 1e-6
        minimum = case["requirement"].get("nodes" if field == "nodes" else f"{field}_min")
        under[field] = None not in (value, minimum) and value < minimum - 1e-6
    return Scored(case, answer, hit, under)


def _bounds(requirement: t.Mapping[str, t.Any], field: str) -> tuple[float | None, float | None]:
    if field == "nodes":
        return requirement.get("nodes"), requirement.get("nodes")
    low, recommended = requirement.get(f"{field}_min"), requirement.get(f"{field}_rec")
    low, recommended = (
        (recommended if low is None else low),
        (low if recommended is None else recommended),
    )
    return low, None if recommended is None else 2 * recommended


def summary(rows: t.Sequence[Scored]) -> dict[str, dict[str, t.Any]]:
    """Return per field how many were scored, the shares of hits and of unders, intervals."""
    result: dict[str, dict[str, t.Any]] = {}
    for field in FIELDS:
        scored = [row for row in rows if field in row.hit]
        hits = sum(row.hit[field] for row in scored)
        unders = sum(row.under[field] for row in scored)
        result[field] = {
            "scored": len(scored),
            "hit": share(hits, len(scored)),
            "hit_interval": wilson(hits, len(scored)),
            "under": share(unders, len(scored)),
            "under_interval": wilson(unders, len(scored)),
        }
    return result


def share(part: int, whole: int) -> float:
    """Return a share, 0 of nothing."""
    return round(part / whole, 4) if whole else 0.0


def wilson(hits: int, scored: int) -> list[float]:
    """Return the Wilson score interval of a share at 95 %; of nothing everything is possible."""
    if not scored:
        return [0.0, 1.0]
    p, z2 = hits / scored, Z * Z
    middle = (p + z2 / (2 * scored)) / (1 + z2 / scored)
    half = Z * math.sqrt(p * (1 - p) / scored + z2 / (4 * scored**2)) / (1 + z2 / scored)
    return [round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4)]
