# SPDX-License-Identifier: GPL-3.0-or-later
"""Tools of the lab: built once from pinned Go modules, kept in the user's cache."""

from __future__ import annotations

from lab.tools.errors import ToolError
from lab.tools.toolbox import TOOL_NAMES, Tools, ensure, is_there

__all__ = ["TOOL_NAMES", "ToolError", "Tools", "ensure", "is_there"]
