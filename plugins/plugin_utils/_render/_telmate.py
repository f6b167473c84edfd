# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan may not ask of the root module for Telmate/proxmox."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Machine,
    Plan,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._render._errors import (
    RenderError,
)

#: Interfaces that the root module writes out; the provider has an argument for each one.
MAX_INTERFACES = 8
_TAG = re.compile(r"[a-z0-9_][a-z0-9_-]*")

#: What the provider lacks, and how a machine shows that it needs it.
_LACKING: tuple[tuple[str, t.Callable[[Machine], bool]], ...] = (
    ("HA with limits and rules", lambda machine: machine.ha.enabled),
    ("replication", lambda machine: bool(machine.replication)),
    ("the firewall of a guest", lambda machine: any(nic.firewall for nic in machine.nics)),
    ("a TPM", lambda machine: machine.tpm is not None),
    ("disks from an image", lambda machine: machine.source.type == "image"),
    ("taking over existing guests", lambda machine: machine.source.type == "existing"),
    (
        "an installer beside cloud-init",
        lambda machine: machine.source.type == "iso" and machine.cloud_init is not None,
    ),
    ("tags with . or +", lambda machine: not all(map(_TAG.fullmatch, _lower(machine.tags)))),
    (
        "a container's address by DHCP",
        lambda machine: machine.kind == "lxc" and _by_dhcp(machine),
    ),
    (
        "network cards of model e1000e",
        lambda machine: machine.kind == "vm" and any(nic.model == "e1000e" for nic in machine.nics),
    ),
    (
        f"more than {MAX_INTERFACES} network interfaces",
        lambda machine: machine.kind == "vm" and len(machine.nics) > MAX_INTERFACES,
    ),
)


def refuse_unsupported(plan: Plan) -> None:
    """Refuse a plan that Telmate/proxmox cannot carry out as it is.

    Raises:
        RenderError: names what is lacking, for which machines, and what to do.
    """
    found = [
        f"{what} ({', '.join(names)})"
        for what, needs in _LACKING
        if (names := sorted(machine.name for machine in plan.machines if needs(machine)))
    ]
    if plan.backups:
        found.append(f"backup jobs ({', '.join(job.name for job in plan.backups)})")
    if found:
        raise RenderError(
            f"Telmate/proxmox cannot do what the plan of {plan.deployment} needs: "
            f"{'; '.join(found)}. Render it for bpg, or change the request."
        )


def _lower(tags: t.Iterable[str]) -> t.Iterator[str]:
    return (tag.lower() for tag in tags)


def _by_dhcp(machine: Machine) -> bool:
    return bool(machine.nics) and machine.nics[0].address == "dhcp"
