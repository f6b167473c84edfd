# SPDX-License-Identifier: GPL-3.0-or-later
"""The client over real HTTPS: distinct sentences, bounded retries, one connection per thread."""

from __future__ import annotations

import concurrent.futures
import contextlib
import importlib
import socket
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve import client, errors
from unit.plugins.module_utils._pve.support import Answer, Request, Server, make_certificate

SECRET = "7b3f0c52-0000-4000-8000-canarycanary"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1", "localhost")


def options(port: int, certificate: Path | None, **changes: t.Any) -> dict[str, t.Any]:
    return {
        "api_host": "127.0.0.1",
        "api_port": port,
        "api_token_id": "automation@pve!plan",
        "api_token_secret": SECRET,
        "validate_certs": True,
        "ca_path": str(certificate) if certificate else None,
        "timeout_seconds": 5.0,
        **changes,
    }


@contextlib.contextmanager
def connected(
    server: Server, certificate: Path | None, **changes: t.Any
) -> t.Iterator[tuple[client.Client, list[float]]]:
    """Yield a client and the waits between its tries."""
    waits: list[float] = []
    api = client.connect(
        client.Connection.from_options(options(server.port, certificate, **changes))
    )
    api._sleep = waits.append
    try:
        yield api, waits
    finally:
        api.close()


MESSAGE = {"data": None, "message": "no quorum!\n"}
FAILURES = [
    # answer, error, words of the sentence, requests sent
    (
        Answer(None, 401, "Authentication failed!"),
        errors.UnauthorizedError,
        ("automation@pve!plan", "Authentication failed!", "secret"),
        1,
    ),
    (
        Answer(
            {"data": None, "message": "Permission check failed (/vms/100, VM.Audit|VM.Config)\n"},
            403,
            "Permission check failed (/vms/100, VM.Audit|VM.Config)",
        ),
        errors.ForbiddenError,
        ("VM.Audit or VM.Config", "on /vms/100", "/some/path", "privilege separation"),
        1,
    ),
    (
        Answer({"data": None}, 403, "Permission check failed (user != root@pam)"),
        errors.ForbiddenError,
        ("Only root@pam", "/some/path"),
        1,
    ),
    (Answer({"data": None}, 403, "Permission check failed"), errors.ForbiddenError, ("grant",), 1),
    (Answer(MESSAGE, 500, "no quorum!"), errors.ServerError, ("no quorum!", "500"), 3),
    (
        Answer({"data": None}, 500, "hostname lookup 'nope' failed"),
        errors.ServerError,
        ("hostname lookup 'nope' failed",),
        3,
    ),
    (Answer(None, 595, "Connection refused"), errors.NodeDownError, ("595", "pveproxy"), 3),
    (Answer(None, 596, "Connection timed out"), errors.NodeSilentError, ("596", "storage"), 3),
    (
        Answer({"data": None}, 501, "Method 'GET /some/path' not implemented"),
        errors.UnknownMethodError,
        ("version of Proxmox VE",),
        1,
    ),
    (
        Answer(
            {"data": None, "message": "Parameter verification failed.\n", "errors": {"a": "bad"}},
            400,
            "Parameter verification failed.",
        ),
        errors.RequestError,
        ("Parameter verification failed.", "a: bad"),
        1,
    ),
    (Answer(b"<html>", 200), errors.BadAnswerError, ("api_port",), 1),
    (Answer(b"[]", 200), errors.BadAnswerError, ("proxy",), 1),
    (Answer(b"<html>", 502, "Bad Gateway"), errors.ServerError, ("Bad Gateway",), 3),
    (None, errors.DisconnectedError, ("broke",), 3),
]


@pytest.mark.parametrize(("answer", "kind", "words", "requests"), FAILURES)
def test_a_failure_is_one_sentence_after_bounded_tries(
    certificate: Path,
    answer: Answer | None,
    kind: type[errors.PveError],
    words: tuple[str, ...],
    requests: int,
) -> None:
    with (
        Server(certificate, lambda request: answer).serve() as server,
        connected(server, certificate) as (api, waits),
        pytest.raises(errors.PveError) as caught,
    ):
        api.get("/some/path")
    assert type(caught.value) is kind
    text = str(caught.value)
    assert [word for word in words if word not in text] == []
    assert "\n" not in text and text.endswith(".") and SECRET not in text
    assert len(server.requests) == api.calls == requests
    assert waits == sorted(waits) and len(waits) == requests - 1


