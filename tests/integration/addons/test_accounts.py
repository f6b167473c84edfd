# SPDX-License-Identifier: GPL-3.0-or-later
"""What the accounts that add-ons bring may do, asked of a real API server."""

from __future__ import annotations

import subprocess
import typing as t

import pytest
import yaml
from lab.charts import build_charts
from lab.charts.sets import answered
from lab.kube import ControlPlane, Pretend
from lab.tools.toolbox import ensure
from unit.roles.playbook import ROOT, run_role

ACCOUNTS = yaml.safe_load((ROOT / "molecule/platform/accounts.yml").read_text())["accounts"]


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[list[str]]:
    """The command of a control plane with every add-on of the table."""
    folder = tmp_path_factory.mktemp("accounts")
    found = answered(sorted({item["addon"] for item in ACCOUNTS}))
    with (
        ControlPlane(folder / "plane") as plane,
        Pretend(str(plane.kubeconfig), listening=True),
    ):
        code, output, _none = run_role(
            folder,
            "addons",
            "none",
            addons_enabled=list(found.names),
            addons_settings=dict(found.given.settings),
            addons_cluster={"servers": 1, "agents": 1, "kubernetes_version": "v1.34.3"},
            addons_kubeconfig=str(plane.kubeconfig),
            addons_charts_dir=str(build_charts(folder / "charts")),
            addons_helm_binary=str(ensure(["helm"]).helm),
            addons_secrets_dir=str(folder),
            addons_owner="demo",
        )
        assert code == 0, output
        yield [str(ensure(["kubectl"]).kubectl), "--kubeconfig", str(plane.kubeconfig)]


@pytest.mark.parametrize(
    ("account", "what", "wanted"),
    [
        pytest.param(item["account"], what, wanted, id=f"{item['account']} {what}: {wanted}")
        for item in ACCOUNTS
        for wanted, key in (("yes", "may"), ("no", "may_not"))
        for what in item[key]
    ],
)
def test_an_account_may_do_what_it_is_for(
    kubectl: list[str], account: str, what: str, wanted: str
) -> None:
    asked = [*kubectl, "auth", "can-i", *what.split(), "--all-namespaces"]
    done = subprocess.run(
        [*asked, f"--as=system:serviceaccount:{account}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == wanted, done.stderr
