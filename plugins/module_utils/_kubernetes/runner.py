# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks run one after another, each until it holds or its time is over."""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass, field

from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.errors import (
    ApiError,
)

if t.TYPE_CHECKING:
    Data = dict[str, t.Any]


class NotYet(Exception):
    """The check does not hold; the message says why. It is tried again until time is over.

    ``mend`` is a command for this very fault, where the one of the check's kind does not fit; its
    placeholders are those of ``weights``.
    """

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.mend = mend


class Unseen(Exception):
    """Nobody may see what the check is about: it counts as not run."""


@dataclass
class Runner:
    """Runs checks and keeps what came of them."""

    timeout_seconds: float = 60.0
    delay_seconds: float = 2.0
    clock: t.Callable[[], float] = time.monotonic
    pause: t.Callable[[float], None] = time.sleep
    results: list[Data] = field(default_factory=list)

    def run(
        self,
        name: str,
        check: t.Callable[[], str],
        *,
        critical: bool = True,
        cause: str = "",
        mend: str = "",
    ) -> bool:
        """Run ``check``, which returns what it saw or raises ``NotYet``; True when it holds.

        ``cause`` and ``mend`` replace those of the check's kind.
        """
        begin = self.clock()
        while True:
            found = mend
            try:
                status, detail = "passed", check()
                break
            except Unseen as reason:
                status, detail = "not_run", str(reason)
                break
            except NotYet as reason:
                status, detail, found = "failed", str(reason), reason.mend or mend
            except (ApiError, OSError) as reason:
                status, detail = "failed", str(reason)
            except (KeyError, TypeError, ValueError) as reason:
                status, detail = "failed", f"The answer could not be understood: {reason!r}."
            if self.clock() - begin + self.delay_seconds > self.timeout_seconds:
                break
            self.pause(self.delay_seconds)
        self.add(
            name,
            status,
            detail,
            critical=critical,
            seconds=self.clock() - begin,
            cause=cause,
            mend=found,
        )
        return status == "passed"

    def add(
        self,
        name: str,
        status: str,
        detail: str,
        *,
        critical: bool = True,
        seconds: float = 0.0,
        cause: str = "",
        mend: str = "",
    ) -> None:
        """Record a result."""
        self.results.append(
            {
                "name": name,
                "status": status,
                "detail": detail,
                "critical": critical,
                "seconds": round(seconds, 1),
                "cause": cause,
                "mend": mend,
            }
        )
