# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error of rendering."""

from __future__ import annotations


class RenderError(ValueError):
    """A plan cannot be rendered; the message is one sentence with what to do."""
