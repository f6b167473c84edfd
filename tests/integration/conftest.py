# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell of everything that is watched which test saw it: ``build/monitoring-coverage.json``.

A test says with ``record_property("sees", …)`` what it saw; what none saw is a hole, and a run of
all these tests that leaves one fails.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
MONITORING = ROOT / "plugins/plugin_utils/_catalogue/entries/monitoring"
REPORT = ROOT / "build/monitoring-coverage.json"
TESTS = {path.name for path in (ROOT / "tests/integration/monitoring").glob("test_*.py")}
_SEEN: dict[str, list[str]] = {}
_RUN: set[str] = set()


def watched() -> list[str]:
    """Return every alert, query and kind of receiver."""
    rules = yaml.safe_load((MONITORING / "rules.yml").read_text())
    names = [f"alert {rule['alert']}" for group in rules["groups"] for rule in group["rules"]]
    for path in sorted((MONITORING / "dashboards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            names += [f"query {path.stem}: {panel['title']}" for _query in panel.get("targets", ())]
    entry = yaml.safe_load((MONITORING.parent / "prometheus.yml").read_text())
    kinds = entry["settings"]["receivers"]["parts"]["type"]["choices"]
    return [*names, *(f"receiver {kind}" for kind in kinds)]


def pytest_runtest_logreport(report: t.Any) -> None:
    """Keep what a test that passed saw."""
    _RUN.add(Path(report.nodeid.partition("::")[0]).name)
    if report.when == "call" and report.passed:
        for name, what in report.user_properties:
            if name == "sees":
                _SEEN.setdefault(str(what), []).append(report.nodeid)


def pytest_sessionfinish(session: t.Any) -> None:
    """Fail where all tests ran and something watched was seen by none."""
    if not session.exitstatus and _RUN >= TESTS and set(watched()) - _SEEN.keys():
        session.exitstatus = 1


def pytest_terminal_summary(terminalreporter: t.Any) -> None:
    """Write the report where something watched was looked at."""
    if not _SEEN:
        return
    wanted = watched()
    holes = [name for name in wanted if name not in _SEEN]
    percent = 100 * (len(wanted) - len(holes)) // len(wanted)
    REPORT.parent.mkdir(exist_ok=True)
    report = {"percent": percent, "holes": holes, "seen": dict(sorted(_SEEN.items()))}
    REPORT.write_text(json.dumps(report, indent=1) + "\n")
    told = f"seen of what is watched: {percent} % of {len(wanted)}"
    terminalreporter.write_line(told + "".join(f"\n  not seen: {name}" for name in holes))
