# SPDX-License-Identifier: GPL-3.0-or-later
"""The cache never shows a half-made result and makes each one once."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from lab.hosts.cache import build_once, cache_dir, recipe_digest


@dataclass(frozen=True)
class Recipe:
    packages: tuple[str, ...]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "clusterwright"


def test_a_result_is_made_once(cache: Path) -> None:
    made: list[Path] = []

    def build(target: Path) -> None:
        made.append(target)
        (target / "file").write_text("done")

    first = build_once("kind", "abc", build)
    second = build_once("kind", "abc", build)

    assert first == second == cache / "kind/abc" == cache_dir() / "kind/abc"
    assert (first / "file").read_text() == "done"
    assert len(made) == 1


def test_a_failed_build_leaves_nothing_and_is_tried_again(cache: Path) -> None:
    def fail(target: Path) -> None:
        (target / "half").touch()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        build_once("kind", "abc", fail)
    assert not (cache / "kind/abc").exists()

    result = build_once("kind", "abc", lambda target: (target / "whole").touch())
    assert [path.name for path in result.iterdir()] == ["whole"]


def test_of_two_builders_one_waits() -> None:
    inside, leave = threading.Event(), threading.Event()
    made: list[str] = []

    def slow(_target: Path) -> None:
        made.append("first")
        inside.set()
        assert leave.wait(10)

    first = threading.Thread(target=build_once, args=("kind", "abc", slow))
    first.start()
    assert inside.wait(10)
    second = threading.Thread(
        target=build_once, args=("kind", "abc", lambda _target: made.append("second"))
    )
    second.start()
    leave.set()
    first.join(10)
    second.join(10)

    assert made == ["first"]


def test_a_digest_follows_recipe_and_builder(tmp_path: Path) -> None:
    builder = tmp_path / "builder.py"
    builder.write_text("one")
    before = recipe_digest(Recipe(("a",)), builder)

    assert recipe_digest(Recipe(("a",)), builder) == before
    assert recipe_digest(Recipe(("b",)), builder) != before
    builder.write_text("two")
    assert recipe_digest(Recipe(("a",)), builder) != before
