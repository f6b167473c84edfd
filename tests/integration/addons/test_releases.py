# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases by real helm on a real Kubernetes API: whose they are, and that they leave nothing."""

from __future__ import annotations

import os
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import Ledger
from lab.charts import build_charts
from lab.kube import ControlPlane, Pretend
from lab.tools.toolbox import ensure
from unit.roles.playbook import run_role


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[dict[str, t.Any]]:
    """A control plane with pretended pods, the lab's charts, and helm."""
    folder = tmp_path_factory.mktemp("plane")
    with ControlPlane(folder / "plane") as plane, Pretend(str(plane.kubeconfig)):
        yield {
            "addons_kubeconfig": str(plane.kubeconfig),
            "addons_charts_dir": str(build_charts(folder / "charts")),
            "addons_helm_binary": str(ensure(["helm"]).helm),
            "addons_secrets_dir": str(folder),
            "addons_owner": "demo",
            "addons_cluster": {"kubernetes_version": "v1.34.3"},
        }


def kubectl(place: dict[str, t.Any], *arguments: str) -> str:
    command = [str(ensure(["kubectl"]).kubectl), "--kubeconfig", place["addons_kubeconfig"]]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def everything(place: dict[str, t.Any]) -> set[str]:
    kinds = "all,crd,ns,clusterrole,clusterrolebinding,ingressclass,configmap,serviceaccount"
    names = set(kubectl(place, "get", kinds, "-A", "-o", "name").split())
    return {name for name in names if "kube-root-ca" not in name and "/default" not in name}


def run(
    tmp_path: Path,
    place: dict[str, t.Any],
    names: list[str] | str,
    entry: str = "main",
    **more: t.Any,
) -> tuple[int, str]:
    variables = {**place, "addons_enabled": names, **more}
    code, output, _result = run_role(tmp_path, "addons", "addons_releases", entry, **variables)
    return code, " ".join(output.split())


def test_installed_again_and_gone(
    tmp_path: Path, place: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(place)
    # Credentials of another cluster in the environment lead nowhere.
    monkeypatch.setenv("K8S_AUTH_HOST", "https://127.0.0.1:1")
    monkeypatch.setenv("K8S_AUTH_API_KEY", "another")
    monkeypatch.setenv("HELM_KUBECONTEXT", "another")
    code, output = run(tmp_path, place, ["headlamp"])
    assert code == 0, output
    code, output = run(tmp_path, place, ["headlamp"])
    assert code == 0 and "changed=0 " in output, output
    code, output = run(tmp_path, place, ["headlamp"], "remove", addons_remove_crds=True)
    assert code == 0, output
    assert everything(place) - before == set()


def test_each_write_leaves_a_receipt_and_what_nobody_knows_is_looked_up(
    tmp_path: Path, place: dict[str, t.Any]
) -> None:
    path = str(tmp_path / "ledger.sqlite")
    ledger = Ledger(path)

    def begin() -> dict[str, str]:
        started = ledger.start("demo", config={}, user="ada", pid=os.getpid())
        return {"addons_ledger": path, "addons_run": started["workflow_id"]}

    def outcomes(record: dict[str, str]) -> dict[str, str]:
        found = ledger.receipts(record["addons_run"])
        return {f"{row['what']} {row['target']}": row["outcome"] for row in found}

    first = begin()
    code, output = run(tmp_path, place, ["headlamp"], **first)
    assert code == 0, output
    assert outcomes(first) == {"helm release headlamp/headlamp": "happened"}
    # A run that was killed just after helm had ended knows of nothing.
    ledger.finish(first["addons_run"])
    killed = begin()
    ledger.announce(killed["addons_run"], [{"what": "helm release", "target": "headlamp/headlamp"}])
    ledger.finish(killed["addons_run"], "FAILED", error="killed")
    second = begin()
    code, output = run(tmp_path, place, ["headlamp"], **second)
    assert code == 0 and "changed=0 " in output, output
    assert outcomes(killed) == {"helm release headlamp/headlamp": "happened"}
    assert outcomes(second) == {}
    code, output = run(tmp_path, place, ["headlamp"], "remove", addons_remove_crds=True, **second)
    assert code == 0, output
    assert outcomes(second) == {"helm remove headlamp/headlamp": "happened"}
    ledger.close()


def test_a_release_of_somebody_else_stays(tmp_path: Path, place: dict[str, t.Any]) -> None:
    helm = [place["addons_helm_binary"], "--kubeconfig", place["addons_kubeconfig"]]
    chart = f"{place['addons_charts_dir']}/external-secrets"
    install = ["install", "headlamp", chart, "--namespace", "headlamp", "--create-namespace"]
    subprocess.run([*helm, *install], check=True, capture_output=True)
    code, output = run(tmp_path, place, ["headlamp"])
    assert code != 0
    assert "is of another chart (external-secrets" in output
    code, output = run(tmp_path, place, ["headlamp"], "remove")
    assert code != 0
    assert "external-secrets-webhook" in kubectl(place, "-n", "headlamp", "get", "deployments")
    subprocess.run([*helm, "uninstall", "headlamp", "-n", "headlamp"], check=True)


def test_names_and_options_that_are_text_remove_what_they_say(
    tmp_path: Path, place: dict[str, t.Any]
) -> None:
    code, output = run(tmp_path, place, ["argo-cd"])
    assert code == 0, output
    kept = {"addons_remove_crds": "false", "addons_remove_volumes": "no"}
    code, output = run(tmp_path, place, "Argo_CD", "remove", **kept)
    assert code == 0 and "changed=0 " not in output, output
    left = everything(place)
    assert not [name for name in left if "argocd" in name]
    assert "customresourcedefinition.apiextensions.k8s.io/applications.argoproj.io" in left
