# SPDX-License-Identifier: GPL-3.0-or-later
"""Build a recipe into the cache: once, whole or not at all, one builder at a time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lab.hosts.cache import file_lock
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
    binary = place(recipe)
    if binary.exists():
        return binary
    with file_lock(cache_dir() / f".{recipe.name}.lock"):
        if not binary.exists():
            _build(recipe, binary.parent)
    return binary


def place(recipe: Recipe) -> Path:
    """Return where the tool's executable is, or will be once it is built."""
    return cache_dir() / f"{recipe.name}-{recipe.version}-{recipe.digest()}" / recipe.name


def _build(recipe: Recipe, target: Path) -> None:
    go = shutil.which("go")
    if go is None:
        raise ToolError(
            f"Go is missing, which builds the lab's {recipe.name} {recipe.version}: "
            "install Go 1.24 or newer and put it on PATH."
        )
    say(f"building {recipe.name} {recipe.version} …")
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
    say(f"built {recipe.name} {recipe.version} in {time.monotonic() - started:.0f} s")


def say(line: str) -> None:
    """Tell of a long step at once, on standard error."""
    sys.stderr.write(f"lab tools: {line}\n")
    sys.stderr.flush()
