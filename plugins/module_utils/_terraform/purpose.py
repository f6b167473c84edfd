# SPDX-License-Identifier: GPL-3.0-or-later
"""Which credential a run of Terraform needs: the one that looks, or the one that writes."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.credential import Purpose

#: What never writes on Proxmox VE, whether in check mode or not.
_LOOKING = ("planned", "drift", "released")


def purpose_of(state: str, variables: str, *, check: bool) -> Purpose:
    """Return the credential for a run.

    Args:
        state: option ``state`` of tf_apply.
        variables: text of the rendered variables; empty where nothing is rendered.
        check: whether it only tells.
    """
    looks = check or state in _LOOKING
    return "reader" if looks and not _asks_agents_of_8(variables) else "writer"


def _asks_agents_of_8(variables: str) -> bool:
    """Return whether an address comes from the guest agent of a machine on Proxmox VE 8.

    The privilege for that question, VM.Monitor, also runs commands in the guest there: no reader
    has it, and what it reads without would tell the address as gone.
    """
    try:
        found: dict[str, t.Any] = json.loads(variables or "{}")
        machines = found.get("machines", {}).values()
        return int(found.get("pve_major") or 9) < 9 and any(
            machine["kind"] == "vm" and machine["agent"] and _first_address(machine) == "dhcp"
            for machine in machines
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return False  # Terraform says what is wrong with them


def _first_address(machine: dict[str, t.Any]) -> str | None:
    return machine["nics"][0]["address"] if machine["nics"] else None
