# SPDX-License-Identifier: GPL-3.0-or-later
"""Site profile, ``environments``: what may happen in one."""

from __future__ import annotations

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._keys import key
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._pydantic import (
    Model,
)


class EnvironmentRules(Model):
    """What an environment allows; ``auto_approve`` only ever covers pure creates."""

    auto_approve: bool = key(
        "Whether `-e approve=auto` is allowed here. It only ever covers plans that create.",
        True,
        default=False,
    )
    approvers: tuple[str, ...] = key(
        "Users who may approve here; empty leaves it to the variable `approvers`.",
        ["ada"],
        default=(),
    )
    four_eyes: bool = key(
        "Whether somebody else than who asked has to approve. Deletions then need a request with an"
        " end of life (playbook `retire`).",
        True,
        default=False,
    )
    ha: bool | None = key(
        "Whether high availability is wanted here when the request does not say.",
        True,
        default=None,
    )
    max_machines: int | None = key(
        "Most machines of one deployment.", 20, unit="machines", default=None
    )
    max_cores_per_machine: int | None = key(
        "Most vCPU of one machine.", 16, unit="vCPU", default=None
    )
    max_memory_mib_per_machine: int | None = key(
        "Most memory of one machine.", 65536, unit="MiB", default=None
    )
    max_monthly_cost: float | None = key(
        "Most that one deployment may cost by `prices`.",
        250.0,
        unit="currency a month",
        default=None,
    )
    max_memory_percent: int | None = key(
        "Most of a host's memory that may be used; without it, 60 in production and 80 elsewhere.",
        75,
        unit="percent",
        default=None,
        ge=10,
        le=90,
    )
    promised_running_percent: int | None = key(
        "How much of the memory that running guests were promised and do not use counts as used;"
        " without it, 100 in production and 50 elsewhere.",
        50,
        unit="percent",
        default=None,
        ge=0,
        le=100,
    )
    promised_stopped_percent: int | None = key(
        "How much of what stopped guests were promised (memory and vCPU) counts as used; without"
        " it, 100 in production and 0 elsewhere.",
        0,
        unit="percent",
        default=None,
        ge=0,
        le=100,
    )
