# SPDX-License-Identifier: GPL-3.0-or-later
"""Which calls are made, and what an incomplete cluster looks like."""

from __future__ import annotations

import copy
import threading
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
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.plugins.module_utils._pve import generated
from unit.plugins.module_utils._pve.support import (
    Answer,
    RecordedApi,
    Request,
    Server,
    make_certificate,
    recorded,
)

RECORDINGS = ["cluster_9.json", "standalone_8.json"]


def read(api: RecordedApi, **options: t.Any) -> dict[str, t.Any]:
    """Collect and hold the result against the contract."""
    result = collect.collect(api, **options)
    parse(Snapshot, result)
    return result


def missing(result: dict[str, t.Any], rule: str) -> list[str]:
    return [item["field"] for item in result["missing"] if item["id"] == f"facts.{rule}"]


def names(value: t.Any) -> t.Any:
    """Return the shape of a result: its keys, without values."""
    if isinstance(value, dict):
        return {key: names(item) for key, item in value.items()}
    if isinstance(value, list):
        return [names(value[0])] if value and isinstance(value[0], dict) else []
    return None


@pytest.mark.parametrize("name", RECORDINGS)
@pytest.mark.parametrize("depth", ["basic", "addresses"])
def test_recorded_clusters_fit_the_contract(name: str, depth: str) -> None:
    api = RecordedApi(recorded(name))
    result = read(api, depth=depth)
    assert result["source"]["calls"] == api.calls
    assert missing(result, "failed") == []
    assert {len(item["addresses"]) for item in result["guests"]} == (
        {0} if depth == "basic" else {0, 1}
    )


def test_both_major_versions_have_one_shape() -> None:
    nine, eight = (read(RecordedApi(recorded(name)), depth="addresses") for name in RECORDINGS)
    for part in ("source", "version", "nodes", "storages", "guests", "bridges", "volumes", "ha"):
        assert names(nine[part]) == names(eight[part]) or not (nine[part] and eight[part]), part
    assert nine.keys() == eight.keys()
    assert (nine["version"]["major"], eight["version"]["major"]) == (9, 8)
    assert (nine["cluster"], eight["cluster"]) == ("lab", None)


def test_the_recorded_cluster_in_full() -> None:
    result = read(RecordedApi(recorded("cluster_9.json")), depth="addresses")
    guests = {item["vmid"]: item for item in result["guests"]}
    assert guests[101]["addresses"] == ["10.99.0.101"]
    assert guests[101]["address_source"] == "agent"
    assert guests[1000]["addresses"] == ["10.20.0.1"]  # stopped: cloud-init
    assert guests[1000]["address_source"] == "config"
    assert guests[1000]["mac_addresses"] == ["BC:24:11:00:00:00", "BC:25:11:00:00:00"]
    assert guests[1009]["addresses"] == ["10.20.0.10"]  # container
    assert guests[1001]["template"] and guests[1000]["ha"] == "stopped"
    assert result["ha"]["rules"] == ["db-apart", "together", "web-on-1"]
    assert result["pci_mappings"] == [{"id": "gpu1", "nodes": ["pve1"], "description": None}]
    assert [item["name"] for item in result["bridges"] if item["tag"]] == [
        f"vn{number}" for number in range(3, 9)
    ]
    assert result["pools"] == ["dev", "infra", "prod", "staging"]
    assert missing(result, "no-agent-answer") == ["guests.103.addresses", "guests.153.addresses"]
    assert list(result["privileges"]) == ["/"]


def test_files_that_machines_are_made_from() -> None:
    result = read(RecordedApi(recorded("standalone_8.json")), depth="addresses")
    assert [(item["content"], item["volume_id"]) for item in result["volumes"]] == [
        ("import", "local:import/cloud.qcow2"),
        ("iso", "local:iso/debian-12.iso"),
        ("vztmpl", "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst"),
    ]
    assert [item["selection"] for item in result["backup_jobs"]] == [
        "vmid:101,103",
        "all",
        "pool:k3s",
    ]
    assert result["ha"]["groups"] == []


@pytest.mark.parametrize("nodes", [1, 2, 5, 20])
@pytest.mark.parametrize("guests", [0, 300])
def test_the_number_of_calls_is_bounded(nodes: int, guests: int) -> None:
    api = RecordedApi(generated.cluster(nodes, guests))
    result = read(api)
    assert api.calls <= 5 + 4 * nodes
    assert len(result["guests"]) == guests
    assert len(set(api.asked)) == len(api.asked)


