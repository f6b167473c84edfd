# SPDX-License-Identifier: GPL-3.0-or-later
"""Swap in fstab is commented, and can be had back by removing the comment."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROLE = Path(__file__).resolve().parents[3] / "roles/k3s"


def without_swap(text: str) -> str:
    """Return the file as the step leaves it."""
    pattern = yaml.safe_load((ROLE / "vars/main.yml").read_text())["__k3s_fstab_swap"]
    step = yaml.safe_load((ROLE / "tasks/steps/swap.yml").read_text())[0]
    return re.sub(pattern, step["ansible.builtin.replace"]["replace"], text, flags=re.MULTILINE)


@pytest.mark.parametrize(
    "line",
    [
        "UUID=0a-1b none swap sw 0 0",
        "/swap.img\tnone\tswap\tsw\t0\t0",
        "/dev/mapper/vg-swap_1 none            swap    sw              0       0",
    ],
)
def test_the_line_is_kept_as_a_comment(line: str) -> None:
    root = "UUID=cd / ext4 errors=remount-ro 0 1"
    assert without_swap(f"{root}\n{line}\n") == f"{root}\n# {line}\n"


@pytest.mark.parametrize(
    "line", ["# /swap.img none swap sw 0 0", "UUID=ef /swap ext4 defaults 0 2", ""]
)
def test_nothing_else_is_touched(line: str) -> None:
    assert without_swap(f"{line}\n") == f"{line}\n"
