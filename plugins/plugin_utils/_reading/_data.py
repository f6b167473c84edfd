# SPDX-License-Identifier: GPL-3.0-or-later
"""The data files beside this package; each is read once."""

from __future__ import annotations

import functools
import typing as t
from pathlib import Path

DATA = Path(__file__).parent / "data"


def called_by(part: str) -> list[str]:
    """Return the families whose machines may be called a part ("web", "database")."""
    software = load("software.yml")
    called = {"database": software["stores"], **software["called"]}
    return list(called.get(part, ()))


@functools.lru_cache(maxsize=1)
def function_words() -> dict[str, frozenset[str]]:
    """Return the closed classes of function words by their names."""
    return {name: spoken(words) for name, words in load("words.yml")["closed"].items()}


def spoken(words: list[str] | dict[str, list[str]]) -> frozenset[str]:
    """Return the words of a class, whose lists may be kept apart by their language."""
    lists = words.values() if isinstance(words, dict) else [words]
    return frozenset(word for listed in lists for word in listed)


@functools.lru_cache(maxsize=16)
def load(name: str) -> dict[str, t.Any]:
    """Return the plain data of a file in ``data/``."""
    import yaml  # not at the top: files below plugins/ are also read where it is missing

    loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (DATA / name).read_text(encoding="utf-8")
    return t.cast("dict[str, t.Any]", yaml.load(text, Loader=loader))  # noqa: S506
