# SPDX-License-Identifier: GPL-3.0-or-later
"""The model's part: it fills a small typed form; nothing it writes is used unchecked."""

from __future__ import annotations

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._errors import (
    ModelFailure,
    ProviderError,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._partner import (
    Partner,
    open_partner,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._providers import (
    PROVIDERS,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._redact import redact
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._settings import (
    Settings,
    read_settings,
)

__all__ = [
    "PROVIDERS",
    "ModelFailure",
    "Partner",
    "ProviderError",
    "Settings",
    "open_partner",
    "read_settings",
    "redact",
]
