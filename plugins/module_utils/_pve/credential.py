# SPDX-License-Identifier: GPL-3.0-or-later
"""The two API tokens of a site: one that only looks, one that writes."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.errors import (
    BadOptionsError,
)

Purpose = t.Literal["reader", "writer"]
_LONGEST_SECRET = 4096


def options_of(purpose: Purpose, given: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the connection options that a token in a private file stands for.

    Args:
        purpose: what it is for.
        given: ``token_id`` as user@realm!name, ``secret_file`` with the secret and nothing else.

    Raises:
        BadOptionsError: it cannot be used as it is given.
    """
    token_id, path = str(given.get("token_id") or ""), str(given.get("secret_file") or "")
    user, mark, name = token_id.partition("!")
    if "@" not in user or not mark or not name:
        raise BadOptionsError(
            f"The token_id of the {purpose} is {token_id!r}: write user@realm!name."
        )
    try:
        with open(path, encoding="utf-8") as file:
            shared = os.fstat(file.fileno()).st_mode & 0o077
            secret = file.read(_LONGEST_SECRET).strip()
    except (OSError, ValueError) as error:
        raise BadOptionsError(
            f"The secret of the {purpose} {token_id} cannot be read from {path!r}"
            f" ({getattr(error, 'strerror', None) or 'it is no text'}): the playbook doctor makes"
            " the token and writes it there."
        ) from None
    if shared:
        raise BadOptionsError(
            f"The secret of the {purpose} in {path} can be read by others: chmod 600 {path}"
        )
    if not secret or len(secret.split()) != 1:
        raise BadOptionsError(f"{path} does not hold the secret of the {purpose} and nothing else.")
    return {
        "api_user": user,
        "api_token_id": name,
        "api_token_secret": secret,
        "api_password": None,
    }
