# SPDX-License-Identifier: GPL-3.0-or-later
"""The guests of a real cluster, through the collection's API client."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.client import Api
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.errors import (
    PveError,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.guests import (
    Guest,
)

_KINDS = {"qemu": "vm", "lxc": "lxc"}


class ClusterGuests:
    """``Guests`` over HTTP; each question is asked when it is needed, never cached."""

    def __init__(self, connect: t.Callable[[], Api]) -> None:
        self._connect = connect
        self._api: Api | None = None

    def all(self) -> list[Guest]:
        """Return every guest that the user may see, in one call."""
        rows = self._get("/cluster/resources", {"type": "vm"})
        return [
            Guest(
                vmid=int(row["vmid"]),
                kind=_KINDS[row["type"]],
                node=str(row["node"]),
                name=row.get("name"),
                tags=frozenset(filter(None, str(row.get("tags") or "").split(";"))),
                lock=row.get("lock"),
                ha=row.get("hastate"),
            )
            for row in rows
            if row.get("type") in _KINDS
        ]

    def is_free(self, vmid: int) -> bool:
        """Return whether Proxmox VE would give the VMID to a new guest."""
        try:
            self._get("/cluster/nextid", {"vmid": vmid})
        except PveError as error:
            if error.status == 400:
                return False
            raise
        return True

    def config(self, guest: Guest) -> dict[str, t.Any]:
        """Return a guest's configuration."""
        kind = "qemu" if guest.kind == "vm" else "lxc"
        found = self._get(f"/nodes/{guest.node}/{kind}/{guest.vmid}/config", None)
        return t.cast("dict[str, t.Any]", found or {})

    def _get(self, path: str, params: dict[str, str | int] | None) -> t.Any:
        if self._api is None:
            self._api = self._connect()
        return self._api.get(path, params)
