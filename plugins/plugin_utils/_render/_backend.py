# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Terraform keeps its state: the literal ``backend.tf.json``."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._render._errors import (
    RenderError,
)

_COMMON_SECRET = "it is a secret and belongs into the environment"  # noqa: S105

#: Settings that a backend may be given; credentials are not among them.
BACKENDS: dict[str, frozenset[str]] = {
    "local": frozenset(),
    "pg": frozenset(
        {"schema_name", "table_name", "index_name"}
        | {"skip_schema_creation", "skip_table_creation", "skip_index_creation"}
    ),
    "s3": frozenset(
        {"bucket", "key", "region", "encrypt", "kms_key_id", "endpoints", "acl"}
        | {"use_lockfile", "use_path_style", "workspace_key_prefix", "custom_ca_bundle"}
        | {"skip_credentials_validation", "skip_metadata_api_check", "skip_region_validation"}
        | {"skip_requesting_account_id", "skip_s3_checksum"}
    ),
    "http": frozenset(
        {"address", "lock_address", "unlock_address", "lock_method", "unlock_method"}
        | {"update_method", "retry_max", "retry_wait_min", "retry_wait_max"}
    ),
}
_REQUIRED = {"s3": ("bucket", "key", "region"), "http": ("address",)}
#: Settings that Terraform does not ask for and without which it does not lock.
_LOCKS = {"http": ("lock_address", "unlock_address")}
_ENVIRONMENT = {
    "pg": "PG_CONN_STR",
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "http": "TF_HTTP_USERNAME and TF_HTTP_PASSWORD",
}


def backend_configuration(
    deployment: str, backend: str = "local", settings: t.Mapping[str, t.Any] | None = None
) -> dict[str, t.Any]:
    """Return the content of ``backend.tf.json``.

    Terraform reads the settings of a backend literally, without evaluating them.

    Args:
        deployment: name of the deployment, which keeps states of one server apart.
        backend: ``local``, ``pg``, ``s3`` or ``http``.
        settings: settings of that backend except for credentials.

    Raises:
        RenderError: the backend or a setting is unknown, a needed one is missing, a
            setting would hold a secret, or the state would not be locked.
    """
    given = dict(settings or {})
    allowed = BACKENDS.get(backend)
    if allowed is None:
        raise RenderError(
            f"There is no state backend {backend}: choose from {', '.join(BACKENDS)}."
        )
    for name in sorted(set(given) - allowed):
        hint = f"; credentials come from {_ENVIRONMENT[backend]}" if backend != "local" else ""
        raise RenderError(f"The state backend {backend} takes no setting {name} here{hint}.")
    for name, value in sorted(given.items()):
        if "@" in str(value) and "://" in str(value):
            raise RenderError(
                f"The setting {name} of the state backend {backend} holds a user name or "
                f"password: {_COMMON_SECRET} ({_ENVIRONMENT[backend]})."
            )
    missing = [name for name in _REQUIRED.get(backend, ()) if not given.get(name)]
    if missing:
        raise RenderError(f"The state backend {backend} needs the setting(s) {', '.join(missing)}.")
    unlocked = [name for name in _LOCKS.get(backend, ()) if not given.get(name)]
    if unlocked:
        raise RenderError(
            f"The state backend {backend} has no {' and no '.join(unlocked)}: without a lock two "
            "runs could write one state at once; give it, or take a backend that locks by itself "
            "(local, pg, s3)."
        )
    return {"terraform": {"backend": {backend: {**_defaults(deployment, backend), **given}}}}


def _defaults(deployment: str, backend: str) -> dict[str, t.Any]:
    if backend == "local":
        return {"path": "terraform.tfstate"}
    if backend == "pg":
        return {"schema_name": f"clusterwright_{deployment}"}
    if backend == "s3":
        return {"use_lockfile": True, "encrypt": True}
    return {}
