# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tool is built from decides where it is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from lab.tools import ToolError
from lab.tools.recipe import Recipe, recipes, required_versions


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    (tmp_path / "go.mod").write_text(
        "module a\n\ngo 1.24\n\nrequire example.org/b v1.2.3 // indirect\n"
    )
    (tmp_path / "main.go").write_text("package main\n")
    return Recipe("tool", tmp_path, ".", "example.org/b", "1.2.3")


def test_digest_follows_sources_and_flags_but_not_tests(recipe: Recipe) -> None:
    first = recipe.digest()
    (recipe.directory / "main_test.go").write_text("package main\n")
    assert recipe.digest() == first
    assert replace(recipe, tags=("x",)).digest() != first
    (recipe.directory / "main.go").write_text("package main // changed\n")
    assert recipe.digest() != first


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("require a.org/b v1.0.0\n", {"a.org/b": "1.0.0"}),
        ("require (\n\ta.org/b v1.0.0\n\tc.org/d/v3 v3.1.0 // indirect\n)\n",
         {"a.org/b": "1.0.0", "c.org/d/v3": "3.1.0"}),
        ("require a.org/b v1.0.0\n\nreplace (\n\ta.org/b v1.0.0 => a.org/b v2.0.0\n)\n",
         {"a.org/b": "1.0.0"}),
        ("module a\n", {}),
    ],
)  # fmt: skip
def test_required_versions(text: str, expected: dict[str, str]) -> None:
    assert required_versions(text) == expected


def test_other_version_than_pinned_is_refused(recipe: Recipe) -> None:
    recipe.check_version()
    with pytest.raises(ToolError, match=r"example\.org/b 1\.2\.3, but tools\.yml pins 2\.0"):
        replace(recipe, version="2.0").check_version()


@pytest.mark.parametrize("name", sorted(recipes()))
def test_committed_modules_match_the_pins(name: str) -> None:
    recipe = recipes()[name]
    recipe.check_version()
    assert (recipe.directory / "go.sum").exists()
    assert "-mod=readonly" in recipe.build_arguments
