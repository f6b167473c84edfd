# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment of a Terraform process: the only way that credentials take."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

#: Variables that would change what is planned, or write secrets into logs.
_DROPPED = re.compile(
    r"^(PROXMOX_VE_|PM_VE_|PM_|TF_VAR_|TF_CLI_ARGS|TF_LOG|TF_WORKSPACE$|TF_DATA_DIR$|TF_REATTACH)"
)
_SECRET_NAME = re.compile(r"SECRET|PASSWORD|TOKEN|CONN_STR|PRIVATE", re.IGNORECASE)


@dataclass(frozen=True)
class Access:
    """How the provider reaches and proves itself to Proxmox VE."""

    endpoint: str  # https://host:port
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token_id: str | None = None  # without the user
    token_secret: str | None = field(default=None, repr=False)
    ca_path: str | None = None
    validate_certs: bool = True


def environment_for(
    access: Access | None,
    inherited: t.Mapping[str, str],
    backend: t.Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the whole environment of the Terraform processes.

    Args:
        access: Proxmox VE; None for what needs none.
        inherited: environment of this process; settings that would change a plan are dropped.
        backend: variables of the state backend, such as PG_CONN_STR.
    """
    environment = {name: text for name, text in inherited.items() if not _DROPPED.match(name)}
    environment.update(CHECKPOINT_DISABLE="1", TF_IN_AUTOMATION="1", TF_INPUT="0")
    environment.update(backend or {})
    if access is not None:
        environment.update(_access_variables(access))
    return environment


def _access_variables(access: Access) -> dict[str, str]:
    """Return the variables of bpg/proxmox (PROXMOX_VE_) and Telmate/proxmox (PM_)."""
    variables = {
        "PROXMOX_VE_ENDPOINT": access.endpoint.rstrip("/") + "/",
        "PM_API_URL": access.endpoint.rstrip("/") + "/api2/json",
    }
    if access.token_id and access.token_secret:
        identity = f"{access.user}!{access.token_id}"
        variables["PROXMOX_VE_API_TOKEN"] = f"{identity}={access.token_secret}"
        variables["PM_API_TOKEN_ID"] = identity
        variables["PM_API_TOKEN_SECRET"] = access.token_secret
    elif access.user and access.password:
        variables["PROXMOX_VE_USERNAME"] = variables["PM_USER"] = access.user
        variables["PROXMOX_VE_PASSWORD"] = variables["PM_PASS"] = access.password
    if access.ca_path:
        variables["SSL_CERT_FILE"] = access.ca_path
    if not access.validate_certs:
        variables["PROXMOX_VE_INSECURE"] = "true"
        variables["PM_TLS_INSECURE"] = "true"
    return variables


def secrets_in(access: Access | None, backend: t.Mapping[str, str] | None) -> tuple[str, ...]:
    """Return the texts that may appear in no message or result."""
    given = [access.password, access.token_secret] if access else []
    named = [text for name, text in (backend or {}).items() if _SECRET_NAME.search(name)]
    passwords = [
        found.group(1)
        for text in named
        for found in (re.search(r"(?:://[^:/@\s]+:|password=)([^@\s]+)", text),)
        if found
    ]
    return tuple(secret for secret in (*given, *named, *passwords) if secret)
