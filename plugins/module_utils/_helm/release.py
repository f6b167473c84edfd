# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a release is, what state it is in, and whether it may be written.

Ours is what carries our mark: a ConfigMap beside the release that names its chart and the owner.
It is written before helm starts, with ``operation`` set, and closed when helm has ended, so that
an operation of ours that was cut off can be told from one that somebody else is running.
"""

from __future__ import annotations

import base64
import datetime
import gzip
import json
import os
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.module_utils._helm.errors import HelmError
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.access import (
    Cluster,
)

Data = dict[str, t.Any]
MARK = "clusterwright."
MANAGER = "clusterwright"
CRD_LABEL = "clusterwright.io/release"
PENDING = ("pending-install", "pending-upgrade", "pending-rollback", "uninstalling")


@dataclass(frozen=True)
class Wanted:
    """A release as it is asked for."""

    name: str
    namespace: str
    chart: str
    owner: str
    adopt: bool = False
    busy_seconds: int = 900  # a pending operation of somebody else is one that runs, for so long


@dataclass(frozen=True)
class Found:
    """What the cluster holds of a release."""

    status: str = "absent"
    revision: int = 0
    chart: str = ""
    version: str = ""
    age_seconds: float = 0.0
    values: Data = field(default_factory=dict)
    manifest: str = ""  # YAML of all objects
    mark: Data = field(default_factory=dict)  # data of our ConfigMap, empty without one
    namespace_phase: str = "absent"
    namespace_ours: bool = False


@dataclass(frozen=True)
class Verdict:
    """What may be done: ``install``, ``upgrade``, ``recover``, ``adopt`` or ``refuse``."""

    action: t.Literal["install", "upgrade", "recover", "adopt", "refuse"]
    reason: str
    recovery: t.Literal["", "uninstall", "rollback"] = ""


def mark_name(release: str) -> str:
    """Return the name of the ConfigMap that marks a release."""
    return f"{MARK}{release}"


def look(cluster: Cluster, name: str, namespace: str) -> Found:
    """Return what there is.

    Raises:
        ApiError: the API does not answer.
        HelmError: what helm keeps of the release cannot be read.
    """
    where = cluster.get("v1", "Namespace", namespace)
    if where is None:
        return Found()
    labels = where["metadata"].get("labels") or {}
    mark = cluster.get("v1", "ConfigMap", mark_name(name), namespace)
    found = Found(
        mark=(mark or {}).get("data") or {},
        namespace_phase=where.get("status", {}).get("phase", ""),
        namespace_ours=labels.get("app.kubernetes.io/managed-by") == MANAGER,
    )
    kept = cluster.list("v1", "Secret", namespace, selector=f"owner=helm,name={name}")
    if not kept:
        return found
    last = max(kept, key=lambda item: int(item["metadata"]["labels"]["version"]))
    try:
        raw = base64.b64decode(base64.b64decode(last["data"]["release"]))
        release = json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
        info, metadata = release["info"], release["chart"]["metadata"]
    except (KeyError, ValueError, OSError, EOFError) as error:
        raise HelmError(
            f"What helm keeps of {name} in {namespace} cannot be read ({error}); see"
            f" kubectl --namespace {namespace} get secrets -l owner=helm,name={name}."
        ) from None
    return Found(
        status=str(info["status"]),
        revision=int(release["version"]),
        chart=str(metadata["name"]),
        version=str(metadata["version"]),
        age_seconds=_age(str(info.get("last_deployed") or "")),
        values=release.get("config") or {},
        manifest=str(release.get("manifest") or ""),
        mark=found.mark,
        namespace_phase=found.namespace_phase,
        namespace_ours=found.namespace_ours,
    )


def _age(text: str) -> float:
    try:
        begin = datetime.datetime.fromisoformat(
            text[:19] + (text[-6:] if "+" in text[-6:] else "Z")
        )
    except ValueError:
        return 0.0
    if begin.tzinfo is None:
        begin = begin.replace(tzinfo=datetime.UTC)
    return max(0.0, (datetime.datetime.now(datetime.UTC) - begin).total_seconds())


def judge(wanted: Wanted, found: Found, foreign: t.Sequence[Data] = ()) -> Verdict:
    """Return what may be done with a release before anything of it is written.

    ``foreign`` are objects of the chart that are in the cluster and not of this release, as
    ``strangers`` returns them.
    """
    name, where = wanted.name, wanted.namespace
    if found.namespace_phase == "Terminating":
        return Verdict(
            "refuse",
            f"The namespace {where} is being deleted and takes nothing new; wait until it is gone"
            f" (kubectl get namespace {where}), or see what holds it (kubectl get namespace"
            f" {where} -o yaml).",
        )
    if found.status == "absent":
        return _judge_new(wanted, foreign)
    if found.chart != wanted.chart:
        return Verdict(
            "refuse",
            f"The release {name} in {where} is of another chart ({found.chart} {found.version}, not"
            f" {wanted.chart}); installing over it would delete its objects. Remove it with helm"
            f" uninstall {name} --namespace {where}, or leave the add-on out.",
        )
    owner = found.mark.get("owner", "")
    if owner != wanted.owner:
        return _judge_foreign(wanted, found, owner)
    return _judge_ours(wanted, found)


def _judge_new(wanted: Wanted, foreign: t.Sequence[Data]) -> Verdict:
    if not foreign:
        return Verdict("install", f"{wanted.name} is not installed in {wanted.namespace}.")
    if wanted.adopt and all(item["adoptable"] for item in foreign):
        return Verdict("adopt", f"{len(foreign)} objects are taken over, as asked.")
    return Verdict("refuse", _strangers_sentence(wanted, foreign))


def _strangers_sentence(wanted: Wanted, foreign: t.Sequence[Data]) -> str:
    named = ", ".join(f"{item['kind']} {item['name']}" for item in foreign[:3])
    more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
    first = foreign[0]
    return f"{wanted.name} cannot be installed: {named}{more} {first['cause']}. {first['mend']}"


def _judge_foreign(wanted: Wanted, found: Found, owner: str) -> Verdict:
    name, where = wanted.name, wanted.namespace
    whose = f"belongs to {owner}" if owner else "was not made by this deployment"
    if found.status in PENDING:
        return Verdict(
            "refuse",
            f"The release {name} in {where} {whose}, and an operation on it ({found.status}) began"
            f" {_since(found.age_seconds)} ago; nothing of it is touched. See helm history {name}"
            f" --namespace {where}.",
        )
    if wanted.adopt:
        return Verdict("adopt", f"The release {name} in {where} is taken over, as asked.")
    return Verdict(
        "refuse",
        f"The release {name} in {where} ({found.chart} {found.version}) {whose}. Take it over by"
        f" naming {name} in addons_adopt, or leave the add-on out.",
    )


def _judge_ours(wanted: Wanted, found: Found) -> Verdict:
    name, where = wanted.name, wanted.namespace
    if found.status not in PENDING:
        return Verdict("upgrade", f"{name} in {where} is ours, revision {found.revision}.")
    begun = found.mark.get("operation", "")
    own = bool(begun) and found.revision > int(found.mark.get("revision") or 0)
    if not own and found.age_seconds < wanted.busy_seconds:
        return Verdict(
            "refuse",
            f"Somebody is changing {name} in {where} ({found.status} since"
            f" {_since(found.age_seconds)}); wait until that has ended. See helm history {name}"
            f" --namespace {where}.",
        )
    recovery: t.Literal["uninstall", "rollback"] = (
        "uninstall" if found.status in ("pending-install", "uninstalling") else "rollback"
    )
    return Verdict("recover", f"{found.status} was cut off; it is taken back first.", recovery)


def _since(seconds: float) -> str:
    return f"{int(seconds)} s" if seconds < 120 else f"{int(seconds / 60)} min"


def strangers(cluster: Cluster, wanted: Wanted, objects: t.Sequence[Data]) -> list[Data]:
    """Return those of a chart's objects that exist and belong to something else.

    Each has ``kind``, ``name``, ``namespace``, ``api_version``, ``cause``, ``mend`` and
    ``adoptable``. Objects as ``chart.identity`` returns them.

    Raises:
        ApiError: the API does not answer.
    """
    result = []
    for item in objects:
        there = cluster.get(item["api_version"], item["kind"], item["name"], item["namespace"])
        if there is None:
            continue
        why = _stranger(wanted, there["metadata"])
        if why is not None:
            result.append({**item, **why})
    return result


def _stranger(wanted: Wanted, metadata: Data) -> Data | None:
    annotations = metadata.get("annotations") or {}
    release = annotations.get("meta.helm.sh/release-name")
    where = annotations.get("meta.helm.sh/release-namespace")
    if release is not None and (release, where) == (wanted.name, wanted.namespace):
        return None
    packaged = annotations.get("objectset.rio.cattle.io/owner-name")
    if packaged is not None:
        return {
            "adoptable": False,
            "cause": f"exists already and is of the component {packaged} that k3s brings itself",
            "mend": f"Switch it off (k3s_disable: [{packaged}]) and run the role k3s again.",
        }
    if release is not None:
        return {
            "adoptable": False,
            "cause": f"exists already and is of the release {release} in {where}",
            "mend": f"Remove that (helm uninstall {release} --namespace {where}), or leave the"
            " add-on out.",
        }
    return {
        "adoptable": True,
        "cause": "exists already and is of no release",
        "mend": f"Remove it, or let helm take it over by naming {wanted.name} in addons_adopt.",
    }


def mark_of(wanted: Wanted, found: Found, version: str, operation: str) -> Data:
    """Return the ConfigMap that marks a release; ``operation`` is empty when none runs."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": mark_name(wanted.name),
            "namespace": wanted.namespace,
            "labels": {"app.kubernetes.io/managed-by": MANAGER},
        },
        "data": {
            "owner": wanted.owner,
            "chart": wanted.chart,
            "version": version,
            "revision": str(found.revision),
            "operation": operation,
        },
    }


def marked_crds(cluster: Cluster, release: str) -> set[str]:
    """Return the names of the definitions that we brought for a release."""
    kind = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    found = cluster.list(*kind, selector=f"{CRD_LABEL}={release}")
    return {item["metadata"]["name"] for item in found}


def defined(cluster: Cluster, crds: t.Sequence[Data]) -> bool:
    """Return whether the cluster has all these definitions."""
    wanted = {item["metadata"]["name"] for item in crds}
    found = cluster.list("apiextensions.k8s.io/v1", "CustomResourceDefinition") if wanted else []
    return wanted <= {item["metadata"]["name"] for item in found}


def write_crds(crds: t.Sequence[Data], wanted: Wanted, folder: Path) -> str:
    """Write definitions, marked as ours, to a file and return its path; "" for none."""
    import yaml

    if not crds:
        return ""
    marked = []
    for item in crds:
        metadata = dict(item["metadata"])
        labels = {**(metadata.get("labels") or {}), CRD_LABEL: wanted.name}
        metadata["labels"] = labels
        marked.append({**item, "metadata": metadata})
    path = folder.expanduser() / f"crds-{wanted.chart}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text = yaml.dump_all(marked, Dumper=dumper, sort_keys=True)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
    return str(path)
