# SPDX-License-Identifier: GPL-3.0-or-later
"""Who runs a lab, and that it can be ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from lab.state import LabError, LabState

TESTS_DIR = Path(__file__).parents[3]
OWNER = """
import signal, sys
from pathlib import Path
from lab.state import LabState

with LabState("demo", Path(sys.argv[1])).hold():
    if sys.argv[2] == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("up", flush=True)
    while True:
        signal.pause()
"""


def owner(labs_dir: Path, manners: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(labs_dir), manners],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(TESTS_DIR)},
    )
    assert process.stdout is not None
    with process.stdout as output:
        assert output.readline() == b"up\n"
    return process


@pytest.mark.parametrize(
    ("manners", "patience_seconds", "code"), [("polite", 10, -15), ("deaf", 0, -9)]
)
def test_the_owner_is_known_and_ended(
    tmp_path: Path, manners: str, patience_seconds: float, code: int
) -> None:
    state = LabState("demo", tmp_path)
    assert state.owner() is None
    process = owner(tmp_path, manners)

    assert state.owner() == process.pid
    with pytest.raises(LabError, match="The lab demo already runs"):
        state.hold()

    state.end_owner(timeout_seconds=patience_seconds)
    assert process.wait(10) == code
    assert state.owner() is None
    state.hold().close()


def test_a_document_without_its_lab_is_not_believed(tmp_path: Path) -> None:
    state = LabState("demo", tmp_path)
    with state.hold():
        assert state.document() is None
        (state.directory / "lab.json").write_text(json.dumps({"name": "demo"}))
        assert state.document() == {"name": "demo"}

    assert state.document() is None
    state.remove()
    assert not state.directory.exists()


@pytest.mark.parametrize("name", ["", "..", "a/b", "Demo", "-a", "a" * 40])
def test_names_that_are_no_names(name: str) -> None:
    with pytest.raises(LabError, match="is no name for a lab"):
        LabState(name)
