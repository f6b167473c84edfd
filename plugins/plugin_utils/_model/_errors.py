# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with a model; messages are fixed sentences, never text of a remote side."""

from __future__ import annotations

import typing as t

Kind = t.Literal[
    "auth",
    "budget",
    "connection",
    "model",
    "offline",
    "protocol",
    "quota",
    "rate-limit",
    "refusal",
    "rejected",
    "server",
    "timeout",
    "truncated",
]


class ProviderError(RuntimeError):
    """The provider cannot be used as it is set up; the message says what to do."""


class ModelFailure(RuntimeError):
    """A model gave no usable answer; ``retry_after`` is set where asking again may help."""

    def __init__(self, kind: Kind, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after = retry_after
