# SPDX-License-Identifier: GPL-3.0-or-later
"""When a unit counts as started, on a host whose answers come in order."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._k3s import unit
from ansible_collections.clusterwright.proxmox.plugins.module_utils._k3s.unit import (
    UnitError,
    Wanted,
    change,
)

OLD, NEW = "v1.34.3+k3s1", "v1.34.4+k3s1"


class Server:
    """systemctl, journalctl and k3s of one server; each question takes the next of ``states``."""

    def __init__(self, states: t.Sequence[dict[str, str]], active: str = "active", log: str = ""):
        self.states, self.active, self.log = list(states), active, log
        self.asked: list[str] = []

    def run(self, command: list[str]) -> tuple[int, str, str]:
        self.asked.append(" ".join(command))
        if "get" in command:
            state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
            return 0, json.dumps({"items": [node(**state)]}), ""
        if command[0] == "journalctl":
            return 0, self.log, ""
        if command[:2] == ["systemctl", "show"]:
            return 0, f"ActiveState={self.active}\nNRestarts=3\n", ""
        if command[-1] == "--version":
            return 0, f"k3s version {NEW} (5dc8fe68)\n", ""
        return 0, "", ""


def node(voter: str = "", ready: str = "True", version: str = NEW) -> dict[str, t.Any]:
    conditions = [{"type": "Ready", "status": ready}]
    if voter:
        conditions.append({"type": "EtcdIsVoter", "status": voter})
    status = {"conditions": conditions, "nodeInfo": {"kubeletVersion": version}}
    return {"metadata": {"name": "s2"}, "status": status}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unit, "POLL_SECONDS", 0)


def wanted(**own: t.Any) -> Wanted:
    return Wanted("k3s", "/usr/local/bin/k3s", "s2", timeout_seconds=1, voter=True, **own)


def test_a_learner_is_waited_for_until_it_votes() -> None:
    server = Server([{}, {"voter": "False"}, {"voter": "False"}, {"voter": "True"}])
    change(server.run, wanted(), "restart")
    assert len([line for line in server.asked if " get nodes" in line]) == 4


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"voter": "False"}, "s2 does not vote in etcd"),
        ({"voter": "True", "version": OLD}, f"the kubelet of s2 says {OLD} instead of {NEW}"),
        ({"voter": "True", "ready": "False"}, "s2 is not Ready"),
    ],
)
def test_what_is_lacking_is_told(state: dict[str, str], sentence: str) -> None:
    with pytest.raises(UnitError, match=sentence.replace("+", r"\+")):
        change(Server([state]).run, wanted(verify_version=True), "restart")


def test_a_reason_that_never_passes_is_not_waited_for() -> None:
    log = 'level=fatal msg="token CA hash does not match the Cluster CA certificate hash"'
    server = Server([{}], active="activating", log=log)
    with pytest.raises(UnitError, match="the token is of another cluster"):
        change(server.run, wanted(), "start")
    assert len([line for line in server.asked if "systemctl show" in line]) == 1
