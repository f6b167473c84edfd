# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields of the site profile that document themselves."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._pydantic import (
    Field,
)


def key(description: str, example: t.Any, *, unit: str | None = None, **more: t.Any) -> t.Any:
    """Return a field that says what it is for, with an example and the unit of its number."""
    extra: t.Any = {"unit": unit} if unit else None
    return Field(description=description, examples=[example], json_schema_extra=extra, **more)
