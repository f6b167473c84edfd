# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault of ``known_faults.yml`` has a test that is still there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[5]
FAULTS = yaml.safe_load(Path(__file__).with_name("known_faults.yml").read_text())


@pytest.mark.parametrize("row", FAULTS, ids=[row["fault"] for row in FAULTS])
def test_a_fault_has_its_test(row: dict[str, str]) -> None:
    text = (ROOT / row["file"]).read_text()
    assert "test" not in row or re.search(rf"^def {row['test']}\(", text, re.M)
