# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the checkout importable as the collection `clusterwright.proxmox`, as Ansible imports it."""

from __future__ import annotations

import sys
from pathlib import Path

from ansible.plugins.loader import init_plugin_loader

ROOT = Path(__file__).resolve().parent.parent
COLLECTIONS = ROOT / "build/collections"
LINK = COLLECTIONS / "ansible_collections/clusterwright/proxmox"

if not LINK.exists():
    LINK.parent.mkdir(parents=True, exist_ok=True)
    LINK.symlink_to(ROOT)
if str(ROOT / "tests") not in sys.path:
    sys.path.insert(0, str(ROOT / "tests"))
# Before anything imports ansible_collections: its loader must own that name.
init_plugin_loader([str(COLLECTIONS)])
