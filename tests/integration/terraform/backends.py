# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that keep a Terraform state: PostgreSQL, an S3 server and one for the http back end."""

from __future__ import annotations

import base64
import http.server
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import typing as t
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.ports import free_port
from lab.tools import ensure

START_SECONDS = 300


@dataclass(frozen=True)
class Backend:
    """A running server and how a deployment uses it.

    ``settings`` gets the name of a deployment; ``environment`` holds the credentials, ``refused``
    wrong ones, ``nowhere`` what leads to no server, as settings and environment.
    """

    name: str
    settings: Callable[[str], dict[str, t.Any]]
    environment: dict[str, str]
    secret: str
    refused: dict[str, str]
    nowhere: tuple[dict[str, t.Any], dict[str, str]]


# -- PostgreSQL


def program(name: str) -> str:
    """Path of a PostgreSQL program; Debian keeps some of them off PATH."""
    found = shutil.which(name)
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    assert found or places, f"{name} is missing: install PostgreSQL (Debian package postgresql)."
    return found or str(places[0])


def as_postgres(*command: str) -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else [*command]


@contextmanager
def postgresql(_folder: Path) -> Iterator[Backend]:
    """A PostgreSQL server of its own; the schema of a deployment keeps states apart."""
    # Not below pytest's folder: each pytest closes that to others, so that postgres is shut out.
    with tempfile.TemporaryDirectory(prefix="clusterwright-pg-") as place:
        yield from _postgresql(Path(place))


def _postgresql(folder: Path) -> Iterator[Backend]:
    data, port, password = folder / "data", free_port(), secrets.token_urlsafe(24)
    password_file = folder / "password"
    password_file.write_text(password)
    if os.geteuid() == 0:
        for path in (folder, password_file):
            shutil.chown(path, "postgres")
    subprocess.run(
        as_postgres(
            *(program("initdb"), "-D", str(data), "-U", "tf", "-A", "scram-sha-256"),
            f"--pwfile={password_file}",
        ),
        check=True,
        capture_output=True,
        cwd="/",
    )
    control = (program("pg_ctl"), "-D", str(data), "-w", "-t", str(START_SECONDS))
    options = f"-h 127.0.0.1 -p {port} -k {folder}"
    subprocess.run(
        as_postgres(*control, "-l", str(folder / "log"), "-o", options, "start"),
        check=True,
        stdout=subprocess.DEVNULL,
        cwd="/",
    )

    def url(secret: str, at: int) -> dict[str, str]:
        address = f"postgres://tf:{secret}@127.0.0.1:{at}/postgres?sslmode=disable"
        return {"PG_CONN_STR": address}

    try:
        yield Backend(
            "pg",
            lambda _deployment: {},
            url(password, port),
            password,
            url("wrong-" + password, port),
            ({}, url(password, free_port())),
        )
    finally:
        subprocess.run(
            as_postgres(*control, "-m", "immediate", "stop"),
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/",
        )


# -- S3


@contextmanager
def s3(folder: Path) -> Iterator[Backend]:
    """gofakes3: the S3 protocol with conditional writes; it takes any credentials."""
    port, secret = free_port(), secrets.token_urlsafe(24)
    binary = ensure(["gofakes3"]).gofakes3
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(str(binary), "-host", f"127.0.0.1:{port}", "-backend", "memory"),
                *("-initialbucket", "states"),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    def settings(deployment: str, at: int = port) -> dict[str, t.Any]:
        return {
            "bucket": "states",
            "key": f"{deployment}.tfstate",
            "region": "us-east-1",
            "encrypt": False,
            "endpoints": {"s3": f"http://127.0.0.1:{at}"},
            "use_path_style": True,
            "skip_credentials_validation": True,
            "skip_requesting_account_id": True,
            "skip_region_validation": True,
            "skip_metadata_api_check": True,
        }

    credentials = {"AWS_ACCESS_KEY_ID": "tf", "AWS_SECRET_ACCESS_KEY": secret}
    try:
        _wait(port, process)
        yield Backend(
            "s3",
            settings,
            credentials,
            secret,
            {"AWS_ACCESS_KEY_ID": ""},
            (settings("demo", free_port()), {**credentials, "AWS_MAX_ATTEMPTS": "1"}),
        )
    finally:
        process.terminate()
        process.wait()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return when somebody listens on the port."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, "the server ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        threading.Event().wait(0.02)
    raise AssertionError("the server does not listen")


# -- http


class _States(http.server.ThreadingHTTPServer):
    """States and locks by path, as Terraform's http back end asks for them."""

    def __init__(self, password: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.authorization = "Basic " + base64.b64encode(f"tf:{password}".encode()).decode()
        self.states: dict[str, bytes] = {}
        self.locks: dict[str, bytes] = {}
        self.guard = threading.Lock()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _States

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _asked(self) -> tuple[str, bytes] | None:
        """Return path and body, or answer 401."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Authorization") != self.server.authorization:
            self._answer(401)
            return None
        return urllib.parse.urlsplit(self.path).path, body

    def do_GET(self) -> None:
        asked = self._asked()
        if asked:
            state = self.server.states.get(asked[0])
            self._answer(204 if state is None else 200, state or b"")

    def do_POST(self) -> None:
        asked = self._asked()
        if not asked:
            return
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        with self.server.guard:
            lock = self.server.locks.get(asked[0])
            holds = lock is not None and query.get("ID", [""])[0].encode() in lock
            if holds:
                self.server.states[asked[0]] = asked[1]
        self._answer(200 if holds else 409, b"" if holds else lock or b"")

    def do_LOCK(self) -> None:
        asked = self._asked()
        if not asked:
            return
        with self.server.guard:
            held = self.server.locks.setdefault(asked[0], asked[1])
        self._answer(200 if held is asked[1] else 423, held)

    def do_UNLOCK(self) -> None:
        asked = self._asked()
        if asked:
            self.server.locks.pop(asked[0], None)
            self._answer(200)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def states_over_http(_folder: Path) -> Iterator[Backend]:
    """A server of the http back end with locks and a password."""
    password = secrets.token_urlsafe(24)
    server = _States(password)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()

    def settings(deployment: str, at: int = server.server_port) -> dict[str, t.Any]:
        address = f"http://127.0.0.1:{at}/{deployment}"
        found = dict.fromkeys(("address", "lock_address", "unlock_address"), address)
        return {**found, "retry_max": 0}

    def login(secret: str) -> dict[str, str]:
        return {"TF_HTTP_USERNAME": "tf", "TF_HTTP_PASSWORD": secret}

    try:
        yield Backend(
            "http",
            settings,
            login(password),
            password,
            login("wrong-" + password),
            (settings("demo", free_port()), login(password)),
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


SERVERS: dict[str, Callable[[Path], t.ContextManager[Backend]]] = {
    "pg": postgresql,
    "s3": s3,
    "http": states_over_http,
}
