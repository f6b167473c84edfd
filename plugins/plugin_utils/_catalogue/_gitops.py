# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases as Argo CD applications or Flux manifests: files for a repository, without secrets."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue._release import (
    UNKNOWN_SECRET,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue._values import (
    merge,
)

Data = dict[str, t.Any]
ENGINES = ("argocd", "flux")
_SECRET = re.compile(r"(password|passwd|secret|token|api_?key)$", re.IGNORECASE)
_GONE = object()


def gitops(releases: t.Sequence[Data], engine: str) -> dict[str, list[Data]]:
    """Return the manifests by file, in the order of installation.

    Values and objects that hold a secret are left out; the file ``secrets-needed.yaml`` names
    them.

    Raises:
        ValueError: there is no such engine.
    """
    if engine not in ENGINES:
        raise ValueError(f"There is no GitOps engine {engine}; choose one of {', '.join(ENGINES)}.")
    render = _argocd if engine == "argocd" else _flux
    files: dict[str, list[Data]] = {}
    left_out: list[str] = []
    for number, release in enumerate(releases):
        missing: list[str] = []
        wanted = merge(release["values"], release["gitops"]["values"])
        values = _public(wanted, release["name"], missing)
        before = releases[number - 1] if number else None
        files[f"{number:02}-{release['name']}.yaml"] = render(release, values, number, before)
        own = [
            item
            for item in (*release["objects_before"], *release["objects"])
            if not _names_a_secret(item, missing)
        ]
        if own:
            files[f"{number:02}-{release['name']}-objects.yaml"] = own
        left_out += missing
    if left_out:
        files["secrets-needed.yaml"] = [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "clusterwright-secrets-needed", "namespace": "default"},
                "data": {"left-out": "\n".join(left_out)},
            }
        ]
    return files


def _argocd(release: Data, values: Data, number: int, before: Data | None) -> list[Data]:
    chart = release["chart"]
    options = ["CreateNamespace=true"]
    if release["gitops"]["server_side_apply"]:
        options.append("ServerSideApply=true")
    policy: Data = {"automated": {"prune": True, "selfHeal": True}, "syncOptions": options}
    if release["namespace_labels"]:
        policy["managedNamespaceMetadata"] = {"labels": release["namespace_labels"]}
    source = {
        "repoURL": chart["repository"].removeprefix("oci://"),
        "chart": chart["name"],
        "targetRevision": chart["version"],
        "helm": {"releaseName": release["release"], "valuesObject": values},
    }
    return [
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {
                "name": release["name"],
                "namespace": "argocd",
                "annotations": {"argocd.argoproj.io/sync-wave": str(number)},
            },
            "spec": {
                "project": "default",
                "source": source,
                "destination": {
                    "server": "https://kubernetes.default.svc",
                    "namespace": release["namespace"],
                },
                "syncPolicy": policy,
            },
        }
    ]


def _flux(release: Data, values: Data, number: int, before: Data | None) -> list[Data]:
    chart, name = release["chart"], release["name"]
    oci = chart["repository"].startswith("oci://")
    metadata = {"name": name, "namespace": "flux-system"}
    namespace: Data = {"name": release["namespace"]}
    if release["namespace_labels"]:
        namespace["labels"] = release["namespace_labels"]
    spec: Data = {
        "interval": "1h",
        "releaseName": release["release"],
        "targetNamespace": release["namespace"],
        "storageNamespace": release["namespace"],
        "timeout": f"{release['timeout_seconds']}s",
        "chart": {
            "spec": {
                "chart": chart["name"],
                "version": chart["version"],
                "sourceRef": {"kind": "HelmRepository", "name": name},
            }
        },
        "install": {"crds": "CreateReplace"},
        "upgrade": {"crds": "CreateReplace", "remediation": {"strategy": "rollback"}},
        "values": values,
    }
    if before is not None:
        spec["dependsOn"] = [{"name": before["name"]}]
    repository: Data = {"interval": "24h", "url": chart["repository"]}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": namespace},
        {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "HelmRepository",
            "metadata": metadata,
            "spec": repository | ({"type": "oci"} if oci else {}),
        },
        {
            "apiVersion": "helm.toolkit.fluxcd.io/v2",
            "kind": "HelmRelease",
            "metadata": metadata,
            "spec": spec,
        },
    ]


def _public(value: t.Any, where: str, missing: list[str]) -> t.Any:
    """Return a value without the secrets in it; their places are added to ``missing``."""
    found = _pruned(value, where, missing)
    return {} if found is _GONE else found


def _pruned(value: t.Any, where: str, missing: list[str]) -> t.Any:
    if isinstance(value, dict):
        kept = {}
        for key, item in value.items():
            place = f"{where}.{key}"
            if _SECRET.search(str(key)) and isinstance(item, str) and item:
                missing.append(place)
                continue
            below = _pruned(item, place, missing)
            if below is not _GONE:
                kept[key] = below
        return kept
    if isinstance(value, list):
        items = [_pruned(item, where, missing) for item in value]
        return [item for item in items if item is not _GONE]
    if isinstance(value, str) and UNKNOWN_SECRET in value:
        missing.append(where)
        return _GONE
    return value


def _names_a_secret(item: Data, missing: list[str]) -> bool:
    if item.get("kind") != "Secret" and UNKNOWN_SECRET not in str(item):
        return False
    metadata = item["metadata"]
    missing.append(f"{item['kind']} {metadata.get('namespace', '')}/{metadata['name']}")
    return True