@pytest.mark.parametrize("name", RECORDINGS)
def test_the_bound_holds_for_recorded_clusters_and_says_what_it_cost(name: str) -> None:
    api = RecordedApi(recorded(name))
    result = read(api)
    assert api.calls <= 5 + 4 * len(result["nodes"])
    unread = {path for path in recorded(name) if "?content=" in path} - set(api.asked)
    said = {field.rpartition(".")[2] for field in missing(result, "not-read")}
    assert said == {path.rpartition("=")[2] for path in unread} != set()


def test_images_are_never_listed() -> None:
    for name in RECORDINGS:
        api = RecordedApi(recorded(name))
        read(api, depth="addresses")
        contents = [path for path in api.asked if "/content" in path]
        assert contents and all("?content=" in path for path in contents)
        assert not any(path.endswith("=images") for path in contents)


def test_five_nodes_with_three_hundred_guests_are_complete() -> None:
    api = RecordedApi(generated.cluster(5, 300))
    result = read(api)
    assert api.calls <= 25
    assert len(result["volumes"]) == 10
    assert missing(result, "not-read") == []


def test_an_offline_node_is_not_asked() -> None:
    answers = generated.cluster(3, 30)
    for item in answers["/cluster/status"].body["data"]:
        if item.get("name") == "pve2":
            item["online"] = 0
    for item in answers["/cluster/resources"].body["data"]:
        if item.get("id") == "node/pve2":
            item["status"] = "offline"
    api = RecordedApi(answers)
    result = read(api, depth="addresses")
    assert [path for path in api.asked if "/pve2/" in path] == []
    assert [item["online"] for item in result["nodes"]] == [True, False, True]
    assert result["nodes"][1]["memory_mib"] == 0 < result["nodes"][1]["committed_memory_mib"]
    assert missing(result, "node-offline") == ["nodes.pve2"]


def test_a_hanging_node_is_left_after_two_tries_and_the_others_are_read() -> None:
    answers: dict[str, t.Any] = generated.cluster(2, 40)
    for path in answers:
        if path.startswith("/nodes/pve1/qemu"):
            answers[path] = errors.TimedOutError("https://pve1 did not answer in time.")
    api = RecordedApi(answers)
    result = read(api, depth="addresses", workers=1)
    assert len([path for path in api.asked if path.startswith("/nodes/pve1/qemu")]) == 2
    assert missing(result, "node-slow") == ["nodes.pve1"]
    assert {bool(item["addresses"]) for item in result["guests"] if item["node"] == "pve2"} == {
        True
    }


def test_a_hanging_agent_costs_its_own_limit_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guest_pass, "GUEST_TIMEOUT_SECONDS", 0.5)
    answers = generated.cluster(1, 6)
    certificate = make_certificate(tmp_path, "127.0.0.1")
    release = threading.Event()

    def answer(request: Request) -> Answer:
        if request.path == "/nodes/pve1/qemu/103/agent/network-get-interfaces":
            release.wait(30)
        return answers[request.path]

    with Server(certificate, answer).serve() as server:
        api = client.connect(
            client.Connection(
                host="127.0.0.1",
                port=server.port,
                user="a@pve",
                token_id="b",
                token_secret="c",
                ca_path=str(certificate),
            )
        )
        result = collect.collect(api, depth="addresses", workers=2)
        release.set()
        api.close()
    assert missing(result, "unreachable") == ["guests.103.addresses"]
    assert [item["address_source"] for item in result["guests"]] == [
        "config" if item["vmid"] == 103 else "agent" for item in result["guests"]
    ]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(None, 500, "QEMU guest agent is not running"),
        Answer({"data": {"result": {"error": {"class": "CommandDisabled", "desc": "disabled"}}}}),
    ],
)
def test_agents_that_do_not_answer_leave_the_configured_address(answer: Answer) -> None:
    answers: dict[str, t.Any] = generated.cluster(1, 5)
    for path in answers:
        if path.endswith("network-get-interfaces"):
            answers[path] = answer
    result = read(RecordedApi(answers), depth="addresses")
    assert {item["address_source"] for item in result["guests"]} == {"config"}
    assert len(missing(result, "no-agent-answer")) == 5


def test_a_guest_too_fresh_for_the_list_is_completed_from_its_config() -> None:
    answers = generated.cluster(1, 2)
    fresh = {"vmid": 101, "id": "qemu/101", "type": "qemu", "status": "unknown", "node": "pve1"}
    resources = answers["/cluster/resources"].body["data"]
    config = answers["/nodes/pve1/qemu/101/config"].body["data"]
    resources[:] = [item for item in resources if item.get("vmid") != 101] + [fresh]
    guest = read(RecordedApi(answers))["guests"][1]
    assert (guest["name"], guest["cpus"]) == ("vm-101", config["cores"])
    assert guest["memory_mib"] == int(config["memory"])


