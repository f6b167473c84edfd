# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of the simulated Proxmox VE: real HTTPS, real permissions, both major versions."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve import (
    client,
    collect,
    errors,
    guest_pass,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Snapshot,
    parse,
)
from lab.pve import PveServer
from lab.pve.conformance import replay_file
from lab.pve.conformance.placement import prepare
from lab.pve.conformance.records import load
from unit.plugins.module_utils._pve.support import DATA, RecordedApi, recorded

# What depends on the moment or the machine, not on the cluster. The recording is an extract, so
# that its next id counts guests that are not in it.
MOMENTARY = ("addresses", "cpu_load", "cpu_model", "memory_used_mib", "uptime_seconds")
MOMENTARY += ("available_gib", "used_gib", "source", "manager_status", "missing", "next_vmid")
AGENT = "guests.100.addresses"


@pytest.fixture(scope="module", params=["8.4", "9.1"])
def server(request: pytest.FixtureRequest) -> t.Iterator[PveServer]:
    with PveServer(version=request.param) as running:
        yield running


def connect(server: PveServer, token: str, **options: t.Any) -> client.Client:
    identity, secret = token.split("=", 1)
    return client.connect(
        client.Connection.from_options(
            {
                "api_host": server.endpoint,
                "api_token_id": identity,
                "api_token_secret": secret,
                "ca_path": str(server.ca_file),
                **options,
            }
        )
    )


def test_facts_with_a_token_that_sees_all(server: PveServer) -> None:
    api = connect(server, server.make_token())
    server.clear_calls()
    basic = parse(Snapshot, collect.collect(api))
    assert len(server.calls) == basic.source.calls <= 5 + 4 * len(basic.nodes)
    full = parse(Snapshot, collect.collect(api, depth="addresses"))
    assert [item for item in full.missing if item.id == "facts.forbidden"] == []
    assert [item.vmid for item in full.guests] == [item.vmid for item in basic.guests]
    assert {"iso", "vztmpl"} <= {item.content for item in full.volumes}
    assert full.quorate and full.cluster == "lab"


def test_what_high_availability_obeys_says_whose_it_is(server: PveServer) -> None:
    api = connect(server, server.make_token())
    says = {"nodes": "pve1", "comment": "Deployment lab"}
    if server.state.series == "8.4":
        made = "/cluster/ha/groups"
        api.post(made, {"group": "cw-lab-pve1", **says})
        api.post("/cluster/ha/resources", {"sid": "vm:101", "group": "cw-lab-pve1"})
    else:
        made = "/cluster/ha/rules"
        api.post("/cluster/ha/resources", {"sid": "vm:101"})
        rule = {"rule": "cw-lab-pve1", "type": "node-affinity", "resources": "vm:101"}
        api.post(made, {**rule, **says})
    found = parse(Snapshot, collect.collect(api, depth="addresses")).ha
    api.delete("/cluster/ha/resources/vm:101")
    assert "cw-lab-pve1" in (*found.groups, *found.rules)
    assert found.comments == {"cw-lab-pve1": "Deployment lab"}


def test_facts_with_a_token_that_sees_only_guests(server: PveServer) -> None:
    token = server.make_token("narrow@pve", "t", privileges=["VM.Audit"], path="/vms")
    result = parse(Snapshot, collect.collect(connect(server, token)))
    said = {(item.id, item.field) for item in result.missing}
    assert {("facts.forbidden", "quorate"), ("facts.filtered", "storages")} <= said
    assert len(result.guests) > 0 and result.storages == ()
    assert next(item for item in result.missing if item.field == "quorate").message.startswith(
        "narrow@pve!t lacks the privilege Sys.Audit on /,"
    )


def test_a_wrong_secret_is_one_refused_request(server: PveServer) -> None:
    token = server.make_token().partition("=")[0] + "=00000000-0000-4000-8000-000000000000"
    api = connect(server, token)
    with pytest.raises(errors.UnauthorizedError, match="does not accept the API token"):
        collect.collect(api)
    assert api.calls == 1


def lasting(value: t.Any) -> t.Any:
    """A Snapshot without what changes between two looks at one cluster."""
    if isinstance(value, dict):
        return {key: lasting(item) for key, item in value.items() if key not in MOMENTARY}
    return [lasting(item) for item in value] if isinstance(value, list) else value


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """The recorded answers of a cluster as the conformance run reads them."""
    answers = json.loads((DATA / "cluster_9.json").read_text())
    del answers["_origin"]
    path = tmp_path / "big_cluster.json"
    path.write_text(json.dumps(answers))
    return path


@pytest.mark.parametrize("depth", ["basic", "addresses"])
def test_facts_of_a_simulated_cluster_are_those_of_the_recorded_one(
    recording: Path, depth: str
) -> None:
    real = collect.collect(RecordedApi(recorded("cluster_9.json")), depth=depth)
    with PveServer("golden-9.1") as server:
        prepare(server, "big_cluster", load(recording))
        simulated = collect.collect(connect(server, server.make_token()), depth=depth)
        assert not server.state.crashes
    assert lasting(simulated) == lasting(real)


