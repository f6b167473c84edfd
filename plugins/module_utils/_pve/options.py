# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options of all modules that speak with Proxmox VE, as an argument spec."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import env_fallback

INSECURE = (
    "The certificate of the Proxmox VE API is not checked (validate_certs is false):"
    " anyone in between can read the credentials. Set ca_path instead."
)

#: An API token whose secret is alone in a private file.
_CREDENTIAL: dict[str, t.Any] = {
    "type": "dict",
    "options": {
        "token_id": {"type": "str", "required": True, "no_log": False},
        "secret_file": {"type": "path", "required": True, "no_log": False},
    },
}


def argument_spec() -> dict[str, t.Any]:
    """Return the options described by the documentation fragment ``clusterwright.proxmox.api``."""

    def option(name: str, **spec: t.Any) -> dict[str, t.Any]:
        return {**spec, "fallback": (env_fallback, [f"PROXMOX_{name}"])}

    return {
        "api_host": option("HOST", type="str"),
        "api_port": option("PORT", type="int"),
        "api_user": option("USER", type="str"),
        "api_password": option("PASSWORD", type="str", no_log=True),
        "api_token_id": option("TOKEN_ID", type="str", no_log=False),
        "api_token_secret": option("TOKEN_SECRET", type="str", no_log=True),
        "reader": _CREDENTIAL,
        "writer": _CREDENTIAL,
        "validate_certs": option("VALIDATE_CERTS", type="bool", default=True),
        "ca_path": option("CA_PATH", type="path"),
        "timeout_seconds": {"type": "float", "default": 10.0},
        "workers": {"type": "int", "default": 12},
    }
