# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is cordoned and uncordoned, on a cluster that remembers what it was told."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._k3s.api import CORDONED, Api
from ansible_collections.clusterwright.proxmox.plugins.module_utils._k3s.membership import (
    Membership,
)


class OneNode:
    """kubectl with one node."""

    def __init__(self, cordoned: bool) -> None:
        self.cordoned = cordoned
        self.marks: set[str] = set()

    def run(self, command: list[str]) -> tuple[int, str, str]:
        words = command[command.index("kubectl") + 1 :]
        if words[0] == "annotate":
            mark = words[3]
            if mark.endswith("-"):
                self.marks.discard(mark[:-1])
            else:
                self.marks.add(mark.partition("=")[0])
        elif words[0] in ("cordon", "uncordon"):
            self.cordoned = words[0] == "cordon"
        return 0, json.dumps({"items": [self._node()]}) if words[0] == "get" else "", ""

    def _node(self) -> dict[str, t.Any]:
        annotations = dict.fromkeys(self.marks, "true")
        spec = {"unschedulable": True} if self.cordoned else {}
        return {"metadata": {"name": "a1", "annotations": annotations}, "spec": spec}


def members(node: OneNode) -> Membership:
    return Membership(Api(node.run, "k3s"), 1)


def test_what_we_cordon_we_uncordon() -> None:
    node = OneNode(cordoned=False)
    assert members(node).schedulable("a1", wanted=False)
    assert node.cordoned and node.marks == {CORDONED}
    assert members(node).schedulable("a1", wanted=True)
    assert not node.cordoned and not node.marks


@pytest.mark.parametrize("wanted", [False, True])
def test_what_a_person_cordoned_stays(wanted: bool) -> None:
    node = OneNode(cordoned=True)
    assert not members(node).schedulable("a1", wanted=wanted)
    assert node.cordoned and not node.marks


@pytest.mark.parametrize(
    ("known", "version", "lacking"),
    [
        ({"ready": "True", "version": "v1.34.3+k3s1"}, "", []),
        ({"ready": "True", "version": "v1.34.3+k3s1"}, "v1.34.3+k3s1", []),
        ({"ready": "False", "version": "v1.34.3+k3s1"}, "", ["a1: not Ready"]),
        (
            {"ready": "True", "version": "v1.34.3+k3s1"},
            "v1.34.4+k3s1",
            ["a1: its kubelet says v1.34.3+k3s1 instead of v1.34.4+k3s1"],
        ),
        (None, "", ["a1: not registered"]),
    ],
)
def test_what_a_node_lacks_is_told(
    known: dict[str, str] | None, version: str, lacking: list[str]
) -> None:
    status = {
        "conditions": [{"type": "Ready", "status": (known or {}).get("ready")}],
        "nodeInfo": {"kubeletVersion": (known or {}).get("version")},
    }
    items = [{"metadata": {"name": "a1"}, "status": status}] if known else []
    api = Api(lambda _command: (0, json.dumps({"items": items}), ""), "k3s")
    assert Membership(api, 0).wait_ready(["a1"], False, version) == lacking