def test_recorded_answers_are_replayed(recording: Path) -> None:
    found = replay_file(recording)
    for score in (found.statuses, found.messages):
        assert score.equal == score.all > 0, found.differences


# (fault, its fields, depth, what is said to be missing)
DISTURBED: list[tuple[str, dict[str, t.Any], str, set[tuple[str, str]]]] = [
    ("node_down", {"node": "pve3"}, "addresses", {("facts.node-offline", "nodes.pve3")}),
    ("agent_silent", {"vmid": 100}, "addresses", {("facts.no-agent-answer", AGENT)}),
    (
        "forbidden",
        {"path": "/nodes/*/agent/*", "vmid": 100},
        "addresses",
        {("facts.forbidden", AGENT)},
    ),
    (
        "slow",
        {"path": "/nodes/*/agent/*", "vmid": 100, "seconds": 1.0},
        "addresses",
        {("facts.unreachable", AGENT)},
    ),
    (
        "slow",
        {"path": "/nodes/pve2/network", "seconds": 1.0},
        "basic",
        {("facts.unreachable", "bridges.pve2")},
    ),
    (
        "daemon_down",
        {"path": "/nodes/pve2/network"},
        "basic",
        {("facts.unreachable", "bridges.pve2")},
    ),
    (
        "proxy_timeout",
        {"path": "/nodes/pve2/network"},
        "basic",
        {("facts.unreachable", "bridges.pve2")},
    ),
    (
        "connection_closed",
        {"path": "/nodes/pve2/network"},
        "basic",
        {("facts.unreachable", "bridges.pve2")},
    ),
    ("server_error", {"path": "/cluster/backup"}, "basic", {("facts.failed", "backup_jobs")}),
    (
        "not_implemented",
        {"path": "/cluster/mapping/pci"},
        "basic",
        {("facts.failed", "pci_mappings")},
    ),
    ("no_quorum", {}, "basic", set()),
    ("random_order", {}, "addresses", set()),
]


@pytest.mark.parametrize("case", DISTURBED, ids=lambda case: f"{case[0]}-{case[3]}")
def test_what_fails_is_said_and_the_rest_is_read(
    case: tuple[str, dict[str, t.Any], str, set[tuple[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    fault, fields, depth, said = case
    monkeypatch.setattr(guest_pass, "GUEST_TIMEOUT_SECONDS", 0.5)
    with PveServer() as server:
        whole = collect.collect(connect(server, server.make_token()), depth=depth)
        server.faults.set(fault, **fields)
        api = connect(server, server.make_token("other@pve"), timeout_seconds=0.5)
        facts = collect.collect(api, depth=depth)
        parse(Snapshot, facts)
        assert not server.state.crashes
    before = {(item["id"], item["field"]) for item in whole["missing"]}
    assert {(item["id"], item["field"]) for item in facts["missing"]} - before >= said
    assert all(item["message"].endswith(".") for item in facts["missing"])
    assert [guest["vmid"] for guest in facts["guests"]] == [g["vmid"] for g in whole["guests"]]
    assert facts["quorate"] is (fault != "no_quorum")
    if fault == "random_order":
        assert lasting(facts) == lasting(whole)


def test_failures_that_pass_are_not_seen() -> None:
    with PveServer() as server:
        api = connect(server, server.make_token())
        whole = collect.collect(api)
        server.faults.set("daemon_down", path="/nodes/pve2/network", times=2)
        again = connect(server, server.make_token("other@pve"))
        assert lasting(collect.collect(again)) == lasting(whole)


def test_new_guest_without_values_in_the_list_is_read_from_its_configuration() -> None:
    with PveServer() as server:
        server.state.initial_vmids.discard(100)
        server.faults.set("stale_resources")
        facts = collect.collect(connect(server, server.make_token()))
    nas = next(guest for guest in facts["guests"] if guest["vmid"] == 100)
    assert (nas["name"], nas["cpus"], nas["memory_mib"], nas["disk_gib"]) == ("nas", 4, 8192, 64.0)
    node = next(node for node in facts["nodes"] if node["name"] == "pve1")
    assert node["committed_memory_mib"] == 8192


def test_more_vcpu_than_the_node_has_are_counted_as_promised() -> None:
    with PveServer() as server:
        server.state.vm(100).config.update(cores=12, sockets=2)
        facts = collect.collect(connect(server, server.make_token()), depth="addresses")
    nas = next(guest for guest in facts["guests"] if guest["vmid"] == 100)
    node = next(node for node in facts["nodes"] if node["name"] == "pve1")
    assert (nas["cpus"], node["cpus"], node["committed_cpus"]) == (24, 16, 24)


@pytest.mark.parametrize("version", ["8.4", "9.1"])
def test_node_in_maintenance_is_known_once_something_is_managed(version: str) -> None:
    with PveServer(version=version) as server:
        server.state.nodes["pve2"]["maintenance"] = True
        server.state.ha_resources["vm:100"] = {"state": "started"}
        facts = collect.collect(connect(server, server.make_token()))
    assert [node["maintenance"] for node in facts["nodes"]] == [False, True, False]
    assert all(node["online"] for node in facts["nodes"])
