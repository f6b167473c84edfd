# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a request makes something new or changes what exists."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.kinds import (
    Target,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.reader import (
    Reading,
)


def operation_of(reading: Reading, target: Target) -> t.Any:
    """Return the operation of the request; what exists must be named or spoken of."""
    said = reading.meaning.operation
    existing = bool(reading.entities.target_name or reading.entities.cluster_name)
    existing = existing or reading.mentions("word.existing") or bool(reading.entities.vmid)
    opening = reading.tokens[0] if reading.tokens else None
    if said == "create" and opening is not None:
        if opening.has("rel.twice", "rel.triple", "rel.half") and reading.entities.relative_to:
            return "resize"
        if existing and opening.has("cue.not"):
            return "change"  # "turn off monitoring on cluster k3s-dev"
        if reading.entities.cluster_name and _ONTO.search(reading.folded) and not _counts(reading):
            return "change"  # "install argocd on cluster k3s-prod"
    roles = [h for h in reading.heads if h.role in ("agent", "server", "node") and not h.host]
    if said == "create" and existing and any(h.more and h.count is not None for h in roles):
        return "scale"  # "we need 4 additional workers in k3s-main"
    sized = bool(reading.sizes)
    if said == "add":
        result = _added(reading, target, existing, bool(roles))
    elif said == "remove":
        gone = "destroy" if existing and not sized else "change"
        result = "scale" if roles and target.kind == "cluster" else gone
    elif said == "scale":
        result = "scale" if roles or not sized else "resize"
    elif said in {"resize", "smaller", "larger"}:
        counted = any(head.count is not None for head in roles)
        known = existing or sized or reading.meaning.tendency
        result = "scale" if counted and not sized else ("resize" if known else "create")
    elif said == "change":
        result = "resize" if sized else "change"
    else:
        result = said
    return result


_ONTO = re.compile(
    r"\b(?:install|deploy|put|run|add|installe[rz]?|deploie|installiere|richte)\b.{0,60}"
    r"\b(?:on|onto|to|in|into|auf|sur|dans|im)\s+"
    r"(?:the |my |our |den |dem |le |existing |running )*cluster\b"
)


def _counts(reading: Reading) -> bool:
    return any(head.count is not None and not head.host for head in reading.heads)


def _added(reading: Reading, target: Target, existing: bool, roles: bool) -> str:
    if roles and target.kind == "cluster":
        return "scale"
    if not existing and not any(size.more for size in reading.sizes):
        return "create"
    return "resize" if reading.sizes else "change"
