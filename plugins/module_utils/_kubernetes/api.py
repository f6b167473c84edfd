# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to the API of a cluster: paths in, JSON out."""

from __future__ import annotations

import http.client
import json
import typing as t

if t.TYPE_CHECKING:
    #: Ask the API: (method, path, body) gives the answer as JSON data.
    Request = t.Callable[[str, str, "dict[str, t.Any] | None"], dict[str, t.Any]]
    #: Read a page: (host, port, path) gives its text; OSError when nothing answers.
    Fetch = t.Callable[[str, int, str], str]


class ApiError(Exception):
    """The API did not answer as it should; the message is one plain sentence."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


def connect(kubeconfig: str, *, server: str = "", timeout_seconds: int = 10) -> Request:
    """Return a way to the API that ``kubeconfig`` names, or to ``server`` with its credentials.

    Certificates are always verified, so that an answer proves the address to be in the
    certificate.

    Raises:
        ApiError: the Python package kubernetes is missing or the kubeconfig cannot be used.
    """
    try:
        from kubernetes.client import Configuration
        from kubernetes.client.rest import RESTClientObject
        from kubernetes.config import ConfigException, load_kube_config
    except ImportError as error:
        raise ApiError(
            f"The Python package kubernetes is missing on the controller ({error});"
            " install it with pip install kubernetes."
        ) from error
    load: t.Any = load_kube_config
    configuration = Configuration()
    try:
        load(config_file=kubeconfig, client_configuration=configuration)
    except ConfigException as error:
        raise ApiError(f"The kubeconfig {kubeconfig} cannot be used: {error}") from error
    configuration.retries = False
    pool = RESTClientObject(configuration).pool_manager
    host = server or configuration.host
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    if "authorization" in configuration.api_key:
        headers["Authorization"] = configuration.api_key["authorization"]

    def request(method: str, path: str, body: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        data = None if body is None else json.dumps(body)
        try:
            answer = pool.request(
                method, host + path, body=data, headers=headers, timeout=timeout_seconds
            )
        except Exception as error:  # urllib3 has no one base class for what can go wrong here
            raise ApiError(f"{host} does not answer: {error}") from error
        return read_answer(answer.status, answer.data, f"{method} {host}{path}")

    return request


def read_answer(status: int, data: bytes, what: str) -> dict[str, t.Any]:
    """Return the JSON object of an answer; plain text comes as ``{"text": …}``.

    Raises:
        ApiError: the status says that the request failed.
    """
    text = data.decode("utf-8", errors="replace")
    try:
        value = json.loads(text)
    except ValueError:
        value = {"text": text}
    if status >= 400:
        message = value.get("message") if isinstance(value, dict) else None
        raise ApiError(f"{what} was answered with {status}: {message or text[:200]}", status)
    return value if isinstance(value, dict) else {"text": text}


def fetch(host: str, port: int, path: str) -> str:
    """Return a page of a plain HTTP server."""
    connection = http.client.HTTPConnection(host, port, timeout=3)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", errors="replace")
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()
    if answer.status != 200:
        raise OSError(f"status {answer.status}")
    return text
