# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins for the API: recorded answers in memory, and an HTTPS server that can misbehave."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import http.server
import ipaddress
import json
import ssl
import threading
import typing as t
from pathlib import Path
from urllib.parse import urlencode

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve import errors
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DATA = Path(__file__).parent / "data"


@dataclasses.dataclass
class Answer:
    """One HTTP answer; ``body`` is JSON data, raw bytes, or None for an empty body."""

    body: t.Any = None
    status: int = 200
    reason: str = "OK"

    def content(self) -> bytes:
        """Return the bytes on the wire."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def recorded(name: str) -> dict[str, Answer]:
    """Return recorded answers by path with query."""
    entries = json.loads((DATA / name).read_text())
    entries.pop("_origin")
    return {
        path: Answer(entry["body"], entry["status"], entry.get("reason", "OK"))
        for path, entry in entries.items()
    }


def with_query(path: str, params: t.Mapping[str, t.Any] | None) -> str:
    """Return the key of an answer."""
    return f"{path}?{urlencode(params)}" if params else path


class RecordedApi:
    """Answers in memory; an unknown path is the 501 that Proxmox VE sends."""

    endpoint = "https://pve1.example.com:8006"

    def __init__(self, answers: t.Mapping[str, Answer | errors.PveError]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    @property
    def calls(self) -> int:
        """Number of calls so far."""
        return len(self.asked)

    def get(
        self,
        path: str,
        params: t.Mapping[str, t.Any] | None = None,
        *,
        timeout_seconds: float | None = None,
        retries: int | None = None,
    ) -> t.Any:
        """Answer like the client does."""
        key = with_query(path, params)
        self.asked.append(key)
        answer = self.answers.get(key, Answer(None, 501, f"Method 'GET {path}' not implemented"))
        if isinstance(answer, errors.PveError):
            raise answer
        if answer.status != 200:
            raise errors.from_status(
                answer.status,
                answer.reason,
                path=path,
                endpoint=self.endpoint,
                identity="automation@pve!plan",
                token=True,
            )
        return answer.body["data"]


class Server:
    """Threaded HTTPS server on loopback; ``answer`` decides what each request gets."""

    def __init__(self, certificate: Path, answer: t.Callable[[Request], Answer | None]) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self._answer = answer
        self._lock = threading.Lock()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._http.socket = context.wrap_socket(
            self._http.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port: int = self._http.server_address[1]

    def serve(self) -> contextlib.AbstractContextManager[Server]:
        """Serve until the context ends."""

        @contextlib.contextmanager
        def running() -> t.Iterator[Server]:
            thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
            thread.start()
            try:
                yield self
            finally:
                self._http.shutdown()
                self._http.server_close()
                thread.join()

        return running()

    def connected(self) -> None:
        """Count a connection."""
        with self._lock:
            self.connections += 1

    def respond(self, request: Request) -> Answer | None:
        """Note the request and return its answer; None breaks the connection."""
        with self._lock:
            self.requests.append(request)
        return self._answer(request)


@dataclasses.dataclass(frozen=True)
class Request:
    """What the client sent."""

    method: str
    path: str  # below /api2/json, with query
    headers: t.Mapping[str, str]
    body: str = ""


def _handler(server: Server) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            server.connected()

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            path = self.path.removeprefix("/api2/json")
            answer = server.respond(Request(self.command, path, dict(self.headers), body))
            if answer is None:
                self.close_connection = True
                return
            content = answer.content()
            self.send_response(answer.status, answer.reason)
            self.send_header("Content-Type", "application/json;charset=UTF-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET

        def handle(self) -> None:
            # a client that does not trust the certificate hangs up in the handshake
            with contextlib.suppress(OSError):
                super().handle()

        def finish(self) -> None:
            with contextlib.suppress(OSError):
                super().finish()

        def log_message(self, format: str, *args: t.Any) -> None:
            """Stay silent."""

    return Handler


def make_certificate(folder: Path, *names: str) -> Path:
    """Return a PEM file with the key and self-signed certificate for names and addresses."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    alternatives: list[x509.GeneralName] = []
    for item in names:
        try:
            alternatives.append(x509.IPAddress(ipaddress.ip_address(item)))
        except ValueError:
            alternatives.append(x509.DNSName(item))
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{names[0]}.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    path.chmod(0o600)
    return path
