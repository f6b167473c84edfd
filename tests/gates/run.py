# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn each gate off in turn and show that a test notices; ends with 1 when none does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHECKED = ["tests/unit/plugins/module_utils/_gates"]


def without(gate: str) -> list[str]:
    """Return the tests that fail without a gate."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "gates.plugin"),
            *("--no-header", "-rf", *CHECKED),
        ],
        cwd=ROOT,
        env={**os.environ, "GATE_OFF": gate, "PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
        check=False,
    )
    return re.findall(r"^FAILED \S+::(\S+)", done.stdout, re.MULTILINE)


def main() -> int:
    """Print one line for each gate."""
    sys.path.insert(0, str(ROOT / "tests"))
    import conftest  # noqa: F401  (makes the checkout importable as the collection)
    from ansible_collections.clusterwright.proxmox.plugins.module_utils._gates import GATES

    with ThreadPoolExecutor(2) as pool:
        found = dict(zip(GATES, pool.map(without, GATES), strict=True))
    width = max(map(len, found))
    for gate, failed in found.items():
        noticed = f"noticed by {len(failed)} tests, {failed[0]}" if failed else "NOBODY NOTICES"
        print(f"{gate:<{width}}  {noticed}")
    return 0 if all(found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
