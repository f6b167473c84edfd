# SPDX-License-Identifier: GPL-3.0-or-later
"""Add-ons whose documents size the nodes that they run on."""

from __future__ import annotations

import math
from dataclasses import replace

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue import load_catalogue
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    ClusterThing,
    Software,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import needs
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import (
    amount,
    practical_cores,
    practical_memory,
)

KEYS = {"cores": "vcpu", "memory_mib": "memory_mib"}


def hold_addons(
    context: Context, thing: ClusterThing, groups: list[Group], ha: bool
) -> list[Group]:
    """Return the groups, the one that carries the workload large enough for the add-ons.

    Explicit numbers stay; what they cannot hold is a warning.
    """
    carrier, catalogue = groups[-1], load_catalogue(tuple(context.site.catalogue_dirs))
    for addon in thing.addons:
        entry = catalogue.find(addon)
        if entry is None or entry.cost.knowledge is None:
            continue
        documented = entry.cost.knowledge
        software = Software(family=documented.family, component=documented.component)
        [need] = needs([software], context.request.loads, "", ha, context.knowledge)
        for number, key in KEYS.items():
            value = math.ceil(getattr(need, key))
            reason = f"{addon} documents {amount(number, value)} for each node it runs on"
            carrier = _raised(
                context, carrier, number, value, (reason, need.source, need.confidence)
            )
    return [*groups[:-1], carrier]


def _raised(
    context: Context,
    group: Group,
    number: str,
    value: int,
    why: tuple[str, str, float],
) -> Group:
    reason, source, confidence = why
    if value <= getattr(group, number):
        return group
    if number in group.explicit:
        context.report(
            "workload.size",
            "warning",
            f"machines.{group.name}.{number}",
            f"{reason}; {amount(number, getattr(group, number))} were asked for and are kept.",
            source,
        )
        return group
    value = practical_cores(value) if number == "cores" else practical_memory(value)
    group = replace(group, minimum={**group.minimum, number: value})
    reason = f"{reason}: {amount(number, value)}."
    return group.with_number(number, value, reason, source, confidence)
