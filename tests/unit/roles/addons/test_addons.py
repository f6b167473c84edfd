# SPDX-License-Identifier: GPL-3.0-or-later
"""Add-ons that cannot be had, or not together, are refused before anything is changed."""

from __future__ import annotations

import json
import tarfile
import typing as t
from io import BytesIO
from pathlib import Path

import pytest
from unit.roles.playbook import run_role

HELM = """#!/bin/sh
# template NAME CHART, show crds CHART: a chart is a folder with its manifests.
[ "$1" = show ] || cat "$3/manifests"
"""


def manifest(image: str) -> str:
    pod = {"spec": {"containers": [{"name": "main", "image": image}]}}
    return json.dumps({"kind": "Deployment", "spec": {"template": pod}, "metadata": {"name": "x"}})


@pytest.fixture
def place(tmp_path: Path) -> dict[str, t.Any]:
    """Charts of traefik and metrics-server, and the image of the first alone."""
    helm = tmp_path / "helm"
    helm.write_text(HELM)
    helm.chmod(0o755)
    for chart, image in (("traefik", "lab.local/a:1"), ("metrics-server", "lab.local/b:2")):
        folder = tmp_path / "charts" / chart
        folder.mkdir(parents=True)
        (folder / "manifests").write_text(manifest(image))
        (folder / "Chart.yaml").write_text("version: 1.0.0\n")
    (tmp_path / "images").mkdir()
    text = json.dumps([{"RepoTags": ["lab.local/a:1"]}]).encode()
    with tarfile.open(tmp_path / "images/a.tar", "w") as tar:
        info = tarfile.TarInfo("manifest.json")
        info.size = len(text)
        tar.addfile(info, BytesIO(text))
    return {
        "addons_helm_binary": str(helm),
        "addons_charts_dir": str(tmp_path / "charts"),
        "addons_images_dir": str(tmp_path / "images"),
    }


def test_what_is_there_is_named_with_its_release(tmp_path: Path, place: dict[str, t.Any]) -> None:
    code, output, releases = run_role(
        tmp_path, "addons", "addons_releases", "available", addons_enabled=["traefik"], **place
    )
    assert (code, releases) == (0, [{"name": "traefik", "namespace": "traefik"}]), output


@pytest.mark.parametrize(
    "said",
    [
        {"addons_enabled": "traefik, metrics-server"},
        {"addons_enabled": '["Traefik", "metrics_server"]', "addons_values": "{}"},
        {"addons_enabled": ["traefik,metrics-server"], "addons_settings": '{"traefik": {}}'},
    ],
)
def test_options_may_be_text(
    tmp_path: Path, place: dict[str, t.Any], said: dict[str, t.Any]
) -> None:
    more = {"addons_cluster": '{"servers": "3"}', "addons_images_dir": ""}
    code, output, releases = run_role(
        tmp_path, "addons", "addons_releases", "available", **place | more | said
    )
    assert (code, [item["name"] for item in releases]) == (0, ["metrics-server", "traefik"]), output


@pytest.mark.parametrize(
    ("wanted", "settings", "sentence"),
    [
        (["headlamp"], {}, "Nothing was changed. headlamp cannot be installed:"),
        (["metrics-server"], {}, "Images are missing in"),
        (["istio"], {}, "There is no add-on istio; there are alloy,"),
        (["traefik", "ingress-nginx"], {}, "choose one: ingress-nginx and traefik."),
        (["metallb"], {}, "Which addresses of your network may services of the cluster get"),
        (["traefik"], {"treafik": {}}, "treafik, which is no add-on (did you mean traefik?)"),
        (["traefik"], {"traefik": {"replica": 2}}, "no setting replica (did you mean replicas?)"),
    ],
)
def test_what_cannot_be_had_is_refused(
    tmp_path: Path,
    place: dict[str, t.Any],
    wanted: list[str],
    settings: dict[str, t.Any],
    sentence: str,
) -> None:
    code, output, releases = run_role(
        tmp_path,
        "addons",
        "addons_releases",
        "available",
        addons_enabled=wanted,
        addons_settings=settings,
        **place,
    )
    assert code != 0 and releases is None
    assert sentence in " ".join(output.split())


def test_a_secret_that_only_a_person_knows_is_asked_for(
    tmp_path: Path, place: dict[str, t.Any]
) -> None:
    settings = {"bucket": "b", "endpoint": "https://s3.example.org", "access_key_id": "k"}
    code, output, _found = run_role(
        tmp_path,
        "addons",
        "addons_releases",
        addons_enabled=["velero"],
        addons_settings={"velero": settings},
        **place,
    )
    assert code != 0
    assert "velero needs a secret: secret_access_key" in " ".join(output.split())


@pytest.mark.parametrize("entry", ["main", "remove"])
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "cannot be used: Invalid kube-config file. No configuration found."),
        ("not: [yaml", "cannot be used: while parsing a flow sequence"),
        ("apiVersion: v1\nkind: Config\n", "cannot be used: Invalid kube-config file."),
    ],
)
def test_a_kubeconfig_that_leads_nowhere_is_named(
    tmp_path: Path, place: dict[str, t.Any], entry: str, text: str | None, sentence: str
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    if text is not None:
        kubeconfig.write_text(text)
    said = {"addons_enabled": ["traefik"], "addons_kubeconfig": str(kubeconfig)}
    code, output, _none = run_role(tmp_path, "addons", "none", entry, **place | said)
    assert code != 0
    assert f"The kubeconfig {kubeconfig} {sentence}" in " ".join(output.split())
