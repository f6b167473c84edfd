# SPDX-License-Identifier: GPL-3.0-or-later
"""Software that no file of the knowledge knows: what is assumed, from where to where, how sure."""

from __future__ import annotations

import math

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Software,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import (
    Need,
    category_of,
    needs,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import load
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import Context
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import amount

KEYS = {"cores": "vcpu", "memory_mib": "memory_mib", "disk_gib": "disk_gib"}


def explain_unknown(context: Context, need: Need) -> None:
    """Report in one sentence that software is not known, what is near, and the range of sizes."""
    table = f"table-{category_of(need.family)}"
    low, high = (
        needs([Software(family=table)], {}, environment, False, context.knowledge, scale=scale)[0]
        for environment, scale in (("development", "small"), ("production", "large"))
    )
    ranges = ", ".join(
        f"{amount(number, math.ceil(low.minimum[key]))} to"
        f" {amount(number, math.ceil(max(high.recommended[key], getattr(need, key))))}"
        for number, key in KEYS.items()
    )
    by_name = need.family in load("software.yml")["families"]
    near = None if by_name else context.knowledge.nearest(need.family)
    lacks = "has no size of its own" if by_name else "is not"
    hint = f" (the nearest known name is {near.title})" if near else ""
    context.report(
        "software.unknown",
        "warning",
        f"machines.{need.family}",
        f"{need.family} {lacks} in the knowledge{hint}: sized as {low.title}, usual range {ranges},"
        " confidence 0.3; say cores, memory and disk when you know them.",
        table,
    )
