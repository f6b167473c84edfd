# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between this collection and the Proxmox VE API, one sentence each."""

from __future__ import annotations

import re
import typing as t


class PveError(Exception):
    """The API could not answer; the text is one sentence that says what to do.

    ``transient`` errors may go away by themselves and are worth another try of a read.
    """

    transient: t.ClassVar[bool] = False

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class BadOptionsError(PveError):
    """The connection options contradict each other or are incomplete."""


class HostMissingError(BadOptionsError):
    """No host is configured."""


class MissingLibraryError(PveError):
    """A Python package that the client needs is not installed."""


class UnauthorizedError(PveError):
    """401: the API does not accept the token or password."""


class ForbiddenError(PveError):
    """403: a privilege is missing."""


class RequestError(PveError):
    """400 or another answer that says the request itself is wrong."""


class UnknownMethodError(PveError):
    """501: this version of Proxmox VE has no such path."""


class ServerError(PveError):
    """500 and other 5xx: Proxmox VE reports a failure of its own."""

    transient = True


class NodeDownError(PveError):
    """595: the node behind the API does not take connections."""

    transient = True


class NodeSilentError(PveError):
    """596: the node behind the API did not answer in its 30 seconds."""

    transient = True


class TimedOutError(PveError):
    """No answer within our own limit."""


class RefusedError(PveError):
    """Nothing listens on the host and port."""

    transient = True


class DisconnectedError(PveError):
    """The connection broke before the answer was complete."""

    transient = True


class UnresolvedError(PveError):
    """The host name has no address."""


class UntrustedError(PveError):
    """The certificate of the API is not trusted."""


class TlsError(PveError):
    """The other side does not speak TLS as we need it."""


class BadAnswerError(PveError):
    """The answer is not what Proxmox VE sends."""


UNREACHABLE = (
    TimedOutError,
    RefusedError,
    DisconnectedError,
    UnresolvedError,
    NodeDownError,
    NodeSilentError,
)

_SENTENCES: dict[int, tuple[type[PveError], str]] = {
    400: (RequestError, "Proxmox VE refused {path}: {text} ({status})."),
    500: (ServerError, "Proxmox VE failed on {path}: {text} ({status})."),
    501: (UnknownMethodError, "This version of Proxmox VE has no {path} ({text})."),
    595: (
        NodeDownError,
        "Proxmox VE could not reach the node for {path} (595 {text}):"
        " check that the node is up and its pveproxy and pvedaemon services run.",
    ),
    596: (
        NodeSilentError,
        "The node did not answer {path} within the 30 seconds of the Proxmox VE proxy"
        " (596 {text}): look for a hanging storage or an overloaded node.",
    ),
}

_DENIED = re.compile(r"\((?P<path>/[^,)]*),\s*(?P<privileges>[^)]+)\)")


def from_status(
    status: int, text: str, *, path: str, endpoint: str, identity: str, token: bool
) -> PveError:
    """Return the error for an HTTP status that is not 200.

    ``text`` is the message of the body or, without one, the reason phrase of the status line.
    """
    text = " ".join(text.split()) or "no reason given"
    if status == 401:
        return UnauthorizedError(unauthorized(endpoint, identity, token, text), status=status)
    if status == 403:
        return ForbiddenError(_forbidden(path, identity, token, text), status=status)
    kind, sentence = _SENTENCES.get(status) or _SENTENCES[500 if status >= 500 else 400]
    return kind(sentence.format(path=path, text=text, status=status), status=status)


def unauthorized(endpoint: str, identity: str, token: bool, text: str) -> str:
    """Return the sentence for credentials that are not accepted."""
    if token:
        return (
            f"{endpoint} does not accept the API token {identity} ({text}): check the token id and"
            " secret, that the token exists for this user and realm, and that it has not expired."
        )
    return (
        f"{endpoint} does not accept the password of {identity} ({text}):"
        " check user, realm and password."
    )


def _forbidden(path: str, identity: str, token: bool, text: str) -> str:
    hint = (
        "; a token with privilege separation needs an ACL entry of its own beside its user's"
        if token
        else ""
    )
    denied = _DENIED.search(text)
    if denied:
        privileges = denied["privileges"].replace("|", " or ")
        return (
            f"{identity} lacks the privilege {privileges} on {denied['path']}, needed for {path}:"
            f" grant a role with it on that path{hint}."
        )
    if "root@pam" in text:
        return f"Only root@pam with a password may read {path} ({text})."
    return f"{identity} may not read {path} ({text}): grant the privilege it needs{hint}."


def from_exception(error: BaseException, *, path: str, endpoint: str, seconds: float) -> PveError:
    """Return our error for an exception of the HTTP library (requests or urllib3)."""
    chain = list(_chain(error))
    names = {type(item).__name__ for item in chain}
    text = " ".join(str(item) for item in chain)
    if "SSLError" in names or "SSLCertVerificationError" in names:
        return _tls(text, endpoint)
    if names & {"NameResolutionError", "gaierror"}:
        return UnresolvedError(
            f"The host name of {endpoint} cannot be resolved: check api_host and DNS."
        )
    if names & {"ConnectTimeout", "ReadTimeout", "Timeout", "TimeoutError", "ReadTimeoutError"}:
        return TimedOutError(
            f"{endpoint} did not answer {path} within {seconds:g} seconds:"
            " check the network, or raise timeout_seconds."
        )
    if "ConnectionRefusedError" in names:
        return RefusedError(
            f"{endpoint} refuses connections: check api_host, api_port and the pveproxy service."
        )
    return DisconnectedError(
        f"The connection to {endpoint} broke while reading {path}:"
        " check the network between here and the cluster."
    )


def _tls(text: str, endpoint: str) -> PveError:
    if "doesn't match" in text or "not valid for" in text:
        return UntrustedError(
            f"The certificate of {endpoint} is for another name: use a name or address that is in"
            " the certificate as api_host."
        )
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return UntrustedError(
            f"The certificate of {endpoint} is not trusted: set ca_path to a copy of the cluster's"
            " /etc/pve/pve-root-ca.pem, or set validate_certs to false and accept that anyone in"
            " between can read the credentials."
        )
    return TlsError(
        f"{endpoint} does not complete a TLS handshake: check that api_port is the one of the"
        " Proxmox VE API (8006)."
    )


def _chain(error: BaseException | None, depth: int = 0) -> t.Iterator[BaseException]:
    """Yield an exception and all it was made from; requests hides causes in ``args``."""
    if error is None or depth > 8:
        return
    yield error
    nested = [item for item in error.args if isinstance(item, BaseException)]
    reason = getattr(error, "reason", None)
    if isinstance(reason, BaseException):
        nested.append(reason)
    for item in (*nested, error.__cause__, error.__context__):
        yield from _chain(item, depth + 1)
