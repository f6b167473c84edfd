# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller sees of a cluster from outside, beside its API."""

from __future__ import annotations

import http.client
import socket
import ssl

SECONDS = 3


class Network:
    """The controller's own network; every failure is an ``OSError``."""

    def page(self, host: str, port: int, path: str) -> str:
        """Return a page of a plain HTTP server."""
        connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
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

    def connect(self, host: str, port: int) -> None:
        """Open a TCP connection and close it again."""
        with socket.create_connection((host, port), timeout=SECONDS):
            pass

    def certificate(self, host: str, port: int) -> str:
        """Return the certificate that a TLS server shows, PEM; nobody's signature is checked."""
        return ssl.get_server_certificate((host, port), timeout=SECONDS)
