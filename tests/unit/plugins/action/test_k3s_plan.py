# SPDX-License-Identifier: GPL-3.0-or-later
"""A kubeconfig that holds another cluster of the name is noticed before anything is done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.action.k3s_plan import ActionModule
from unit.plugins.action.conftest import RunAction
from unit.plugins.plugin_utils._k3s.builders import TOKEN, running


@pytest.mark.parametrize(
    ("goal", "server", "refused"),
    [
        ("cluster", "https://192.0.2.9:6443", True),
        ("rotate", "https://192.0.2.9:6443", True),
        ("cluster", "https://10.77.0.100:6443", False),
        ("snapshot", "https://192.0.2.9:6443", False),
    ],
)
def test_a_kubeconfig_with_another_cluster_of_the_name(
    run_action: RunAction, tmp_path: Path, goal: str, server: str, refused: bool
) -> None:
    hosts = running(["s1"], ["a1"]).hosts
    path, token = tmp_path / "config", tmp_path / "k3s.token"
    path.write_text(json.dumps({"clusters": [{"name": "k3s", "cluster": {"server": server}}]}))
    token.write_text(TOKEN)
    token.chmod(0o600)
    own = {"cluster_name": "k3s", "kubeconfig_path": str(path), "token_file": str(token)}
    hostvars = {
        host.name: {"__k3s": {**host.options, **own}, "__k3s_facts": host.facts} for host in hosts
    }
    names = [host.name for host in hosts]
    found = run_action(
        ActionModule,
        goal=goal,
        task_vars={
            **hostvars["s1"],
            "inventory_hostname": "s1",
            "hostvars": hostvars,
            "ansible_play_hosts_all": names,
            "ansible_play_batch": names,
        },
    )
    said = f"{path} holds another cluster called k3s, at {server}"
    assert (said in found.get("msg", "")) is refused
