# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong site profiles are found against the facts before anything is planned."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    finding_ids,
    plan,
    request,
    site,
    snapshot,
    storage,
)

WRONG: dict[str, tuple[dict[str, t.Any], str, list[str]]] = {
    # change of the site: (site fields, id of the finding, words of its message)
    "node": ({"nodes": ["pve9"]}, "unknown.node", ["pve9", "pve1, pve2, pve3"]),
    "storage": ({"storages": {"default": "nope"}}, "unknown.storage", ["nope", "tank"]),
    "fast storage": (
        {"storages": {"default": "tank", "fast": "nvme"}},
        "unknown.storage",
        ["nvme", "tank"],
    ),
    "bridge": ({"network": {"bridge": "vmbr7"}}, "unknown.bridge", ["vmbr7", "vmbr0"]),
    "template id": ({"template": {"vmid": 9999}}, "unknown.template", ["9999", "9000 (debian-12)"]),
    "template name": ({"template": {"name": "bsd"}}, "unknown.template", ["bsd", "debian-12"]),
    "no template": ({"template": {}}, "site.template", ["template"]),
    "pool": ({"pool": "lab"}, "unknown.pool", ["lab", "none"]),
    "gateway outside": (
        {"network": {"gateway": "10.21.0.1"}},
        "site.network.gateway",
        ["10.21.0.1"],
    ),
    "gateway is the network": (
        {"network": {"gateway": "10.20.0.0"}},
        "site.network.gateway",
        ["10.20.0.0"],
    ),
    "gateway is no address": ({"network": {"gateway": "gw"}}, "site.network.gateway", ["gw"]),
    "subnet with host bits": (
        {"network": {"subnet": "10.20.0.7/24"}},
        "site.network.subnet",
        ["10.20.0.7/24"],
    ),
    "range outside": (
        {"network": {"vip_range": "10.9.0.1-10.9.0.2"}},
        "site.network.vip_range",
        ["10.9.0.1-10.9.0.2"],
    ),
    "range backwards": (
        {"network": {"vip_range": "10.20.0.9-10.20.0.3"}},
        "site.network.vip_range",
        ["ends before"],
    ),
    "range with the gateway": (
        {"network": {"machine_range": "10.20.0.1-10.20.0.99"}},
        "site.network.machine_range",
        ["gateway"],
    ),
    "overlapping ranges": (
        {"network": {"vip_range": "10.20.0.90-10.20.0.110"}},
        "site.network.machine_range",
        ["overlaps", "vip_range"],
    ),
    "overlap with a reserved range": (
        {"network": {"reserved_ranges": ["10.20.0.50-10.20.0.60"]}},
        "site.network.machine_range",
        ["10.20.0.50-10.20.0.60"],
    ),
    "reserved range unreadable": (
        {"network": {"reserved_ranges": ["dhcp"]}},
        "site.network.reserved_ranges",
        ["dhcp"],
    ),
    "VMID range": ({"vmid_range": [50, 60]}, "site.vmid_range", ["50"]),
    "no key": ({"ssh_public_keys": []}, "site.ssh_public_keys", ["SSH"]),
    "pods overlap the network": (
        {"cluster": {"pod_cidr": "10.20.0.0/16"}},
        "cluster.network",
        ["10.20.0.0/16", "10.20.0.0/24"],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_site_is_refused_by_name(case: str) -> None:
    fields, rule, words = WRONG[case]
    result = plan(request(ha=True), at=site(**fields))
    assert result.status == "refused"
    assert result.machines == ()
    assert rule in finding_ids(result, "error")
    message = next(f.message for f in result.findings if f.id == rule and f.severity == "error")
    assert all(word in message for word in words), message


def test_a_storage_that_holds_no_disks_is_refused_with_those_that_do() -> None:
    storages = [storage("tank", f"pve{i}") for i in (1, 2, 3)]
    storages += [storage("iso", f"pve{i}", content=["iso"]) for i in (1, 2, 3)]
    result = plan(request(), snapshot(storages=storages), site(storages={"default": "iso"}))
    assert finding_ids(result, "error") == {"storage.content"}
    assert "tank" in result.summary


def test_no_quorum_is_refused() -> None:
    assert "facts.quorum" in finding_ids(plan(request(), snapshot(quorate=False)), "error")


def test_a_template_on_an_offline_host_is_refused() -> None:
    facts = snapshot()
    nodes = [facts.nodes[0].model_copy(update={"online": False}), *facts.nodes[1:]]
    result = plan(request(), facts.model_copy(update={"nodes": tuple(nodes)}))
    assert finding_ids(result, "error") == {"source.offline"}


@pytest.mark.parametrize(
    ("ranges", "machines"),
    [({"machine_range": "10.20.0.10-10.20.0.11"}, 2), ({"machine_range": "10.20.0.10"}, 1)],
)
def test_a_full_range_is_refused(ranges: dict[str, str], machines: int) -> None:
    fits = plan(request(cluster={"servers": 1, "agents": machines - 1}), at=site(network=ranges))
    full = plan(request(cluster={"servers": 1, "agents": machines}), at=site(network=ranges))
    assert fits.status == "ready"
    assert finding_ids(full, "error") == {"address.exhausted"}


def test_a_used_up_vmid_range_is_refused() -> None:
    result = plan(request(cluster={"servers": 1, "agents": 2}), at=site(vmid_range=[500, 501]))
    assert finding_ids(result, "error") == {"vmid.exhausted"}


def test_two_sites_give_two_plans() -> None:
    one = plan(request(ha=True))
    other = plan(
        request(ha=True),
        at=site(
            vmid_range=[700, 799],
            network={"machine_range": "10.20.0.30-10.20.0.60", "vlan": 7},
            user="ops",
            tags=["Team A"],
        ),
    )
    assert [m.vmid for m in one.machines] == list(range(20000, 20006))
    assert [m.vmid for m in other.machines] == list(range(700, 706))
    machine = other.machines[0]
    assert machine.address == "10.20.0.30"
    assert machine.nics[0].vlan == 7
    assert machine.cloud_init is not None and machine.cloud_init.user == "ops"
    assert "team-a" in machine.tags


def test_without_facts_the_plan_is_not_verified() -> None:
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import size

    result = size(request(ha=True), None, site(nodes=["pve1", "pve2", "pve3"]))
    assert result.status == "ready"
    assert result.provenance is not None and not result.provenance.verified
    assert "facts.unverified" in finding_ids(result, "warning")
    assert {m.node for m in result.machines if m.role == "server"} == {"pve1", "pve2", "pve3"}


LIMITED = {"development": {"max_memory_mib_per_machine": 4096, "max_machines": 4}}


def test_our_sizes_keep_the_limits_of_the_environment() -> None:
    result = plan(request(workload="ml-training"), at=site(environments=LIMITED))
    assert {machine.memory_mib for machine in result.machines} == {4096}
    assert all(
        next(w.source for w in machine.why if w.field == "memory_mib") == "site"
        for machine in result.machines
    )


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"machines": [{"role": "agent", "memory_mib": 4097}]}, "limit.memory_mib"),
        ({"cluster": {"servers": 1, "agents": 4}}, "limit.machines"),
    ],
)
def test_explicit_numbers_beyond_the_limits_are_refused(
    fields: dict[str, t.Any], rule: str
) -> None:
    result = plan(request(**fields), at=site(environments=LIMITED))
    assert finding_ids(result, "error") == {rule}


