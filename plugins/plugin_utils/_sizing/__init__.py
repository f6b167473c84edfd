# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizing: from a request, facts and a site profile to a plan, by rules."""

from __future__ import annotations

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._proposal import (
    Proposal,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._errors import (
    ProviderError,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._decide import decide
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._engine import size
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._given import (
    request_given,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._intent import (
    read_anywhere,
    request_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import Reserved
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._naming import (
    deployment_name,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._table import table
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._task import size_data

__all__ = [
    "Proposal",
    "ProviderError",
    "Reserved",
    "decide",
    "deployment_name",
    "read_anywhere",
    "request_given",
    "request_of",
    "size",
    "size_data",
    "table",
]
