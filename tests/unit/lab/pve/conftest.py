# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated cluster for each test, and a client that verifies its certificate."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from lab.pve import PveServer

DEADLINE_SECONDS = 20.0


class Client:
    """A small client: one token, errors as status and message."""

    def __init__(self, server: PveServer, token: str) -> None:
        self.server = server
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(server.ca_file)
        self.session.headers["Authorization"] = f"PVEAPIToken={token}"

    def call(self, method: str, path: str, /, **fields: Any) -> requests.Response:
        url = f"{self.server.endpoint}/api2/json{path}"
        if method in ("GET", "DELETE"):
            return self.session.request(method, url, params=fields, timeout=30)
        return self.session.request(method, url, data=fields, timeout=30)

    def data(self, method: str, path: str, /, **fields: Any) -> Any:
        response = self.call(method, path, **fields)
        assert response.status_code == 200, f"{response.status_code} {response.reason}"
        return response.json()["data"]

    def refusal(self, method: str, path: str, /, **fields: Any) -> tuple[int, str]:
        response = self.call(method, path, **fields)
        return response.status_code, response.reason

    def task(self, method: str, path: str, /, **fields: Any) -> str:
        """Start a task, wait for its end, and return how it ended."""
        upid = self.data(method, path, **fields)
        place = f"/nodes/{upid.split(':')[1]}/tasks/{upid}/status"
        self.until(place, "status", "stopped")
        return str(self.data("GET", place)["exitstatus"])

    def until(self, path: str, key: str, value: Any) -> None:
        """Ask again until `key` of an answer has the value."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self.data("GET", path)[key] != value:
            assert time.monotonic() < deadline, f"{key} of {path} does not become {value}"


@pytest.fixture
def server() -> Iterator[PveServer]:
    with PveServer() as running:
        yield running
        assert not running.state.crashes


@pytest.fixture
def client(server: PveServer) -> Client:
    return Client(server, server.make_token())
