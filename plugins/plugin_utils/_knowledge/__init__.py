# SPDX-License-Identifier: GPL-3.0-or-later
"""Documented sizing rules as data; see README.md in this folder for the layout of a file."""

from __future__ import annotations

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge._loader import (
    Knowledge,
    KnowledgeError,
    load_knowledge,
    read_families,
    read_yaml,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge._needs import (
    Need,
    category_of,
    needs,
)

__all__ = [
    "Knowledge",
    "KnowledgeError",
    "Need",
    "category_of",
    "load_knowledge",
    "needs",
    "read_families",
    "read_yaml",
]
