# SPDX-License-Identifier: GPL-3.0-or-later
"""The server as clients and people meet it: TLS, login, command line."""

from __future__ import annotations

import json
import os
import signal
import ssl
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from lab.pve import PveServer
from unit.lab.pve.conftest import Client

TESTS = Path(__file__).resolve().parents[3]


def test_speaks_tls_1_3_with_a_certificate_of_its_own_ca(server: PveServer) -> None:
    certificate = ssl.get_server_certificate(
        ("127.0.0.1", int(server.endpoint.rpartition(":")[2])), ca_certs=str(server.ca_file)
    )
    assert "BEGIN CERTIFICATE" in certificate
    answer = requests.Session()
    answer.trust_env = False
    with pytest.raises(requests.exceptions.SSLError):
        answer.get(f"{server.endpoint}/api2/json/version", timeout=30)


def test_every_node_answers_for_the_cluster(client: Client) -> None:
    for node in ("pve1", "pve2", "pve3"):
        assert client.data("GET", f"/nodes/{node}/status")["cpuinfo"]["cpus"] == 16


def test_password_login(server: PveServer) -> None:
    session = requests.Session()
    session.trust_env = False
    session.verify = str(server.ca_file)
    api = f"{server.endpoint}/api2/json"
    refused = session.post(
        f"{api}/access/ticket", data={"username": "root@pam", "password": "wrong"}, timeout=30
    )
    assert (refused.status_code, refused.reason) == (401, "authentication failure")
    login = {"username": "root@pam", "password": server.root_password}
    data = session.post(f"{api}/access/ticket", json=login, timeout=30).json()["data"]
    session.cookies.set("PVEAuthCookie", data["ticket"])
    pool = {"poolid": "mine"}
    refused = session.post(f"{api}/pools", data=pool, timeout=30)
    assert (refused.status_code, refused.reason) == (401, "Permission denied - invalid csrf token")
    session.headers["CSRFPreventionToken"] = data["CSRFPreventionToken"]
    assert session.post(f"{api}/pools", data=pool, timeout=30).status_code == 200


def test_two_servers_side_by_side() -> None:
    with PveServer() as one, PveServer() as other:
        assert one.endpoint != other.endpoint
        Client(one, one.make_token()).data("POST", "/pools", poolid="only-here")
        pools = Client(other, other.make_token()).data("GET", "/pools")
        assert {pool["poolid"] for pool in pools} == {"lab", "production"}


def test_unknown_version() -> None:
    with pytest.raises(ValueError, match=r"Version '7\.4' cannot be simulated"):
        PveServer(version="7.4")


@pytest.mark.parametrize(
    ("version", "path", "status"),
    [
        ("8.4", "/cluster/ha/rules", 501),
        ("9.1", "/cluster/ha/rules", 200),
        ("8.4", "/cluster/ha/groups", 200),
        ("9.1", "/cluster/ha/groups", 500),
        ("8.4", "/cluster/sdn/fabrics", 501),
    ],
)
def test_what_a_version_knows(version: str, path: str, status: int) -> None:
    with PveServer(version=version) as server:
        assert Client(server, server.make_token()).call("GET", path).status_code == status


def test_network_is_pending_until_applied(client: Client) -> None:
    client.data("POST", "/cluster/sdn/zones", zone="z1", type="simple")
    client.data("POST", "/cluster/sdn/vnets", vnet="v1", zone="z1")
    assert client.data("GET", "/cluster/sdn/zones/z1", pending=1)["state"] == "new"
    clone = "/nodes/pve1/qemu/9000/clone"
    assert client.task("POST", clone, newid=300, full=1) == "OK"
    client.data("PUT", "/nodes/pve1/qemu/300/config", net0="virtio,bridge=v1")
    start = "/nodes/pve1/qemu/300/status/start"
    assert client.task("POST", start) == "bridge 'v1' does not exist"
    assert client.task("PUT", "/cluster/sdn") == "OK"
    assert "state" not in client.data("GET", "/cluster/sdn/zones/z1", pending=1)
    assert client.data("GET", "/nodes/pve2/sdn/zones") == [{"zone": "z1", "status": "available"}]
    assert client.task("POST", start) == "OK"
    client.data("PUT", "/cluster/sdn/vnets/v1", alias="web")
    assert client.data("GET", "/cluster/sdn/vnets/v1", pending=1)["pending"] == {"alias": "web"}
    client.data("POST", "/cluster/sdn/rollback")
    assert "state" not in client.data("GET", "/cluster/sdn/vnets/v1", pending=1)


def test_linked_clones_hold_their_template(client: Client) -> None:
    clone = "/nodes/pve1/qemu/9000/clone"
    assert client.task("POST", clone, newid=300, target="pve2") == "OK"
    disk = client.data("GET", "/nodes/pve2/qemu/300/config")["scsi0"]
    assert disk.startswith("ceph-vm:base-9000-disk-0/vm-300-disk-0,")
    ended = client.task("DELETE", "/nodes/pve1/qemu/9000")
    assert ended == "base volume 'ceph-vm:base-9000-disk-0' is still in use by linked cloned"
    assert client.task("DELETE", "/nodes/pve2/qemu/300") == "OK"
    assert client.task("DELETE", "/nodes/pve1/qemu/9000") == "OK"


def test_managed_guest_follows_its_state(client: Client) -> None:
    client.task("POST", "/nodes/pve1/qemu/9000/clone", newid=300, full=1)
    client.data("POST", "/cluster/ha/resources", sid="vm:300", state="started")
    current = "/nodes/pve1/qemu/300/status/current"
    client.until(current, "status", "running")
    assert client.data("GET", current)["ha"] == {"managed": 1, "state": "started"}
    assert client.task("POST", "/nodes/pve1/qemu/300/status/stop") == "OK"
    client.until(current, "status", "stopped")
    assert client.data("GET", "/cluster/ha/resources/vm:300")["state"] == "stopped"
    assert client.task("DELETE", "/nodes/pve1/qemu/300", purge=1) == "OK"
    assert client.data("GET", "/cluster/ha/resources") == []


def test_command_line(tmp_path: Path) -> None:
    info = tmp_path / "info.json"
    command = [sys.executable, "-m", "lab.pve", "--version", "8.4", "--info", str(info)]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "{\n"
        while not process.stdout.readline().startswith("}"):
            pass
        said = json.loads(info.read_text())
        token_file = Path(said["token_file"])
        for secret in (info, token_file, Path(said["root_password_file"])):
            assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        assert "SIMULATED" in said["machines"]
        headers = {"Authorization": f"PVEAPIToken={token_file.read_text()}"}
        session = requests.Session()
        session.trust_env = False
        session.verify = said["ca_file"]
        url = f"{said['endpoint']}/api2/json/version"
        answer = session.get(url, headers=headers, timeout=30).json()
        assert answer["data"]["release"] == "8.4"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert not token_file.exists()


def test_command_line_with_a_missing_cluster() -> None:
    command = [sys.executable, "-m", "lab.pve", "--cluster", "nowhere"]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "nowhere.yml cannot be read" in ended.stderr
