# SPDX-License-Identifier: GPL-3.0-or-later
"""The privileges that doctor gives suffice, and each that is missing is named by its error."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve import client, collect
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._doctor._wanted import grants
from integration.terraform.conftest import Lab
from lab.pve import PveServer
from unit.plugins.plugin_utils._doctor.test_doctor import SITE
from unit.plugins.plugin_utils._render.samples import container, machine

MACHINES = [
    machine(pool="lab"),
    machine(
        "demo-web-2",
        20002,
        node="pve2",
        bios="ovmf",
        nics=[{"bridge": "vmbr0", "address": "10.77.0.22/24", "vlan": 20, "firewall": True}],
    ),
    container(),
]


def documented(version: str) -> set[str]:
    """All privileges that the writer of doctor holds somewhere, in the names of a version."""
    site = {**SITE, "template": {"vmid": 9000}}
    held = grants("writer", site, {"version": {"major": int(version[0])}})
    return {privilege for grant in held for privilege in grant.privileges}


@pytest.fixture(params=["8.4", "9.1"])
def pve(request: pytest.FixtureRequest) -> Iterator[PveServer]:
    """A simulated cluster of each version."""
    with PveServer(version=request.param) as server:
        yield server


@pytest.fixture
def with_privileges(lab: Lab) -> t.Callable[[set[str]], Lab]:
    """Give the lab a token that holds these and no others."""

    def give(privileges: set[str]) -> Lab:
        lab.token = lab.pve.make_token("few@pve", privileges=privileges)
        return lab

    return give


def test_documented_privileges_suffice(
    with_privileges: t.Callable[[set[str]], Lab], pve: PveServer
) -> None:
    lab = with_privileges(documented(pve.state.series))
    before = lab.guests()
    lab.render(*MACHINES, pve_major=int(lab.pve.state.series[0]))
    lab.apply()
    again = lab.run("planned")
    assert not any(again["summary"]["counts"].values()), again["summary"]["text"]

    identity, _, secret = lab.token.partition("=")
    options = {"api_host": lab.pve.endpoint, "api_token_id": identity, "api_token_secret": secret}
    connection = client.Connection.from_options({**options, "ca_path": str(lab.pve.ca_file)})
    facts = collect.collect(client.connect(connection), depth="addresses")
    assert {(item["id"], item["field"]) for item in facts["missing"]} <= {
        ("facts.filtered", "pci_mappings")
    }
    assert set(lab.guests()) == {guest["vmid"] for guest in facts["guests"]}

    gone = lab.run("absent", consent=[m["name"] for m in MACHINES])
    assert not gone.get("failed"), gone["msg"]
    assert lab.guests() == before


@pytest.mark.parametrize(
    ("missing", "where"),
    [
        ("SDN.Use", "/sdn/zones/localnetwork/vmbr0"),
        ("VM.Config.Disk", "/vms/20001"),
        ("VM.PowerMgmt", "/vms/20001"),
    ],
)
def test_missing_privilege_is_named(
    with_privileges: t.Callable[[set[str]], Lab], pve: PveServer, missing: str, where: str
) -> None:
    lab = with_privileges(documented(pve.state.series) - {missing})
    lab.render(machine(), pve_major=int(pve.state.series[0]))
    planned = lab.run("planned")
    assert not planned.get("failed"), planned["msg"]
    result = lab.run("applied", approved_sha256=planned["plan_sha256"])
    assert result["failed"], result
    assert f"lacks the privilege {missing} on {where}" in result["msg"], result["msg"]
    assert "\n" not in result["msg"] and "Traceback" not in result["msg"]
