# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases as Argo CD applications or Flux manifests: files for a repository, without secrets.

Each add-on is one or more steps in the order of installation: what its chart expects, definitions
from a chart of their own, the release, and what belongs to it. Argo CD follows sync waves; Flux has
one Kustomization for each step, which waits for the one before.
"""

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
#: Name of the file that tells which secrets are to be made by other means.
NEEDED = "secrets-needed.yaml"
#: What Flux reads, alone in its folder: it would bring all that is beneath at once.
FLUX = "flux/kustomizations.yaml"
_SECRET = re.compile(r"(password|passwd|secret|token|api_?key)$", re.IGNORECASE)
_GONE = object()


class Step(t.NamedTuple):
    """What is brought at once, after the step before is there."""

    name: str  # "03-loki-objects"
    manifests: list[Data]


def gitops(releases: t.Sequence[Data], engine: str) -> dict[str, list[Data]]:
    """Return the manifests by file.

    Values and objects that hold a secret are left out; the file ``secrets-needed.yaml`` names
    them.

    Raises:
        ValueError: there is no such engine.
    """
    if engine not in ENGINES:
        raise ValueError(f"There is no GitOps engine {engine}; choose one of {', '.join(ENGINES)}.")
    left_out: list[str] = []
    namespaces: dict[str, Data] = {}
    steps: list[Step] = []
    for number, release in enumerate(releases):
        own = _namespace(release, namespaces)
        steps += _steps(release, number, own, engine, left_out)
    files = _argocd_files(steps) if engine == "argocd" else _flux_files(steps)
    if left_out:
        files[NEEDED] = [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "clusterwright-secrets-needed", "namespace": "default"},
                "data": {"left-out": "\n".join(left_out)},
            }
        ]
    return files


def _namespace(release: Data, known: dict[str, Data]) -> list[Data]:
    """Return the namespace of a release where it is its own and was not made before."""
    name = release["namespace"]
    if name in known or not release["removal"]["namespace"]:
        return []
    metadata: Data = {"name": name}
    if release["namespace_labels"]:
        metadata["labels"] = release["namespace_labels"]
    known[name] = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    return [known[name]]


def _steps(
    release: Data, number: int, namespace: list[Data], engine: str, left_out: list[str]
) -> t.Iterator[Step]:
    name, render = release["name"], _argocd if engine == "argocd" else _flux
    place = f"{number:02}-{name}"
    # What a place said itself may be a secret under any name; the catalogue says which are.
    said = _public(release["own_values"], name, left_out)
    values = merge(_without(_known(release, left_out), release["own_values"]), said)
    before = [item for item in release["objects_before"] if not _is_secret(item, left_out)]
    if namespace or before:
        yield Step(f"{place}-before", [*namespace, *before])
    left_out += release["gitops"]["by_role"]
    definitions = release["crds"]["chart"]
    if definitions:
        yield Step(f"{place}-crds", render(release, definitions, f"{name}-crds", {}))
    yield Step(place, render(release, release["chart"], release["release"], values))
    objects = [item for item in release["objects"] if not _is_secret(item, left_out)]
    if objects:
        yield Step(f"{place}-objects", objects)


def _known(release: Data, left_out: list[str]) -> Data:
    """Return the values without those that are secrets of the catalogue."""
    found = _pruned(
        merge(release["values"], release["gitops"]["values"]), release["name"], left_out
    )
    return {} if found is _GONE else t.cast("Data", found)


def _without(values: Data, own: t.Mapping[str, t.Any]) -> Data:
    """Return ``values`` without the places that ``own`` says."""
    kept: Data = {}
    for key, item in values.items():
        if key not in own:
            kept[key] = item
        elif isinstance(item, dict) and isinstance(own[key], dict):
            kept[key] = _without(item, own[key])
    return kept


def _argocd_files(steps: t.Sequence[Step]) -> dict[str, list[Data]]:
    files = {}
    for wave, step in enumerate(steps):
        notes = {
            "argocd.argoproj.io/sync-wave": str(wave),
            # Definitions come with a release of an earlier wave.
            "argocd.argoproj.io/sync-options": "SkipDryRunOnMissingResource=true",
        }
        files[f"{step.name}.yaml"] = [
            merge(item, {"metadata": {"annotations": notes}}) for item in step.manifests
        ]
    return files


def _argocd(release: Data, chart: Data, name: str, values: Data) -> list[Data]:
    server_side = release["gitops"]["server_side_apply"]
    policy: Data = {"automated": {"prune": True, "selfHeal": True}, "retry": {"limit": 10}}
    if server_side:
        policy["syncOptions"] = ["ServerSideApply=true"]
    source = {
        "repoURL": chart["repository"].removeprefix("oci://"),
        "chart": chart["name"],
        "targetRevision": chart["version"],
        "helm": {"releaseName": name, "valuesObject": values},
    }
    return [
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": name, "namespace": "argocd"},
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


def _flux_files(steps: t.Sequence[Step]) -> dict[str, list[Data]]:
    files: dict[str, list[Data]] = {FLUX: []} if steps else {}
    before: list[Data] = []
    for step in steps:
        spec: Data = {
            "interval": "1h",
            "retryInterval": "1m",
            "prune": True,
            "wait": True,
            "path": f"./{step.name}",
            "sourceRef": {"kind": "GitRepository", "name": "flux-system"},
        }
        if before:
            spec["dependsOn"] = before
        files[FLUX].append(
            {
                "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
                "kind": "Kustomization",
                "metadata": {"name": step.name, "namespace": "flux-system"},
                "spec": spec,
            }
        )
        files[f"{step.name}/manifests.yaml"] = step.manifests
        before = [{"name": step.name}]
    return files


def _flux(release: Data, chart: Data, name: str, values: Data) -> list[Data]:
    metadata = {"name": name, "namespace": "flux-system"}
    spec: Data = {
        "interval": "1h",
        "releaseName": name,
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
    repository: Data = {"interval": "24h", "url": chart["repository"]}
    if chart["repository"].startswith("oci://"):
        repository["type"] = "oci"
    return [
        {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "HelmRepository",
            "metadata": metadata,
            "spec": repository,
        },
        {
            "apiVersion": "helm.toolkit.fluxcd.io/v2",
            "kind": "HelmRelease",
            "metadata": metadata,
            "spec": spec,
        },
    ]


def _public(value: Data, where: str, left_out: list[str]) -> Data:
    """Return what a place said without what may be a secret."""
    kept: Data = {}
    for key, item in value.items():
        place = f"{where}.{key}"
        if isinstance(item, dict):
            kept[key] = _public(item, place, left_out)
        elif _SECRET.search(str(key)) and isinstance(item, str) and item:
            left_out.append(place)
        elif isinstance(item, list):
            kept[key] = [_public(i, place, left_out) if isinstance(i, dict) else i for i in item]
        else:
            kept[key] = item
    return kept


def _pruned(value: t.Any, where: str, left_out: list[str]) -> t.Any:
    if isinstance(value, dict):
        found = {key: _pruned(item, f"{where}.{key}", left_out) for key, item in value.items()}
        return {key: item for key, item in found.items() if item is not _GONE}
    if isinstance(value, list):
        items = [_pruned(item, where, left_out) for item in value]
        return [item for item in items if item is not _GONE]
    if isinstance(value, str) and UNKNOWN_SECRET in value:
        left_out.append(where)
        return _GONE
    return value


def _is_secret(item: Data, left_out: list[str]) -> bool:
    if item.get("kind") != "Secret" and UNKNOWN_SECRET not in str(item):
        return False
    metadata = item["metadata"]
    left_out.append(f"{item['kind']} {metadata.get('namespace', '')}/{metadata['name']}")
    return True
