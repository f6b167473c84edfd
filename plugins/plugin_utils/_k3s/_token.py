# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster's token on the controller: read with care, made once, never replaced."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._files import write_private

SHORT = re.compile(r"[\x21-\x39\x3b-\x7e]+")
FULL = re.compile(r"K10[0-9a-f]{64}::server:[\x21-\x39\x3b-\x7e]+")


class TokenError(ValueError):
    """The token file cannot be used; the message says why and what helps."""


def read(path: Path) -> str | None:
    """Return the token, None when there is no file; the file becomes private.

    Raises:
        TokenError: the file is empty or holds no token.
    """
    try:
        text = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise TokenError(f"The token file {path} cannot be read: {error}.") from None
    if not text:
        raise TokenError(
            f"The token file {path} is empty. Remove it: a running cluster's token is read back, a "
            "new cluster gets a new one."
        )
    if not (SHORT.fullmatch(text) or FULL.fullmatch(text)):
        raise TokenError(
            f"The token file {path} holds no token: one word without colons, or K10…::server:… of "
            "a running server."
        )
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return text


def password(token: str) -> str:
    """Return the password of a token in its full or its short form."""
    return token.rpartition(":")[2] if token.startswith("K10") else token


def fingerprint(salt: str, token: str) -> str:
    """Return what ``k3s_host_info`` says of an equal token under the same salt."""
    return hmac.new(salt.encode(), password(token).encode(), hashlib.sha256).hexdigest()


def make(path: Path) -> str:
    """Make a new token file and return the token."""
    token = secrets.token_hex(32)
    write_private(path, token)
    return token


def keep(path: Path, text: str) -> None:
    """Keep the token of a running server, in its short form, which every node takes."""
    write_private(path, password(text.strip()))
