# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn each gate, and what mends each fault of a first day, off; ends with 1 when no test notices.

Gates are taken away in a forked process of their own, where everything is imported already. What
mends a fault is a text in a file (``faults.yml``): it is replaced in a copy of the checkout, where
the named tests run.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import itertools
import multiprocessing
import os
import shutil
import sys
import tempfile
import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GATES_TESTS = ["tests/unit/plugins/module_utils/_gates"]
FAULTS = Path(__file__).with_name("faults.yml")
#: What a copy of the checkout does not need.
NOT_COPIED = shutil.ignore_patterns(".*", "build", "deployments", "molecule", "changelogs")
#: Loaded once for all processes; the collection itself is loaded from the copy.
WARM = ("ansible.plugins.loader", "cryptography.x509", "hypothesis", "jinja2", "pydantic")
WARM += ("requests", "sqlalchemy", "yaml")
Gates = dict[str, t.Any]
Fault = dict[str, t.Any]


class UnusableError(Exception):
    """A test or a row of the data is not usable; the message is one sentence."""


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


def _run(tests: t.Sequence[str], plugin: WithoutOne) -> list[str]:
    """Return the tests that fail; they run until the first does.

    Raises:
        UnusableError: they did not run.
    """
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        code = pytest.main(["-q", "-x", "-p", "no:cacheprovider", *tests], plugins=[plugin])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise UnusableError(
            f"{' '.join(tests)} did not run ({code!r}):\n{shown.getvalue()[-2000:]}"
        )
    return plugin.failed


def _gates() -> Gates:
    from ansible_collections.clusterwright.proxmox.plugins.module_utils._gates import GATES

    return GATES


def without_gate(gate: str) -> list[str]:
    """Return the tests that fail without a gate; without none of them for an empty name."""
    return _run(GATES_TESTS, WithoutOne(_gates(), gate))


def without_mend(fault: Fault) -> list[str]:
    """Return the tests that fail when a mend is turned off; with all of them for no ``file``.

    Raises:
        UnusableError: the text to replace is not in its file exactly once.
    """
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as folder:
        copy = Path(folder) / "checkout"
        shutil.copytree(ROOT, copy, ignore=NOT_COPIED, copy_function=os.link)
        if "file" in fault:
            file = copy / fault["file"]
            text = file.read_text(encoding="utf-8")
            if text.count(fault["old"]) != 1:
                raise UnusableError(f"{fault['file']} does not hold {fault['old']!r} exactly once.")
            file.unlink()  # the other name of the checkout's own file
            file.write_text(text.replace(fault["old"], fault["new"]), encoding="utf-8")
        os.chdir(copy)
        sys.path.insert(0, str(copy / "tests"))
        failed = _run(fault["tests"], WithoutOne({}, ""))
        os.chdir(ROOT)
        return failed


def _noticed(work: t.Callable[[t.Any], list[str]], named: t.Mapping[str, t.Any]) -> bool:
    """Print who notices each, as it is known; return whether somebody always does."""
    width, noticed = max(map(len, named)), True
    with multiprocessing.get_context("fork").Pool(2, maxtasksperchild=1) as pool:
        for name, failed in zip(named, pool.imap(work, named.values()), strict=True):
            who = f"noticed by {failed[0]}" if failed else "NOBODY NOTICES"
            print(f"{name:<{width}}  {who}", flush=True)
            noticed = noticed and bool(failed)
    return noticed


def faults() -> bool:
    """Turn off what mends each fault."""
    rows: list[Fault] = yaml.safe_load(FAULTS.read_text(encoding="utf-8"))
    for name in WARM:
        importlib.import_module(name)
    (ROOT / "build").mkdir(exist_ok=True)
    tests = dict.fromkeys(itertools.chain.from_iterable(row["tests"] for row in rows))
    with multiprocessing.get_context("fork").Pool(1) as pool:
        whole = pool.apply(without_mend, [{"tests": list(tests)}])
    if whole:
        raise UnusableError(f"{whole[0]} fails with nothing turned off: mend it first.")
    return _noticed(without_mend, {f"{row['fault']} {row['mend']}": row for row in rows})


def gates() -> bool:
    """Turn off each gate."""
    sys.path.insert(0, str(ROOT / "tests"))
    import conftest  # noqa: F401  (makes the checkout importable as the collection)

    # With all of them first: the tests are good, and the children find everything imported.
    if without_gate(""):
        raise UnusableError("The tests fail with all gates in place: mend them first.")
    return _noticed(without_gate, {name: name for name in _gates()})


def main() -> int:
    """Turn everything off in turn."""
    os.chdir(ROOT)
    try:
        noticed = [faults(), gates()]
    except UnusableError as error:
        print(error)
        return 1
    return 0 if all(noticed) else 1


if __name__ == "__main__":
    sys.exit(main())
