# SPDX-License-Identifier: GPL-3.0-or-later
"""One kubeconfig for several clusters, of which each run changes its own alone."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._kubeconfig import (
    KubeconfigError,
    combined,
)


def kubeconfig(name: str, server: str, secret: str) -> str:
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": server}}],
            "users": [{"name": name, "user": {"client-key-data": secret}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        }
    )


ADMIN = kubeconfig("default", "https://127.0.0.1:6443", "new")


def merged(old: str) -> dict[str, t.Any]:
    text = combined(ADMIN, old, name="demo", server="https://10.77.0.100:6443")
    return yaml.safe_load(text)


def test_a_new_file_has_the_cluster_under_its_name_and_address() -> None:
    found = merged("")
    assert found["clusters"] == [
        {"name": "demo", "cluster": {"server": "https://10.77.0.100:6443"}}
    ]
    assert found["current-context"] == "demo"


def test_other_clusters_and_the_current_context_stay() -> None:
    found = merged(kubeconfig("production", "https://192.0.2.1:6443", "old"))
    assert [item["name"] for item in found["contexts"]] == ["production", "demo"]
    assert found["users"][0]["user"] == {"client-key-data": "old"}
    assert found["current-context"] == "production"


def test_a_second_run_changes_nothing() -> None:
    once = combined(ADMIN, "", name="demo", server="https://10.77.0.100:6443")
    assert combined(ADMIN, once, name="demo", server="https://10.77.0.100:6443") == once


@pytest.mark.parametrize("old", ["- a list", "clusters: text", "{"])
def test_a_file_that_is_no_kubeconfig_is_not_overwritten(old: str) -> None:
    with pytest.raises(KubeconfigError):
        merged(old)
