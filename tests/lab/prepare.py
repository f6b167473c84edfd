# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything slow that a lab needs, had once and kept in the cache."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from lab import images
from lab.hosts.cache import cache_dir, recipe_digest
from lab.hosts.rootfs import RootfsRecipe, ensure_rootfs
from lab.hosts.support import install_packages, missing_packages
from lab.images import ImagesRecipe, ensure_images
from lab.progress import Progress, expected, others_at_work, remember, slowed
from lab.tools import TOOL_NAMES, Tools, ensure, is_there

SIMULATED_TOOLS = ("terraform", "provider")
"""What a run without hosts still uses."""

Report = Callable[[str], None]


@dataclass(frozen=True)
class Prepared:
    """What is there now; a lab without hosts has neither a root filesystem nor images."""

    tools: Tools
    rootfs: Path | None = None
    images: Path | None = None


@dataclass(frozen=True)
class Step:
    """One thing to have, and whether it is there already."""

    name: str
    have: Callable[[], object]
    there: Callable[[], bool]


class Preparation:
    """What is missing, in two lanes side by side: programs to compile, and Debian's packages."""

    def __init__(self, *, hosts: bool) -> None:
        self.hosts = hosts
        names = TOOL_NAMES if hosts else SIMULATED_TOOLS
        programs = [
            Step(f"tool {name}", partial(ensure, [name]), partial(is_there, name)) for name in names
        ]
        lanes = [programs, _of_packages() if hosts else []]
        self._lanes = [[step for step in lane if not step.there()] for lane in lanes]
        waiting = [[step.name for step in lane] for lane in self._lanes]
        seconds = slowed(expected(), others_at_work(), os.cpu_count() or 1)
        self.progress = Progress(waiting, seconds)

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return not any(self._lanes)

    def run(self, report: Report) -> Prepared:
        """Have all of it; `report` gets one line for each step that took its time.

        Raises:
            CommandError: the system's packages or the root filesystem cannot be had.
            ImageError: an image cannot be made.
            ToolError: a tool can neither be found nor built.
        """
        failed = threading.Event()
        with ThreadPoolExecutor(max_workers=len(self._lanes)) as pool:
            lanes = [pool.submit(self._run_lane, lane, report, failed) for lane in self._lanes]
        for lane in lanes:
            lane.result()
        if not self.hosts:
            return Prepared(ensure(SIMULATED_TOOLS))
        tools = ensure()
        return Prepared(tools, ensure_rootfs(), ensure_images(tools))

    def _run_lane(self, lane: list[Step], report: Report, failed: threading.Event) -> None:
        for step in lane:
            if failed.is_set():  # the other lane's error is what there is to tell
                return
            try:
                with self.progress.step(step.name):
                    step.have()
            except Exception:
                failed.set()
                raise
            seconds = self.progress.took(step.name)
            remember(step.name, seconds)
            report(f"{step.name:<20} {seconds:6.1f} s")


def prepare(*, hosts: bool, report: Report) -> Prepared:
    """Have all that a lab needs; errors as those of `Preparation.run`."""
    return Preparation(hosts=hosts).run(report)


def _of_packages() -> list[Step]:
    rootfs = cache_dir() / "rootfs" / RootfsRecipe.load().digest
    packaged = _packaged_images()
    builders = sorted(Path(images.__file__).parent.glob("*.py"))
    unpacked = cache_dir() / "images" / recipe_digest(packaged, *builders)
    return [
        Step("packages", install_packages, lambda: not missing_packages()),
        Step("root filesystem", ensure_rootfs, rootfs.is_dir),
        Step("packaged images", partial(ensure_images, Tools(), packaged), unpacked.is_dir),
    ]


def _packaged_images() -> ImagesRecipe:
    """The images that need none of the tools."""
    recipe = ImagesRecipe.load()
    return replace(recipe, images=tuple(one for one in recipe.images if not one.tools))
