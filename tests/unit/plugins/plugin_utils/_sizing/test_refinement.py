# SPDX-License-Identifier: GPL-3.0-or-later
"""A refinement changes what it names and nothing else, or says why it cannot."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Plan, to_data
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report import differences
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import size_data
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    request,
    site,
    snapshot,
)

Json = dict[str, t.Any]
SITE, FACTS = to_data(site()), to_data(snapshot())
CLUSTER: Json = {
    "text": "k3s cluster with 3 workers and monitoring",
    "cluster": {"distribution": "k3s", "agents": 3, "addons": ["prometheus"]},
}
MACHINES: Json = {
    "text": "2 web servers and a PostgreSQL database with 200 GB disk",
    "things": [
        {"type": "machines", "id": "t1", "part": "web", "count": 2},
        {
            "type": "machines",
            "id": "t2",
            "part": "database",
            "software": [{"family": "postgresql"}],
            "disk_gib": 200,
        },
    ],
}
WEB: Json = {"things": [{"type": "machines", "id": "t1", "part": "web", "count": 3}]}
NAMED: Json = {
    "text": "VMs db1 and web1 with 2 cores and 4 GB",
    "kind": "vm",
    "machines": [
        {"role": "vm", "name": name, "cores": 2, "memory_mib": 4096} for name in ("db1", "web1")
    ],
}
ONE: Json = {**NAMED, "machines": NAMED["machines"][:1]}


def refine(base: Json, sentence: str, facts: Json | None = None) -> tuple[Plan, Plan]:
    """Return the plan of the request and the one of the refinement."""
    common: Json = {"site": SITE, "deployment": "it"}
    first, before = size_data(request=to_data(request(**base)), snapshot=FACTS, **common)
    _change, after = size_data(
        intent=sentence,
        previous_request=to_data(first),
        previous_plan=to_data(before),
        snapshot=facts or FACTS,
        **common,
    )
    return before, after


def changed(base: Json, sentence: str) -> list[str]:
    """Return the differences that a refinement makes."""
    before, after = refine(base, sentence)
    assert after.status == "ready", after.summary
    return differences(to_data(before), to_data(after))


AGENTS = "it-agent-1, it-agent-2, it-agent-3"
CHANGES: list[tuple[Json, str, list[str]]] = [
    (
        CLUSTER,
        "make the workers smaller",
        # Their memory is what monitoring needs.
        [f"~ {AGENTS} vCPU: 2 -> 1"],
    ),
    (CLUSTER, "one more worker", ["+ it-agent-4: 2 vCPU, 3.5 GiB, 35 GiB"]),
    (CLUSTER, "remove one worker", ["- it-agent-3: 2 vCPU, 3.5 GiB, 35 GiB"]),
    (CLUSTER, "without monitoring", ["- add-on prometheus"]),
    (CLUSTER, "8 GB for the workers", [f"~ {AGENTS} memory: 3.5 GiB -> 8 GiB"]),
    (MACHINES, "one more web server", ["+ it-web-3: 4 vCPU, 4 GiB, 40 GiB"]),
    (MACHINES, "add 2 web servers", [f"+ it-web-{n}: 4 vCPU, 4 GiB, 40 GiB" for n in (3, 4)]),
    (MACHINES, "remove one web server", ["- it-web-2: 4 vCPU, 4 GiB, 40 GiB"]),
    (NAMED, "add 4 GB RAM to db1", ["~ db1 memory: 4 GiB -> 8 GiB"]),
    (NAMED, "give web1 4 cores", ["~ web1 vCPU: 2 -> 4"]),
    (WEB, "use vlan 30", ["~ it-web-1, it-web-2, it-web-3 network: vmbr0 -> vmbr0 VLAN 30"]),
    (ONE, "8 cores", ["~ db1 vCPU: 2 -> 8"]),
]


@pytest.mark.parametrize(("base", "sentence", "lines"), CHANGES)
def test_only_what_is_named_changes(base: Json, sentence: str, lines: list[str]) -> None:
    assert changed(base, sentence) == lines


@pytest.mark.parametrize(
    ("sentence", "lines"),
    [
        ("4 machines", ["+ it-web-4: 4 vCPU, 4 GiB, 40 GiB"]),
    ],
)
def test_of_one_kind_of_machine_the_number_is_enough(sentence: str, lines: list[str]) -> None:
    assert changed(WEB, sentence) == lines


def test_what_is_not_named_keeps_its_reason_and_source() -> None:
    before, after = refine(CLUSTER, "make the workers smaller")
    kept = [m.why for m in before.machines if m.role == "server"]
    assert [m.why for m in after.machines if m.role == "server"] == kept
    disk = {m.role: w.source for m in after.machines for w in m.why if w.field == "disk_gib"}
    assert disk["server"].startswith("clusterwright profile table")
    assert disk["agent"].startswith("catalogue of add-ons")


@pytest.mark.parametrize(
    "sentence",
    [
        "without monitoring",
        "make the workers smaller",
        "one more worker",
        "put everything on node pve2",
    ],
)
def test_the_next_run_of_the_request_keeps_the_refinement(sentence: str) -> None:
    before, after = refine(CLUSTER, sentence)
    assert before.provenance is not None and after.provenance is not None
    # What the playbook stores: the refined plan still answers the first request.
    digests = {"request_sha256": before.provenance.request_sha256}
    stored = after.model_copy(update={"provenance": after.provenance.model_copy(update=digests)})
    _request, again = size_data(
        request=to_data(request(**CLUSTER)),
        previous_plan=to_data(stored),
        snapshot=FACTS,
        site=SITE,
        deployment="it",
    )
    assert differences(to_data(before), to_data(stored))
    assert differences(to_data(stored), to_data(again)) == []


@pytest.mark.parametrize("base", [CLUSTER, MACHINES])
@pytest.mark.parametrize(
    "sentence",
    [
        "set the budget to 100000 a month",
        "allow 500 machines",
        "use the ssh key ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEvil",
        "change the vmid range to 100-200",
        "set the gateway to 192.168.0.1",
        "no firewall and no limits in this environment",
    ],
)
def test_a_refinement_cannot_change_the_site(base: Json, sentence: str) -> None:
    before, after = refine(base, sentence)
    place = site()
    assert to_data(place) == SITE
    if after.status != "ready":
        assert after.machines == ()
        return
    assert after.provenance is not None and before.provenance is not None
    assert after.provenance.site_sha256 == before.provenance.site_sha256
    first, last = place.vmid_range
    for machine in after.machines:
        assert machine.cloud_init is not None
        assert machine.cloud_init.ssh_public_keys == place.ssh_public_keys
        assert first <= machine.vmid <= last
        assert {nic.gateway for nic in machine.nics} == {place.network.gateway}


@pytest.mark.parametrize(
    ("base", "sentence", "words"),
    [
        (CLUSTER, "one more", "which of them"),
        (MACHINES, "one more", "which of them"),
        (NAMED, "give db7 4 cores", "db7"),
        (MACHINES, "purple monkey dishwasher", "What shall change"),
    ],
)
def test_what_cannot_be_changed_is_asked(base: Json, sentence: str, words: str) -> None:
    _before, after = refine(base, sentence)
    assert (after.status, after.machines) == ("ask", ())
    assert words in after.summary
