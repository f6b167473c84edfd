# SPDX-License-Identifier: GPL-3.0-or-later
"""The same releases, as manifests that an engine of GitOps installs; no secret is among them."""

from __future__ import annotations

import itertools
import json
import typing as t

import pytest
import yaml
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _catalogue

NAMES = sorted(set(_catalogue.load_catalogue().entries) - {"ingress-nginx", "cilium"})
CANARY = "Canary-5e1"
SETTINGS: dict[str, dict[str, t.Any]] = {
    "metallb": {"addresses": "192.0.2.100-192.0.2.120"},
    "rancher": {"hostname": "rancher.example.org"},
    "velero": {"bucket": "b", "endpoint": "https://s3.example.org", "access_key_id": "id"},
}


@pytest.fixture(scope="module")
def releases() -> list[dict[str, t.Any]]:
    given = _catalogue.Given(
        servers=3, settings=SETTINGS, values={"argocd": {"x": {"adminPassword": CANARY}}}
    )
    found = _catalogue.resolve(NAMES, given)
    assert not found.refusals and not found.questions
    return [_catalogue.release_of(chosen, found) for chosen in found.entries]


@pytest.mark.parametrize("engine", _catalogue.ENGINES)
def test_every_release_with_its_pin_and_values(
    releases: list[dict[str, t.Any]], engine: str
) -> None:
    files = _catalogue.gitops(releases, engine)
    kind = {"argocd": "Application", "flux": "HelmRelease"}[engine]
    found = {}
    for name in files:
        for manifest in files[name]:
            assert manifest["apiVersion"] and manifest["metadata"]["name"]
            if manifest["kind"] == kind:
                found[manifest["metadata"]["name"]] = manifest["spec"]
    wanted = [release["release"] for release in releases]
    assert [name for name in found if not name.endswith("-crds")] == wanted
    assert found["calico-crds"] and list(found).index("calico-crds") < list(found).index("calico")
    for release in releases:
        spec, chart = found[release["release"]], release["chart"]
        if engine == "argocd":
            source = spec["source"]
            assert (source["chart"], source["targetRevision"]) == (chart["name"], chart["version"])
            assert not source["repoURL"].startswith("oci://")
            assert spec["destination"]["namespace"] == release["namespace"]
            applied = "ServerSideApply=true" in spec["syncPolicy"].get("syncOptions", ())
            assert applied is release["gitops"]["server_side_apply"]
        else:
            wanted = spec["chart"]["spec"]
            assert (wanted["chart"], wanted["version"]) == (chart["name"], chart["version"])
            assert spec["targetNamespace"] == release["namespace"]
    assert yaml.safe_load_all(
        yaml.safe_dump_all(item for items in files.values() for item in items)
    )


@pytest.mark.parametrize("engine", _catalogue.ENGINES)
def test_secrets_are_named_and_left_out(releases: list[dict[str, t.Any]], engine: str) -> None:
    files = _catalogue.gitops(releases, engine)
    text = json.dumps(files)
    assert CANARY not in text and "not-known-yet" not in text
    [needed] = files["secrets-needed.yaml"]
    named = needed["data"]["left-out"].splitlines()
    assert "argocd.x.adminPassword" in named
    assert "rancher.bootstrapPassword" in named
    assert "Secret velero/velero-s3" in named


def test_what_only_names_a_secret_stays(releases: list[dict[str, t.Any]]) -> None:
    files = _catalogue.gitops(releases, "argocd")
    [velero] = next(items for name, items in files.items() if name.endswith("velero.yaml"))
    values = velero["spec"]["source"]["helm"]["valuesObject"]
    assert values["credentials"]["existingSecret"] == "velero-s3"


@pytest.mark.parametrize("engine", _catalogue.ENGINES)
def test_each_step_waits_for_the_one_before(releases: list[dict[str, t.Any]], engine: str) -> None:
    files = _catalogue.gitops(releases, engine)
    steps = [name for name in files if name[0].isdigit()]
    assert steps == sorted(steps, key=lambda name: name[:2])
    if engine == "argocd":
        notes = [item["metadata"]["annotations"] for name in steps for item in files[name]]
        waves = [int(note["argocd.argoproj.io/sync-wave"]) for note in notes]
        assert waves == sorted(waves) and len(set(waves)) == len(steps)
        return
    chain = files["flux/kustomizations.yaml"]
    assert [f"{item['spec']['path']}/manifests.yaml" for item in chain] == [
        f"./{name}" for name in steps
    ]
    assert "dependsOn" not in chain[0]["spec"]
    for before, item in itertools.pairwise(chain):
        assert item["spec"]["dependsOn"] == [{"name": before["metadata"]["name"]}]


@pytest.mark.parametrize("engine", _catalogue.ENGINES)
def test_an_object_stands_once_and_a_shared_namespace_is_nobodys(
    releases: list[dict[str, t.Any]], engine: str
) -> None:
    seen = [
        (
            item["apiVersion"],
            item["kind"],
            item["metadata"].get("namespace"),
            item["metadata"]["name"],
        )
        for items in _catalogue.gitops(releases, engine).values()
        for item in items
    ]
    assert len(set(seen)) == len(seen)
    namespaces = {name for _version, kind, _none, name in seen if kind == "Namespace"}
    assert "logging" in namespaces and "kube-system" not in namespaces


def test_values_of_the_engine_win(releases: list[dict[str, t.Any]]) -> None:
    files = _catalogue.gitops(releases, "argocd")
    [longhorn] = next(items for name, items in files.items() if name.endswith("longhorn.yaml"))
    values = longhorn["spec"]["source"]["helm"]["valuesObject"]
    assert values["preUpgradeChecker"]["jobEnabled"] is False


def test_unknown_engine_is_refused() -> None:
    with pytest.raises(ValueError, match="choose one of argocd, flux"):
        _catalogue.gitops([], "fleet")
