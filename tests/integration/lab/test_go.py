# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's own Go programs: their tests, and Go's own form of source text."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from lab.tools.recipe import LAB_DIR, recipes

OWN = {
    recipe.directory: recipe.tags
    for recipe in recipes().values()
    if recipe.directory.parent == LAB_DIR
}


def go(*arguments: str, directory: Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which(arguments[0])
    assert program is not None, "Go is needed to build the lab: put it on PATH."
    return subprocess.run(
        [program, *arguments[1:]],
        cwd=directory,
        env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("directory", OWN, ids=lambda path: path.name)
def test_the_tests_of_the_module_pass(directory: Path) -> None:
    # With the flags of the build, whose cache already holds what is slow to compile.
    tags = ",".join(OWN[directory])
    done = go(
        "go", "test", "-mod=readonly", "-trimpath", f"-tags={tags}", "./...", directory=directory
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\nok " in f"\n{done.stdout}"


@pytest.mark.parametrize("directory", OWN, ids=lambda path: path.name)
def test_sources_have_the_form_of_gofmt(directory: Path) -> None:
    done = go("gofmt", "-l", ".", directory=directory)
    assert (done.returncode, done.stdout) == (0, "")