def test_each_kind_of_failure_reads_differently() -> None:
    texts = {
        str(
            errors.from_status(
                status, "no", path="/x", endpoint="https://pve1:8006", identity="a@pve", token=False
            )
        )
        for status in (400, 401, 403, 500, 501, 595, 596)
    }
    assert len(texts) == 7


def test_a_failure_that_passes_is_not_seen(certificate: Path) -> None:
    answers = iter([None, Answer(None, 595, "Connection refused"), Answer({"data": 7})])
    with (
        Server(certificate, lambda request: next(answers)).serve() as server,
        connected(server, certificate) as (api, waits),
    ):
        assert api.get("/some/path") == 7
    assert len(waits) == 2


def test_retries_can_be_switched_off_for_a_call(certificate: Path) -> None:
    with (
        Server(certificate, lambda request: Answer(None, 595, "no")).serve() as server,
        connected(server, certificate) as (api, waits),
        pytest.raises(errors.NodeDownError),
    ):
        api.get("/x", retries=0)
    assert len(server.requests) == 1 and waits == []


def test_a_silent_server_costs_one_limit(certificate: Path) -> None:
    release = threading.Event()

    def hang(request: Request) -> None:
        release.wait(30)

    with (
        Server(certificate, hang).serve() as server,
        connected(server, certificate) as (api, _waits),
    ):
        with pytest.raises(errors.TimedOutError, match=r"within 0\.2 seconds"):
            api.get("/x", timeout_seconds=0.2)
        release.set()
    assert len(server.requests) == 1


def test_an_unknown_certificate_says_how_to_trust_it(certificate: Path) -> None:
    with (
        Server(certificate, lambda request: Answer({"data": 1})).serve() as server,
        connected(server, None) as (api, _waits),
        pytest.raises(errors.UntrustedError, match=r"ca_path.*validate_certs"),
    ):
        api.get("/version")
    assert server.requests == []


