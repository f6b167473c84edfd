# SPDX-License-Identifier: GPL-3.0-or-later
"""Placement of guests onto hosts: pure, fast, hard rules first."""

from __future__ import annotations

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._placement._failover import (
    failover_shortfalls,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._placement._model import (
    Host,
    Item,
    Pool,
    Result,
    Shortfall,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._placement._pack import pack
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._placement._spread import (
    place,
)

__all__ = ["Host", "Item", "Pool", "Result", "Shortfall", "failover_shortfalls", "pack", "place"]
