# SPDX-License-Identifier: GPL-3.0-or-later
"""Where containers differ from what the base class answers."""

from __future__ import annotations

from typing import Any

from lab.pve.wire import Params


class Containers:
    """Mixin: containers in the lists, their configuration, and high availability."""

    def container_resource(self: Any, entry: Params) -> Params:
        """An entry of the resource list out of that of the base class."""
        if not self.is_online(entry["node"]):
            kept = ("id", "type", "vmid", "node", "lock")
            return {**{key: entry[key] for key in kept if key in entry}, "status": "unknown"}
        state = self.ha_state(f"ct:{entry['vmid']}")
        entry |= {"hastate": state} if state else {}
        return entry if self.series == "8.4" else {**entry, "memhost": entry["mem"]}

    async def _lxc_config_get(self: Any, user: str, v: Params) -> Params:
        config: Params = await super()._lxc_config_get(user, v)  # type: ignore[misc]
        if config.get("description"):
            # Read from a file of comment lines: the provider counts on the line break.
            config["description"] = config["description"].rstrip("\n") + "\n"
        return config

    def tell_container(self: Any, sid: str) -> None:
        """Let a container know how it is managed; machines ask for it themselves."""
        kind, _, vmid = sid.partition(":")
        container = self.ct(int(vmid)) if kind == "ct" else None
        if container is not None:
            container.ha_state = self.ha_state(sid)

    def _drop(self: Any, ct: Any) -> None:
        super()._drop(ct)  # type: ignore[misc]
        self.forget_ha_resource(f"ct:{ct.vmid}")