def test_the_environment_names_the_trusted_certificates(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with (
        Server(certificate, lambda request: Answer({"data": 1})).serve() as server,
        connected(server, None) as (api, _waits),
    ):
        assert api.get("/version") == 1


@pytest.mark.parametrize("bypassed", [True, False])
def test_the_environment_names_a_proxy(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, bypassed: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1" if bypassed else "")
    with (
        Server(certificate, lambda request: Answer({"data": 1})).serve() as server,
        connected(server, certificate) as (api, _waits),
    ):
        if bypassed:
            assert api.get("/version") == 1
        else:
            with pytest.raises(errors.PveError):
                api.get("/version", retries=0)
    assert bool(server.requests) == bypassed


def test_a_certificate_for_another_name_is_told_apart(tmp_path: Path) -> None:
    other = make_certificate(tmp_path, "pve1.example.com")
    with (
        Server(other, lambda request: Answer({"data": 1})).serve() as server,
        connected(server, other) as (api, _waits),
        pytest.raises(errors.UntrustedError, match="another name"),
    ):
        api.get("/version")


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_certificate_checks_end_only_on_request(certificate: Path) -> None:
    with (
        Server(certificate, lambda request: Answer({"data": 1})).serve() as server,
        connected(server, None, validate_certs=False) as (api, _waits),
    ):
        assert api.get("/version") == 1


def test_a_port_without_tls_is_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            connection, _address = listener.accept()
            with connection:
                connection.recv(100)
                connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=talk)
        thread.start()
        api = client.connect(
            client.Connection.from_options(options(listener.getsockname()[1], None)), retries=0
        )
        with pytest.raises(errors.TlsError, match="api_port"):
            api.get("/version")
        thread.join()


def test_nothing_listening_and_no_such_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    refused = client.connect(client.Connection.from_options(options(port, None)), retries=0)
    with pytest.raises(errors.RefusedError, match="pveproxy"):
        refused.get("/version")
    unresolved = client.connect(
        client.Connection.from_options(options(8006, None, api_host="no-such-host.invalid"))
    )
    with pytest.raises(errors.UnresolvedError, match="cannot be resolved"):
        unresolved.get("/version")


def test_one_connection_per_thread_and_the_token_on_each_request(certificate: Path) -> None:
    barrier = threading.Barrier(3)

    def answer(request: Request) -> Answer:
        if request.path == "/first":
            barrier.wait(10)
        return Answer({"data": request.path})

    with (
        Server(certificate, answer).serve() as server,
        connected(server, certificate) as (api, _waits),
        concurrent.futures.ThreadPoolExecutor(3) as pool,
    ):
        list(pool.map(api.get, ["/first"] * 3))
        list(pool.map(api.get, [f"/{number}" for number in range(20)]))
    assert server.connections == 3
    assert {request.headers["Authorization"] for request in server.requests} == {
        f"PVEAPIToken=automation@pve!plan={SECRET}"
    }


def test_a_password_buys_one_ticket_for_all_threads(certificate: Path) -> None:
    def answer(request: Request) -> Answer:
        if request.path == "/access/ticket":
            return Answer({"data": {"ticket": "PVE:x", "CSRFPreventionToken": "y"}})
        assert "PVEAuthCookie=PVE:x" in request.headers["Cookie"]
        return Answer({"data": 1})

    with (
        Server(certificate, answer).serve() as server,
        connected(
            server,
            certificate,
            api_token_id=None,
            api_token_secret=None,
            api_user="root@pam",
            api_password=SECRET,
        ) as (api, _waits),
        concurrent.futures.ThreadPoolExecutor(4) as pool,
    ):
        assert list(pool.map(api.get, ["/a"] * 4)) == [1] * 4
    assert [request.path for request in server.requests].count("/access/ticket") == 1
    assert api.calls == 5


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (
            Answer({"data": None}, 401, "authentication failure"),
            errors.UnauthorizedError,
            "password",
        ),
        (Answer(None, 595, "Connection refused"), errors.NodeDownError, "595"),
        (None, errors.DisconnectedError, "broke"),
    ],
)
def test_a_refused_log_in_is_one_sentence(
    certificate: Path, answer: Answer | None, kind: type[errors.PveError], words: str
) -> None:
    with Server(certificate, lambda request: answer).serve() as server:
        password = {
            "api_token_id": None,
            "api_token_secret": None,
            "api_user": "root@pam",
            "api_password": SECRET,
        }
        with pytest.raises(kind, match=words) as caught:
            client.connect(
                client.Connection.from_options(options(server.port, certificate, **password))
            )
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"api_host": "pve1"}, ("https://pve1:8006", "automation@pve!plan")),
        ({"api_host": "pve1:443"}, ("https://pve1:443", "automation@pve!plan")),
        ({"api_host": "https://pve1:8006/"}, ("https://pve1:8006", "automation@pve!plan")),
        ({"api_host": "fd00::1"}, ("https://[fd00::1]:8006", "automation@pve!plan")),
        ({"api_host": "[fd00::1]:443"}, ("https://[fd00::1]:443", "automation@pve!plan")),
        (
            {"api_user": "root@pam", "api_token_id": "tf"},
            ("https://127.0.0.1:8006", "root@pam!tf"),
        ),
        ({"api_user": "automation@pve"}, ("https://127.0.0.1:8006", "automation@pve!plan")),
        (
            {
                "api_user": "root@pam",
                "api_password": "x",
                "api_token_id": None,
                "api_token_secret": None,
            },
            ("https://127.0.0.1:8006", "root@pam"),
        ),
    ],
)
def test_the_ways_to_write_a_connection(
    changes: dict[str, t.Any], expected: tuple[str, str]
) -> None:
    connection = client.Connection.from_options({**options(0, None), "api_port": None, **changes})
    assert (connection.endpoint, connection.identity) == expected
    assert SECRET not in repr(connection)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"api_host": ""}, "PROXMOX_HOST"),
        ({"api_host": "pve1:many"}, "host name or address"),
        ({"api_host": "pve 1"}, "host name or address"),
        ({"ca_path": "/no/such/ca.pem"}, "/no/such/ca.pem"),
        ({"api_token_id": "plan"}, "PROXMOX_USER"),
        ({"api_token_id": "plan", "api_user": "root"}, "realm"),
        ({"api_user": "root@pam"}, "leave out one"),
        ({"api_token_secret": None}, "together"),
        ({"api_user": "a@pve", "api_token_id": None}, "together"),
        ({"api_user": "a@pve", "api_token_id": None, "api_token_secret": None}, "credentials"),
    ],
)
def test_options_that_cannot_work_are_refused(changes: dict[str, t.Any], words: str) -> None:
    with pytest.raises(errors.BadOptionsError, match=words):
        client.Connection.from_options({**options(8006, None), **changes})


@pytest.mark.parametrize("name", ["requests", "proxmoxer"])
def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    real = importlib.import_module

    def without(module: str, package: str | None = None) -> t.Any:
        if module == name:
            raise ImportError(f"No module named {name!r}")
        return real(module, package)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(errors.MissingLibraryError, match=f"package {name} is missing"):
        client.connect(client.Connection.from_options(options(8006, None)))
