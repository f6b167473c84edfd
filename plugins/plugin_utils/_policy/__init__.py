# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy: Rego files over a plan, run in process; see policies/README.md for what they get."""

from __future__ import annotations

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._policy._check import (
    check,
    document,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._policy._engine import (
    POLICIES,
    PolicyError,
    evaluate,
)

__all__ = ["POLICIES", "PolicyError", "check", "document", "evaluate"]
