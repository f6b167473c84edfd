#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) The clusterwright maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Remove what a removed release leaves."""

from __future__ import annotations

DOCUMENTATION = r"""
module: helm_release_cleanup
author:
  - The clusterwright maintainers (@clusterwright)
version_added: 0.1.0
short_description: Removes what a removed release leaves
description:
  - Deletes objects that an add-on made itself, its definitions and volumes if that is wanted, our
    mark, and the namespace when we made it and nothing of anybody is in it any more.
  - Waits until they are gone.
extends_documentation_fragment:
  - clusterwright.proxmox.cluster
attributes:
  check_mode:
    description: Reports what would be deleted.
    support: full
  diff_mode:
    description: Nothing is shown.
    support: none
  platform:
    description: Where it runs.
    platforms: posix
    support: full
options:
  release:
    description: Name of the release; empty deletes nothing but O(objects).
    type: str
    default: ""
  namespace:
    description: Namespace of the release.
    type: str
    required: true
  objects:
    description:
      - Objects with C(api_version), C(kind), C(namespace), and one of C(name), C(prefix) of the
        name, and C(selector).
    type: list
    elements: dict
    default: []
  manifests:
    description: Manifests of objects to delete.
    type: list
    elements: dict
    default: []
  crd_groups:
    description: API groups whose definitions, and with them all their objects, are deleted.
    type: list
    elements: str
    default: []
  volumes:
    description: Delete the claims of the release, and with them their data.
    type: bool
    default: false
  remove_namespace:
    description: Delete the namespace when we made it and nothing is left in it.
    type: bool
    default: false
  timeout_seconds:
    description: How long deleting may take.
    type: int
    default: 120
"""

EXAMPLES = r"""
- name: Remove what cert-manager leaves
  clusterwright.proxmox.helm_release_cleanup:
    kubeconfig: deployments/demo/kubeconfig
    release: cert-manager
    namespace: cert-manager
    objects:
      - {api_version: v1, kind: Secret, namespace: cert-manager, name: cert-manager-webhook-ca}
    remove_namespace: true
"""

