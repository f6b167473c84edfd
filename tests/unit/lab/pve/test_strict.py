# SPDX-License-Identifier: GPL-3.0-or-later
"""What a real Proxmox VE refuses, the simulated one refuses as well."""

from __future__ import annotations

import typing as t

import pytest
from lab.pve import PveServer
from lab.pve.calendar import is_calendar_event
from unit.lab.pve.conftest import Client
from unit.plugins.plugin_utils._sizing import people

NAS = "/nodes/pve1/qemu/100"


def with_networks(data: dict[str, t.Any]) -> None:
    data["sdn"] = {
        "zones": [{"zone": "plain", "type": "simple", "nodes": "pve1"}],
        "vnets": [
            {"vnet": "inner", "zone": "plain"},
            {"vnet": "aware", "zone": "plain", "vlanaware": 1},
        ],
    }
    for node in data["nodes"]:
        node["bridges"].append({"name": "vmbr5", "ports": []})
    local = next(storage for storage in data["storages"] if storage["name"] == "local")
    local["volumes"].append({"name": "snippets/one.yml", "size_mib": 1, "nodes": ["pve2"]})


@pytest.mark.parametrize(
    ("node", "config", "ends"),
    [
        ("pve1", {"net0": "virtio,bridge=inner,tag=30"}, "vm vlans are not allowed on vnet inner"),
        ("pve1", {"net0": "virtio,bridge=vmbr5,tag=30"}, "no physical interface on bridge 'vmbr5'"),
        ("pve1", {"net0": "virtio,bridge=aware,tag=30"}, "OK"),
        ("pve1", {"net0": "virtio,bridge=inner"}, "OK"),
        ("pve2", {"net0": "virtio,bridge=inner"}, "bridge 'inner' does not exist"),
        (
            "pve1",
            {"cicustom": "vendor=local:snippets/one.yml"},
            "volume 'local:snippets/one.yml' does not exist",
        ),
        ("pve2", {"cicustom": "vendor=local:snippets/one.yml"}, "OK"),
    ],
)
def test_a_guest_starts_only_where_its_network_and_files_are(
    node: str, config: dict[str, str], ends: str
) -> None:
    with PveServer(people.cluster(edit=with_networks)) as server:
        client = Client(server, server.make_token())
        fields = {"vmid": 300, "name": "probe", "memory": 512, **config}
        assert client.task("POST", f"/nodes/{node}/qemu", **fields) == "OK"
        assert client.task("POST", f"/nodes/{node}/qemu/300/status/start") == ends


@pytest.mark.parametrize("action", ["stop", "shutdown"])
def test_a_locked_guest_is_not_stopped(server: PveServer, client: Client, action: str) -> None:
    server.state.vm(100).lock = "backup"
    assert client.task("POST", f"{NAS}/status/{action}") == "VM is locked (backup)"
    assert server.state.vm(100).status == "running"


def test_a_guest_goes_only_where_its_storage_is() -> None:
    def edit(data: dict[str, t.Any]) -> None:
        data["storages"].append(
            {"name": "own", "type": "lvmthin", "content": ["images"], "total_gib": 9}
            | {"nodes": ["pve1"]}
        )

    with PveServer(people.cluster(edit=edit)) as server:
        client = Client(server, server.make_token())
        fields = {"vmid": 300, "name": "probe", "memory": 512, "scsi0": "own:1"}
        assert client.task("POST", "/nodes/pve1/qemu", **fields) == "OK"
        ends = client.task("POST", "/nodes/pve1/qemu/300/migrate", target="pve2")
        assert ends == "migration aborted: storage 'own' is not available on node 'pve2'"
        fields = {"target": "pve2", "with-local-disks": 1, "targetstorage": "local-lvm"}
        assert client.task("POST", "/nodes/pve1/qemu/300/migrate", **fields) == "OK"
        assert server.state.vm(300).node == "pve2"


GOOD = ["21:00", "*/30", "mon..fri 02:30", "sat *-1..7 15:00", "daily", "sun", "0..5:0/10"]
BAD = ["at night", "often", "25:00", "10:75", "funday 10:00", "", "21:00 mon"]


@pytest.mark.parametrize("text", [*GOOD, *BAD])
def test_calendar_events(text: str) -> None:
    assert is_calendar_event(text) is (text in GOOD)


def test_a_job_with_a_schedule_that_is_none_is_refused(client: Client) -> None:
    fields = {"storage": "nas-backup", "all": 1, "schedule": "at night"}
    answer = client.call("POST", "/cluster/backup", **fields)
    assert answer.status_code == 400
    assert "calendar event" in answer.json()["errors"]["schedule"]


def test_what_is_set_back_waits_for_nothing(client: Client, server: PveServer) -> None:
    guest = next(vm for vm in server.state.vms if vm.status == "running")
    path = f"/nodes/{guest.node}/qemu/{guest.vmid}"
    memory = guest.config["memory"]
    client.data("PUT", f"{path}/config", memory=int(memory) + 512)
    waiting = {row["key"]: row for row in client.data("GET", f"{path}/pending")}
    assert waiting["memory"]["pending"] == str(int(memory) + 512)
    client.data("PUT", f"{path}/config", memory=memory)
    assert not [row for row in client.data("GET", f"{path}/pending") if "pending" in row]
