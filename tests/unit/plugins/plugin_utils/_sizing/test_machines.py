# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs, containers, named software, devices, conflicts and capacity."""

from __future__ import annotations

import ipaddress
import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Request
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import Reserved
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    finding_ids,
    group,
    guest,
    node,
    plan,
    request,
    site,
    snapshot,
    storage,
    vm,
)


def app(*families: str, **fields: t.Any) -> Request:
    return request(kind="app", apps=[{"family": family} for family in families], **fields)


#: environment, high availability, families, drivers: count, vCPU, MiB and GiB of the first machine
FACTORS: dict[str, tuple[Request, tuple[int, int, int, int]]] = {
    "production web": (app("table-web", environment="production"), (1, 4, 4096, 40)),
    "development web": (app("table-web", environment="development"), (1, 2, 2048, 20)),
    "heavy web": (
        app("table-web", environment="production", drivers={"users": 5000}),
        (1, 6, 8192, 80),
    ),
    "light web": (app("table-web", scale="small"), (1, 2, 2048, 20)),
    "heavy web in words": (app("table-web", scale="large"), (1, 6, 8192, 80)),
    "large database": (app("table-database", scale="large"), (1, 8, 32768, 500)),
    "production database": (app("table-database", environment="production"), (1, 4, 8192, 100)),
    "development database": (app("table-database", environment="development"), (1, 2, 4096, 50)),
    "100 users of PostgreSQL": (
        app("postgresql", drivers={"concurrent_users": 100}),
        (1, 4, 8192, 100),
    ),
    "production container host": (
        app("table-container-host", environment="production"),
        (1, 8, 16384, 200),
    ),
}


@pytest.mark.parametrize("case", FACTORS)
def test_factors_are_counted_once(case: str) -> None:
    wanted, expected = FACTORS[case]
    result = plan(wanted)
    machine = result.machines[0]
    found = (len(result.machines), machine.cores, machine.memory_mib, machine.disks[0].size_gib)
    assert found == expected


def test_high_availability_adds_thirty_percent_once_and_needs_shared_storage() -> None:
    wanted = app("table-web", environment="production", ha=True)
    refused = plan(wanted)
    assert finding_ids(refused, "error") == {"ha.storage"}
    shared = [storage("tank", f"pve{i}", shared=True) for i in (1, 2, 3)]
    result = plan(wanted, snapshot(storages=shared))
    [machine] = result.machines
    assert machine.ha.enabled
    assert (machine.cores, machine.memory_mib) == (6, 6144)  # 4 x 1.3 and 4 GiB x 1.3


@pytest.mark.parametrize(("second", "status"), [(65536, "ready"), (32768, "refused")])
def test_a_highly_available_machine_needs_room_on_another_host(second: int, status: str) -> None:
    hosts = [node("pve1"), node("pve2", memory_mib=second)]
    shared = [storage("tank", f"pve{i}", shared=True) for i in (1, 2)]
    wanted = request(kind="vm", ha=True, machines=[{"role": "vm", "memory_mib": 40960}])
    result = plan(wanted, snapshot(hosts, shared))
    assert result.status == status
    assert ("capacity.failover" in finding_ids(result, "error")) == (status == "refused")


def test_a_load_balancer_gets_two_machines_behind_it_on_one_network() -> None:
    result = plan(request(kind="app", components=["web", "load-balancer"]))
    assert group(result, "web")[0] == 2
    assert group(result, "load-balancer")[0] == 1
    assert len({m.vmid for m in result.machines}) == 3
    assert len({m.address for m in result.machines}) == 3
    assert len({m.nics[0].bridge for m in result.machines}) == 1
    assert len({m.node for m in result.machines if m.role == "web"}) == 2


def test_unknown_software_says_that_it_guesses() -> None:
    result = plan(app("zorgdb"))
    [machine] = result.machines
    assert machine.role == "zorgdb"
    assert "table-database" in next(w.source for w in machine.why if w.field == "cores")
    assert result.confidence <= 0.3


