# SPDX-License-Identifier: GPL-3.0-or-later
"""The name of a deployment: short, made from what it is."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Request
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    NAME_PATTERN,
    ClusterThing,
    MachinesThing,
)

#: Longest name; names of machines append to it.
MAX_LENGTH = 40


def deployment_name(request: Request) -> str:
    """Return a name from what was asked: the same words give the same name."""
    if request.deployment:
        return request.deployment
    cleaned = re.sub(r"[^a-z0-9]+", "-", next(_names(request), "").lower())
    cleaned = cleaned.strip("-")[:MAX_LENGTH].strip("-")
    return cleaned if re.match(NAME_PATTERN, cleaned) else "deployment"


def _names(request: Request) -> t.Iterator[str]:
    """Yield what the request may be called by, the best first."""
    for thing in request.things:
        if isinstance(thing, ClusterThing):
            if thing.name:
                yield thing.name
            environment = thing.environment or request.environment
            workload = thing.workload or request.workload
            yield f"{workload or ('ha' if thing.ha else environment) or 'k3s'}-cluster"
    machines = [thing for thing in request.things if isinstance(thing, MachinesThing)]
    for thing in machines:
        yield from thing.names
    if request.workload:
        yield request.workload
    for thing in machines:
        yield from (software.family for software in thing.software)
        yield from filter(None, (thing.part, thing.purpose, thing.kind))
    yield "vm"
