# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured of an application that ran already: it decides instead of the knowledge."""

from __future__ import annotations

import math
import typing as t
from dataclasses import replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import Group
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import (
    amount,
    practical_cores,
    practical_memory,
)

#: Loads that were measured.
MEASURED = frozenset({"observed_cores_peak", "observed_memory_mib_peak", "observed_replicas_peak"})
#: On top of the highest value that was seen, as the usual recommenders add it.
MARGIN = 1.15
#: Memory of the guest's own system; the measured values are the application's.
SYSTEM_MEMORY_MIB = 512
#: A peak that was seen is surer than a rule, but the next one may be higher.
CONFIDENCE = 0.75
SOURCE = "metrics (historical_metrics of the request, highest value and 15 %)"


def with_history(groups: list[Group], drivers: t.Mapping[str, float]) -> list[Group]:
    """Return the groups, the first sized by the measured peaks of the request when it has some.

    Explicit numbers stay; a documented minimum of known software stays the least.
    """
    if not groups:
        return groups
    measured: dict[str, int] = {}
    if drivers.get("observed_cores_peak"):
        measured["cores"] = practical_cores(drivers["observed_cores_peak"] * MARGIN)
    if drivers.get("observed_memory_mib_peak"):
        needed = drivers["observed_memory_mib_peak"] * MARGIN + SYSTEM_MEMORY_MIB
        measured["memory_mib"] = practical_memory(needed)
    if drivers.get("observed_replicas_peak"):
        measured["count"] = max(1, math.ceil(drivers["observed_replicas_peak"]))
    group = groups[0]
    for number, peak in measured.items():
        if number in group.explicit:
            continue
        value = peak if number == "count" else max(peak, group.minimum.get(number, 1))
        group = replace(group, **t.cast("dict[str, t.Any]", {number: value}))
        margin = "" if number == "count" else " and 15 %"
        reason = f"Measured before: the highest value seen{margin} needs {amount(number, value)}."
        group = group.because(number, reason, SOURCE, CONFIDENCE)
    if "count" in measured:
        group = replace(group, spread=group.count > 1, ha=group.ha and group.count == 1)
    return [group, *groups[1:]]
