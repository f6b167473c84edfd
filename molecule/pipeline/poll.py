#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the API and the app four times a second until told to end; say how long each was silent.

Usage: poll.py KUBECONFIG APP_URL RESULT_FILE [PATIENCE_SECONDS]; no app is asked where its URL is
empty, an answer that does not come within the patience (2 s) is a failure. Makes
RESULT_FILE.begun when all have answered, ends when RESULT_FILE.end exists, or when the folder of
RESULT_FILE is gone, which the end of a failed scenario removes.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import typing as t
import urllib.request
from pathlib import Path

from kubernetes import client, config

EVERY_SECONDS = 0.25


def ended(end: Path) -> bool:
    """Return whether nobody wants to know any longer."""
    return end.exists() or not end.parent.exists()


class Watch(threading.Thread):
    """Counts answers of one address and the longest time between two of them."""

    def __init__(self, name: str, ask: t.Callable[[], t.Any], end: Path) -> None:
        """Take what is asked, and the file whose presence ends the asking."""
        super().__init__(name=name)
        self._ask, self._end = ask, end
        self.answers = self.failures = 0
        self.longest_gap_seconds = 0.0
        self.reasons: set[str] = set()

    def run(self) -> None:
        """Ask until the end."""
        last = time.monotonic()
        while not ended(self._end):
            try:
                self._ask()
            except Exception as error:
                self.failures += 1
                self.reasons.add(f"{type(error).__name__}: {str(error).partition(chr(10))[0]}")
            else:
                now = time.monotonic()
                self.longest_gap_seconds = max(self.longest_gap_seconds, now - last)
                self.answers, last = self.answers + 1, now
            time.sleep(EVERY_SECONDS)
        self.longest_gap_seconds = max(self.longest_gap_seconds, time.monotonic() - last)

    def told(self) -> dict[str, t.Any]:
        """Return the counts, and why something failed."""
        return {
            "answers": self.answers,
            "failures": self.failures,
            "longest_gap_seconds": round(self.longest_gap_seconds, 1),
            "reasons": sorted(self.reasons),
        }


def main(kubeconfig: str, app_url: str, result: str, patience: str = "2") -> None:
    """Watch both and write the result."""
    seconds = float(patience)
    config.load_kube_config(kubeconfig)  # type: ignore[no-untyped-call]
    core, end = client.CoreV1Api(), Path(f"{result}.end")
    watches = [
        Watch("api", lambda: core.read_namespace("default", _request_timeout=seconds), end),
    ]
    if app_url:
        ask = lambda: urllib.request.urlopen(app_url, timeout=seconds).read()  # noqa: E731, S310
        watches.append(Watch("app", ask, end))
    for watch in watches:
        watch.start()
    while not all(watch.answers for watch in watches) and not ended(end):
        time.sleep(EVERY_SECONDS)
    if end.parent.exists():
        Path(f"{result}.begun").touch()
    for watch in watches:
        watch.join()
    if end.parent.exists():
        Path(result).write_text(json.dumps({watch.name: watch.told() for watch in watches}))


if __name__ == "__main__":
    main(*sys.argv[1:])
