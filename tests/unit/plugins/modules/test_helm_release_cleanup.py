# SPDX-License-Identifier: GPL-3.0-or-later
"""What the clean-up after a release says when something does not go."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes import access
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.access import (
    ApiError,
)
from ansible_collections.clusterwright.proxmox.plugins.modules import helm_release_cleanup

DEAD = "Discovery failed for some groups, 1 failing: metrics.k8s.io/v1beta1"


class Cluster:
    """A cluster with one namespace of ours, which stays when it is deleted."""

    def __init__(self, conditions: list[dict[str, str]]) -> None:
        self.conditions = conditions
        self.deleted: list[str] = []

    def get(self, version: str, kind: str, name: str, namespace: str = "") -> t.Any:
        if kind != "Namespace":
            return None
        labels = {"app.kubernetes.io/managed-by": helm_release_cleanup.releases.MANAGER}
        return {"metadata": {"labels": labels}, "status": {"conditions": self.conditions}}

    def list(self, *_where: str, **_more: t.Any) -> list[t.Any]:
        return []

    def delete(self, version: str, kind: str, name: str, namespace: str = "") -> None:
        self.deleted.append(name)


class Module:
    """What the function reads of a module."""

    check_mode = False

    def __init__(self) -> None:
        self.params = {
            "kubeconfig": "k",
            "context": "",
            "release": "",
            "namespace": "argocd",
            "objects": [],
            "manifests": [],
            "crd_groups": [],
            "volumes": False,
            "remove_namespace": True,
            "timeout_seconds": 0,
        }


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        (
            [{"type": "NamespaceDeletionDiscoveryFailure", "status": "True", "message": DEAD}],
            [DEAD, "kubectl get apiservice"],
        ),
        (
            [
                {"type": "NamespaceContentRemaining", "status": "True", "message": "pods: 1 left."},
                {"type": "NamespaceDeletionDiscoveryFailure", "status": "False", "message": "-"},
            ],
            ["pods: 1 left.", "-o yaml"],
        ),
        ([], ["no reason"]),
    ],
)
def test_a_namespace_that_does_not_go_is_a_failure_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, conditions: list[dict[str, str]], said: list[str]
) -> None:
    cluster = Cluster(conditions)
    monkeypatch.setattr(access, "Cluster", lambda *_where: cluster)
    with pytest.raises(ApiError, match="argocd does not go") as caught:
        helm_release_cleanup.run(Module())
    assert cluster.deleted == ["argocd"]
    assert all(words in str(caught.value) for words in said)
