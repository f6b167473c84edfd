# SPDX-License-Identifier: GPL-3.0-or-later
"""Charts are fetched once, are the pinned ones, and what helm says becomes a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._helm.chart import (
    Chart,
    digest_of,
    fetch,
    hold,
    images_of,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._helm.errors import (
    HelmError,
    explain,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._helm.manifests import (
    difference,
    read_all,
    separated,
)

CHART = Chart("web", "1.2.3", "https://charts.example.org")
HELM = """#!/bin/sh
# pull NAME --repo URL --version V --destination DIR
echo "$@" >> "{calls}"
for last; do :; done
printf archive > "$last/web-1.2.3.tgz"
"""


@pytest.fixture
def helm(tmp_path: Path) -> Path:
    program = tmp_path / "helm"
    program.write_text(HELM.format(calls=tmp_path / "calls"))
    program.chmod(0o755)
    return program


def test_a_chart_is_pulled_once(tmp_path: Path, helm: Path) -> None:
    for _again in range(2):
        path = fetch(CHART, str(helm), "", str(tmp_path / "cache"))
    assert path.read_text() == "archive"
    assert (tmp_path / "calls").read_text().splitlines()[0].startswith("pull web --repo https://")
    assert len((tmp_path / "calls").read_text().splitlines()) == 1


def test_another_archive_than_the_pinned_one_is_refused(tmp_path: Path, helm: Path) -> None:
    wrong = CHART._replace(sha256="0" * 64)
    with pytest.raises(HelmError, match=r"has the checksum .* instead of 0000"):
        fetch(wrong, str(helm), "", str(tmp_path / "cache"))
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize(("pin", "refused"), [(None, False), ("right", False), ("0" * 64, True)])
def test_an_archive_of_a_folder_is_the_pinned_one(
    tmp_path: Path, pin: str | None, refused: bool
) -> None:
    archive = tmp_path / "web-1.2.3.tgz"
    archive.write_text("archive")
    chart = CHART._replace(sha256=digest_of(archive) if pin == "right" else pin)
    if refused:
        with pytest.raises(HelmError, match=r"has the checksum .* instead of 0000.*as it was"):
            fetch(chart, "helm", str(tmp_path), "")
    else:
        assert fetch(chart, "helm", str(tmp_path), "") == archive
    assert archive.exists()  # it is somebody's


def test_the_checksum_of_the_first_time_is_held(tmp_path: Path) -> None:
    lock = tmp_path / "charts.lock.json"
    hold(lock, CHART, "a" * 64, write=False)
    assert not lock.exists()
    hold(lock, CHART, "a" * 64, write=True)
    hold(lock, CHART, "a" * 64, write=True)
    with pytest.raises(HelmError, match=r"web 1\.2\.3 is another one than before"):
        hold(lock, CHART, "b" * 64, write=True)
    hold(lock, CHART._replace(version="1.3.0"), "b" * 64, write=True)


def test_a_chart_that_is_not_in_the_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(HelmError, match="neither a folder web nor"):
        fetch(CHART, "helm", str(tmp_path), "")


def test_helm_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(HelmError, match="helm cannot be run"):
        fetch(CHART, str(tmp_path / "none"), "", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            "Error: INSTALLATION FAILED: chart requires kubeVersion: < 1.37.0-0 which is"
            " incompatible with Kubernetes v1.37.1",
            "web runs on Kubernetes < 1.37.0-0, the cluster has v1.37.1; choose another version",
        ),
        (
            'Error: create: failed to create: secrets "x" is forbidden: unable to create new'
            " content in namespace web because it is being terminated",
            "The namespace web is being deleted",
        ),
        (
            'Error: Unable to continue with install: ServiceAccount "m" in namespace "kube-system"'
            " exists and cannot be imported into the current release: invalid ownership metadata",
            "ServiceAccount m exists already in kube-system and is not of the release web",
        ),
        (
            "Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress",
            "see helm history web --namespace web",
        ),
        (
            'Error: unable to build kubernetes objects: no matches for kind "Certificate" in'
            ' version "cert-manager.io/v1"',
            "The cluster does not know Certificate (cert-manager.io/v1)",
        ),
        ("Error: timed out waiting for the condition", "did not get ready in time"),
        ("Error: something new", "helm failed on web: something new"),
        ("", "helm failed on web: it says nothing"),
    ],
)
def test_what_helm_says_becomes_a_sentence(said: str, sentence: str) -> None:
    assert sentence in explain(said, release="web", namespace="web", chart="web")


def test_images_of_every_container_are_found() -> None:
    pod = {"containers": [{"image": "a:1"}], "initContainers": [{"image": "b:1"}]}
    cron = {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": {"spec": pod}}}}}
    assert images_of([cron, {"kind": "ConfigMap", "data": {"image": "no:1"}}]) == {"a:1", "b:1"}


def test_an_anchor_may_be_used_twice() -> None:
    assert read_all("a: &x 1\nb: &x 2\nc: *x\n") == [{"a": 1, "b": 2, "c": 2}]


def test_definitions_without_a_mark_between_them_are_told_apart() -> None:
    text = "kind: A\nspec:\n  kind: x\nkind: B\n---\nkind: C\nspec: {}\nspec: {}\n"
    assert [item.get("kind") for item in read_all(separated(text))] == ["A", "B", "C", None]


def test_a_difference_shows_no_secret() -> None:
    secret = "kind: Secret\nmetadata: {name: s}\ndata: {key: czNjcmV0}\n"
    after = {"kind": "Secret", "metadata": {"name": "s"}, "stringData": {"key": "other"}}
    shown = difference(secret, [after], "web")
    assert "czNjcmV0" not in str(shown) and "other" not in str(shown)
    assert shown["before"] != shown["after"]
