# SPDX-License-Identifier: GPL-3.0-or-later
"""Practical sizes, and numbers with their units as a person reads them."""

from __future__ import annotations

import math
import re


def amount(number: str, value: float) -> str:
    """Return the value of ``cores``, ``memory_mib``, ``disk_gib`` or ``count`` with its unit."""
    if number == "memory_mib":
        quarters = value >= 1024 and value % 256 == 0
        return f"{value / 1024:g} GiB" if quarters else f"{value:.0f} MiB"
    if number == "disk_gib":
        return f"{value:g} GiB of disk"
    if number == "cores":
        return f"{value:g} vCPU"
    return f"{value:g}"


def practical_cores(vcpu: float) -> int:
    """Return whole vCPU; above 4 an even number."""
    cores = max(1, math.ceil(vcpu - 1e-9))
    return cores if cores <= 4 else cores + cores % 2


def practical_memory(memory_mib: float) -> int:
    """Return MiB in steps of 256 (below 4 GiB) or 1024."""
    step = 256 if memory_mib < 4096 else 1024
    return max(step, math.ceil(memory_mib / step - 1e-9) * step)


def practical_disk(disk_gib: float) -> int:
    """Return whole GiB; above 20 in steps of 5, unless it is a usual size in steps of 16."""
    size = max(1, math.ceil(disk_gib - 1e-9))
    return size if size <= 20 or size % 16 == 0 else math.ceil(size / 5) * 5


def slug(text: str) -> str:
    """Return words as a role or a part of a name, at most 20 characters."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:20].strip("-") or "app"
