# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a Prometheus inside the cluster what it reaches, by way of the API server's proxy."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.runner import (
    NotYet,
)

if t.TYPE_CHECKING:
    from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.access import (
        Cluster,
    )

#: Options that name a Prometheus and what it has to reach.
SPEC: dict[str, t.Any] = {
    "namespace": {"type": "str", "default": "monitoring"},
    "service": {"type": "str", "default": "kube-prometheus-stack-prometheus"},
    "port": {"type": "int", "default": 9090},
    "least_targets": {"type": "int", "default": 1},
}


def check_targets(
    cluster: Cluster, namespace: str, service: str, port: int, least_targets: int
) -> str:
    """Prometheus answers, scrapes at least so many targets, and all of them are up."""
    answer = json.loads(cluster.proxy(namespace, service, port, "/api/v1/query?query=up"))
    series = answer["data"]["result"]
    down = sorted(
        f"{item['metric'].get('job', '?')} at {item['metric'].get('instance', '?')}"
        for item in series
        if float(item["value"][1]) != 1
    )
    if down:
        raise NotYet(f"Prometheus does not reach {len(down)} of {len(series)}: {', '.join(down)}.")
    if len(series) < max(least_targets, 1):
        raise NotYet(f"Prometheus scrapes {len(series)} targets, not the {least_targets} expected.")
    jobs = sorted({item["metric"].get("job", "?") for item in series})
    return f"All {len(series)} targets are up: {', '.join(jobs)}."
