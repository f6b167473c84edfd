# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of tasks carry the prefix of a role: extra variables of a user outrank them."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml

TOP = Path(__file__).resolve().parents[3]
ROLES = sorted(path.name for path in (TOP / "roles").iterdir())
PREFIXES = tuple(f"{name}_" for name in (*ROLES, "ansible", "clusterwright"))
FILES = [*TOP.glob("roles/*/tasks/**/*.yml"), *TOP.glob("playbooks/**/*.yml")]


class Loader(yaml.SafeLoader):
    """Reads tags of Ansible as nothing."""


Loader.add_multi_constructor("!", lambda *_: None)  # type: ignore[no-untyped-call]


def names(node: t.Any) -> t.Iterator[str]:
    """Give the variables of plays, blocks and tasks."""
    for item in node if isinstance(node, list) else []:
        yield from item.get("vars") or {}
        yield from [(item.get("loop_control") or {}).get("loop_var", "ansible_item")]
        for part in ("block", "rescue", "always", "pre_tasks", "tasks", "post_tasks"):
            yield from names(item.get(part))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TOP)))
def test_no_variable_of_a_task_can_be_one_of_the_user(path: Path) -> None:
    found = set(names(yaml.load(path.read_text(), Loader)))  # noqa: S506
    assert not {name for name in found if not name.lstrip("_").startswith(PREFIXES)}
