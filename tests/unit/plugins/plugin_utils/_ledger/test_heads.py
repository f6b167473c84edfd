# SPDX-License-Identifier: GPL-3.0-or-later
"""A head is pinned on a real server, and only there: TLS is checked, the token travels safely."""

from __future__ import annotations

import http.server
import json
import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.action.audit import ActionModule
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import (
    Ledger,
    LedgerError,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._heads import (
    TOKEN_VARIABLE,
    Place,
)
from unit.plugins.action.conftest import _run as run_action

TOKEN = "canary-token"
FIRST, SECOND = {"seq": 1, "hash": "a" * 64}, {"seq": 2, "hash": "b" * 64}


class Keeper(http.server.BaseHTTPRequestHandler):
    """Keeps what it is sent: PUT replaces, POST appends; GET gives it back."""

    server: Server

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _asked(self) -> bytes | None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append(self.path)
        if self.path == "/elsewhere":
            self._answer(307, Location=f"{self.server.url}/heads")
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(401)
        else:
            return body
        return None

    def do_GET(self) -> None:
        if self._asked() is None:
            return
        if self.path == "/takes-only":
            self._answer(405)
        else:
            self._answer(200 if self.server.kept else 404, self.server.kept)

    def do_PUT(self) -> None:
        body = self._asked()
        if body is not None:
            self.server.kept = body
            self._answer(204)

    def do_POST(self) -> None:
        body = self._asked()
        if body is not None:
            self.server.kept += body
            self._answer(201)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


class Server(http.server.ThreadingHTTPServer):
    """The keeper over TLS, with a certificate of its own."""

    def __init__(self, certificate: Path, key: Path) -> None:
        super().__init__(("127.0.0.1", 0), Keeper)
        self.kept = b""
        self.seen: list[str] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server_port}"


@dataclass
class Pinning:
    """The running server, and the files that reach it."""

    server: Server
    ca: str
    token: str

    def place(self, path: str = "/heads", **changes: str) -> Place:
        """Return a place of this server."""
        given = {"token_file": self.token, "ca_file": self.ca, **changes}
        return Place(f"{self.server.url}{path}", **given)


@contextmanager
def _serving(folder: Path) -> Iterator[Server]:
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=pins", "-keyout", str(key)),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    server = Server(certificate, key)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def pinning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pinning]:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n")
    with _serving(tmp_path) as server:
        yield Pinning(server, str(tmp_path / "cert.pem"), str(token))


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_heads_are_kept_and_read_back(pinning: Pinning, method: str) -> None:
    place = pinning.place(method=method)
    assert place.heads() == []
    for known, head in (([], FIRST), ([FIRST], SECOND)):
        assert place.keep(known, head)
    assert place.heads() == [FIRST, SECOND]
    assert [json.loads(line) for line in pinning.server.kept.splitlines()] == [FIRST, SECOND]


def test_a_server_may_only_take_heads(pinning: Pinning) -> None:
    place = pinning.place("/takes-only")
    assert place.heads() == []
    assert place.keep([], FIRST) and json.loads(pinning.server.kept) == FIRST


def test_the_token_may_come_from_the_environment(
    pinning: Pinning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    assert pinning.place(token_file="").keep([], FIRST)


#: what is wrong -> (path, changes of the place, what is said)
WRONG: dict[str, tuple[str, dict[str, str], str]] = {
    "a certificate that nobody vouches for": ("/heads", {"ca_file": ""}, "CERTIFICATE_VERIFY"),
    "no token": ("/heads", {"token_file": ""}, "it answers 401"),
    "a redirection": ("/elsewhere", {}, "it answers 307"),
    "no such token file": ("/heads", {"token_file": "/nowhere/token"}, "/nowhere/token cannot be"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_one_sentence_and_nothing_is_kept(pinning: Pinning, what: str) -> None:
    path, changes, said = WRONG[what]
    place = pinning.place(path, **changes)
    for ask in (place.heads, lambda: place.keep([], FIRST)):
        with pytest.raises(LedgerError) as error:
            ask()
        assert said in str(error.value) and TOKEN not in str(error.value)
        assert "\n" not in str(error.value)
    assert pinning.server.kept == b""
    assert set(pinning.server.seen) <= {path}


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("http://pins.example.org/heads", "would travel in clear text"),
        ("https://ada:secret@pins.example.org/heads", "holds a login"),
    ],
)
def test_secrets_never_leave_in_the_clear(where: str, said: str, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN)
    with pytest.raises(LedgerError, match=said) as error:
        Place(where, token_file=str(token)).heads()
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("kept", [b"not json\n", b'{"seq": "x", "hash": 1}\n', b"[1]\n"])
def test_something_else_is_no_pin(pinning: Pinning, kept: bytes) -> None:
    pinning.server.kept = kept
    with pytest.raises(LedgerError, match="holds no pinned heads"):
        pinning.place().heads()


def test_a_head_that_is_not_in_the_chain_is_found(pinning: Pinning, tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path / "ledger.sqlite"))
    ledger.finish(ledger.start("demo", config={}, user="ada", pid=os.getpid())["workflow_id"])
    ledger.close()
    options = {
        "ledger": str(tmp_path / "ledger.sqlite"),
        "pin": f"{pinning.server.url}/heads",
        "pin_token_file": pinning.token,
        "pin_ca_path": pinning.ca,
    }
    audited = run_action(ActionModule, **options)
    assert not audited.get("failed"), audited["msg"]
    assert json.loads(pinning.server.kept)["hash"] == audited["head"]
    pinning.server.kept = json.dumps({"seq": audited["entries"] + 9, "hash": "f" * 64}).encode()
    cut = run_action(ActionModule, **options)
    assert cut["failed"] and "rows were cut off" in cut["msg"]
