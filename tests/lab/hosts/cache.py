# SPDX-License-Identifier: GPL-3.0-or-later
"""Slow results are made once, under the digest of their recipe, and never seen half-made."""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def cache_dir() -> Path:
    """`${XDG_CACHE_HOME:-~/.cache}/clusterwright`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "clusterwright"


def recipe_digest(recipe: DataclassInstance, *builders: Path) -> str:
    """Name a result by what it is made from: the recipe and the code that follows it."""
    digest = hashlib.sha256(json.dumps(dataclasses.asdict(recipe), sort_keys=True).encode())
    for path in builders:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock; it ends with the process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def build_once(kind: str, digest: str, build: Callable[[Path], None]) -> Path:
    """Return `<cache>/<kind>/<digest>`, letting `build` fill it first where it is missing.

    `build` gets an empty directory beside the final place, which is renamed when it is done: an
    interrupted build leaves nothing that looks finished, and of two builders one waits.
    """
    target = cache_dir() / kind / digest
    with file_lock(target.parent / f".{digest}.lock"):
        if target.is_dir():
            return target
        unfinished = target.with_name(f".{digest}.part")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        build(unfinished)
        unfinished.rename(target)
    return target
