# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error of this package."""

from __future__ import annotations


class ToolError(Exception):
    """A tool cannot be had; the message is one sentence that says why and what to do."""
