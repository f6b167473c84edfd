# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom the lab's S3 server lets in, and what the hosts' module makes of its answers."""

from __future__ import annotations

import threading
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._k3s.bucket import (
    look,
    signature,
)
from lab.s3 import Front, refusal

SECRET = "/".join(("wJalrXUtnFEMI", "K7MDENG", "bPxRfiCYEXAMPLEKEY"))
ACCESS = "".join(("AKIA", "IOSFODNN7EXAMPLE"))
NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
SIGNED = {
    "host": "examplebucket.s3.amazonaws.com",
    "range": "bytes=0-9",
    "x-amz-content-sha256": NOTHING,
    "x-amz-date": "20130524T000000Z",
}
#: of the documentation of S3, "Signature Calculations: Transferring Payload in a Single Chunk"
EXAMPLE = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"


def authorization(access: str = ACCESS, signed: str = EXAMPLE) -> dict[str, str]:
    scope = f"{access}/20130524/us-east-1/s3/aws4_request"
    names = ";".join(SIGNED)
    parts = f"Credential={scope},SignedHeaders={names},Signature={signed}"
    return SIGNED | {"authorization": f"AWS4-HMAC-SHA256 {parts}"}


def test_the_signature_is_that_of_the_documentation() -> None:
    assert signature(SECRET, "GET", "/test.txt", SIGNED, "us-east-1") == EXAMPLE


@pytest.mark.parametrize(
    ("secret", "headers", "code"),
    [
        (SECRET, authorization(), None),
        ("another", authorization(), "SignatureDoesNotMatch"),
        (SECRET, authorization(signed="00"), "SignatureDoesNotMatch"),
        (SECRET, authorization(access="nobody"), "InvalidAccessKeyId"),
        (SECRET, SIGNED, "AccessDenied"),
        (SECRET, SIGNED | {"authorization": "Bearer x"}, "AccessDenied"),
    ],
)
def test_who_is_let_in(secret: str, headers: dict[str, str], code: str | None) -> None:
    assert refusal({ACCESS: secret}, "GET", "/test.txt", headers) == code


class Behind(BaseHTTPRequestHandler):
    """A bucket with one object."""

    def do_HEAD(self) -> None:
        self.send_response(200 if self.path in ("/snapshots/", "/snapshots/lab/one") else 404)
        self.end_headers()


@pytest.fixture
def endpoint() -> t.Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Behind) as behind:
        own = {"keys": {ACCESS: SECRET}, "behind": behind.server_port}
        with ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Front,), own)) as front:
            for server in (behind, front):
                threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"127.0.0.1:{front.server_port}"
            for server in (front, behind):
                server.shutdown()


@pytest.mark.parametrize(
    ("changes", "key", "refused", "silent"),
    [
        ({}, "", "", ""),
        ({}, "lab/one", "", ""),
        ({}, "lab/two", "there is no lab/two in the bucket snapshots", ""),
        ({"secret_key": "wrong"}, "", "refuses the keys", ""),
        ({"access_key": "wrong"}, "lab/one", "refuses the keys", ""),
        ({"bucket": "other"}, "", "does not exist", ""),
        ({"endpoint": "127.0.0.1:1"}, "", "", "does not answer"),
        ({"insecure": False}, "", "", "does not answer"),
    ],
)
def test_what_a_host_learns_of_a_bucket(
    endpoint: str, changes: dict[str, t.Any], key: str, refused: str, silent: str
) -> None:
    settings = {
        "endpoint": endpoint,
        "bucket": "snapshots",
        "region": "us-east-1",
        "access_key": ACCESS,
        "secret_key": SECRET,
        "session_token": "",
        "insecure": True,
        "skip_verify": False,
        "ca": "",
        "by_name": False,
    }
    said = look(settings | changes, key)
    for name, text in (("refused", refused), ("silent", silent)):
        assert text in said[name] and bool(said[name]) == bool(text)
        assert SECRET not in said[name]
