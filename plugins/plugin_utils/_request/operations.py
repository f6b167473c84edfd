# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a request makes something new or changes what exists."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.kinds import (
    Target,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.reader import (
    Reading,
)


def operation_of(reading: Reading, target: Target) -> t.Any:
    said = reading.meaning.operation
    existing = bool(reading.entities.target_name or reading.entities.cluster_name)
    existing = existing or reading.mentions("word.existing") or bool(reading.entities.vmid)
    roles = [h for h in reading.heads if h.role in ("agent", "server", "node") and not h.host]
    if said == "create":
        return "create"
    if said in {"add", "remove"}:
        if roles and target.kind == "cluster":
            return "scale"
        if said == "remove":
            return "destroy" if existing and not reading.sizes else "change"
        named_more = any(size.more for size in reading.sizes) or existing
        return ("resize" if reading.sizes else "change") if named_more else "create"
    if said == "scale":
        return "scale" if roles or not reading.sizes else "resize"
    if said in {"resize", "smaller", "larger"}:
        if roles and not reading.sizes and any(h.count is not None for h in roles):
            return "scale"
        return "resize" if existing or reading.sizes or reading.meaning.tendency else "create"
    if said == "destroy":
        return "destroy"
    if said == "change":
        if not existing:
            return "change" if not reading.sizes else "resize"
        return "resize" if reading.sizes else "change"
    return "create"
