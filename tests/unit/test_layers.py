# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports go down only (docs/ARCHITECTURE.md)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "ansible_collections.clusterwright.proxmox.plugins."
FACES = ("modules", "action", "lookup", "inventory", "callback", "filter")
#: layer -> what it may import below PREFIX
ALLOWED = {
    "modules": ("module_utils.",),
    "action": ("plugin_utils.", "module_utils."),
    "lookup": ("plugin_utils.",),
    "inventory": ("plugin_utils.", "module_utils."),
    "callback": ("plugin_utils.",),
    "filter": ("plugin_utils.", "module_utils."),
    "doc_fragments": (),
    "module_utils": ("module_utils.",),
    "plugin_utils": ("plugin_utils.", "module_utils."),
}
FILES = sorted(path.relative_to(ROOT / "plugins") for path in (ROOT / "plugins").rglob("*.py"))


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports inside the collection are absolute"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", FILES, ids=str)
def test_imports_go_down(path: Path) -> None:
    ours = {
        name.removeprefix(PREFIX)
        for name in imported(ROOT / "plugins" / path)
        if name.startswith(PREFIX)
    }
    layer = path.parts[0]
    assert not [name for name in ours if not f"{name}.".startswith(ALLOWED[layer])]
    if path.parts[:2] == ("plugin_utils", "_contracts"):
        assert all(name.startswith("plugin_utils._contracts") for name in ours)


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.parts[0] in ("plugin_utils", "module_utils")], ids=str
)
def test_logic_is_free_of_ansible(path: Path) -> None:
    ansible = {
        name for name in imported(ROOT / "plugins" / path) if name.split(".")[0] == "ansible"
    }
    allowed = {"ansible.module_utils"} if path.parts[0] == "module_utils" else set()
    if path.name == "_action.py":
        allowed = {
            f"ansible.{part}" for part in ("constants", "context", "errors", "parsing", "plugins")
        }
    assert not {name for name in ansible if ".".join(name.split(".")[:2]) not in allowed}


def test_nothing_of_the_lab_is_imported() -> None:
    assert not [
        path
        for path in FILES
        if any(name.split(".")[0] in ("lab", "tests") for name in imported(ROOT / "plugins" / path))
    ]
