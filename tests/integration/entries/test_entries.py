# SPDX-License-Identifier: GPL-3.0-or-later
"""Each entry of the catalogue by real helm on a real API: installed, checked, and gone."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes import addons
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.access import (
    Cluster,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.checks import (
    check_release,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.runner import (
    Runner,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _catalogue
from integration.addons.test_releases import everything, kubectl, place, run

SETTINGS: dict[str, dict[str, t.Any]] = {
    "metallb": {"addresses": "192.0.2.100-192.0.2.120"},
    "rancher": {"hostname": "rancher.example.org"},
    "velero": {
        "bucket": "backups",
        "endpoint": "https://s3.example.org",
        "access_key_id": "id",
    },
    "prometheus": {"hostname": "grafana.example.org"},
}
SECRETS = {"velero": {"secret_access_key": "not-a-real-one"}}
#: Checks of what only the software itself makes; in the lab's charts nothing does.
MADE_BY_SOFTWARE = {
    ("calico", "network of the pods"),
    ("cert-manager", "certificate authority"),
    ("metrics-server", "resource metrics"),
    ("velero", "backup location"),
}
#: A role of its own waits for what only running software shows.
WATCHED = {"prometheus", "rancher"}
ENTRIES = sorted(set(_catalogue.load_catalogue().entries) - WATCHED)


class Anything:
    """A network in which everything answers: pretended pods do not."""

    def connect(self, host: str, port: int) -> None:
        """Answer."""


@pytest.mark.parametrize("name", ENTRIES)
def test_installed_checked_and_gone(tmp_path: Path, place: dict[str, t.Any], name: str) -> None:
    before = everything(place)
    found = _catalogue.resolve(
        [name], _catalogue.Given(servers=1, agents=1, settings=SETTINGS, deployment="demo")
    )
    assert not found.refusals and not found.questions
    more = {
        "addons_settings": {key: SETTINGS[key] for key in found.names if key in SETTINGS},
        "addons_secrets": SECRETS,
    }
    code, output = run(tmp_path, place, [name], **more)
    assert code == 0, output
    cluster = Cluster(place["addons_kubeconfig"])
    around = addons.Around(cluster, t.cast(t.Any, Anything()), {})
    runner = Runner(30, 0.5)
    for chosen in found.entries:
        release = _catalogue.release_of(chosen, found)
        namespace, title = release["namespace"], release["release"]
        assert check_release(cluster, namespace, title)
        for check in release["checks"]:
            if (chosen.name, check["name"]) in MADE_BY_SOFTWARE:
                continue
            assert runner.run(
                f"add-on {chosen.name}", lambda check=check: addons.check_addon(around, check)
            ), runner.results[-1]
    code, output = run(tmp_path, place, [name], **more)
    assert code == 0 and "changed=0 " in output, output
    names = list(reversed(found.names))
    code, output = run(tmp_path, place, names, "remove", addons_remove_crds=True, **more)
    assert code == 0, output
    assert everything(place) - before == set()
    assert kubectl(place, "get", "nodes")


__all__ = ["place"]
