# SPDX-License-Identifier: GPL-3.0-or-later
"""An S3 server that takes one pair of keys, until a folder is gone.

AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… PYTHONPATH=tests python -m lab.s3 \\
    --listen HOST:PORT --bucket NAME --until FOLDER

gofakes3 keeps the objects and looks at no credentials; what stands before it here checks the
signature (AWS version 4) of every request.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from lab.tools import ToolError, ensure

POLL_SECONDS = 0.5
START_SECONDS = 10
#: of one connection, not of the message
HOP_BY_HOP = frozenset(["connection", "keep-alive", "transfer-encoding"])
ERROR = "<?xml version='1.0'?><Error><Code>{}</Code><Message>{}</Message></Error>"


def refusal(
    keys: Mapping[str, str], method: str, target: str, headers: Mapping[str, str]
) -> str | None:
    """Return S3's code for a request whose signature does not fit, None when it does.

    Args:
        keys: {access key: secret key}.
        method: method of the request.
        target: path and query as they stand in the request.
        headers: by their names in small letters.
    """
    kind, _, rest = headers.get("authorization", "").partition(" ")
    said = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    if (
        kind != "AWS4-HMAC-SHA256"
        or not {"Credential", "SignedHeaders", "Signature"} <= said.keys()
    ):
        return "AccessDenied"
    access, *scope = said["Credential"].split("/")
    if access not in keys:
        return "InvalidAccessKeyId"
    path, _, query = target.partition("?")
    parts = sorted(part if "=" in part else f"{part}=" for part in query.split("&") if part)
    names = said["SignedHeaders"]
    signed = [f"{name}:{' '.join(headers.get(name, '').split())}" for name in names.split(";")]
    payload = headers.get("x-amz-content-sha256", "")
    request = "\n".join([method, path, "&".join(parts), *signed, "", names, payload])
    key = f"AWS4{keys[access]}".encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = "\n".join([kind, headers.get("x-amz-date", ""), "/".join(scope), digest])
    right = hmac.digest(key, text.encode(), hashlib.sha256).hex()
    return None if hmac.compare_digest(right, said["Signature"]) else "SignatureDoesNotMatch"


class Front(BaseHTTPRequestHandler):
    """Passes on what is signed with a known key."""

    protocol_version = "HTTP/1.1"
    keys: Mapping[str, str]
    behind: int

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        code = refusal(self.keys, self.command, self.path, headers)
        if code is not None:
            self._answer(
                403, {"Content-Type": "application/xml"}, ERROR.format(code, code).encode()
            )
            return
        connection = HTTPConnection("127.0.0.1", self.behind)
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        kept = {
            name: value for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP
        }
        self._answer(answer.status, kept, answer.read())
        connection.close()

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if self.command == "HEAD" or name.lower() != "content-length":
                self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve


def serve(listen: str, bucket: str, keys: Mapping[str, str], until: Path) -> None:
    """Serve until the folder is gone.

    Raises:
        ToolError: the server behind cannot be had, or does not start.
    """
    binary = ensure(["gofakes3"]).gofakes3
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(binary), "-host", f"127.0.0.1:{port}", "-backend", "memory"]
    behind = subprocess.Popen([*command, "-initialbucket", bucket], stderr=subprocess.DEVNULL)
    try:
        _wait(port, behind)
        host, _, at = listen.rpartition(":")
        handler = type("Front", (Front,), {"keys": keys, "behind": port})
        with ThreadingHTTPServer((host, int(at)), handler) as front:
            threading.Thread(target=front.serve_forever, daemon=True).start()
            while until.is_dir() and behind.poll() is None:
                time.sleep(POLL_SECONDS)
            front.shutdown()
    finally:
        behind.kill()
        behind.wait()


def _wait(port: int, behind: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and behind.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(POLL_SECONDS)
        else:
            return
    raise ToolError("The S3 server did not start.")


def main() -> int:
    """Return 0, or 1 after one sentence on standard error."""
    parser = argparse.ArgumentParser(prog="python -m lab.s3", description=__doc__)
    parser.add_argument("--listen", required=True, help="HOST:PORT")
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--until", required=True, type=Path, help="folder")
    options = parser.parse_args()
    keys = {os.environ["AWS_ACCESS_KEY_ID"]: os.environ["AWS_SECRET_ACCESS_KEY"]}
    try:
        serve(options.listen, options.bucket, keys, options.until)
    except (ToolError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
