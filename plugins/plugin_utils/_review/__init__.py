# SPDX-License-Identifier: GPL-3.0-or-later
"""The review of a plan: policy for every one, and the loop of rounds with a model."""

from __future__ import annotations

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._review._judge import (
    Planner,
    Task,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._review._loop import review

__all__ = ["Planner", "Task", "review"]
