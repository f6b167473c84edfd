# SPDX-License-Identifier: GPL-3.0-or-later
"""Heads of the ledger that are kept elsewhere, one JSON object a line: in a file, or over HTTP."""

from __future__ import annotations

import http.client
import ipaddress
import json
import os
import ssl
import typing as t
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._files import write_private
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._rules import (
    LedgerError,
)

Head = dict[str, t.Any]
TOKEN_VARIABLE = "CLUSTERWRIGHT_PIN_TOKEN"  # noqa: S105  (a name)
TIMEOUT_SECONDS = 20
_LARGEST_BYTES = 10_000_000
#: Answers that say that nothing is kept there yet, or that it only takes heads.
_NOTHING_TO_READ = (404, 405, 501)


@dataclass(frozen=True)
class Place:
    """Where heads are kept.

    Args:
        where: path of a file, or an address that begins with http:// or https://.
        method: PUT replaces what is there by all heads, POST sends the newest one.
        token_file: file with a bearer token; without one the environment variable has it.
        ca_file: certificate that the server's one is checked with; empty takes the system's.
    """

    where: str
    method: str = "POST"
    token_file: str = ""
    ca_file: str = ""

    @property
    def _over_http(self) -> bool:
        return self.where.startswith(("http://", "https://"))

    def heads(self) -> list[Head]:
        """Return the heads that are kept, oldest first; none where there is no such place yet.

        Raises:
            LedgerError: they cannot be read, or are no heads.
        """
        if self._over_http:
            return self._parsed(self._ask("GET") or "")
        path = Path(self.where)
        return self._parsed(path.read_text(encoding="utf-8")) if path.is_file() else []

    def keep(self, known: t.Sequence[Head], head: Head) -> bool:
        """Add a head to those that are known; return whether it was written.

        Raises:
            LedgerError: the server does not take it.
        """
        lines = "".join(json.dumps(one) + "\n" for one in [*known, head])
        if not self._over_http:
            return write_private(Path(self.where), lines)
        body = lines if self.method == "PUT" else json.dumps(head) + "\n"
        self._ask(self.method, body.encode())
        return True

    def _parsed(self, text: str) -> list[Head]:
        try:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
            return [{**one, "seq": int(one["seq"]), "hash": str(one["hash"])} for one in found]
        except (ValueError, KeyError, TypeError):
            raise LedgerError(
                f"{self._shown} holds no pinned heads, one JSON object a line."
            ) from None

    @property
    def _shown(self) -> str:
        """Return the place without what may be secret in an address."""
        if not self._over_http:
            return self.where
        parts = urllib.parse.urlsplit(self.where)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"

    def _ask(self, method: str, body: bytes | None = None) -> str | None:
        """Return the answer; None where a GET finds nothing."""
        if "@" in urllib.parse.urlsplit(self.where).netloc:
            raise LedgerError(
                f"The address of the pin holds a login: name {self._shown}, and give a token in a"
                f" file or in {TOKEN_VARIABLE}."
            )
        headers = {"Accept": "application/x-ndjson, application/json"}
        if body is not None:
            headers["Content-Type"] = "application/x-ndjson"
        token = self._token()
        if token:
            headers["Authorization"] = f"Bearer {token}"
        why = "it gives no answer"
        request = urllib.request.Request(self.where, body, headers, method=method)  # noqa: S310
        try:
            context = ssl.create_default_context(cafile=self.ca_file or None)
            opener = urllib.request.build_opener(
                urllib.request.HTTPSHandler(context=context), _NoRedirect
            )
            with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                return str(answer.read(_LARGEST_BYTES).decode("utf-8", "replace"))
        except urllib.error.HTTPError as error:
            if method == "GET" and error.code in _NOTHING_TO_READ:
                return None
            why = f"it answers {error.code} ({error.reason}) to {method}"
        except urllib.error.URLError as error:
            why = str(error.reason)
        except (OSError, ValueError, http.client.HTTPException) as error:
            why = str(error) or type(error).__name__
        raise LedgerError(f"The head could not be pinned at {self._shown}: {why}.")

    def _token(self) -> str:
        if self.token_file:
            try:
                token = Path(self.token_file).expanduser().read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                why = getattr(error, "strerror", None) or "it is no text"
                raise LedgerError(f"{self.token_file} cannot be read: {why}.") from None
        else:
            token = os.environ.get(TOKEN_VARIABLE, "").strip()
        if token and not token.isprintable():
            raise LedgerError("The token of the pin is more than one line of text.")
        if token and self.where.startswith("http://") and not self._local():
            raise LedgerError(
                f"The token would travel in clear text to {self._shown}: use https://."
            )
        return token

    def _local(self) -> bool:
        host = urllib.parse.urlsplit(self.where).hostname or ""
        try:
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token goes to the named server alone, and a head is only kept where it was sent."""

    def redirect_request(self, *_arguments: t.Any, **_named: t.Any) -> None:
        """Follow nobody: the answer counts as a refusal."""
        return None
