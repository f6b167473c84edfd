# SPDX-License-Identifier: GPL-3.0-or-later
"""Replay the incidents and print a table of them; ends with 1 when something was lost.

``--table`` only prints the table, as the README has it.
"""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).resolve().parent


def stories() -> dict[str, dict[str, str]]:
    """Return story and address of each incident, by the name of its test."""
    text = (FOLDER / "stories.yml").read_text(encoding="utf-8")
    return t.cast("dict[str, dict[str, str]]", yaml.safe_load(text))


def table(results: t.Mapping[str, str] | None = None) -> list[str]:
    """Return the lines of the table; without results it is that of the README."""
    head = ["incident", "what happened to others", *([] if results is None else ["here"])]
    rows = [head, ["---"] * len(head)]
    for name, told in stories().items():
        title = f"[{name.replace('_', ' ')}]({told['address']})"
        rows.append([title, told["story"], *([] if results is None else [results[name]])])
    return [f"| {' | '.join(row)} |" for row in rows]


class Results:
    """A pytest plugin that keeps how each incident ended."""

    def __init__(self) -> None:
        self.failed: set[str] = set()
        self.seen: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the outcome of each step of each test."""
        name = report.nodeid.rpartition("::test_")[2].partition("[")[0]
        self.seen[name] = self.seen.get(name, 0.0) + report.duration
        if report.failed:
            self.failed.add(name)

    def told(self, name: str) -> str:
        """Return the outcome in words."""
        if name not in self.seen:
            return "NOT TRIED"
        return "LOST" if name in self.failed else f"nothing lost ({self.seen[name]:.0f} s)"


def main() -> int:
    """Run the tests, or only print."""
    if sys.argv[1:] == ["--table"]:
        print("\n".join(table()))
        return 0
    results = Results()
    code = pytest.main(["-q", "-p", "no:cacheprovider", str(FOLDER)], plugins=[results])
    print("\n".join(table({name: results.told(name) for name in stories()})))
    return int(code != 0 or set(results.seen) != set(stories()))


if __name__ == "__main__":
    sys.exit(main())