def test_a_token_without_rights_gets_findings_and_no_numbers() -> None:
    answers = generated.cluster(2, 3)
    denied = Answer(None, 403, "Permission check failed (/, Sys.Audit)")
    answers["/cluster/status"] = answers["/cluster/backup"] = denied
    answers["/access/permissions"] = Answer({"data": {"/vms/100": {"VM.Audit": 1}}})
    resources = answers["/cluster/resources"].body["data"]
    resources[:] = [item for item in resources if item["type"] == "node"]
    for item in resources:
        for key in ("cpu", "maxcpu", "mem", "maxmem"):
            del item[key]
    api = RecordedApi(answers)
    result = read(api)
    assert missing(result, "node-without-numbers") == ["nodes.pve1", "nodes.pve2"]
    assert set(missing(result, "forbidden")) == {"quorate", "backup_jobs"}
    assert set(missing(result, "filtered")) == {
        "guests",
        "storages",
        "pools",
        "nodes",
        "bridges",
        "pci_mappings",
    }
    assert result["next_vmid"] == 103  # asked, as the list of guests cannot be trusted
    assert "/cluster/nextid" in api.asked
    assert result["quorate"]


@pytest.mark.parametrize("path", ["/version", "/cluster/resources"])
def test_without_the_first_answers_there_is_no_snapshot(path: str) -> None:
    answers: dict[str, t.Any] = generated.cluster(1, 1)
    answers[path] = errors.UnauthorizedError("The token is wrong.")
    api = RecordedApi(answers)
    with pytest.raises(errors.UnauthorizedError):
        collect.collect(api)
    if path == "/version":
        assert api.asked == ["/version"]  # one failed log-in, not four


def test_a_lost_quorum_is_a_fact() -> None:
    answers = generated.cluster(2, 0)
    answers["/cluster/status"].body["data"][0]["quorate"] = 0
    assert read(RecordedApi(answers))["quorate"] is False


def test_each_optional_call_may_fail_alone() -> None:
    healthy = RecordedApi(recorded("cluster_9.json"))
    complete = read(healthy, depth="addresses")
    for path in healthy.asked:
        if path in ("/version", "/cluster/resources"):
            continue
        answers: dict[str, t.Any] = copy.deepcopy(recorded("cluster_9.json"))
        answers[path] = Answer(None, 596, "Connection timed out")
        result = read(RecordedApi(answers), depth="addresses")
        assert len(missing(result, "unreachable")) == 1, path
        assert len(result["guests"]) == len(complete["guests"])


def test_only_the_wanted_guests_are_asked() -> None:
    api = RecordedApi(recorded("cluster_9.json"))
    found, _missing = collect.collect_guests(api, lambda item: "live" in item.get("tags", ""))
    assert [item["vmid"] for item in found] == [100, 101, 103, 150, 153]
    assert api.calls == 1 + 2 * len(found)
    plain = RecordedApi(recorded("cluster_9.json"))
    collect.collect_guests(plain, lambda item: True, addresses=False)
    assert plain.asked == ["/cluster/resources"]


@settings(max_examples=30, deadline=None)
@given(nodes=st.integers(1, 6), guests=st.integers(0, 60), seed=st.integers(0, 10**6))
def test_sums_equal_the_api_data(nodes: int, guests: int, seed: int) -> None:
    answers = generated.cluster(nodes, guests, seed)
    resources = answers["/cluster/resources"].body["data"]
    result = read(RecordedApi(answers))
    machines = [item for item in resources if item["type"] == "qemu"]
    for node in result["nodes"]:
        mine = [item for item in machines if item["node"] == node["name"]]
        assert node["committed_cpus"] == sum(item["maxcpu"] for item in mine)
        assert node["committed_memory_mib"] * 2**20 == sum(item["maxmem"] for item in mine)
        assert node["committed_disk_gib"] * 2**30 == sum(item["maxdisk"] for item in mine)
        listed = next(item for item in resources if item["id"] == f"node/{node['name']}")
        assert node["memory_mib"] * 2**20 == listed["maxmem"]
        assert 0 <= node["memory_used_mib"] * 2**20 - listed["mem"] < 2**20
        assert node["cpu_load"] == pytest.approx(listed["cpu"], abs=1e-4)
    for storage in result["storages"]:
        key = f"storage/{storage['node']}/{storage['storage']}"
        listed = next(item for item in resources if item["id"] == key)
        assert storage["used_gib"] == pytest.approx(listed["disk"] / 2**30, abs=0.001)
        assert storage["available_gib"] == pytest.approx(
            (listed["maxdisk"] - listed["disk"]) / 2**30, abs=0.001
        )
    assert result["next_vmid"] == 100 + guests
    assert [item["vmid"] for item in result["guests"]] == [item["vmid"] for item in machines]
