# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan → the generated files of a deployment's Terraform directory."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Plan,
    canonical_json,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._render._backend import (
    backend_configuration,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._render._telmate import (
    refuse_unsupported,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._render._variables import (
    AGENT_TIMEOUT_SECONDS,
    variables_from,
)

VARIABLES_FILE = "terraform.tfvars.json"
BACKEND_FILE = "backend.tf.json"


def render(
    plan: Plan,
    *,
    provider: str = "bpg",
    pve_major: int = 9,
    agent_timeout_seconds: int = AGENT_TIMEOUT_SECONDS,
    backend: str = "local",
    backend_settings: t.Mapping[str, t.Any] | None = None,
    allow_empty: bool = False,
) -> dict[str, str]:
    """Return {file name: text}; the same plan gives the same bytes.

    Raises:
        RenderError: the plan or the backend cannot be rendered, or not for this provider.
    """
    variables = variables_from(
        plan,
        pve_major=pve_major,
        agent_timeout_seconds=agent_timeout_seconds,
        allow_empty=allow_empty,
    )
    if provider == "telmate":
        refuse_unsupported(plan)
    return {
        VARIABLES_FILE: canonical_json(variables),
        BACKEND_FILE: canonical_json(
            backend_configuration(plan.deployment, backend, backend_settings)
        ),
    }
