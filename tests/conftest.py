# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the checkout importable as the collection `clusterwright.proxmox`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = ROOT / "build/collections/ansible_collections/clusterwright/proxmox"

if not LINK.exists():
    LINK.parent.mkdir(parents=True, exist_ok=True)
    LINK.symlink_to(ROOT)
for path in (ROOT / "tests", ROOT / "build/collections"):
    if str(path) not in sys.path:
        sys.path.insert(0, str(path))
