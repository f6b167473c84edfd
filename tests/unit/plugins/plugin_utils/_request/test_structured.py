# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests as JSON."""

from __future__ import annotations

import base64
import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import ContractError
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request import read_structured

MANIFEST = """\
kind: Deployment
spec:
  template:
    spec:
      containers:
        - name: order
          image: registry.example/order:1.4
          ports:
            - containerPort: 8080
"""


def document(**changes: t.Any) -> dict[str, t.Any]:
    data: dict[str, t.Any] = {
        "app_metadata": {
            "name": "order-service",
            "language": "Go",
            "framework": "Gin",
            "expected_qps": 500,
            "sla_latency_ms": 100,
            "oom_tolerance": "low",
        },
        "historical_metrics": {
            "cpu_usage": [0.2, 0.5, 0.8, 1.1],
            "memory_usage": [150, 180, 220, 250],
            "replica_counts": [2, 3, 4],
            "request_rate": [400, 450, 480, 500],
        },
        "deployment_context": {
            "environment": "prod",
            "namespace_quota": {"cpu": "4", "memory": "8Gi"},
            "node_utilization": {"node-1": {"cpu_free": 1.5, "mem_free": "2Gi"}},
        },
        "service_manifest": {"deployment_yaml": MANIFEST},
    }
    for path, value in changes.items():
        area, key = path.split("__")
        data[area][key] = value
    return data


@pytest.mark.parametrize(
    "manifest", [MANIFEST, base64.b64encode(MANIFEST.encode()).decode()], ids=["text", "base64"]
)
def test_the_document_becomes_a_request(manifest: str) -> None:
    request = read_structured(document(service_manifest__deployment_yaml=manifest))
    assert (request.kind, request.platform, request.deployment) == (
        "app",
        "kubernetes",
        "order-service",
    )
    assert (request.environment, request.image, request.port) == (
        "production",
        "registry.example/order:1.4",
        8080,
    )
    assert request.sla == {"latency_ms": 100}
    assert request.drivers["qps"] == 500
    assert request.drivers["observed_memory_mib_peak"] == 250
    assert request.drivers["observed_cores_mean"] == pytest.approx(0.65)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"app_metadata__name": "{{ x }}"}, "name"),
        ({"app_metadata__expected_qps": -1}, "expected_qps"),
        ({"app_metadata__colour": "red"}, "colour"),
        ({"deployment_context__environment": "moon"}, "environment"),
        ({"service_manifest__deployment_yaml": "gICAgA=="}, "deployment_yaml"),
        ({"app_metadata__language": "${file(1)}"}, "template"),
    ],
)
def test_a_wrong_document_is_refused(changes: dict[str, t.Any], named: str) -> None:
    with pytest.raises(ContractError, match=named):
        read_structured(document(**changes))
