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
# template NAME CHART: a chart is a folder with its manifests.
[ -d "$3" ] || { echo "Error: path \\"$3\\" not found" >&2; exit 1; }
cat "$3/manifests"
"""


@pytest.fixture
def place(tmp_path: Path) -> dict[str, t.Any]:
    """Charts of traefik and metrics-server, and the image of the first alone."""
    helm = tmp_path / "helm"
    helm.write_text(HELM)
    helm.chmod(0o755)
    for chart, image in (("traefik", "lab.local/a:1"), ("metrics-server", "lab.local/b:2")):
        folder = tmp_path / "charts" / chart
        folder.mkdir(parents=True)
        (folder / "manifests").write_text(f'          image: "{image}"\n')
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
        tmp_path, "addons", "addons_releases", "available", addons_wanted=["traefik"], **place
    )
    assert (code, releases) == (0, [{"name": "traefik", "namespace": "traefik"}]), output


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (["rancher"], "rancher cannot be installed here, nothing was changed: the chart is not in"),
        (["metrics-server"], "nothing was changed: lab.local/b:2."),
        (["cilium"], "Unknown add-on: cilium; there are argocd, cert-manager,"),
        (
            ["traefik", "ingress-nginx"],
            "do the same job, choose one of each: ingress-nginx and traefik.",
        ),
        (["metallb"], "metallb needs addons_load_balancer_range"),
    ],
)
def test_what_cannot_be_had_is_refused(
    tmp_path: Path, place: dict[str, t.Any], wanted: list[str], sentence: str
) -> None:
    code, output, releases = run_role(
        tmp_path, "addons", "addons_releases", "available", addons_wanted=wanted, **place
    )
    assert code != 0 and releases is None
    assert sentence in " ".join(output.split())


def test_rancher_needs_who_signs_its_certificate(tmp_path: Path, place: dict[str, t.Any]) -> None:
    folder = tmp_path / "charts/rancher"
    folder.mkdir()
    (folder / "manifests").write_text("image: lab.local/a:1\n")
    code, output, _releases = run_role(
        tmp_path, "addons", "addons_releases", "available", addons_wanted=["rancher"], **place
    )
    assert code != 0
    assert "rancher needs cert-manager" in " ".join(output.split())
