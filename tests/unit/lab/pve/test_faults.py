# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault switch makes the cluster fail as the real one does, and only while it is on."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from lab.pve import PveServer
from lab.pve.faults import KINDS, FaultError
from unit.lab.pve.conftest import Client

Request = tuple[str, str, dict[str, Any]]
GUEST = "/nodes/pve1/qemu/200"
CLONE: Request = ("POST", "/nodes/pve1/qemu/9000/clone", {"newid": 201, "full": 1})
CONFIG: Request = ("PUT", f"{GUEST}/config", {"cores": 2})
START: Request = ("POST", f"{GUEST}/status/start", {})
VERSION: Request = ("GET", "/version", {})
AGENT: Request = ("GET", "/nodes/pve1/qemu/100/agent/network-get-interfaces", {})
NODE: Request = ("GET", "/nodes/pve2/status", {})
DOWNLOAD: Request = (
    "POST",
    "/nodes/pve1/storage/local/download-url",
    {"url": "https://example.org/x.iso", "filename": "x.iso", "content": "iso"},
)
# Faults that answer the request: (fault, its fields, request, status, part of the reason).
ANSWERED: list[tuple[str, dict[str, Any], Request, int, str]] = [
    ("bad_parameter", {"path": "/version"}, VERSION, 400, "Parameter verification failed."),
    ("forbidden", {"message": "Permission check failed (/, Sys.Audit)"}, NODE, 403, "Sys.Audit"),
    ("cluster_filesystem_down", {}, VERSION, 401, "Authentication failed!"),
    ("not_implemented", {"path": "/nodes/*/status"}, NODE, 501, "not implemented"),
    ("daemon_down", {"node": "pve2"}, NODE, 595, "Connection refused"),
    ("node_down", {"node": "pve2"}, NODE, 595, "No route to host"),
    ("proxy_timeout", {"node": "pve2"}, NODE, 596, "Connection timed out"),
    ("unknown_node", {"node": "pve2"}, NODE, 500, "hostname lookup"),
    ("no_quorum", {}, CLONE, 500, "cluster not ready - no quorum?"),
    ("no_quorum", {}, CONFIG, 500, "Permission denied"),
    ("no_quorum", {}, ("POST", "/pools", {"poolid": "x"}), 500, "create pool failed: cfs-lock"),
    ("config_lock_held", {"vmid": 200}, CONFIG, 500, "can't lock file"),
    ("guest_locked", {"vmid": 200}, CONFIG, 500, "VM is locked (backup)"),
    ("vmid_race", {}, CLONE, 500, "config file already exists"),
    ("guest_moved", {"vmid": 200}, CONFIG, 500, "200.conf' does not exist"),
    ("storage_offline", {"storage": "local"}, DOWNLOAD, 500, "is not online"),
    ("storage_unmounted", {"storage": "local"}, DOWNLOAD, 500, "is not mounted"),
    ("agent_silent", {"vmid": 100}, AGENT, 500, "QEMU guest agent is not running"),
    ("digest_conflict", {}, CONFIG, 500, "checksum mismatch"),
    ("server_error", {"path": "/version"}, VERSION, 500, "internal error"),
]
# Faults that end a task: (fault, its fields, request, part of the exit status).
ENDED: list[tuple[str, dict[str, Any], Request, str]] = [
    ("config_lock_held", {"vmid": 200}, START, "got timeout"),
    ("guest_locked", {"vmid": 200}, START, "VM is locked (backup)"),
    ("storage_offline", {"storage": "ceph-vm"}, CLONE, "is not online"),
    ("storage_full", {"storage": "ceph-vm"}, CLONE, "clone failed: copy failed"),
    ("storage_lock_held", {"storage": "ceph-vm"}, CLONE, "pve-storage-ceph-vm' - got timeout"),
    ("task_warning", {"vmid": 200}, START, "WARNINGS: 1"),
    ("task_error", {"path": "qmclone", "message": "it broke"}, CLONE, "it broke"),
    ("start_fails", {"vmid": 200}, START, "QEMU exited with code 1"),
    ("download_fails", {"storage": "local"}, DOWNLOAD, "download failed: exit code 8"),
]


@pytest.fixture(autouse=True)
def guest(client: Client) -> None:
    assert client.task("POST", "/nodes/pve1/qemu/9000/clone", newid=200, full=1) == "OK"


@pytest.mark.parametrize("case", ANSWERED, ids=lambda case: case[0])
def test_answer(
    server: PveServer, client: Client, case: tuple[str, dict[str, Any], Request, int, str]
) -> None:
    fault, fields, (method, path, values), status, reason = case
    server.faults.set(fault, **fields)
    got, why = client.refusal(method, path, **values)
    assert got == status
    assert reason in why
    server.faults.clear(fault)
    assert client.call(method, path, **values).status_code == 200


