# SPDX-License-Identifier: GPL-3.0-or-later
"""The typed objects that travel from stage to stage, and their canonical JSON.

``Request`` → ``Snapshot`` + ``Site`` → ``Plan``; ``Finding`` is what any check reports.
"""

from __future__ import annotations

import hashlib
import json
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._finding import (
    Finding,
    errors,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._plan import (
    Machine,
    Plan,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._pydantic import (
    BaseModel,
    ValidationError,
    require,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    Request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._site import Site
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._snapshot import (
    Snapshot,
)

Contract = t.TypeVar("Contract", bound=BaseModel)


class ContractError(ValueError):
    """Data does not fit a contract; the message names each wrong field in one sentence."""


def parse(contract: type[Contract], data: t.Any) -> Contract:
    """Return ``data`` as ``contract`` or raise ``ContractError`` naming the fields."""
    require()
    try:
        return contract.model_validate_json(json.dumps(data))
    except ValidationError as error:
        details = "; ".join(
            f"{'.'.join(str(part) for part in item['loc']) or 'value'}: {item['msg']}"
            for item in error.errors(include_url=False, include_input=False)
        )
        raise ContractError(f"{contract.__name__} is not valid: {details}.") from None


def to_data(value: BaseModel) -> dict[str, t.Any]:
    """Return plain JSON data of a contract."""
    return value.model_dump(mode="json")


def canonical_json(value: BaseModel | t.Any) -> str:
    """Return the one JSON text of a value: sorted keys, two spaces, trailing newline."""
    data = to_data(value) if isinstance(value, BaseModel) else value
    return json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def digest(value: BaseModel | t.Any) -> str:
    """Return the sha256 of the canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


__all__ = [
    "ContractError",
    "Finding",
    "Machine",
    "Plan",
    "Request",
    "Site",
    "Snapshot",
    "canonical_json",
    "digest",
    "errors",
    "parse",
    "require",
    "to_data",
]
