# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything slow that a lab needs, had once and kept in the cache."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from lab.hosts.rootfs import ensure_rootfs
from lab.hosts.support import install_packages
from lab.images import ensure_images
from lab.tools import TOOL_NAMES, Tools, ensure

SIMULATED_TOOLS = ("terraform", "provider")
"""What a run without hosts still uses."""

Result = TypeVar("Result")
Report = Callable[[str], None]


@dataclass(frozen=True)
class Prepared:
    """What is there now; a lab without hosts has neither a root filesystem nor images."""

    tools: Tools
    rootfs: Path | None = None
    images: Path | None = None


def prepare(*, hosts: bool, report: Report) -> Prepared:
    """Have all that a lab needs; `report` gets one line for each step.

    Raises:
        CommandError: the system's packages or the root filesystem cannot be had.
        ImageError: an image cannot be made.
        ToolError: a tool can neither be found nor built.
    """
    if not hosts:
        return Prepared(_timed("tools", lambda: ensure(SIMULATED_TOOLS), report))
    _timed("packages", install_packages, report)
    rootfs = _timed("root filesystem", ensure_rootfs, report)
    for name in TOOL_NAMES:
        _timed(f"tool {name}", partial(ensure, [name]), report)
    tools = ensure()
    images = _timed("container images", partial(ensure_images, tools), report)
    return Prepared(tools, rootfs, images)


def _timed(name: str, step: Callable[[], Result], report: Report) -> Result:
    begin = time.monotonic()
    result = step()
    report(f"{name:<20} {time.monotonic() - begin:6.1f} s")
    return result
