# SPDX-License-Identifier: GPL-3.0-or-later
"""Cluster files: what they describe is served; wrong ones are refused in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from lab.pve import ClusterError, PveServer, load_cluster
from lab.pve.clusters import HERE
from unit.lab.pve.conftest import Client

FILES = sorted(path.stem for path in HERE.glob("*.yml"))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("version", ["8.4", "9.1"])
def test_served_as_described(name: str, version: str) -> None:
    described = load_cluster(name)
    with PveServer(name, version=version) as server:
        client = Client(server, server.make_token())
        listed = client.data("GET", "/cluster/resources")
        assert {r["node"] for r in listed if r["type"] == "node"} == {
            node.name for node in described.nodes
        }
        assert {r["vmid"]: (r["name"], r["status"]) for r in listed if "vmid" in r} == {
            guest.vmid: (guest.name, "running" if guest.running else "stopped")
            for guest in described.guests
        }
        assert {r["storage"] for r in listed if r["type"] == "storage"} == {
            storage.name for storage in described.storages
        }
        for node in described.nodes:
            networks = client.data("GET", f"/nodes/{node.name}/network", type="any_bridge")
            assert {n["iface"]: n.get("cidr") for n in networks if n["type"] != "vnet"} == {
                bridge.name: bridge.cidr for bridge in node.bridges
            }
        jobs = client.data("GET", "/cluster/backup")
        assert [job["id"] for job in jobs] == [job["id"] for job in described.backup_jobs]
        assert client.data("GET", "/version")["release"] == version
        assert not server.state.crashes


@pytest.mark.parametrize("name", FILES)
def test_nodes_have_addresses_of_their_own(name: str) -> None:
    bridges = [bridge for node in load_cluster(name).nodes for bridge in node.bridges]
    addresses = [bridge.cidr for bridge in bridges if bridge.cidr]
    assert addresses and len(addresses) == len(set(addresses))


def test_reference_site_has_its_network() -> None:
    with PveServer("site-r7") as server:
        client = Client(server, server.make_token())
        networks = client.data("GET", "/nodes/host1/network")
        assert {n["iface"]: n["type"] for n in networks} == {"vmbr0": "OVSBridge", "eno1": "eth"}
        assert client.data("GET", "/cluster/sdn/vnets")[0]["tag"] == 10
        subnet = client.data("GET", "/cluster/sdn/vnets/lan10/subnets")[0]
        assert (subnet["cidr"], subnet["gateway"]) == ("192.168.0.0/16", "192.168.0.1")
        clone = "/nodes/host1/qemu/9000/clone"
        assert client.task("POST", clone, newid=300, full=1, target="host4") == "OK"
        assert client.task("POST", "/nodes/host4/qemu/300/status/start") == "OK"


def node(name: str, **fields: Any) -> dict[str, Any]:
    bridges = [{"name": "vmbr0", "cidr": "10.0.0.1/24"}]
    size = {"cores": 4, "memory_mib": 8192}
    return {"name": name, "address": "10.0.0.1", **size, "bridges": bridges, **fields}


def small(**changes: Any) -> dict[str, Any]:
    return {"name": "small", "nodes": [node("n1")], **changes}


@pytest.mark.parametrize(
    ("description", "said"),
    [
        (small(nodes=[]), "nodes"),
        (small(extra=1), "extra"),
        (small(nodes=[node("n1"), node("n2")]), "node 'n2' has the address 10.0.0.1 of 'n1'"),
        (small(guests=[{"vmid": 7, "name": "a", "node": "n1"}]), "guests.0.vmid"),
        (small(guests=[{"vmid": 107, "name": "a", "node": "n9"}]), "on node 'n9'"),
        (small(guests=[{"vmid": 107, "name": "a", "node": "n1"}] * 2), "107 is listed twice"),
        (
            small(guests=[{"vmid": 107, "name": "a", "node": "n1", "pool": "p"}]),
            "in pool 'p'",
        ),
        (
            small(
                storages=[
                    {"name": "s", "type": "dir", "content": [], "total_gib": 1, "nodes": ["x"]}
                ]
            ),
            "names node 'x'",
        ),
    ],
)
def test_wrong_description(tmp_path: Path, description: dict[str, Any], said: str) -> None:
    path = tmp_path / "cluster.yml"
    path.write_text(yaml.safe_dump(description))
    with pytest.raises(ClusterError) as refused:
        load_cluster(path)
    text = str(refused.value)
    assert said in text
    assert text.startswith(f"The cluster file {path} is wrong at ")
    assert "\n" not in text


def test_missing_and_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="cannot be read: No such file"):
        load_cluster(tmp_path / "none.yml")
    (tmp_path / "bad.yml").write_text("a: [")
    with pytest.raises(ClusterError, match="is no valid YAML"):
        load_cluster(tmp_path / "bad.yml")
