# SPDX-License-Identifier: GPL-3.0-or-later
"""What is missing on the controller is said at once, with the command that installs it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._requirements import (
    FOR_SOME,
    missing_packages,
)

SOME = sorted(FOR_SOME)[0]


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        (["pytest>=1", "# a comment", ""], []),
        (["not-there-a>=1", "pytest>=999", "not-there-b"], ["not-there-a", "not-there-b", ">=999"]),
        ([f"{SOME}>=999"], []),  # only some runs need it: they say so themselves
        ([f"{SOME}>=999", "not-there-a"], [SOME, "not-there-a"]),
    ],
)
def test_all_are_named_at_once(tmp_path: Path, lines: list[str], named: list[str]) -> None:
    file = tmp_path / "a place" / "requirements.txt"
    file.parent.mkdir()
    file.write_text("\n".join(lines))
    told = missing_packages(file)
    assert bool(told) is bool(named)
    assert all(name in told for name in named)
    if named:
        assert told.endswith(f"{sys.executable} -m pip install -r '{file}'")
        assert told.count("\n") == 0


def test_without_the_file_nothing_is_missing(tmp_path: Path) -> None:
    assert missing_packages(tmp_path / "requirements.txt") == ""
