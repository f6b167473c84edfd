# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one module in this process: `python run_module.py NAME` with its options on stdin."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def main() -> None:
    """Read the options, run the module; it prints its result as JSON."""
    sys.path.insert(0, str(ROOT / "build/collections"))
    from ansible.module_utils.testing import patch_module_args

    name = f"ansible_collections.clusterwright.proxmox.plugins.modules.{sys.argv[1]}"
    module = importlib.import_module(name)
    with patch_module_args(json.load(sys.stdin)):
        module.main()


if __name__ == "__main__":
    main()
