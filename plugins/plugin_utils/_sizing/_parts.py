# SPDX-License-Identifier: GPL-3.0-or-later
"""Components of software that a request names as machines of their own."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    AppWish,
    MachineWish,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import (
    Knowledge,
    Need,
    needs,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import Context

#: Roles that say nothing of the purpose; such a wish fits any component.
GENERAL_ROLES = frozenset({"vm", "container", "lxc", "node", "machine", "server", "app"})


def of_component(wish: MachineWish, apps: t.Sequence[AppWish], knowledge: Knowledge) -> MachineWish:
    """Return the wish with the component that is meant ("build-agent" of Jenkins: its agent)."""
    last = wish.role.rpartition("-")[2]
    families = [knowledge.get(app.family) for app in apps]
    known = any(family is not None and last in family.components for family in families)
    return wish.model_copy(update={"role": last}) if known else wish


def parts_said(
    context: Context, found: list[Need], wishes: list[MachineWish], environment: str, ha: bool
) -> list[Need]:
    """Return the needs of components that were said and that no rule asks for by itself."""
    there = {(need.family, need.component) for need in found}
    extra = [
        AppWish(family=name, component=wish.role, count=wish.count)
        for wish in wishes
        if wish.role not in GENERAL_ROLES - {"agent"}
        for name in dict.fromkeys(need.family for need in found)
        if (family := context.knowledge.get(name)) is not None
        and wish.role in family.components
        and (name, wish.role) not in there
    ]
    if not extra:
        return []
    drivers, scale = context.request.drivers, context.request.scale
    return needs(extra, drivers, environment, ha, context.knowledge, scale=scale)
