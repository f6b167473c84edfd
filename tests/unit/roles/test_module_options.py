# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks give our modules options that these have."""

from __future__ import annotations

import functools
import typing as t
from pathlib import Path

import pytest
from ansible.plugins.loader import fragment_loader
from ansible.utils.plugin_docs import get_docstring
from unit.task_files import PARTS, documents

TOP = Path(__file__).resolve().parents[3]
OURS = "clusterwright.proxmox."
FILES = [
    *TOP.glob("roles/*/tasks/**/*.yml"),
    *TOP.glob("playbooks/**/*.yml"),
    *TOP.glob("molecule/**/*.yml"),
]


@functools.cache
def options_of(module: str) -> frozenset[str]:
    """Return the names of a module's options, those of its fragments among them."""
    file = str(TOP / f"plugins/modules/{module}.py")
    doc = get_docstring(file, fragment_loader, is_module=True, collection_name=OURS[:-1])[0]
    aliases = (name for option in doc["options"].values() for name in option.get("aliases", ()))
    return frozenset({*doc["options"], *aliases})


def calls(node: t.Any) -> t.Iterator[tuple[str, dict[str, t.Any]]]:
    """Give each call of one of our modules, and each default for one."""
    for item in node if isinstance(node, list) else []:
        for found in (item, item.get("module_defaults") or {}):
            for key, value in found.items():
                module = str(key).removeprefix(OURS)
                known = (TOP / f"plugins/modules/{module}.py").is_file()
                if module != key and known and isinstance(value, dict):
                    yield module, value
        for part in PARTS:
            yield from calls(item.get(part))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TOP)))
def test_a_task_gives_options_that_the_module_has(path: Path) -> None:
    found = [call for part in documents(path) for call in calls(part)]
    assert not {f"{m}: {name}" for m, given in found for name in given.keys() - options_of(m)}
