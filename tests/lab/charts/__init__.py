# SPDX-License-Identifier: GPL-3.0-or-later
"""Charts of the lab, with the names, versions and keys of the real ones."""

from __future__ import annotations

from lab.charts.build import build_charts, next_release, plural, runtimes

__all__ = ["build_charts", "next_release", "plural", "runtimes"]
