# SPDX-License-Identifier: GPL-3.0-or-later
"""The log of answered requests, for counting calls."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Call:
    """One answered request; `path` is below /api2/json, `status` None if cut off."""

    method: str
    path: str
    user: str | None
    status: int | None
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
