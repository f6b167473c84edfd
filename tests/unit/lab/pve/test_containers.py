# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers and pools in the lists, and containers that high availability manages."""

from __future__ import annotations

from typing import Any

import pytest
from lab.pve import PveServer
from unit.lab.pve.conftest import Client

PIHOLE = "/nodes/pve3/lxc/102"


def listed(client: Client, vmid: int) -> dict[str, Any]:
    """The entry of a guest in the list of resources."""
    entries = client.data("GET", "/cluster/resources", type="vm")
    return next(entry for entry in entries if entry["vmid"] == vmid)


@pytest.mark.parametrize("version", ["8.4", "9.1"])
def test_managed_container(version: str) -> None:
    with PveServer(version=version) as server:
        client = Client(server, server.make_token())
        assert "hastate" not in listed(client, 102)
        client.data("POST", "/cluster/ha/resources", sid="ct:102", state="started")
        assert listed(client, 102)["hastate"] == "started"
        assert client.data("GET", f"{PIHOLE}/status/current")["ha"]["managed"] == 1
        assert client.refusal("DELETE", PIHOLE, force=1) == (
            500,
            "unable to remove CT 102 - used in HA resources and purge parameter not set.",
        )
        assert client.task("DELETE", PIHOLE, force=1, purge=1) == "OK"
        assert client.data("GET", "/cluster/ha/resources") == []
        assert not server.state.crashes


def test_container_that_is_no_longer_managed(client: Client) -> None:
    client.data("POST", "/cluster/ha/resources", sid="ct:102")
    client.data("DELETE", "/cluster/ha/resources/ct:102")
    assert client.data("GET", f"{PIHOLE}/status/current")["ha"] == {"managed": 0}
    assert "hastate" not in listed(client, 102)


def test_members_of_a_pool_have_their_numbers(client: Client) -> None:
    client.data("PUT", "/pools/lab", vms=102)
    (pool,) = client.data("GET", "/pools", poolid="lab")
    (member,) = pool["members"]
    own = listed(client, 102)
    assert member == {key: own[key] for key in own if key != "pool"}
    assert (member["id"], member["maxmem"]) == ("lxc/102", 512 * 2**20)
    nas = client.data("GET", "/pools", poolid="production")[0]["members"][0]
    assert (nas["name"], nas["maxcpu"]) == ("nas", 4)
    assert not {"pool", "tags", "hastate"} & set(nas)


def test_no_guest_counts_more_than_its_node_has(client: Client) -> None:
    client.data("PUT", "/nodes/pve1/qemu/9000/config", cores=12, sockets=2)
    assert listed(client, 9000)["maxcpu"] == 16


def test_guests_of_an_offline_node_are_unknown(server: PveServer, client: Client) -> None:
    server.faults.set("node_down", node="pve3")
    assert listed(client, 102) == {
        "id": "lxc/102",
        "type": "lxc",
        "vmid": 102,
        "node": "pve3",
        "status": "unknown",
    }


def test_description_of_a_container_ends_with_a_line_break(client: Client) -> None:
    client.data("PUT", f"{PIHOLE}/config", description="Names\nof the house")
    assert client.data("GET", f"{PIHOLE}/config")["description"] == "Names\nof the house\n"
