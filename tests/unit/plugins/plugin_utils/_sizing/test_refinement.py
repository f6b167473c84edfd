# SPDX-License-Identifier: GPL-3.0-or-later
"""A refinement changes what it names and nothing else, or says why it cannot."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Plan, to_data
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report import differences
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import size_data
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    finding_ids,
    guest,
    request,
    site,
    snapshot,
)

Json = dict[str, t.Any]
SITE, FACTS = to_data(site()), to_data(snapshot())
CLUSTER: Json = {
    "text": "k3s cluster with 3 workers and monitoring",
    "answer": "plan",
    "kind": "cluster",
    "platform": "proxmox",
    "platform_tier": "explicit",
    "cluster": {"distribution": "k3s", "agents": 3, "addons": ["prometheus"]},
    "explicit": ["cluster.agents"],
}
MACHINES: Json = {
    "text": "2 web servers and a PostgreSQL database with 200 GB disk",
    "answer": "plan",
    "kind": "vm",
    "platform": "proxmox",
    "platform_tier": "implied",
    "machines": [{"role": "web", "count": 2}, {"role": "database", "count": 1, "disk_gib": 200}],
    "apps": [{"family": "postgresql", "known": True}],
    "components": ["web", "postgresql"],
    "explicit": ["machines.web.count", "machines.database.disk_gib"],
}
WEB: Json = {**MACHINES, "machines": [{"role": "web", "count": 3}], "apps": [], "components": []}
NAMED: Json = {
    "text": "VMs db1 and web1 with 2 cores and 4 GB",
    "answer": "plan",
    "kind": "vm",
    "platform": "proxmox",
    "platform_tier": "explicit",
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
        [f"~ {AGENTS} vCPU: 2 -> 1", f"~ {AGENTS} memory: 2 GiB -> 1 GiB"],
    ),
    (CLUSTER, "one more worker", ["+ it-agent-4: 2 vCPU, 2 GiB, 20 GiB"]),
    (CLUSTER, "remove one worker", ["- it-agent-3: 2 vCPU, 2 GiB, 20 GiB"]),
    (CLUSTER, "without monitoring", ["- add-on prometheus"]),
    (CLUSTER, "8 GB for the workers", [f"~ {AGENTS} memory: 2 GiB -> 8 GiB"]),
    (CLUSTER, "more memory for the servers", ["~ it-server-1 memory: 2 GiB -> 4 GiB"]),
    (CLUSTER, "more memory for the workers", [f"~ {AGENTS} memory: 2 GiB -> 4 GiB"]),
    (
        CLUSTER,
        "use 3 servers",
        [
            "+ it-server-2: 2 vCPU, 2 GiB, 20 GiB",
            "+ it-server-3: 2 vCPU, 2 GiB, 20 GiB",
            "~ cluster virtual address: none -> 10.20.0.100",
        ],
    ),
    (
        CLUSTER,
        "make it highly available",
        [
            "+ it-server-2: 2 vCPU, 2 GiB, 20 GiB",
            "+ it-server-3: 2 vCPU, 2 GiB, 20 GiB",
            "~ cluster virtual address: none -> 10.20.0.100",
        ],
    ),
    (CLUSTER, "use calico", ["~ cluster CNI: flannel -> calico"]),
    (MACHINES, "one more web server", ["+ it-web-3: 4 vCPU, 4 GiB, 40 GiB"]),
    (MACHINES, "add 2 web servers", [f"+ it-web-{n}: 4 vCPU, 4 GiB, 40 GiB" for n in (3, 4)]),
    (MACHINES, "drop a web server", ["- it-web-2: 4 vCPU, 4 GiB, 40 GiB"]),
    (MACHINES, "remove one web server", ["- it-web-2: 4 vCPU, 4 GiB, 40 GiB"]),
    (MACHINES, "double the disk of the database", ["~ it-database-1 disk: 200 GiB -> 400 GiB"]),
    (MACHINES, "add 4 GB RAM to the database", ["~ it-database-1 memory: 8 GiB -> 12 GiB"]),
    (MACHINES, "move the database to pve2", ["~ it-database-1 node: pve3 -> pve2"]),
    (NAMED, "add 4 GB RAM to db1", ["~ db1 memory: 4 GiB -> 8 GiB"]),
    (NAMED, "give web1 4 cores", ["~ web1 vCPU: 2 -> 4"]),
    (WEB, "use vlan 30", ["~ it-web-1, it-web-2, it-web-3 network: vmbr0 -> vmbr0 VLAN 30"]),
    (ONE, "address 10.20.0.77", ["~ db1 address: 10.20.0.10/24 -> 10.20.0.77/24"]),
    (ONE, "8 cores", ["~ db1 vCPU: 2 -> 8"]),
]


@pytest.mark.parametrize(("base", "sentence", "lines"), CHANGES)
def test_only_what_is_named_changes(base: Json, sentence: str, lines: list[str]) -> None:
    assert changed(base, sentence) == lines


@pytest.mark.parametrize(
    ("sentence", "lines"),
    [
        ("one more", ["+ it-web-4: 4 vCPU, 4 GiB, 40 GiB"]),
        ("another", ["+ it-web-4: 4 vCPU, 4 GiB, 40 GiB"]),
        ("two less", [f"- it-web-{number}: 4 vCPU, 4 GiB, 40 GiB" for number in (2, 3)]),
        ("4 machines", ["+ it-web-4: 4 vCPU, 4 GiB, 40 GiB"]),
    ],
)
def test_of_one_kind_of_machine_the_number_is_enough(sentence: str, lines: list[str]) -> None:
    assert changed(WEB, sentence) == lines


@pytest.mark.parametrize(
    ("base", "sentence", "status", "words"),
    [
        (CLUSTER, "one more", "ask", "servers or workers?"),
        (MACHINES, "one more", "refused", "say of which"),
        (MACHINES, "add a redis cache", "refused", "it has database, web; name one"),
        (WEB, "add a redis cache", "refused", "it has web; name one of those"),
        (MACHINES, "without the database", "refused", "Say what shall change about database"),
        (MACHINES, "remove 2 web servers", "refused", "none would be left"),
        (MACHINES, "add 100 GB to the database", "ask", "memory or disk?"),
        (MACHINES, "purple monkey dishwasher", "refused", ""),
        (NAMED, "give db7 4 cores", "refused", "The plan has no db7, it has db1, web1"),
    ],
)
def test_what_cannot_be_changed_is_said(base: Json, sentence: str, status: str, words: str) -> None:
    _before, after = refine(base, sentence)
    assert (after.status, after.machines) == (status, ())
    assert words in after.summary


def test_what_is_not_named_keeps_its_reason_and_source() -> None:
    before, after = refine(CLUSTER, "make the workers smaller")
    kept = [m.why for m in before.machines if m.role == "server"]
    assert [m.why for m in after.machines if m.role == "server"] == kept
    [disk] = {w.source for m in after.machines for w in m.why if w.field == "disk_gib"}
    assert disk.startswith("clusterwright profile table")


def test_a_machine_that_runs_is_not_moved_by_a_plan() -> None:
    before, _after = refine(MACHINES, "one more web server")
    database = next(m for m in before.machines if m.role == "database")
    there = guest(database.vmid, database.name, database.node, tags=list(database.tags))
    facts = to_data(snapshot(guests=[there]))
    _before, after = refine(MACHINES, "move the database to pve2", facts)
    assert finding_ids(after, "error") == {"machine.moves"}
    assert "migrate it in Proxmox VE" in after.summary


@pytest.mark.parametrize(
    "sentence",
    [
        "use calico",
        "without monitoring",
        "make it highly available",
        "make it production",
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


def test_refinements_add_up() -> None:
    plans = [refine(CLUSTER, "use calico")[0]]
    first = request(**CLUSTER)
    for sentence in ("use calico", "use k3s 1.33", "add metallb", "make the workers smaller"):
        _change, made = size_data(
            intent=sentence,
            previous_request=to_data(first),
            previous_plan=to_data(plans[-1]),
            snapshot=FACTS,
            site=SITE,
            deployment="it",
        )
        assert made.status == "ready", made.summary
        plans.append(made)
    last = plans[-1].cluster
    assert last is not None
    assert (last.cni, last.version[:5], "servicelb" in last.disabled_components) == (
        "calico",
        "v1.33",
        True,
    )
    assert {addon.name for addon in plans[-1].addons} == {"prometheus", "metallb"}
