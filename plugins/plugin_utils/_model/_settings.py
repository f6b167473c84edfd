# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a provider (``provider_settings``) and where its key comes from."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path
from urllib.parse import urlsplit

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    ContractError,
    parse,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._pydantic import (
    Field,
    Model,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._errors import (
    ProviderError,
)

MAX_ROUNDS = 10
#: Names under which people try to hand over a key; it would end in logs and history.
KEY_NAMES = frozenset({"api_key", "apikey", "key", "token", "secret", "password"})


#: What a model is asked for: what the sentence says, which family unknown software is like, and
#: sizes for the groups.
Role = t.Literal["read", "identify", "size"]


class RoleSettings(Model):
    """What one role has for itself; None is the value that all roles share."""

    model: str | None = Field(default=None, min_length=1, max_length=200)
    temperature: float | None = Field(default=None, ge=0.0, le=2.0)


class Settings(Model):
    """What may be set; limits count for one whole review unless they say otherwise."""

    model: str | None = Field(default=None, min_length=1, max_length=200)
    base_url: str | None = None
    temperature: float = Field(default=0.1, ge=0.0, le=2.0)
    timeout_seconds: float = Field(default=120.0, gt=0, le=3600)  # one request
    max_seconds: float = Field(default=300.0, gt=0, le=7200)  # all of them
    max_output_tokens: int = Field(default=8192, ge=64)  # one answer
    max_tokens: int = Field(default=200_000, ge=1)
    max_requests: int = Field(default=15, ge=1, le=100)
    max_rounds: int = Field(default=MAX_ROUNDS, ge=1, le=MAX_ROUNDS)
    max_cost: float | None = Field(default=None, ge=0)  # US dollars
    input_price: float | None = Field(default=None, ge=0)  # US dollars per million tokens
    output_price: float | None = Field(default=None, ge=0)
    roles: dict[Role, RoleSettings] = Field(default_factory=dict)
    offline: bool = False  # only kept answers are used; the default in check mode
    required: bool = False  # the person asked for the model only: its failure is an error
    api_key_file: str | None = None
    cache_dir: str | None = None

    def temperature_of(self, role: Role) -> float:
        """Return the temperature of a role."""
        own = self.roles[role].temperature if role in self.roles else None
        return self.temperature if own is None else own


def read_settings(data: t.Mapping[str, t.Any]) -> Settings:
    """Return checked settings.

    Raises:
        ProviderError: an unknown or wrong setting, or a key where none belongs.
    """
    keys = sorted(KEY_NAMES & {str(name).lower() for name in data})
    if keys:
        raise ProviderError(
            f"provider_settings.{keys[0]} would put a key into logs and files; set the provider's"
            " environment variable or api_key_file instead."
        )
    unknown = sorted(set(data) - set(Settings.model_fields))
    if unknown:
        known = ", ".join(sorted(Settings.model_fields))
        raise ProviderError(f"provider_settings has no {', '.join(unknown)}; there is: {known}.")
    try:
        settings = parse(Settings, dict(data))
    except ContractError as error:
        raise ProviderError(f"provider_settings: {error}") from None
    if settings.base_url is not None:
        check_url(settings.base_url, "provider_settings.base_url")
    return settings


def check_url(url: str, where: str) -> None:
    """Refuse anything but a plain http(s) address without credentials."""
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ProviderError(f"{where} is no http or https address.")
    if parts.username or parts.password or parts.query:
        raise ProviderError(f"{where} must not hold credentials or a query.")


def api_key(settings: Settings, variable: str, *, needed: bool) -> str | None:
    """Return the key from the file or the environment variable.

    Raises:
        ProviderError: none is there although one is needed, or the file is open to others.
    """
    if settings.api_key_file is not None:
        return _key_of_file(Path(settings.api_key_file).expanduser())
    key = os.environ.get(variable, "").strip()
    if not key and needed:
        raise ProviderError(
            f"No key for the model: set {variable} or api_key_file, or use provider none."
        )
    return key or None


def _key_of_file(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        key = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ProviderError(f"The key file {path} cannot be read.") from None
    if mode & 0o077:
        raise ProviderError(f"The key file {path} is open to others; chmod 600 it.")
    if not key or not key.isascii() or not key.isprintable():
        raise ProviderError(f"The key file {path} holds no key.")
    return key
