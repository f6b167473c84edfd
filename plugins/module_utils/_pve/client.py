# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of the Proxmox VE API: proxmoxer's sessions, our limits and our sentences."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import os
import re
import threading
import time
import typing as t
from urllib.parse import urlsplit

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.credential import (
    Purpose,
    options_of,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.errors import (
    BadAnswerError,
    BadOptionsError,
    HostMissingError,
    MissingLibraryError,
    PveError,
    UnauthorizedError,
    from_exception,
    from_status,
    unauthorized,
)

BACK_OFF_SECONDS = 0.25
RETRIES = 2

_HOST = re.compile(r"[A-Za-z0-9._:-]*")

Params: t.TypeAlias = "t.Mapping[str, str | int]"


class Response(t.Protocol):
    """The part of ``requests.Response`` that is used here."""

    status_code: int
    reason: str
    content: bytes

    def json(self) -> t.Any:
        """Return the parsed body."""


class Session(t.Protocol):
    """The part of ``requests.Session`` that is used here; one per thread."""

    def get(self, url: str, *, params: Params | None, timeout: float) -> Response:
        """Send one GET request."""

    def put(self, url: str, *, data: Params | None, timeout: float) -> Response:
        """Send one PUT request with form data."""

    def request(self, method: str, url: str, *, data: Params | None, timeout: float) -> Response:
        """Send one request with form data."""

    def close(self) -> None:
        """Close the connections."""


class Api(t.Protocol):
    """What the collector needs of a client; tests pass a fake."""

    endpoint: str

    @property
    def calls(self) -> int:
        """Number of requests sent so far, repeated ones included."""

    def get(
        self,
        path: str,
        params: Params | None = None,
        *,
        timeout_seconds: float | None = None,
        retries: int | None = None,
    ) -> t.Any:
        """Return the ``data`` of an answer or raise ``PveError``."""


@dataclasses.dataclass(frozen=True)
class Connection:
    """How to reach and prove oneself to the API; ``from_options`` checks what people wrote."""

    host: str
    user: str
    port: int = 8006
    password: str | None = dataclasses.field(default=None, repr=False)
    token_id: str | None = None
    token_secret: str | None = dataclasses.field(default=None, repr=False)
    validate_certs: bool = True
    ca_path: str | None = None
    timeout_seconds: float = 10.0

    @property
    def endpoint(self) -> str:
        """Base address without the API path, as people know it from the browser."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}:{self.port}"

    @property
    def identity(self) -> str:
        """The user or ``user!token`` that the API sees."""
        return f"{self.user}!{self.token_id}" if self.token_id else self.user

    @classmethod
    def from_options(
        cls, options: t.Mapping[str, t.Any], purpose: Purpose | None = None
    ) -> Connection:
        """Return the connection for module or plugin options or raise ``BadOptionsError``.

        With a purpose the token of that option is used where it is given.
        """
        if purpose is not None and options.get(purpose):
            options = {**options, **options_of(purpose, options[purpose])}
        host, port = _split_host(str(options.get("api_host") or ""), options.get("api_port"))
        user = str(options.get("api_user") or "")
        token_id = str(options.get("api_token_id") or "")
        if "!" in token_id:
            owner, token_id = token_id.split("!", 1)
            if user and user != owner:
                raise BadOptionsError(
                    f"api_token_id belongs to {owner} but api_user is {user}:"
                    " leave out one of them."
                )
            user = owner
        if not host:
            raise HostMissingError(
                "No Proxmox VE host is given: set api_host or the environment variable"
                " PROXMOX_HOST."
            )
        if "@" not in user:
            raise BadOptionsError(
                "api_user must be a user with its realm, such as root@pam or automation@pve:"
                " set api_user or the environment variable PROXMOX_USER."
            )
        secret, password = options.get("api_token_secret"), options.get("api_password")
        if bool(token_id) != bool(secret):
            raise BadOptionsError("api_token_id and api_token_secret are needed together.")
        if not secret and not password:
            raise BadOptionsError(
                "No credentials are given: set api_token_id and api_token_secret, or api_password."
            )
        ca_path = options.get("ca_path") or None
        if ca_path and not os.access(ca_path, os.R_OK):
            raise BadOptionsError(f"The CA file {ca_path} (ca_path) cannot be read.")
        return cls(
            host=host,
            port=port,
            user=user,
            password=None if secret else str(password),
            token_id=token_id or None,
            token_secret=str(secret) if secret else None,
            validate_certs=bool(options.get("validate_certs", True)),
            ca_path=ca_path,
            timeout_seconds=float(options.get("timeout_seconds") or 10.0),
        )


class Client:
    """GET requests with one keep-alive connection per thread, bounded retries and typed errors.

    ``sessions`` makes the session of a thread; ``sleep`` waits between two tries.
    """

    def __init__(
        self,
        connection: Connection,
        sessions: t.Callable[[], Session],
        *,
        calls: int = 0,
        retries: int = RETRIES,
        sleep: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self.endpoint = connection.endpoint
        self._connection = connection
        self._make_session = sessions
        self._retries = retries
        self._sleep = sleep
        self._calls = calls
        self._lock = threading.Lock()
        self._local = threading.local()
        self._sessions: list[Session] = []

    @property
    def calls(self) -> int:
        """Number of requests sent so far, repeated ones and the log-in included."""
        return self._calls

    def get(
        self,
        path: str,
        params: Params | None = None,
        *,
        timeout_seconds: float | None = None,
        retries: int | None = None,
    ) -> t.Any:
        """Return the ``data`` of the answer to ``GET path`` or raise ``PveError``."""
        limit = self._connection.timeout_seconds if timeout_seconds is None else timeout_seconds
        left = self._retries if retries is None else retries
        wait = BACK_OFF_SECONDS
        while True:
            try:
                return self._get_once(path, params, limit)
            except PveError as error:
                if not error.transient or left <= 0:
                    raise
            left -= 1
            self._sleep(wait)
            wait *= 2

    def put(self, path: str, data: Params) -> t.Any:
        """Return the ``data`` of the answer to ``PUT path`` or raise ``PveError``.

        It is sent once: whether a request without an answer was done has to be looked up.
        """
        limit = self._connection.timeout_seconds
        return self._once(lambda url: self._session().put(url, data=data, timeout=limit), path)

    def post(self, path: str, data: Params) -> t.Any:
        """Return the ``data`` of the answer to ``POST path`` or raise ``PveError``; sent once."""
        return self._send("POST", path, data)

    def delete(self, path: str) -> t.Any:
        """Return the ``data`` of the answer to ``DELETE path`` or raise ``PveError``; sent once."""
        return self._send("DELETE", path, None)

    def _send(self, method: str, path: str, data: Params | None) -> t.Any:
        limit = self._connection.timeout_seconds
        return self._once(
            lambda url: self._session().request(method, url, data=data, timeout=limit), path
        )

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            sessions, self._sessions = self._sessions, []
        for session in sessions:
            session.close()

    def _session(self) -> Session:
        session: Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = self._make_session()
            with self._lock:
                self._sessions.append(session)
        return session

    def _get_once(self, path: str, params: Params | None, limit: float) -> t.Any:
        return self._once(
            lambda url: self._session().get(url, params=params, timeout=limit), path, limit
        )

    def _once(
        self, send: t.Callable[[str], Response], path: str, limit: float | None = None
    ) -> t.Any:
        with self._lock:
            self._calls += 1
        limit = self._connection.timeout_seconds if limit is None else limit
        try:
            response = send(f"{self.endpoint}/api2/json{path}")
        except OSError as error:  # all exceptions of requests are OSErrors
            raise from_exception(error, path=path, endpoint=self.endpoint, seconds=limit) from None
        if response.status_code != 200:
            raise from_status(
                response.status_code,
                _message(response),
                path=path,
                endpoint=self.endpoint,
                identity=self._connection.identity,
                token=self._connection.token_id is not None,
            )
        return self._data(response, path)

    def _data(self, response: Response, path: str) -> t.Any:
        if not response.content:
            return None
        try:
            body = response.json()
            return body["data"]
        except (ValueError, TypeError, KeyError):
            raise BadAnswerError(
                f"{self.endpoint} did not answer {path} like Proxmox VE:"
                " check api_host, api_port and any proxy in between."
            ) from None


def connect(connection: Connection, retries: int = RETRIES) -> Client:
    """Return a client for ``connection``; a password is exchanged for a ticket here.

    Raises ``MissingLibraryError`` without proxmoxer and requests, and ``PveError`` when the
    log-in fails. Environment settings of requests (proxies, CA bundle) apply.
    """
    https = _library()
    try:
        backend = https.Backend(
            connection.host,
            port=connection.port,
            user=connection.user,
            password=connection.password,
            token_name=connection.token_id,
            token_value=connection.token_secret,
            verify_ssl=(connection.ca_path or True) if connection.validate_certs else False,
            timeout=connection.timeout_seconds,
        )
    except https.AuthenticationError as error:
        raise _login_error(connection, str(error)) from None
    except OSError as error:
        raise from_exception(
            error,
            path="/access/ticket",
            endpoint=connection.endpoint,
            seconds=connection.timeout_seconds,
        ) from None
    logins = 0 if connection.token_id else 1
    sessions = functools.partial(_session, backend, connection.endpoint)
    return Client(connection, sessions, calls=logins, retries=retries)


def _session(backend: t.Any, endpoint: str) -> Session:
    """Return a session that reads the environment once: requests would for each request."""
    session = backend.get_session()
    found = session.merge_environment_settings(endpoint, {}, None, session.auth.verify_ssl, None)
    session.proxies, session.auth.verify_ssl = found["proxies"], found["verify"]
    session.trust_env = False
    made: Session = session
    return made


def _library() -> t.Any:
    """Return proxmoxer's HTTPS back end; requests first, as proxmoxer exits without it."""
    for name in ("requests", "proxmoxer"):
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise MissingLibraryError(
                f"The Python package {name} is missing where this runs ({error});"
                " install it with pip install proxmoxer requests."
            ) from None
    return importlib.import_module("proxmoxer.backends.https")


def _login_error(connection: Connection, text: str) -> PveError:
    status = text.rpartition("code: ")[2]
    if status == "401" or "Two Factor" in text:
        reason = "a second factor is required; use an API token" if status != "401" else "401"
        return UnauthorizedError(
            unauthorized(connection.endpoint, connection.identity, False, reason), status=401
        )
    return from_status(
        int(status) if status.isdigit() else 500,
        "log-in failed",
        path="/access/ticket",
        endpoint=connection.endpoint,
        identity=connection.identity,
        token=False,
    )


def _message(response: Response) -> str:
    """Return what the API says went wrong; before 8.4 only the status line has it."""
    if response.content:
        try:
            body = response.json()
        except ValueError:
            body = None
        if isinstance(body, dict) and (body.get("message") or body.get("errors")):
            fields = body.get("errors") or {}
            details = "; ".join(f"{name}: {text}" for name, text in sorted(fields.items()))
            message = str(body.get("message") or response.reason).strip()
            return f"{message} {details}" if details else message
    return response.reason or ""


def _split_host(text: str, port: t.Any) -> tuple[str, int]:
    """Return host and port of ``host``, ``host:port``, ``[IPv6]:port``, an IPv6 or a URL."""
    text = text.strip()
    if text.count(":") > 1 and "//" not in text and not text.startswith("["):
        return text, int(port or 8006)
    try:
        parts = urlsplit(text if "//" in text else f"//{text}")
        host, written = parts.hostname or "", parts.port
        if not _HOST.fullmatch(host):
            raise ValueError(host)
    except ValueError:
        raise BadOptionsError(
            f"api_host {text!r} is not a host name or address with an optional port."
        ) from None
    return host, int(port or written or 8006)
