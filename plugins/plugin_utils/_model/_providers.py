# SPDX-License-Identifier: GPL-3.0-or-later
"""One small class per provider; a library is imported only in the call that needs it."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._errors import (
    ProviderError,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._http import (
    http_client,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._settings import (
    Settings,
    check_url,
)


class Provider(t.Protocol):
    """What a provider says of itself, and how its pydantic-ai model is built."""

    name: str
    key_variable: str
    package: str
    default_model: str | None

    def key_needed(self, settings: Settings) -> bool:
        """Return whether requests need a key."""

    def missing_model(self, model: str) -> str:
        """Return what to do when there is no such model."""

    def build(self, settings: Settings, key: str | None, http: t.Any) -> t.Any:
        """Return the pydantic-ai model."""


class Gemini:
    """Google Gemini through google-genai."""

    name = "gemini"
    key_variable = "GEMINI_API_KEY"
    package = "pydantic-ai-slim[google]"
    default_model: str | None = "gemini-flash-latest"

    def key_needed(self, settings: Settings) -> bool:
        """Gemini always wants a key."""
        return True

    def missing_model(self, model: str) -> str:
        """Return what to do."""
        return "set provider_settings.model to one that the key may use"

    def build(self, settings: Settings, key: str | None, http: t.Any) -> t.Any:
        """Return a GoogleModel."""
        from pydantic_ai.models.google import GoogleModel
        from pydantic_ai.providers.google import GoogleProvider

        provider = GoogleProvider(api_key=key or "", base_url=settings.base_url, http_client=http)
        return GoogleModel(settings.model or "", provider=provider)


class OpenAI:
    """OpenAI, and whatever speaks its chat completions at ``base_url``."""

    name = "openai"
    key_variable = "OPENAI_API_KEY"
    package = "pydantic-ai-slim[openai]"
    default_model: str | None = "gpt-4.1-mini"

    def key_needed(self, settings: Settings) -> bool:
        """A server of one's own often wants none."""
        return settings.base_url is None

    def missing_model(self, model: str) -> str:
        """Return what to do."""
        return "set provider_settings.model to one that the server offers"

    def build(self, settings: Settings, key: str | None, http: t.Any) -> t.Any:
        """Return an OpenAIChatModel."""
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.providers.openai import OpenAIProvider

        url = settings.base_url or "https://api.openai.com/v1"
        provider = OpenAIProvider(base_url=url, api_key=key or "none", http_client=http)
        return OpenAIChatModel(settings.model or "", provider=provider)


class Anthropic:
    """Anthropic's messages API."""

    name = "anthropic"
    key_variable = "ANTHROPIC_API_KEY"
    package = "pydantic-ai-slim[anthropic]"
    default_model: str | None = "claude-haiku-4-5"

    def key_needed(self, settings: Settings) -> bool:
        """Anthropic always wants a key."""
        return True

    def missing_model(self, model: str) -> str:
        """Return what to do."""
        return "set provider_settings.model to one that the key may use"

    def build(self, settings: Settings, key: str | None, http: t.Any) -> t.Any:
        """Return an AnthropicModel."""
        from pydantic_ai.models.anthropic import AnthropicModel
        from pydantic_ai.providers.anthropic import AnthropicProvider

        url = settings.base_url or "https://api.anthropic.com"
        provider = AnthropicProvider(api_key=key or "", base_url=url, http_client=http)
        return AnthropicModel(settings.model or "", provider=provider)


class Ollama:
    """Models of an Ollama server, through its OpenAI-compatible endpoint."""

    name = "ollama"
    key_variable = "OLLAMA_API_KEY"
    package = "pydantic-ai-slim[openai]"
    default_model: str | None = None  # what is installed

    def key_needed(self, settings: Settings) -> bool:
        """A local server wants none."""
        return False

    def missing_model(self, model: str) -> str:
        """Return what to do."""
        return f"fetch it with: ollama pull {model}"

    def build(self, settings: Settings, key: str | None, http: t.Any) -> t.Any:
        """Return an OllamaModel of a model that is installed."""
        from pydantic_ai.models.ollama import OllamaModel
        from pydantic_ai.providers.ollama import OllamaProvider

        url = server_url(settings)
        known = settings.model if settings.offline else None
        name = known or self._installed(settings, url, key)
        provider = OllamaProvider(base_url=f"{url}/v1", api_key=key, http_client=http)
        return OllamaModel(name, provider=provider)

    def _installed(self, settings: Settings, url: str, key: str | None) -> str:
        names = installed_models(url, settings.timeout_seconds, key)
        wanted = settings.model
        if wanted is None:
            if len(names) == 1:
                return names[0]
            listed = ", ".join(names) or "none; fetch one with: ollama pull NAME"
            raise ProviderError(f"Set provider_settings.model; the Ollama server has: {listed}.")
        for name in (wanted, f"{wanted}:latest"):
            if name in names:
                return name
        raise ProviderError(
            f"The Ollama server has no model {wanted}; {self.missing_model(wanted)} (there is:"
            f" {', '.join(names) or 'none'})."
        )


def server_url(settings: Settings) -> str:
    """Return the address of the Ollama server: base_url, OLLAMA_HOST or this machine."""
    url = settings.base_url or os.environ.get("OLLAMA_HOST", "").strip() or "127.0.0.1:11434"
    if "://" not in url:
        url = f"http://{url}"
    check_url(url, "OLLAMA_HOST")
    return url.rstrip("/").removesuffix("/v1")


def installed_models(url: str, timeout_seconds: float, key: str | None = None) -> list[str]:
    """Return the names of the models of an Ollama server.

    Raises:
        ProviderError: it cannot be reached or answers something else.
    """
    import asyncio

    import httpx2

    try:
        answer = asyncio.run(_tags(url, min(timeout_seconds, 15.0), key))
        answer.raise_for_status()
        return sorted(str(item["name"]) for item in answer.json()["models"])[:200]
    except (httpx2.HTTPError, TimeoutError, ValueError, KeyError, TypeError):
        raise ProviderError(
            f"No Ollama server answers at {url}; start it with: ollama serve, or set OLLAMA_HOST."
        ) from None


async def _tags(url: str, timeout_seconds: float, key: str | None) -> t.Any:
    """Return the whole answer within the time, however slowly its bytes come."""
    import asyncio

    headers = {"Authorization": f"Bearer {key}"} if key else {}
    client = http_client(timeout_seconds)
    try:
        return await asyncio.wait_for(
            client.get(f"{url}/api/tags", headers=headers), timeout_seconds
        )
    finally:
        await client.aclose()


PROVIDERS: dict[str, Provider] = {p.name: p for p in (Gemini(), OpenAI(), Anthropic(), Ollama())}


def provider_named(name: str) -> Provider:
    """Return the provider of this name.

    Raises:
        ProviderError: there is none.
    """
    if name not in PROVIDERS:
        known = ", ".join(("none", *PROVIDERS))
        shown = f"provider {name}" if name.isalpha() and len(name) < 20 else "such provider"
        raise ProviderError(f"There is no {shown}; choose one of {known}.")
    return PROVIDERS[name]
