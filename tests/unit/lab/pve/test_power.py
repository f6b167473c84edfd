# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting a guest reaches its host, and the host is what the API then shows."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from lab.machines import MachineError, MachineSpec, MachineStatus
from lab.pve import PveServer
from unit.lab.pve.conftest import Client

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0Ndk1jrVJ3kqjyUuGJtwkTgSQjB1m2nCjC8vQmLhQb lab"
ENCODED_KEY = KEY.replace(" ", "%20").replace("+", "%2B")


class Hosts:
    """Records what it is asked for; `gate` holds starts back, `failure` lets them fail."""

    simulated = False

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.running: dict[int, MachineSpec] = {}
        self.gate = threading.Event()
        self.gate.set()
        self.failure: str | None = None

    def start(self, spec: MachineSpec) -> None:
        self.asked.append(spec)
        self.gate.wait(10)
        if self.failure:
            raise MachineError(self.failure)
        self.running[spec.vmid] = spec

    def stop(self, vmid: int, *, force: bool) -> None:
        self.asked.append(("stop", vmid, force))
        self.running.pop(vmid, None)

    def reboot(self, vmid: int) -> None:
        self.asked.append(("reboot", vmid))

    def destroy(self, vmid: int) -> None:
        self.asked.append(("destroy", vmid))

    def status(self, vmid: int) -> MachineStatus | None:
        if vmid not in self.running:
            return None
        return MachineStatus(True, ("10.77.0.21/24",), 700, 0.5, 42)

    def close(self) -> None:
        self.asked.append("close")


@pytest.fixture
def hosts() -> Hosts:
    return Hosts()


@pytest.fixture
def server(hosts: Hosts) -> Iterator[PveServer]:
    with PveServer(machines=hosts) as running:
        yield running
        assert not running.state.crashes


@pytest.fixture
def guest(client: Client) -> str:
    assert client.task("POST", "/nodes/pve1/qemu/9000/clone", newid=200, name="web", full=1) == "OK"
    client.data(
        "PUT",
        "/nodes/pve1/qemu/200/config",
        ciuser="ada",
        sshkeys=ENCODED_KEY,
        ipconfig0="ip=10.77.0.21/24,gw=10.77.0.1",
        nameserver="10.77.0.1 9.9.9.9",
        searchdomain="lab.example",
        cores=2,
        memory=2048,
    )
    return "/nodes/pve1/qemu/200"


def test_start_passes_the_cloud_init_values(client: Client, hosts: Hosts, guest: str) -> None:
    assert client.task("POST", f"{guest}/status/start") == "OK"
    mac = client.data("GET", f"{guest}/config")["net0"].partition("=")[2].partition(",")[0]
    assert hosts.asked == [
        MachineSpec(
            vmid=200,
            name="web",
            node="pve1",
            cores=2,
            memory_mib=2048,
            user="ada",
            ssh_keys=(KEY,),
            address="10.77.0.21/24",
            gateway="10.77.0.1",
            dns_servers=("10.77.0.1", "9.9.9.9"),
            search_domain="lab.example",
            mac=mac,
            bridge="vmbr0",
        )
    ]


def test_task_runs_until_the_host_is_up(client: Client, hosts: Hosts, guest: str) -> None:
    hosts.gate.clear()
    upid = client.data("POST", f"{guest}/status/start")
    place = f"/nodes/pve1/tasks/{upid}/status"
    assert client.data("GET", place)["status"] == "running"
    assert client.data("GET", f"{guest}/status/current")["status"] == "stopped"
    hosts.gate.set()
    client.until(place, "status", "stopped")
    assert client.data("GET", place)["exitstatus"] == "OK"
    assert client.data("GET", f"{guest}/status/current")["status"] == "running"


def test_a_host_that_does_not_come_up(client: Client, hosts: Hosts, guest: str) -> None:
    hosts.failure = "The host of VM 200 did not answer."
    assert client.task("POST", f"{guest}/status/start") == f"start failed: {hosts.failure}"
    assert client.data("GET", f"{guest}/status/current")["status"] == "stopped"


def test_load_and_addresses_are_the_host_s(client: Client, guest: str) -> None:
    client.task("POST", f"{guest}/status/start")
    current = client.data("GET", f"{guest}/status/current")
    assert (current["mem"], current["cpu"], current["uptime"]) == (700 * 1024**2, 0.5, 42)
    listed = next(r for r in client.data("GET", "/cluster/resources") if r.get("vmid") == 200)
    assert (listed["mem"], listed["cpu"], listed["status"]) == (700 * 1024**2, 0.5, "running")
    answer = client.data("GET", f"{guest}/agent/network-get-interfaces")["result"]
    eth0 = next(interface for interface in answer if interface["name"] == "eth0")
    assert eth0["ip-addresses"] == [
        {"ip-address": "10.77.0.21", "ip-address-type": "ipv4", "prefix": 24}
    ]


@pytest.mark.parametrize(
    "case",
    [
        ("stop", ("stop", 200, True), "stopped"),
        ("shutdown", ("stop", 200, False), "stopped"),
        ("reboot", ("reboot", 200), "running"),
        ("reset", ("reboot", 200), "running"),
    ],
    ids=lambda case: case[0],
)
def test_power_actions(
    client: Client, hosts: Hosts, guest: str, case: tuple[str, object, str]
) -> None:
    action, asked, status = case
    client.task("POST", f"{guest}/status/start")
    assert client.task("POST", f"{guest}/status/{action}") == "OK"
    assert hosts.asked[-1] == asked
    assert client.data("GET", f"{guest}/status/current")["status"] == status


def test_delete_removes_the_host_and_the_disks(
    client: Client, server: PveServer, hosts: Hosts, guest: str
) -> None:
    assert client.task("DELETE", guest, purge=1) == "OK"
    assert hosts.asked[-1] == ("destroy", 200)
    volumes = [name for store in server.state.storages.values() for name in store["volumes"]]
    assert not [name for name in volumes if "-200-" in name]
    status, reason = client.refusal("GET", f"{guest}/config")
    assert (status, "200.conf' does not exist" in reason) == (500, True)


def test_closing_the_server_ends_the_hosts(hosts: Hosts) -> None:
    PveServer(machines=hosts).start().close()
    assert hosts.asked == ["close"]


def test_guests_of_others_are_no_hosts_of_the_lab(client: Client, hosts: Hosts) -> None:
    answer = client.data("GET", "/nodes/pve1/qemu/100/agent/network-get-interfaces")["result"]
    assert answer[1]["ip-addresses"][0]["ip-address"] == "10.77.0.5"
    assert hosts.asked == []