@pytest.mark.parametrize("case", ENDED, ids=lambda case: case[0])
def test_task_end(
    server: PveServer, client: Client, case: tuple[str, dict[str, Any], Request, str]
) -> None:
    fault, fields, (method, path, values), end = case
    server.faults.set(fault, **fields)
    assert end in client.task(method, path, **values)
    server.faults.clear()
    if fault != "task_warning":
        assert client.task(method, path, **values) == "OK"


def test_failed_clone_leaves_nothing(server: PveServer, client: Client) -> None:
    before = set(server.state.storages["ceph-vm"]["volumes"])
    server.faults.set("storage_full", storage="ceph-vm")
    client.task(*CLONE[:2], **CLONE[2])
    assert client.refusal("GET", "/nodes/pve1/qemu/201/config")[0] == 500
    assert set(server.state.storages["ceph-vm"]["volumes"]) == before


def test_ticket_expires(server: PveServer, client: Client) -> None:
    login = {"username": "root@pam", "password": server.root_password}
    session = requests.Session()
    session.trust_env = False
    session.verify = str(server.ca_file)
    api = f"{server.endpoint}/api2/json"
    ticket = session.post(f"{api}/access/ticket", data=login, timeout=30).json()["data"]["ticket"]
    session.cookies.set("PVEAuthCookie", ticket)
    assert session.get(f"{api}/version", timeout=30).status_code == 200
    server.faults.set("ticket_expired")
    answer = session.get(f"{api}/version", timeout=30)
    assert (answer.status_code, answer.reason, answer.text) == (401, "Authentication failed!", "")
    assert client.call("GET", "/version").status_code == 200


def test_connection_is_closed(server: PveServer, client: Client) -> None:
    server.faults.set("connection_closed", path="/version")
    with pytest.raises(requests.ConnectionError):
        client.call("GET", "/version")


def test_an_answer_is_lost_after_the_change_is_made(server: PveServer, client: Client) -> None:
    server.faults.set("answer_lost", path=f"{GUEST}/config", times=1)
    with pytest.raises(requests.ConnectionError):
        client.call("PUT", f"{GUEST}/config", description="made")
    assert client.data("GET", f"{GUEST}/config")["description"] == "made"


def test_agent_without_address(server: PveServer, client: Client) -> None:
    server.faults.set("agent_no_address", vmid=100)
    assert client.data(*AGENT[:2])["result"][1]["ip-addresses"] == []


def test_guest_ignores_shutdown(server: PveServer, client: Client) -> None:
    client.task(*START[:2])
    server.faults.set("ignores_shutdown", vmid=200)
    shutdown = ("POST", f"{GUEST}/status/shutdown")
    assert client.task(*shutdown, timeout=1) == "VM quit/powerdown failed - got timeout"
    assert client.task(*shutdown, timeout=1, forceStop=1) == "OK"


def test_stale_resources(server: PveServer, client: Client) -> None:
    server.faults.set("stale_resources")
    listed = {r["vmid"]: r for r in client.data("GET", "/cluster/resources", type="vm")}
    assert listed[200] == {
        "id": "qemu/200",
        "vmid": 200,
        "type": "qemu",
        "node": "pve1",
        "status": "unknown",
    }
    assert listed[100]["name"] == "nas"


def test_slow_answers_come_all_the_same(server: PveServer, client: Client) -> None:
    server.faults.set("slow", path="/version", seconds=0.2)
    client.data("GET", "/version")
    assert server.calls[-1].seconds >= 0.2


def test_times_counts_down(server: PveServer, client: Client) -> None:
    server.faults.set("server_error", path="/version", times=2)
    assert [client.call("GET", "/version").status_code for _ in range(3)] == [500, 500, 200]


def test_offline_node_in_the_lists(server: PveServer, client: Client) -> None:
    server.faults.set("node_down", node="pve2")
    nodes = {node["node"]: node for node in client.data("GET", "/nodes")}
    assert nodes["pve2"]["status"] == "offline"
    assert "maxmem" not in nodes["pve2"]
    listed = {r["id"]: r for r in client.data("GET", "/cluster/resources")}
    assert listed["qemu/101"]["status"] == "unknown"
    assert listed["storage/pve2/local"]["status"] == "unknown"


