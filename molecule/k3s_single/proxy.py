# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy that answers every address with one file, until a folder is gone.

python proxy.py --listen HOST:PORT --file FILE --log FILE --until FOLDER

Each request is a line ``METHOD ADDRESS`` of the log; tunnels are refused.
"""

from __future__ import annotations

import argparse
import shutil
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

POLL_SECONDS = 0.5


def handler(source: Path, log: Path) -> type[BaseHTTPRequestHandler]:
    """Return what answers with ``source`` and writes ``log``."""

    class Handler(BaseHTTPRequestHandler):
        def _note(self) -> None:
            with log.open("a", encoding="utf-8") as stream:
                stream.write(f"{self.command} {self.path}\n")

        def do_HEAD(self) -> None:
            self._note()
            self.send_response(200)
            self.send_header("Content-Length", str(source.stat().st_size))
            self.end_headers()

        def do_GET(self) -> None:
            self.do_HEAD()
            with source.open("rb") as stream:
                shutil.copyfileobj(stream, self.wfile)

        def do_CONNECT(self) -> None:
            self._note()
            self.send_error(502)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing; the log has it."""

    return Handler


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser()
    for name in ("listen", "file", "log", "until"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    host, _, port = given.listen.rpartition(":")
    server = ThreadingHTTPServer((host, int(port)), handler(Path(given.file), Path(given.log)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while Path(given.until).is_dir():
        time.sleep(POLL_SECONDS)
    server.shutdown()


if __name__ == "__main__":
    main()
