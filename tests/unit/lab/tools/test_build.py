# SPDX-License-Identifier: GPL-3.0-or-later
"""A tool is built once, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from lab.tools import ToolError
from lab.tools.build import built, cache_dir
from lab.tools.recipe import Recipe

GO_MOD = "module example.org/hello\n\ngo 1.21\n\nrequire example.org/none v1.0.0\n"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return cache_dir()


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    source = tmp_path / "source"
    source.mkdir()
    (source / "go.mod").write_text(GO_MOD)
    (source / "go.sum").write_text("")
    (source / "main.go").write_text('package main\n\nfunc main() { println("hello") }\n')
    return Recipe("hello", source, "./main.go", "example.org/none", "1.0.0")


@pytest.fixture
def fake_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `go` that writes its output file and counts its runs, or fails when told to."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "go"
    script.write_text(
        "#!/bin/sh\n"
        f"echo run >> {tmp_path}/runs\n"
        '[ -n "$GO_FAILS" ] && { echo "no such package" >&2; exit 1; }\n'
        'while [ "$1" != -o ]; do shift; done\n'
        'echo tool > "$2"; chmod +x "$2"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin:/bin")
    return tmp_path / "runs"


def test_is_built_once(cache: Path, recipe: Recipe, fake_go: Path) -> None:
    first = built(recipe)
    assert built(recipe) == first
    assert first.parent == cache / f"hello-1.0.0-{recipe.digest()}"
    assert os.access(first, os.X_OK)
    assert fake_go.read_text().count("run") == 1


def test_changed_source_is_built_again(recipe: Recipe, cache: Path, fake_go: Path) -> None:
    first = built(recipe)
    (recipe.directory / "main.go").write_text("package main\n\nfunc main() {}\n")
    assert built(recipe) != first
    assert first.exists()


def test_failure_leaves_nothing(
    recipe: Recipe, cache: Path, fake_go: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GO_FAILS", "1")
    with pytest.raises(ToolError, match=r"^hello 1\.0\.0 cannot be built in .*no such package$"):
        built(recipe)
    assert [path.name for path in cache.iterdir()] == [".hello.lock"]


def test_missing_go_is_one_sentence(
    recipe: Recipe, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match=r"^Go is missing.*put it on PATH\.$"):
        built(recipe)


def test_unpinned_module_is_not_fetched(recipe: Recipe, cache: Path) -> None:
    (recipe.directory / "main.go").write_text(
        'package main\n\nimport _ "example.org/none"\n\nfunc main() {}\n'
    )
    with pytest.raises(ToolError, match=r"go\.sum"):
        built(recipe)
