# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong on the way to a cluster."""

from __future__ import annotations


class ApiError(Exception):
    """The API did not answer as it should; the message is one plain sentence."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status
