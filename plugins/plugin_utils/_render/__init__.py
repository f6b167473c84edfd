# SPDX-License-Identifier: GPL-3.0-or-later
"""From a Plan to the files of a Terraform deployment and its inventory; nothing here writes.

Every value of a plan reaches Terraform as data in ``terraform.tfvars.json``, where strings are
literal. The HCL beside it is static (``roles/terraform/files/``).
"""

from __future__ import annotations

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._render._backend import (
    BACKENDS,
    backend_configuration,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._render._directory import (
    PROVIDERS,
    Change,
    changes,
    static_files,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._render._errors import (
    RenderError,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._render._files import (
    BACKEND_FILE,
    VARIABLES_FILE,
    render,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._render._inventory import (
    inventory_from,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._render._variables import (
    AGENT_TIMEOUT_SECONDS,
    OWNER_TAG,
    deployment_tag,
    variables_from,
)

__all__ = [
    "AGENT_TIMEOUT_SECONDS",
    "BACKENDS",
    "BACKEND_FILE",
    "OWNER_TAG",
    "PROVIDERS",
    "VARIABLES_FILE",
    "Change",
    "RenderError",
    "backend_configuration",
    "changes",
    "deployment_tag",
    "inventory_from",
    "render",
    "static_files",
    "variables_from",
]