# The ways in which a cluster fails, each with its switches; what needs none is asked for below.
CLASSES: dict[str, set[str]] = {
    "400 parameters": {"bad_parameter"},
    "401 credentials": {"ticket_expired"},
    "401 cluster file system restarts": {"cluster_filesystem_down"},
    "403 privileges": {"forbidden"},
    "500 anything": {"server_error"},
    "500 node name": {"unknown_node"},
    "501 method": {"not_implemented"},
    "595 node or daemon down": {"daemon_down", "node_down"},
    "596 node hangs": {"proxy_timeout", "slow"},
    "quorum": {"no_quorum"},
    "lock files": {"config_lock_held", "storage_lock_held"},
    "locked guest": {"guest_locked"},
    "VMID taken in between": {"vmid_race"},
    "guest on another node": {"guest_moved"},
    "storage": {"storage_offline", "storage_unmounted", "storage_full"},
    "tasks": {"task_warning", "task_error"},
    "start and stop": {"start_fails", "ignores_shutdown"},
    "guest agent": {"agent_silent", "agent_no_address"},
    "digest": {"digest_conflict"},
    "download": {"download_fails"},
    "lists": {"stale_resources", "random_order"},
    "connection": {"connection_closed", "answer_lost"},
}
UNASKED: list[tuple[Request, int | str, str]] = [
    (("GET", "/nopath", {}), 501, "Method 'GET /nopath' not implemented"),
    (("GET", "/nodes/nope/status", {}), 500, "hostname lookup 'nope' failed"),
    (("POST", "/pools", {"poolid": "lab"}), 500, "create pool failed: pool 'lab' already exists"),
    (("GET", "/cluster/nextid", {"vmid": 100}), 400, "Parameter verification failed."),
    (("GET", "/nodes/pve2/qemu/100/config", {}), 500, "100.conf' does not exist"),
    (("POST", "/nodes/pve2/qemu/100/status/start", {}), "task", "does not exist"),
    (("POST", "/nodes/pve1/qemu/100/status/start", {}), "task", "VM 100 already running"),
    (("POST", "/nodes/pve1/qemu/9000/status/start", {}), "task", "if it's a template"),
    (("DELETE", "/nodes/pve1/qemu/100", {}), 500, "VM 100 is running - destroy failed"),
    (("GET", "/nodes/pve1/tasks/nonsense/status", {}), 400, "Parameter verification failed."),
    (("GET", "/nodes/pve1/storage/nope/status", {}), 400, "Parameter verification failed."),
    (("PUT", f"{GUEST}/resize", {"disk": "scsi0", "size": "1G"}), "task", "shrinking disks"),
    (("PUT", f"{GUEST}/config", {"digest": "0" * 40, "cores": 2}), 500, "checksum mismatch"),
    (("GET", f"{GUEST}/agent/network-get-interfaces", {}), 500, "VM 200 is not running"),
]


@pytest.mark.parametrize("case", UNASKED, ids=lambda case: " ".join(case[0][:2]))
def test_failures_that_need_no_switch(client: Client, case: tuple[Request, int | str, str]) -> None:
    (method, path, values), status, said = case
    if status == "task":
        assert said in client.task(method, path, **values)
    else:
        got, why = client.refusal(method, path, **values)
        assert (got, said in why) == (status, True), why


def test_other_order_of_the_same_answer(server: PveServer, client: Client) -> None:
    plain = client.call("GET", "/cluster/resources").json()["data"]
    server.faults.set("random_order", path="/cluster/resources")
    orders = set()
    for _ in range(20):
        listed = client.call("GET", "/cluster/resources").json()["data"]
        orders.add(tuple(entry["id"] for entry in listed))
        assert {entry["id"]: set(entry) for entry in listed} == {
            entry["id"]: set(entry) for entry in plain
        }
    assert len(orders) > 1


def test_every_class_of_failure_has_a_switch_that_is_tried_here() -> None:
    switches = [name for names in CLASSES.values() for name in names]
    assert sorted(switches) == sorted(KINDS)
    named = {row[0] for row in (*ANSWERED, *ENDED)}
    singly = {
        "ticket_expired",
        "answer_lost",
        "connection_closed",
        "agent_no_address",
        "ignores_shutdown",
        "random_order",
        "stale_resources",
        "slow",
    }
    assert named | singly == set(KINDS)


@pytest.mark.parametrize(
    ("name", "fields", "said"),
    [("nonsense", {}, "There is no fault 'nonsense'"), ("slow", {"speed": 1}, "no field 'speed'")],
)
def test_unknown_fault(server: PveServer, name: str, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(FaultError, match=said):
        server.faults.set(name, **fields)


def test_control_endpoint(server: PveServer, client: Client) -> None:
    control = f"{server.endpoint}/lab/faults"
    asked = {"name": "server_error", "path": "/version"}
    assert client.session.post(control, json=asked, timeout=30).json()[0]["name"] == "server_error"
    assert client.call("GET", "/version").status_code == 500
    assert client.session.post(control, json={"name": "x"}, timeout=30).status_code == 400
    assert client.session.delete(control, timeout=30).json() == []
    calls = client.session.get(f"{server.endpoint}/lab/calls", timeout=30).json()
    assert [c["status"] for c in calls if c["path"] == "/version"] == [500]
    assert {c["user"] for c in calls} == {"automation@pve!lab"}
    server.clear_calls()
    assert server.calls == []
