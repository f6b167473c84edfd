# SPDX-License-Identifier: GPL-3.0-or-later
"""The root filesystem that all hosts share, made once by mmdebstrap and kept in the cache."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml

from lab.hosts.cache import build_once, recipe_digest
from lab.hosts.commands import run

RECIPE_PATH = Path(__file__).with_name("rootfs.yml")


@dataclass(frozen=True)
class RootfsRecipe:
    """What the file system holds; see the comments in `rootfs.yml`."""

    suite: str
    packages: tuple[str, ...]
    disabled_units: tuple[str, ...]
    masked_units: tuple[str, ...]
    excluded_paths: tuple[str, ...]
    removed_paths: tuple[str, ...]

    @classmethod
    def load(cls, path: Path = RECIPE_PATH) -> RootfsRecipe:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        lists = {key: tuple(value) for key, value in document.items() if isinstance(value, list)}
        return cls(suite=document["suite"], **lists)

    @property
    def digest(self) -> str:
        return recipe_digest(self, Path(__file__))


def ensure_rootfs() -> Path:
    """Return the directory of the shared file system, building it first where it is missing.

    Raises:
        CommandError: mmdebstrap failed; the message ends with its last lines.
    """
    recipe = RootfsRecipe.load()
    return build_once("rootfs", recipe.digest, lambda target: _build(recipe, target))


def _build(recipe: RootfsRecipe, target: Path) -> None:
    run(mmdebstrap_command(recipe, target), timeout_seconds=1200)
    for pattern in recipe.removed_paths:
        for path in target.glob(pattern.lstrip("/")):
            path.unlink()
    # Present but empty: systemd takes the id that the lab hands to the machine.
    (target / "etc/machine-id").touch()
    shutil.rmtree(target / "var/lib/apt/lists", ignore_errors=True)


def mmdebstrap_command(recipe: RootfsRecipe, target: Path) -> list[str]:
    """The one command that makes the tree; units are switched inside the new system."""
    command = [
        "mmdebstrap",
        "--mode=root",
        "--variant=minbase",
        "--quiet",
        f"--include={','.join(recipe.packages)}",
        '--aptopt=Acquire::Languages "none"',
    ]
    command += [f"--dpkgopt=path-exclude={path}" for path in recipe.excluded_paths]
    for verb, units in (("disable", recipe.disabled_units), ("mask", recipe.masked_units)):
        command.append(f'--customize-hook=systemctl --quiet --root="$1" {verb} {" ".join(units)}')
    return [*command, recipe.suite, str(target)]
