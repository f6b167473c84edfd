# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a guest that were named: a machine takes them, or the person hears what to do."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Machine
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading import (
    Setting,
    setting_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import (
    Context,
    Group,
)


def with_settings(group: Group, machine: Machine) -> Machine:
    """Return the machine with the settings that it can take."""
    update: dict[str, t.Any] = {}
    for setting, wanted in _said(group):
        if setting.taken_by(machine.kind) and setting.field == "firewall":
            nics = (nic.model_copy(update={"firewall": wanted}) for nic in machine.nics)
            update["nics"] = tuple(nics)
        elif setting.taken_by(machine.kind):
            update[setting.field] = wanted
    if group.kind == "lxc" and (swap := _swap_gib(group)) is not None:
        update["swap_mib"] = round(swap * 1024)
    return machine.model_copy(update=update)


def name_settings_by_hand(context: Context, groups: t.Iterable[Group]) -> None:
    """Warn of each setting that no machine takes, with the way to have it."""
    for group in groups:
        said = _said(group)
        if group.kind == "vm" and _swap_gib(group):
            said.append((setting_of("swap"), True))
        for setting, wanted in said:
            if setting.taken_by(group.kind) or wanted == setting.usual:
                continue
            label = group.label or group.name
            context.report(
                "settings.by-hand",
                "warning",
                f"machines.{label}.settings.{setting.name}",
                f"{label}: {'' if wanted else 'no '}{setting.title} is no part of a plan;"
                f" {setting.way}.",
            )


def _swap_gib(group: Group) -> float | None:
    """Return the swap that was said; reading counts it among the loads, since it is a number."""
    wish = group.wish
    loads = [wish.loads, *(software.loads for software in wish.software)] if wish else []
    return next((of["swap_gib"] for of in loads if "swap_gib" in of), None)


def _said(group: Group) -> list[tuple[Setting, bool]]:
    said = group.wish.settings if group.wish else {}
    return [(setting_of(name), wanted) for name, wanted in sorted(said.items())]
