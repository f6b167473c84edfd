# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn each gate off in turn and show that a test notices; ends with 1 when none does.

Everything is imported once; each gate is taken away in a forked process of its own.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import sys
import typing as t
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHECKED = [
    "tests/unit/plugins/module_utils/_gates",
]
Gates = dict[str, t.Any]


class WithoutOne:
    """A pytest plugin: one gate lets everything through; keeps the names of tests that fail."""

    def __init__(self, gates: Gates, gate: str) -> None:
        self.gates, self.gate = gates, gate
        self.failed: list[str] = []

    def pytest_sessionstart(self) -> None:
        """Take the gate away before anything is collected."""
        if self.gate:
            whole = self.gates[self.gate]
            self.gates[self.gate] = whole._replace(against=lambda _situation: None)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep who noticed."""
        if report.failed:
            self.failed.append(report.nodeid.rpartition("::")[2])


def _gates() -> Gates:
    from ansible_collections.clusterwright.proxmox.plugins.module_utils._gates import GATES

    return GATES


def without(gate: str) -> list[str]:
    """Return the tests that fail without a gate; without none of them for an empty name."""
    plugin = WithoutOne(_gates(), gate)
    with contextlib.redirect_stdout(io.StringIO()):
        code = pytest.main(["-q", "-x", "-p", "no:cacheprovider", *CHECKED], plugins=[plugin])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise SystemExit(f"The tests of the gates did not run: {code!r}.")
    return plugin.failed


def main() -> int:
    """Print one line for each gate."""
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT / "tests"))
    import conftest  # noqa: F401  (makes the checkout importable as the collection)

    # With all of them first: the tests are good, and the children find everything imported.
    if without(""):
        print("The tests fail with all gates in place: mend them first.")
        return 1
    names = list(_gates())
    with multiprocessing.get_context("fork").Pool(2, maxtasksperchild=1) as pool:
        found = dict(zip(names, pool.map(without, names, chunksize=1), strict=True))
    width = max(map(len, found))
    for gate, failed in found.items():
        print(f"{gate:<{width}}  {f'noticed by {failed[0]}' if failed else 'NOBODY NOTICES'}")
    return 0 if all(found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
