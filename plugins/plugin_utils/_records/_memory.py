# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a deployment's memory is gone: its Terraform state, or every record of what runs."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._folder import (
    Data,
    Folder,
)

_TERRAFORM = "terraform"


def state_lost(folder: Folder) -> bool:
    """Return whether machines are applied and the file that holds their state is not there.

    Of a state that is kept on a server nothing is said: Terraform finds out.
    """
    applied = folder.applied()
    if not (applied and applied["plan"]["machines"]):
        return False
    place = _state_file(folder)
    return place is not None and not place.is_file()


def known_vmids(folder: Folder) -> set[int]:
    """Return the VMIDs that a deployment knows to be its own: applied, in its state, or begun."""
    applied = folder.applied()
    known = {int(machine["vmid"]) for machine in applied["plan"]["machines"]} if applied else set()
    begun = _json(folder.path / _TERRAFORM / "run.json").get("creations") or ()
    known |= {int(creation["vmid"]) for creation in begun}
    place = _state_file(folder)
    for resource in (_json(place).get("resources") or ()) if place else ():
        for instance in resource.get("instances") or ():
            vmid = (instance.get("attributes") or {}).get("vm_id")
            known |= {int(vmid)} if vmid else set()
    return known


def lost(folder: Folder, guests: t.Iterable[t.Mapping[str, t.Any]]) -> list[t.Mapping[str, t.Any]]:
    """Return the guests with the deployment's tags that it has lost sight of."""
    known = set() if state_lost(folder) else known_vmids(folder)
    return [guest for guest in guests if int(guest["vmid"]) not in known]


def _state_file(folder: Folder) -> Path | None:
    """Return where the state is kept, None when that is a server."""
    place = folder.path / _TERRAFORM
    backends = (_json(place / "backend.tf.json").get("terraform") or {}).get("backend") or {}
    if backends and "local" not in backends:
        return None
    return place / str((backends.get("local") or {}).get("path") or "terraform.tfstate")


def _json(path: Path) -> Data:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
