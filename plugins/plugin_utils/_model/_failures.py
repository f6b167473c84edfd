# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of the client libraries → one kind and one sentence each, without their text."""

from __future__ import annotations

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._errors import (
    Kind,
    ModelFailure,
)

#: Kinds that may pass, so that asking again is worth it.
PASSING = ("rate-limit", "server", "connection")


def failure_of(
    error: Exception, provider: str, model: str, hint: str, address: str = ""
) -> ModelFailure:
    """Return what an error of a request means; text of the remote side is never passed on."""
    if isinstance(error, ModelFailure):
        return error
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and 300 <= status < 400:
        return ModelFailure(
            "protocol",
            f"{provider} answered with a redirect (HTTP {status}), which is not followed; correct"
            " base_url.",
        )
    code = f" (HTTP {status})" if status else ""
    where = f"{provider} at {address}" if address else provider
    return _by_category(error, where, model, hint, code)


def _by_category(error: Exception, provider: str, model: str, hint: str, code: str) -> ModelFailure:
    from pydantic_ai import exceptions as raised

    table: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Kind, str], ...] = (
        (raised.ModelAuthenticationError, "auth", f"{provider} refused the key{code}; check it."),
        (raised.ModelNotFoundError, "model", f"{provider} has no model {model}{code}; {hint}."),
        (raised.ModelQuotaExceededError, "quota", f"The quota at {provider} is used up{code}."),
        (
            raised.ModelRateLimitError,
            "rate-limit",
            f"{provider} allows no more requests now{code}.",
        ),
        (
            (raised.ModelTimeoutError, raised.ModelRequestTimeout, TimeoutError),
            "timeout",
            f"{provider} did not answer within the time limit.",
        ),
        (
            (raised.ModelUnavailableError, raised.ModelServerError),
            "server",
            f"{provider} failed on its side{code}.",
        ),
        (
            raised.ModelConnectionError,
            "connection",
            f"{provider} cannot be reached, or it broke off; check base_url and the network.",
        ),
        (
            raised.ModelRequestRejectedError,
            "rejected",
            f"{provider} rejected the request{code}; the model may not take forms, or its context"
            " is too small for the request.",
        ),
        (raised.ContentFilterError, "refusal", f"The model of {provider} refused to answer."),
    )
    for classes, kind, message in table:
        if isinstance(error, classes):
            after = getattr(error, "retry_after", None) or 0.0
            return ModelFailure(kind, message, after if kind in PASSING else None)
    return ModelFailure(
        "protocol", f"{provider} answered something that is no answer of a model{code}."
    )