RETURN = r"""
deleted:
  description: What was deleted, as C(kind namespace/name).
  type: list
  elements: str
  returned: success
kept:
  description: What keeps the namespace, as C(kind name); empty when it went or was not ours.
  type: list
  elements: str
  returned: success
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.clusterwright.proxmox.plugins.module_utils._helm import release as releases
from ansible_collections.clusterwright.proxmox.plugins.module_utils._helm.chart import identity
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes import access
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.errors import (
    ApiError,
)

Data = dict[str, t.Any]
SPEC: Data = {
    **access.SPEC,
    "release": {"type": "str", "default": ""},
    "namespace": {"type": "str", "required": True},
    "objects": {"type": "list", "elements": "dict", "default": []},
    "manifests": {"type": "list", "elements": "dict", "default": []},
    "crd_groups": {"type": "list", "elements": "str", "default": []},
    "volumes": {"type": "bool", "default": False},
    "remove_namespace": {"type": "bool", "default": False},
    "timeout_seconds": {"type": "int", "default": 120},
}
CRD = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
#: Kinds that make a namespace somebody's.
USED = (
    ("v1", "Pod"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "Service"),
    ("v1", "Secret"),
    ("v1", "ConfigMap"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("batch/v1", "CronJob"),
)
Item = tuple[str, str, str, str]  # API version, kind, namespace, name


def found_for(cluster: access.Cluster, item: Data) -> list[Item]:
    """Return the objects that an entry of ``objects`` means."""
    version, kind = item["api_version"], item["kind"]
    where = item.get("namespace") or ""
    if item.get("name"):
        there = cluster.get(version, kind, item["name"], where)
        return [(version, kind, where, item["name"])] if there else []
    listed = cluster.list(version, kind, where, selector=item.get("selector") or "")
    named = [(i["metadata"].get("namespace", ""), i["metadata"]["name"]) for i in listed]
    prefix = item.get("prefix") or ""
    return [(version, kind, space, name) for space, name in named if name.startswith(prefix)]


def wanted_gone(cluster: access.Cluster, params: Data) -> list[Item]:
    """Return everything to delete but the namespace."""
    named = [identity(item, "") for item in params["manifests"]]
    items = [found for e in [*named, *params["objects"]] for found in found_for(cluster, e)]
    groups = set(params["crd_groups"])
    if groups:
        items += [
            (*CRD, "", crd["metadata"]["name"])
            for crd in cluster.list(*CRD)
            if crd["spec"]["group"] in groups
        ]
    where, release = params["namespace"], params["release"]
    if params["volumes"]:
        claims = cluster.list("v1", "PersistentVolumeClaim", where)
        items += [
            ("v1", "PersistentVolumeClaim", where, claim["metadata"]["name"])
            for claim in claims
            if release in (claim["metadata"].get("labels") or {}).values()
        ]
    if release:
        mark = {"api_version": "v1", "kind": "ConfigMap", "namespace": where}
        items += found_for(cluster, {**mark, "name": releases.mark_name(release)})
    return items


def left_in(cluster: access.Cluster, namespace: str, gone: t.Iterable[Item]) -> list[str]:
    """Return what keeps a namespace: everything that the cluster itself did not make."""
    going = {(kind, name) for _version, kind, where, name in gone if where == namespace}
    kept = []
    for version, kind in USED:
        for item in cluster.list(version, kind, namespace):
            name = item["metadata"]["name"]
            own = name == "kube-root-ca.crt" or item["metadata"].get("deletionTimestamp")
            if (
                not own
                and not item["metadata"].get("ownerReferences")
                and (kind, name) not in going
            ):
                kept.append(f"{kind} {name}")
    return sorted(kept)


def until_gone(cluster: access.Cluster, items: t.Sequence[Item], timeout_seconds: int) -> list[str]:
    """Wait; return what is still there when time is over."""
    end = time.monotonic() + timeout_seconds
    left = list(items)
    while True:
        left = [i for i in left if cluster.get(i[0], i[1], i[3], i[2]) is not None]
        if not left or time.monotonic() > end:
            return [_text(item) for item in left]
        time.sleep(0.5)


def what_holds(name: str, space: Data | None) -> str:
    """Return why a namespace does not go, in the words of its conditions, and what to do."""
    conditions = ((space or {}).get("status") or {}).get("conditions") or []
    true = {
        item["type"]: item.get("message", "") for item in conditions if item["status"] == "True"
    }
    text = f"Namespace {name} does not go"
    if "NamespaceDeletionDiscoveryFailure" in true:
        return (
            f"{text}: {true['NamespaceDeletionDiscoveryFailure']}. An API whose server is dead"
            " holds every namespace; see which with kubectl get apiservice, mend or remove it, then"
            " run this again."
        )
    told = " ".join(filter(None, true.values())) or "the API names no reason."
    return f"{text}: {told} See kubectl get namespace {name} -o yaml."


def _text(item: Item) -> str:
    _version, kind, where, name = item
    return f"{kind} {where + '/' if where else ''}{name}"


def run(module: t.Any) -> Data:
    """Delete and return what the module returns.

    Raises:
        ApiError: the API does not answer, or something does not go in time.
    """
    params = module.params
    cluster = access.Cluster(params["kubeconfig"], params["context"])
    items = wanted_gone(cluster, params)
    kept: list[str] = []
    where = params["namespace"]
    space = cluster.get("v1", "Namespace", where)
    labels = (space or {}).get("metadata", {}).get("labels") or {}
    ours = labels.get("app.kubernetes.io/managed-by") == releases.MANAGER
    if not module.check_mode:
        for version, kind, inside, name in items:
            cluster.delete(version, kind, name, inside)
        left = until_gone(cluster, items, params["timeout_seconds"])
        if left:
            raise ApiError(
                f"Still there after {params['timeout_seconds']} s: {', '.join(left)}; see what"
                " holds them with kubectl get -o yaml (finalizers)."
            )
    if params["remove_namespace"] and ours:
        kept = left_in(cluster, where, items)
        if not kept:
            item = ("v1", "Namespace", "", where)
            items.append(item)
            if not module.check_mode:
                cluster.delete("v1", "Namespace", where)
                if until_gone(cluster, [item], params["timeout_seconds"]):
                    raise ApiError(what_holds(where, cluster.get("v1", "Namespace", where)))
    return {"changed": bool(items), "deleted": [_text(item) for item in items], "kept": kept}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    try:
        result = run(module)
    except ApiError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