def test_databases_go_to_fast_storage() -> None:
    storages = [storage(name, f"pve{i}") for name in ("tank", "nvme") for i in (1, 2, 3)]
    at = site(storages={"default": "tank", "fast": "nvme"})
    facts = snapshot(storages=storages)
    assert plan(app("postgresql"), facts, at).machines[0].disks[0].storage == "nvme"
    assert plan(app("table-web"), facts, at).machines[0].disks[0].storage == "tank"


def test_what_was_said_is_in_the_plan() -> None:
    said = {
        "name": "web-prod-01",
        "cores": 7,
        "memory_mib": 5001,
        "disk_gib": 33,
        "node": "pve2",
        "vlan": 42,
        "address": "10.20.0.77/24",
        "vmid": 4711,
        "tags": ["blue"],
        "dns_servers": ["10.20.0.53"],
    }
    [machine] = plan(vm(**said)).machines
    assert (machine.name, machine.vmid, machine.node) == ("web-prod-01", 4711, "pve2")
    assert (machine.cores * machine.sockets, machine.memory_mib) == (7, 5001)
    assert machine.disks[0].size_gib == 33
    assert (machine.nics[0].vlan, machine.address) == (42, "10.20.0.77")
    assert "blue" in machine.tags
    assert machine.cloud_init is not None and machine.cloud_init.dns_servers == ("10.20.0.53",)
    sources = {why.field: why.source for why in machine.why}
    assert {sources[field] for field in ("cores", "memory_mib", "disk_gib")} == {"explicit"}