@pytest.mark.parametrize(("memory_mib", "rules"), [(4096, set()), (4097, {"limit.memory_mib"})])
def test_a_machine_keeps_the_limits_of_its_own_environment(
    memory_mib: int, rules: set[str]
) -> None:
    group = {"role": "vm", "memory_mib": memory_mib, "environment": "production"}
    limits = {"production": LIMITED["development"]}
    result = plan(request(kind="vm", machines=[group]), at=site(environments=limits))
    assert result.environment == "development"
    assert finding_ids(result, "error") == rules


@pytest.mark.parametrize(("budget", "status"), [(44.0, "ready"), (43.99, "refused")])
def test_the_budget_holds(budget: float, status: str) -> None:
    prices = {"core_month": 10.0, "memory_gib_month": 1.0}  # 2 x (2 vCPU and 2 GiB) = 44
    rules = {"development": {"max_monthly_cost": budget}}
    result = plan(request(), at=site(prices=prices, environments=rules))
    assert result.status == status
    assert ("limit.cost" in finding_ids(result, "error")) == (status == "refused")


def test_a_wrong_number_of_hosts_is_a_warning() -> None:
    assert "facts.hosts" in finding_ids(plan(request(hosts=5)), "warning")
    assert "facts.hosts" not in finding_ids(plan(request(hosts=3)))
