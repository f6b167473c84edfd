# SPDX-License-Identifier: GPL-3.0-or-later
"""A headless Chromium, asked by its DevTools protocol; it loads files and reaches nothing else."""

from __future__ import annotations

import base64
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import typing as t
from pathlib import Path

import websocket

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
Data = dict[str, t.Any]


class Chromium:
    """One browser with one tab; a context manager."""

    def __enter__(self) -> Chromium:
        """Start the browser."""
        program = next(filter(None, map(shutil.which, PROGRAMS)), None)
        assert program, f"None of {', '.join(PROGRAMS)} is installed: run tests/packages.sh."
        self._profile = tempfile.TemporaryDirectory(prefix="chromium-")
        command = [program, "--headless", "--remote-debugging-port=0", "--disable-gpu"]
        command += ["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb"]
        self._browser = subprocess.Popen(
            [*command, f"--user-data-dir={self._profile.name}", "about:blank"],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,  # the program may be a script that starts the browser
        )
        assert self._browser.stderr is not None
        said = (re.search(r"ws://\S+", line) for line in self._browser.stderr)
        address = next(filter(None, said))[0]
        self._socket = websocket.create_connection(address, timeout=60, suppress_origin=True)
        self._ids, self._session = itertools.count(1), ""
        self.events: list[Data] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        return self

    def __exit__(self, *_error: object) -> None:
        """End it."""
        self._socket.close()
        os.killpg(self._browser.pid, signal.SIGKILL)
        self._browser.wait()
        assert self._browser.stderr is not None
        self._browser.stderr.close()
        self._profile.cleanup()

    def ask(self, method: str, **parameters: t.Any) -> Data:
        """Return the answer to one command; events that come meanwhile are kept."""
        number = next(self._ids)
        message: Data = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        while True:
            said = json.loads(self._socket.recv())
            if said.get("id") == number:
                assert "error" not in said, said
                return t.cast(Data, said["result"])
            self.events.append(said)

    def open(self, page: Path, width: int, height: int) -> None:
        """Load a file in a window of this size, phones below 500, and wait until it is there."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        self.events.clear()
        self.ask("Page.navigate", url=page.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(json.loads(self._socket.recv()))

    def value(self, expression: str) -> t.Any:
        """Return what an expression of the page comes to."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"]["value"]

    def complaints(self) -> list[Data]:
        """Return what the page wrote to the console, threw, or could not load."""
        bad = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        return [
            event for event in self.events if event.get("method") in (*bad, "Network.loadingFailed")
        ]

    def requests(self) -> set[str]:
        """Return the addresses that the page asked for."""
        return {
            event["params"]["request"]["url"]
            for event in self.events
            if event.get("method") == "Network.requestWillBeSent"
        }

    def screenshot(self, file: Path) -> None:
        """Keep what the window shows, PNG."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot")["data"]))
