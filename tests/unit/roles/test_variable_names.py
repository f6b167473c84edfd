# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of tasks carry the prefix of a role: extra variables of a user outrank them."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from unit.task_files import PARTS, documents

TOP = Path(__file__).resolve().parents[3]
ROLES = sorted(path.name for path in (TOP / "roles").iterdir())
PREFIXES = tuple(f"{name}_" for name in (*ROLES, "ansible", "clusterwright"))
FILES = [*TOP.glob("roles/*/tasks/**/*.yml"), *TOP.glob("playbooks/**/*.yml")]


def names(node: t.Any) -> t.Iterator[str]:
    """Give the variables of plays, blocks and tasks."""
    for item in node if isinstance(node, list) else []:
        yield from item.get("vars") or {}
        yield from [(item.get("loop_control") or {}).get("loop_var", "ansible_item")]
        for part in PARTS:
            yield from names(item.get(part))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TOP)))
def test_no_variable_of_a_task_can_be_one_of_the_user(path: Path) -> None:
    found = {name for part in documents(path) for name in names(part)}
    assert not {name for name in found if not name.lstrip("_").startswith(PREFIXES)}