TAKEN = [
    guest(20000, "db-1", "pve1", addresses=["10.20.0.10"], status="running"),
    guest(20001, "old", "pve2", type="lxc", addresses=["10.20.0.11"]),
]


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ({"name": "db-1"}, "conflict.name"),
        ({"name": "Bad_Name"}, "name.invalid"),
        ({"vmid": 20000}, "conflict.vmid"),
        ({"address": "10.20.0.10"}, "address.conflict"),
        ({"address": "10.20.0.1"}, "address.conflict"),
        ({"address": "10.20.0.2"}, "address.conflict"),
        ({"address": "10.20.0.255"}, "address.conflict"),
        ({"address": "10.20.0.105"}, "address.conflict"),
        ({"address": "10.20.0.210"}, "address.conflict"),
        ({"address": "10.20.0.250"}, "address.conflict"),
        ({"address": "10.20.0.33"}, "address.conflict"),
        ({"address": "192.0.2.1"}, "address.conflict"),
        ({"node": "pve9"}, "unknown.node"),
        ({"storage": "nope"}, "unknown.storage"),
        ({"bridge": "vmbr9"}, "unknown.bridge"),
        ({"pool": "nope"}, "unknown.pool"),
        ({"source": {"type": "template", "vmid": 1}}, "unknown.template"),
        ({"source": {"type": "iso", "name": "x.iso"}}, "unknown.ISO"),
        ({"gpu": 1}, "gpu.mapping"),
        ({"disk_gib": 2, "memory_mib": 512}, "disk.template"),
        ({"memory_mib": 10_000_000}, "capacity.memory"),
        ({"cores": 64}, "capacity.cores"),
        ({"disk_gib": 60_000}, "capacity.disk"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(said: dict[str, t.Any], rule: str) -> None:
    held = Reserved(addresses=frozenset({"10.20.0.33"}))
    result = plan(vm(**said), snapshot(guests=TAKEN), reserved=held)
    assert result.status == "refused"
    assert rule.lower() in finding_ids(result, "error")


def test_free_ids_and_addresses_skip_what_is_taken() -> None:
    held = Reserved(vmids=frozenset({20002}), addresses=frozenset({"10.20.0.12"}))
    [machine] = plan(vm(name="new"), snapshot(guests=TAKEN), reserved=held).machines
    assert (machine.vmid, machine.address) == (20003, "10.20.0.13")


CONTAINER_TEMPLATE = {
    "volume_id": "local:vztmpl/debian-12.tar.zst",
    "storage": "local",
    "node": "pve2",
    "content": "vztmpl",
}


@pytest.mark.parametrize(
    ("memory_mib", "disk_gib", "expected"),
    [(512, None, 8), (1024, None, 13), (4096, None, 50), (512, 4, 4), (512, 100, 100)],
)
def test_the_disk_of_a_container_goes_with_its_memory(
    memory_mib: int, disk_gib: int | None, expected: int
) -> None:
    wish = {"role": "container", "memory_mib": memory_mib}
    wanted = request(
        kind="lxc", machines=[{**wish, **({"disk_gib": disk_gib} if disk_gib else {})}]
    )
    facts = snapshot(volumes=[CONTAINER_TEMPLATE])
    [machine] = plan(wanted, facts, site(lxc_template="debian-12")).machines
    assert (machine.memory_mib, machine.disks[0].size_gib) == (memory_mib, expected)


def test_a_container_is_made_from_a_container_template() -> None:
    wanted = request(kind="lxc", machines=[{"role": "container", "memory_mib": 512, "disk_gib": 4}])
    result = plan(wanted, snapshot(volumes=[CONTAINER_TEMPLATE]), site(lxc_template="debian-12"))
    [machine] = result.machines
    assert (machine.kind, machine.node) == ("lxc", "pve2")
    assert machine.source.volume_id == CONTAINER_TEMPLATE["volume_id"]
    assert machine.disks[0].interface == "rootfs"
    assert machine.memory_mib == 512


def test_an_iso_has_no_cloud_init() -> None:
    volume = {
        "volume_id": "local:iso/netinst.iso",
        "storage": "local",
        "node": "pve3",
        "content": "iso",
    }
    wanted = vm(name="manual", source={"type": "iso", "name": "netinst.iso"})
    [machine] = plan(wanted, snapshot(volumes=[volume])).machines
    assert machine.source.type == "iso"
    assert machine.node == "pve3"
    assert machine.cloud_init is None
    assert machine.nics[0].address == "dhcp"


def test_a_gpu_takes_a_mapping_and_its_hosts() -> None:
    mappings = [{"id": "gpu0", "nodes": ["pve2", "pve3"]}]
    facts = snapshot(pci_mappings=mappings)
    both = plan(vm(gpu=1, count=2, name="ai"), facts)
    assert {m.node for m in both.machines} == {"pve2", "pve3"}
    assert {m.pci_mappings for m in both.machines} == {("gpu0",)}
    assert "gpu.mapping" in finding_ids(plan(vm(gpu=1, count=3), facts), "error")


@pytest.mark.parametrize(
    ("guests", "reserved", "nodes"),
    [
        ([], {}, {"pve2"}),
        ([guest(300, "nas", "pve2", pci_mappings=["gpu0"])], {}, {"pve3"}),
        ([guest(300, "nas", "pve1", pci_mappings=["gpu0"])], {}, {"pve2"}),
        ([], {"pci_mappings": frozenset({"gpu0@pve2"})}, {"pve3"}),
        (
            [guest(300, "nas", "pve2", pci_mappings=["gpu0"])],
            {"pci_mappings": frozenset({"gpu0@pve3"})},
            "gpu0 on pve2 (nas), gpu0 on pve3 (another deployment)",
        ),
    ],
)
def test_a_device_that_somebody_has_is_not_given_again(
    guests: list[dict[str, t.Any]], reserved: dict[str, t.Any], nodes: set[str] | str
) -> None:
    facts = snapshot(guests=guests, pci_mappings=[{"id": "gpu0", "nodes": ["pve2", "pve3"]}])
    found = plan(vm(gpu=1, name="ai"), facts, reserved=Reserved(**reserved))
    if isinstance(nodes, str):
        assert any(nodes in f.message for f in found.findings if f.id == "gpu.mapping")
    else:
        assert {m.node for m in found.machines} == nodes


NAMED = "cw-lab-pve1"


@pytest.mark.parametrize(
    ("ha", "reserved", "told"),
    [
        ({}, {}, None),
        ({"rules": [f"{NAMED}-old"]}, {}, None),
        ({"rules": [NAMED]}, {}, NAMED),
        ({"groups": [NAMED], "comments": {NAMED: "Deployment other"}}, {}, NAMED),
        ({"rules": [NAMED], "comments": {NAMED: "Deployment lab"}}, {}, None),
        ({}, {"ha_rules": frozenset({"cw-lab-apart-a"})}, "cw-lab-apart-a"),
    ],
)
def test_a_rule_of_somebody_else_keeps_its_name(
    ha: dict[str, t.Any], reserved: dict[str, t.Any], told: str | None
) -> None:
    shared = [storage("tank", f"pve{number}", shared=True) for number in (1, 2, 3)]
    facts = snapshot(storages=shared, ha=ha)
    wish = request(kind="vm", machines=[{"role": "vm", "name": "a"}], ha=True)
    found = plan(wish, facts, deployment="lab", reserved=Reserved(**reserved))
    messages = [f.message for f in found.findings if f.id == "names.taken"]
    assert bool(messages) is (told is not None), found.summary
    assert all(str(told) in text for text in messages)
    assert (found.status == "refused") is bool(messages), found.summary


@pytest.mark.parametrize(
    ("selection", "own", "reserved", "taken"),
    [
        ("vmid:100,101", False, {}, True),
        ("vmid:100,20000", True, {}, False),
        ("pool:lab", True, {}, False),
        ("all", False, {}, True),
        (None, False, {"backup_jobs": frozenset({"cw-lab-nightly"})}, True),
        (None, False, {}, False),
    ],
)
def test_a_backup_job_of_somebody_else_keeps_its_name(
    selection: str | None, *, own: bool, reserved: dict[str, t.Any], taken: bool
) -> None:
    job = {"id": "cw-lab-nightly", "enabled": True, "schedule": "2:30", "storage": "tank"}
    facts = snapshot(
        guests=[guest(20000, "a", "pve1", tags=["clusterwright", "cw-lab"])] if own else (),
        storages=[storage("tank", "pve1", content=["images", "backup"])],
        backup_jobs=[{**job, "selection": selection}] if selection else [],
    )
    at = site(backups=[{"name": "nightly", "storage": "tank", "schedule": "2:30"}])
    found = plan(
        vm(name="a", node="pve1"), facts, at, deployment="lab", reserved=Reserved(**reserved)
    )
    assert ("names.taken" in finding_ids(found, "error")) is taken, found.findings


@pytest.mark.parametrize(("selection", "taken"), [("all", False), ("vmid:100", True)])
def test_a_backup_job_that_a_dead_run_made_is_its_own(selection: str, *, taken: bool) -> None:
    storages = [storage("tank", "pve1", content=["images", "backup"])]
    at = site(backups=[{"name": "nightly", "storage": "tank", "schedule": "2:30"}])
    wish = vm(name="a", node="pve1")
    first = plan(wish, snapshot(storages=storages), at, deployment="lab")
    job = {"id": "cw-lab-nightly", "enabled": True, "schedule": "2:30", "storage": "tank"}
    facts = snapshot(storages=storages, backup_jobs=[{**job, "selection": selection}])
    again = plan(wish, facts, at, deployment="lab", previous=first)
    assert ("names.taken" in finding_ids(again, "error")) is taken, again.findings


def test_no_address_lies_in_the_pods_of_another_deployment() -> None:
    low = plan(vm(name="a")).machines[0].address
    assert low is not None
    network = str(ipaddress.ip_network(f"{low}/29", strict=False))
    other = plan(vm(name="a"), reserved=Reserved(networks=frozenset({network}))).machines[0].address
    assert other is not None and ipaddress.ip_address(other) not in ipaddress.ip_network(network)


def test_the_template_of_the_same_host_is_cloned() -> None:
    copies = [guest(9001, "debian-12", "pve2", template=True, disk_gib=3.0)]
    at = site(template={"name": "debian-12"})
    result = plan(vm(name="a", node="pve2"), snapshot(guests=copies), at)
    assert (result.machines[0].source.vmid, result.machines[0].source.node) == (9001, "pve2")


@pytest.mark.parametrize("count", [1, 2])
def test_a_storage_that_the_host_of_the_template_lacks_takes_no_clone(count: int) -> None:
    facts = snapshot(storages=[storage("tank", "pve2"), storage("tank", "pve3")])
    result = plan(vm(count=count), facts)
    assert result.status == "refused"
    [message] = [f.message for f in result.findings if f.id == "capacity.host"]
    assert "begins on pve1, and tank cannot be used there" in message
    assert "keep a template of the same name on each host" in message

    copies = [guest(9001, "debian-12", "pve3", template=True, disk_gib=3.0)]
    facts = snapshot(storages=[storage("tank", "pve2"), storage("tank", "pve3")], guests=copies)
    made = plan(vm(count=count), facts, site(template={"name": "debian-12"}))
    assert {m.source.vmid for m in made.machines} == {9001}


def test_our_sizes_are_cut_to_what_fits_and_theirs_are_refused() -> None:
    small = snapshot([node("pve1", memory_mib=24576), node("pve2", memory_mib=24576)])
    ours = plan(request(workload="ml-training"), small)
    assert ours.status == "ready"
    assert "capacity.reduced" in finding_ids(ours, "warning")
    assert any(w.source == "capacity.reduced" for m in ours.machines for w in m.why)
    theirs = plan(
        request(cluster={"agents": 3}, machines=[{"role": "node", "memory_mib": 16384}]), small
    )
    assert theirs.status == "refused"
    assert "pve1" in theirs.summary and "pve2" in theirs.summary
    assert "MiB" in theirs.summary


def test_allocation_counts_not_only_load() -> None:
    idle_but_full = [node(f"pve{i}", committed_memory_mib=200_000) for i in (1, 2, 3)]
    result = plan(vm(memory_mib=4096, cores=2, disk_gib=10), snapshot(idle_but_full))
    assert finding_ids(result, "error") == {"capacity.memory"}


def test_the_real_storage_counts() -> None:
    storages = [storage("tank", "pve1", available_gib=420.0), storage("big", "pve1")]
    result = plan(vm(disk_gib=100), snapshot(1, storages))
    assert finding_ids(result, "error") == {"capacity.disk"}
    assert plan(vm(disk_gib=100, storage="big"), snapshot(1, storages)).status == "ready"


@pytest.mark.parametrize(
    ("environment", "memory", "fits"), [("production", 60, 0), ("test", 60, 1)]
)
def test_production_keeps_more_free(environment: str, memory: int, fits: int) -> None:
    hosts = [node("pve1", memory_mib=102400, memory_used_mib=0)]
    wanted = request(
        kind="vm",
        environment=environment,
        machines=[{"role": "vm", "memory_mib": 1024 * memory, "cores": 2}],
    )
    assert len(plan(wanted, snapshot(hosts)).machines) == fits


def test_the_cheaper_host_wins_only_a_tie() -> None:
    prices = {"core_month": 10.0, "memory_gib_month": 2.0, "node_factors": {"pve1": 2.0}}
    tie = plan(vm(name="a", cores=2, memory_mib=2048, disk_gib=10), at=site(prices=prices))
    assert tie.machines[0].node == "pve2"
    assert tie.cost is not None and tie.cost.monthly == 24.0
    busy = [node("pve1"), node("pve2", memory_used_mib=60000), node("pve3", memory_used_mib=60000)]
    loaded = plan(
        vm(name="a", cores=2, memory_mib=2048, disk_gib=10), snapshot(busy), site(prices=prices)
    )
    assert loaded.machines[0].node == "pve1"
    assert loaded.cost is not None and loaded.cost.monthly == 48.0


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("ask", "ask"),
        ("redirect", "refused"),
        ("refuse", "refused"),
    ],
)
def test_answers_of_reading_are_passed_on(answer: str, status: str) -> None:
    questions = [{"id": "name", "text": "Which name?"}] if answer == "ask" else []
    result = plan(
        request(answer=answer, questions=questions, reply="No." if answer == "redirect" else None)
    )
    assert result.status == status
    assert result.machines == ()
    assert result.summary
