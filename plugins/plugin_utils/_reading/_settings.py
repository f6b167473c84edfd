# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a guest that people name (``data/settings.yml``)."""

from __future__ import annotations

import dataclasses

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._data import load


@dataclasses.dataclass(frozen=True)
class Setting:
    """One setting: the field of a machine that takes it, or the way to have it by hand.

    ``usual`` is what a machine has without being asked, ``kinds`` those whose field takes it.
    """

    name: str
    title: str
    usual: bool = False
    field: str = ""
    kinds: tuple[str, ...] = ("vm", "lxc")
    way: str = "set it when the machine is there"

    def taken_by(self, kind: str) -> bool:
        """Tell whether a machine of a kind ("vm" or "lxc") has a field for it."""
        return bool(self.field) and kind in self.kinds


def settings_of() -> list[str]:
    """Return the names of all settings that are in the file."""
    return list(load("settings.yml")["settings"])


def setting_of(name: str) -> Setting:
    """Return a setting by its name; one that is in no file is set by hand."""
    entry = load("settings.yml")["settings"].get(name, {"title": name.replace("_", " ")})
    fields = {field.name for field in dataclasses.fields(Setting)} & entry.keys()
    told = {field: entry[field] for field in fields}
    return Setting(name, **{**told, "kinds": tuple(told.get("kinds", ("vm", "lxc")))})
