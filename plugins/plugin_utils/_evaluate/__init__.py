# SPDX-License-Identifier: GPL-3.0-or-later
"""Score sizing and reading against documented cases, beside baselines, with intervals."""

from __future__ import annotations

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._cases import (
    CaseError,
    read_cases,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._run import evaluate
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._table import table

__all__ = ["CaseError", "evaluate", "read_cases", "table"]
