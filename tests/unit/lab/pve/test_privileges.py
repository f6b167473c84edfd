# SPDX-License-Identifier: GPL-3.0-or-later
"""What a token needs for a clone: the calls of the provider, one privilege taken away at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from lab.pve import PveServer
from unit.lab.pve.conftest import Client

NEEDED = (
    *("VM.Allocate", "VM.Audit", "VM.Clone", "VM.PowerMgmt", "VM.GuestAgent.Audit", "SDN.Use"),
    *("VM.Config.CDROM", "VM.Config.CPU", "VM.Config.Cloudinit", "VM.Config.Disk"),
    *("VM.Config.Memory", "VM.Config.Network", "VM.Config.Options", "Datastore.AllocateSpace"),
)
GUEST = "/nodes/pve1/qemu/300"
SETTINGS = {
    "agent": "enabled=1,type=virtio",
    "balloon": 0,
    "ciuser": "debian",
    "cores": 1,
    "cpu": "qemu64",
    "ide2": "file=ceph-vm:cloudinit",
    "ipconfig0": "gw=10.77.0.1,ip=10.77.0.60/24",
    "memory": 1024,
    "net0": "model=virtio,bridge=vmbr0",
    "numa": 0,
    "onboot": 1,
    "sockets": 1,
    "tags": "a",
}
DISK = {"scsi0": "file=ceph-vm:vm-300-disk-0,discard=on,iothread=1,size=3G,ssd=1"}
# The calls in the order of the provider: (method, path, fields, whether it starts a task).
CALLS: tuple[tuple[str, str, dict[str, Any], bool], ...] = (
    ("POST", "/nodes/pve1/qemu/9000/clone", {"newid": 300, "full": 1, "pool": "lab"}, True),
    ("GET", f"{GUEST}/status/current", {}, False),
    ("PUT", f"{GUEST}/config", {"delete": "ide2"}, False),
    ("PUT", f"{GUEST}/config", SETTINGS, False),
    ("PUT", f"{GUEST}/config", DISK, False),
    ("PUT", f"{GUEST}/resize", {"disk": "scsi0", "size": str(8 * 2**30)}, True),
    ("POST", f"{GUEST}/status/start", {"timeout": 1800}, True),
    ("GET", f"{GUEST}/agent/network-get-interfaces", {}, False),
)
# As recorded of the real API: (privilege that is missing, number of the refused call, reason).
REFUSED: list[tuple[str, int, str]] = [
    ("VM.Allocate", 0, "Permission check failed"),
    ("VM.Clone", 0, "Permission check failed (/vms/9000, VM.Clone)"),
    ("Datastore.AllocateSpace", 0, "(/storage/ceph-vm, Datastore.AllocateSpace)"),
    ("SDN.Use", 0, "Permission check failed (/sdn/zones/localnetwork/vmbr0, SDN.Use)"),
    ("VM.Audit", 1, "Permission check failed (/vms/300, VM.Audit)"),
    ("VM.Config.Cloudinit", 2, "Permission check failed (/vms/300, VM.Config.Cloudinit)"),
    ("VM.Config.CDROM", 2, "Permission check failed (/vms/300, VM.Config.CDROM)"),
    ("VM.Config.CPU", 3, "Permission check failed (/vms/300, VM.Config.CPU)"),
    ("VM.Config.Memory", 3, "Permission check failed (/vms/300, VM.Config.Memory)"),
    ("VM.Config.Network", 3, "Permission check failed (/vms/300, VM.Config.Network)"),
    ("VM.Config.Options", 3, "Permission check failed (/vms/300, VM.Config.Options)"),
    ("VM.Config.Disk", 4, "Permission check failed (/vms/300, VM.Config.Disk)"),
    ("VM.PowerMgmt", 6, "Permission check failed (/vms/300, VM.PowerMgmt)"),
    ("VM.GuestAgent.Audit", 7, "Permission check failed (/vms/300, VM.GuestAgent.Audit"),
]


def named(version: str, privilege: str) -> str:
    """The name of a privilege in a version: the guest agent had none of its own before 9."""
    return "VM.Monitor" if (version, privilege) == ("8.4", "VM.GuestAgent.Audit") else privilege


@pytest.fixture(params=["8.4", "9.1"])
def client_without(request: pytest.FixtureRequest) -> Any:
    """Make a client whose token lacks one privilege of those that are needed."""
    with PveServer(version=request.param) as server:

        def make(missing: str | None) -> Client:
            held = [named(request.param, p) for p in NEEDED if p != missing]
            return Client(server, server.make_token(privileges=held))

        make.version = request.param  # type: ignore[attr-defined]
        yield make
        assert not server.state.crashes


def call(client: Client, method: str, path: str, fields: dict[str, Any]) -> requests.Response:
    """Send one of the calls and wait for the end of its task."""
    response = client.call(method, path, **fields)
    upid = response.json().get("data") if response.status_code == 200 else None
    if isinstance(upid, str) and upid.startswith("UPID:"):
        node = upid.split(":")[1]
        client.until(f"/nodes/{node}/tasks/{upid}/status", "status", "stopped")
    return response


@pytest.mark.parametrize(("missing", "number", "reason"), REFUSED, ids=[x[0] for x in REFUSED])
def test_missing_privilege_is_refused_where_the_real_api_does(
    client_without: Callable[[str | None], Client], missing: str, number: int, reason: str
) -> None:
    client = client_without(missing)
    answers = [call(client, method, path, fields) for method, path, fields, _ in CALLS[:number]]
    assert [answer.status_code for answer in answers] == [200] * number, answers[-1].reason
    method, path, fields, _ = CALLS[number]
    refused = call(client, method, path, fields)
    assert refused.status_code == 403
    version = client_without.version  # type: ignore[attr-defined]
    assert reason.replace(missing, named(version, missing)) in refused.reason


def test_the_others_suffice(client_without: Callable[[str | None], Client]) -> None:
    client = client_without(None)
    for method, path, fields, is_task in CALLS:
        answer = call(client, method, path, fields)
        assert answer.status_code == 200, answer.reason
        assert str(answer.json()["data"]).startswith("UPID:") == is_task


def test_every_privilege_is_taken_away_once() -> None:
    assert sorted(row[0] for row in REFUSED) == sorted(NEEDED)
