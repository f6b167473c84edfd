# SPDX-License-Identifier: GPL-3.0-or-later
"""The name of a deployment: short, made from what it is."""

from __future__ import annotations

import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Request
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    NAME_PATTERN,
)


def deployment_name(request: Request) -> str:
    """Return a name from what was asked: the same words give the same name."""
    if request.deployment:
        return request.deployment
    if request.cluster is not None and request.cluster.name:
        return request.cluster.name
    names = [wish.name for wish in request.machines if wish.name]
    apps = [app.family.removeprefix("table-") for app in request.apps]
    if request.kind == "cluster":
        first = request.workload or ("ha" if request.ha else request.environment) or "k3s"
        text = f"{first}-cluster"
    else:
        wanted = [*names, request.workload, *apps, request.kind, "vm"]
        text = next(word for word in wanted if word)
    cleaned = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-")
    return cleaned if re.match(NAME_PATTERN, cleaned) else "deployment"
