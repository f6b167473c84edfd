# SPDX-License-Identifier: GPL-3.0-or-later
"""The module against a real HTTPS server: facts, refusals, planning without a cluster."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.modules import proxmox_facts
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Snapshot,
    parse,
)
from unit.plugins.module_utils._pve.support import (
    Answer,
    Request,
    Server,
    make_certificate,
    recorded,
)

SECRET = "7b3f0c52-0000-4000-8000-canarycanary"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")


RUNNER = """
import json, sys
from ansible.module_utils.testing import patch_module_args
from ansible_collections.clusterwright.proxmox.plugins.modules import proxmox_facts
with patch_module_args(json.load(sys.stdin)):
    proxmox_facts.main()
"""
COLLECTIONS = Path(proxmox_facts.__file__).parents[5]


def run(
    environment: dict[str, str] | None = None, **options: t.Any
) -> tuple[int, dict[str, t.Any]]:
    """Run the module in a process of its own and return its exit code and result."""
    done = subprocess.run(
        [sys.executable, "-c", RUNNER],
        input=json.dumps(options),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(COLLECTIONS), **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)


def answering(name: str) -> t.Callable[[Request], Answer]:
    answers = recorded(name)
    nothing = Answer({"data": None}, 501, "Method not implemented")
    return lambda request: answers.get(request.path, nothing)


@pytest.mark.parametrize("name", ["cluster_9.json", "standalone_8.json"])
@pytest.mark.parametrize("check", [False, True])
def test_facts_fit_the_contract(
    certificate: Path,
    name: str,
    check: bool,
) -> None:
    environment = {
        "PROXMOX_HOST": "127.0.0.1",
        "PROXMOX_TOKEN_ID": "automation@pve!plan",
        "PROXMOX_TOKEN_SECRET": SECRET,
        "PROXMOX_CA_PATH": str(certificate),
    }
    with Server(certificate, answering(name)).serve() as server:
        code, result = run(
            environment, api_port=server.port, depth="addresses", _ansible_check_mode=check
        )
    assert code == 0 and result["changed"] is False
    facts = parse(Snapshot, result["ansible_facts"]["proxmox"])
    assert facts.source.calls == len(server.requests)
    assert facts.source.endpoint == f"https://127.0.0.1:{server.port}"
    assert {request.method for request in server.requests} == {"GET"}
    assert SECRET not in json.dumps(result)


def test_the_end_of_each_credential_is_a_fact(certificate: Path, tmp_path: Path) -> None:
    answers = recorded("cluster_9.json")
    day = 4_000_000_000
    for user, expire, tokens in (
        ("reader@pve", 0, {"look": {"expire": day, "privsep": 0}, "other": {"expire": 1}}),
        ("writer@pve", day + 86_400, None),
    ):
        found = {"enable": 1, "expire": expire, "tokens": tokens}
        answers[f"/access/users/{user}"] = Answer({"data": found})
    nothing = Answer({"data": None}, 501, "Method not implemented")
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    secret.write_text(SECRET)
    both = {
        name: {"token_id": f"{name}@pve!look", "secret_file": str(secret)}
        for name in ("reader", "writer")
    }
    with Server(certificate, lambda request: answers.get(request.path, nothing)).serve() as server:
        code, result = run(
            api_host=f"127.0.0.1:{server.port}",
            ca_path=str(certificate),
            depth="addresses",
            **both,
        )
    assert code == 0, result
    assert result["ansible_facts"]["proxmox"]["credentials"] == [
        {"identity": "reader@pve!look", "ends": "2096-10-02T07:06:40Z"},
        {"identity": "writer@pve!look", "ends": "2096-10-03T07:06:40Z"},
    ]


def test_unchecked_certificates_are_warned_about(certificate: Path) -> None:
    with Server(certificate, answering("cluster_9.json")).serve() as server:
        code, result = run(
            api_host=f"127.0.0.1:{server.port}",
            api_token_id="automation@pve!plan",
            api_token_secret=SECRET,
            validate_certs=False,
        )
    assert code == 0
    assert "validate_certs is false" in json.dumps(result["warnings"])


def test_wrong_credentials_fail_even_when_facts_are_optional(certificate: Path) -> None:
    refused = Answer(None, 401, "Authentication failed!")
    with Server(certificate, lambda request: refused).serve() as server:
        code, result = run(
            api_host=f"127.0.0.1:{server.port}",
            api_token_id="automation@pve!plan",
            api_token_secret=SECRET,
            ca_path=str(certificate),
            required=False,
        )
    assert code == 1 and result["failed"]
    assert "does not accept the API token automation@pve!plan" in result["msg"]
    assert len(server.requests) == 1
    assert "Traceback" not in json.dumps(result) and SECRET not in json.dumps(result)


@pytest.mark.parametrize("configured", [True, False])
@pytest.mark.parametrize("required", [True, False])
def test_without_a_cluster(configured: bool, required: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    connection: dict[str, t.Any] = {
        "api_host": f"127.0.0.1:{port}",
        "api_token_id": "automation@pve!plan",
        "api_token_secret": SECRET,
    }
    code, result = run(required=required, **(connection if configured else {}))
    reason = "refuses connections" if configured else "PROXMOX_HOST"
    if required:
        assert code == 1 and reason in result["msg"]
    else:
        assert code == 0 and result["ansible_facts"] == {"proxmox": {}}
        assert reason in result["msg"]
        # Who names no host wants none; one that was named and does not answer is worth a warning.
        assert (reason in json.dumps(result.get("warnings", []))) is configured


@pytest.mark.parametrize("options", [{"workers": 0}, {"timeout_seconds": 0}])
def test_numbers_that_cannot_work_are_refused(options: dict[str, t.Any]) -> None:
    code, result = run(api_host="pve1", **options)
    assert code == 1 and "at least 1" in result["msg"]


def test_community_variables_with_a_password(certificate: Path) -> None:
    recorded_answer = answering("standalone_8.json")

    def answer(request: Request) -> Answer:
        if request.path == "/access/ticket":
            assert request.method == "POST" and "username=root%40pam" in request.body
            return Answer({"data": {"ticket": "PVE:x", "CSRFPreventionToken": "y"}})
        assert "PVEAuthCookie=PVE:x" in request.headers["Cookie"]
        return recorded_answer(request)

    with Server(certificate, answer).serve() as server:
        environment = {
            "PROXMOX_HOST": "127.0.0.1",
            "PROXMOX_PORT": str(server.port),
            "PROXMOX_USER": "root@pam",
            "PROXMOX_PASSWORD": SECRET,
            "PROXMOX_VALIDATE_CERTS": "false",
        }
        code, result = run(environment)
    assert code == 0, result
    assert result["ansible_facts"]["proxmox"]["source"]["calls"] == len(server.requests)
    assert SECRET not in json.dumps(result)


# What each request is answered with → (part of the one sentence, requests that it cost).
BROKEN: list[tuple[str, Answer | None, str, int]] = [
    ("401", Answer(None, 401, "Authentication failed!"), "does not accept the API token", 1),
    ("403", Answer(None, 403, "Permission check failed (/, Sys.Audit)"), "lacks the privilege", 1),
    ("500", Answer(None, 500, "cluster not ready - no quorum?"), "no quorum? (500)", 3),
    ("595", Answer(None, 595, "Connection refused"), "could not reach the node", 3),
    ("596", Answer(None, 596, "Connection timed out"), "did not answer /version within the 30", 3),
    ("broken", None, "broke while reading /version", 3),
    ("no API", Answer(b"<html>", 200), "did not answer /version like Proxmox VE", 1),
]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case[0])
def test_each_failure_is_a_sentence_of_its_own(
    certificate: Path, case: tuple[str, Answer | None, str, int]
) -> None:
    _name, answer, said, requests = case
    with Server(certificate, lambda request: answer).serve() as server:
        code, result = run(
            api_host=f"127.0.0.1:{server.port}",
            api_token_id="automation@pve!plan",
            api_token_secret=SECRET,
            ca_path=str(certificate),
        )
    assert code == 1 and said in result["msg"], result["msg"]
    assert result["msg"].endswith(".") and "\n" not in result["msg"]
    assert len(server.requests) == requests
    assert sum(other in result["msg"] for _, _, other, _ in BROKEN) == 1


def test_an_untrusted_certificate_is_told_apart(certificate: Path) -> None:
    with Server(certificate, answering("cluster_9.json")).serve() as server:
        code, result = run(
            api_host=f"127.0.0.1:{server.port}",
            api_token_id="automation@pve!plan",
            api_token_secret=SECRET,
        )
    assert code == 1 and "is not trusted: set ca_path" in result["msg"]
    assert server.requests == []


def test_a_silent_cluster_costs_one_limit(certificate: Path) -> None:
    release = threading.Event()

    def hang(request: Request) -> Answer:
        release.wait(30)
        return Answer(None, 500, "too late")

    with Server(certificate, hang).serve() as server:
        code, result = run(
            api_host=f"127.0.0.1:{server.port}",
            api_token_id="automation@pve!plan",
            api_token_secret=SECRET,
            ca_path=str(certificate),
            timeout_seconds=0.3,
        )
        release.set()
    assert code == 1 and "did not answer /version within 0.3 seconds" in result["msg"]
    assert len(server.requests) == 1
