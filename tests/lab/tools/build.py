# SPDX-License-Identifier: GPL-3.0-or-later
"""Build a recipe into the cache: once, whole or not at all, one builder at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.tools.errors import ToolError
from lab.tools.recipe import Recipe

_ERROR_LINES = 5


def cache_dir() -> Path:
    """Return the folder of all built tools, `${XDG_CACHE_HOME:-~/.cache}/clusterwright/tools`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "clusterwright" / "tools"


def built(recipe: Recipe) -> Path:
    """Return the tool's executable, building it when the cache does not hold it yet."""
    recipe.check_version()
    target = cache_dir() / f"{recipe.name}-{recipe.version}-{recipe.digest()}"
    binary = target / recipe.name
    if binary.exists():
        return binary
    with _lock(cache_dir() / f".{recipe.name}.lock"):
        if not binary.exists():
            _build(recipe, target)
    return binary


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _build(recipe: Recipe, target: Path) -> None:
    go = shutil.which("go")
    if go is None:
        raise ToolError(
            f"Go is missing, which builds the lab's {recipe.name} {recipe.version}: "
            "install Go 1.24 or newer and put it on PATH."
        )
    _say(f"building {recipe.name} {recipe.version} …")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{recipe.name}-") as scratch:
        stage = Path(scratch) / "stage"
        stage.mkdir()
        command = [go, "build", "-o", str(stage / recipe.name), *recipe.build_arguments]
        done = subprocess.run(
            command,
            cwd=recipe.directory,
            env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            reason = "; ".join(done.stderr.strip().splitlines()[-_ERROR_LINES:])
            raise ToolError(
                f"{recipe.name} {recipe.version} cannot be built in {recipe.directory}: {reason}"
            )
        stage.rename(target)
    _say(f"built {recipe.name} {recipe.version} in {time.monotonic() - started:.0f} s")


def _say(line: str) -> None:
    sys.stderr.write(f"lab tools: {line}\n")
    sys.stderr.flush()
