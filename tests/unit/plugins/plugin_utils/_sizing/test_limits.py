# SPDX-License-Identifier: GPL-3.0-or-later
"""What nobody can have is a finding that names it, never an exception."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    ContractError,
    Request,
    errors,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import size
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    finding_ids,
    node,
    plan,
    request,
    site,
    snapshot,
    vm,
)
from hypothesis import assume, given
from hypothesis import strategies as st

IMPOSSIBLE: dict[str, tuple[Request, str, str]] = {
    "disk": (vm(disk_gib=65_537), "platform.size_gib", "65537"),
    "cores": (vm(cores=1025), "platform.cores", "1025"),
    "memory": (vm(memory_mib=2**25), "platform.memory_mib", "33554432"),
    "vlan": (vm(vlan=4095), "platform.vlan", "4095"),
    "bridge": (vm(bridge="no bridge"), "platform.bridge", "no bridge"),
    "name of a cluster": (
        request(deployment="d", cluster={"name": "No Name"}),
        "cluster.name",
        "No Name",
    ),
    "machines": (vm(count=10_001), "vmid.exhausted", "10001 machines"),
    "derived disk": (
        request(
            kind="vm",
            apps=[{"family": "prometheus"}],
            drivers={"samples_per_second": 1e9, "retention_days": 365},
        ),
        "platform.size_gib",
        "prometheus",
    ),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_a_limit_of_the_platform_is_a_finding(case: str) -> None:
    wanted, rule, word = IMPOSSIBLE[case]
    result = size(wanted, None, site())
    assert result.status == "refused"
    assert rule in finding_ids(result, "error")
    assert word in result.summary


SIZES = st.sampled_from([-5, 0, 1, 4, 4096, 65_536, 65_537, 10**9, 2**63])
NAMES = st.sampled_from(["", "x", "Web 01", "a" * 80, "ü", "vmbr0", "{{ 1 }}", "pve1", "tank"])
MACHINES: dict[str, t.Any] = {
    **dict.fromkeys(("cores", "memory_mib", "disk_gib"), SIZES),
    **dict.fromkeys(("names", "nodes", "not_nodes", "tags"), st.lists(NAMES, max_size=2)),
    **dict.fromkeys(("storage", "bridge", "pool", "gateway", "os", "purpose"), NAMES),
    "kind": st.sampled_from(["vm", "lxc"]),
    "count": st.sampled_from([-1, 0, 1, 2, 40]),
    "data_disks_gib": st.lists(SIZES, max_size=2),
    "vlan": st.sampled_from([-1, 0, 1, 4094, 5000]),
    "addresses": st.lists(
        st.sampled_from(["dhcp", "10.20.0.50", "10.20.0.50/24", "999.1.1.1", "", "::1"]), max_size=2
    ),
    "gpu": st.sampled_from([0, 1, 5]),
    "vmids": st.lists(st.sampled_from([-1, 5, 100, 20_001, 10**9 + 5]), max_size=2),
    "ha": st.booleans(),
    "bounds": st.dictionaries(
        st.sampled_from(["count", "cores", "memory_mib", "disk_gib"]),
        st.sampled_from(["at_least", "at_most", "approximate"]),
    ),
    "totals": st.dictionaries(
        st.sampled_from(["cores", "memory_mib", "disk_gib"]),
        st.sampled_from([0.0, 1.0, 1e9, 1e30]),
    ),
}
LOADS = st.dictionaries(
    st.sampled_from(["users", "data_gib", "samples_per_second", "retention_days", "agents"]),
    st.sampled_from([0.0, 1.0, -5.0, 1e5, 1e12, 1e300]),
    max_size=3,
)
SOFTWARE = st.fixed_dictionaries(
    {"family": st.sampled_from(["kafka", "gitlab", "nextcloud", "{{ x }}", "", "prometheus"])},
    optional={"component": NAMES, "loads": LOADS, "known": st.booleans(), "variant": NAMES},
)
LINKS = st.lists(
    st.fixed_dictionaries(
        {
            "how": st.sampled_from(["same_machine", "beside", "in_front_of", "uses"]),
            "thing": st.sampled_from(["t1", "t2", "t3", "t9"]),
        }
    ),
    max_size=2,
)
PART = st.sampled_from(["web", "load-balancer", "database", "server", "agent", "bogus"])
GROUP = st.fixed_dictionaries(
    {"type": st.just("machines")},
    optional={
        **MACHINES,
        "software": st.lists(SOFTWARE, max_size=3),
        "part": PART,
        "loads": LOADS,
        "links": LINKS,
    },
)
NODES = st.fixed_dictionaries({}, optional=MACHINES)
CLUSTER = st.fixed_dictionaries(
    {"type": st.just("cluster")},
    optional={
        **dict.fromkeys(("name", "version", "cni", "vip", "workload"), NAMES),
        **dict.fromkeys(("servers", "agents", "nodes"), NODES),
        "ha": st.booleans(),
        "addons": st.lists(st.sampled_from(["longhorn", "rancher", "bogus"]), max_size=2),
    },
)
APPLICATION = st.fixed_dictionaries({"type": st.just("application")}, optional={"name": NAMES})
REQUESTS = st.fixed_dictionaries(
    {"things": st.lists(st.one_of(GROUP, GROUP, CLUSTER, APPLICATION), min_size=1, max_size=3)},
    optional={
        "loads": LOADS,
        "workload": NAMES,
        "deployment": st.sampled_from(["d", "a" * 60]),
        "insist": st.booleans(),
    },
)


@pytest.mark.fuzz
@given(REQUESTS, st.booleans())
def test_whatever_is_asked_is_answered(fields: dict[str, t.Any], facts: bool) -> None:
    things = [{**thing, "id": f"t{n}"} for n, thing in enumerate(fields.pop("things"), start=1)]
    try:
        wanted = request(things=things, **fields)
    except ContractError:
        assume(False)
    result = size(wanted, snapshot() if facts else None, site())
    assert result.status == "ready" or errors(result.findings)


def test_a_refusal_names_what_is_short_on_each_node() -> None:
    hosts = [
        node("pve1", memory_mib=16384, cpus=4, committed_cpus=14),
        node("pve2", memory_mib=8192, cpus=16),
    ]
    result = plan(vm(cores=4, memory_mib=12288, disk_gib=3000), snapshot(hosts))
    assert result.status == "refused"
    first, second = result.summary.split("pve2:")
    for text, words in (
        (first, ("memory", "vCPU", "storage tank")),
        (second, ("memory", "storage tank")),
    ):
        assert [word for word in words if f"{word}," not in text] == []
        assert text.count("short") == len(words)


def test_a_gpu_without_facts_is_planned_and_says_so() -> None:
    result = size(vm(gpu=1), None, site())
    assert result.status == "ready"
    assert {"gpu.unverified", "facts.unverified"} <= finding_ids(result, "warning")
    assert result.machines[0].pci_mappings == ()
    assert result.provenance is not None and not result.provenance.verified
