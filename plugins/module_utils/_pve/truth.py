# SPDX-License-Identifier: GPL-3.0-or-later
"""Switches as Proxmox VE and what stands before it write them: 0, "0", "", "off", false, None."""

from __future__ import annotations

import typing as t


def truth(value: t.Any) -> bool:
    """Return whether a switch is on, be it a number, a text or a boolean."""
    if isinstance(value, str):
        return value.strip().lower() in ("1", "on", "yes", "true")
    return bool(value)
