# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts, bridges, storages and devices that are not everywhere: placed where it goes, or said."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Request,
    Snapshot,
)
from unit.plugins.plugin_utils._sizing.builders import (
    node,
    plan,
    request,
    site,
    snapshot,
    storage,
    vm,
)

HOSTS = ("pve1", "pve2", "pve3")
VOLUME = {"storage": "local", "node": "pve1"}
ISO = {"volume_id": "local:iso/netinst.iso", "content": "iso", **VOLUME}
CONTAINER = {"volume_id": "local:vztmpl/debian-12.tar.zst", "content": "vztmpl", **VOLUME}
FROM_ISO = vm(source={"type": "iso", "name": "netinst.iso"})
LXC = request(kind="lxc", machines=[{"role": "container", "memory_mib": 512, "disk_gib": 4}])


def facts(
    *,
    away: t.Sequence[str] = (),
    resting: t.Sequence[str] = (),
    bridges: t.Sequence[dict[str, t.Any]] | None = None,
    more: t.Sequence[dict[str, t.Any]] = (),
    **fields: t.Any,
) -> Snapshot:
    """Three hosts with a shared storage; hosts that are away or in maintenance, other bridges."""
    nodes = [
        {"name": on, "online": False} if on in away else node(on, maintenance=on in resting)
        for on in HOSTS
    ]
    usual = [bridge("vmbr0", on) for on in HOSTS if on not in away]
    return snapshot(
        nodes,
        [*(storage("tank", on, shared=True) for on in HOSTS if on not in away), *more],
        bridges=usual if bridges is None else bridges,
        **fields,
    )


def bridge(name: str, on: str, **more: t.Any) -> dict[str, t.Any]:
    return {"name": name, "type": "bridge", "node": on, **more}


#: what is asked, of which facts, at which site -> rule and words of the refusal
REFUSED: dict[str, tuple[Request, Snapshot, dict[str, t.Any], str, tuple[str, ...]]] = {
    "on a host in maintenance": (
        vm(node="pve2"),
        facts(resting=["pve2"]),
        {},
        "capacity.host",
        ("pve2: in maintenance", "pve1, pve3: another host was said"),
    ),
    "on a host without the site's bridge": (
        vm(node="pve2"),
        facts(bridges=[bridge("vmbr0", "pve1"), bridge("vmbr0", "pve3")]),
        {},
        "capacity.host",
        ("pve2: no vmbr0",),
    ),
    "a bridge that its host does not have": (
        vm(node="pve2", bridge="vmbr1"),
        facts(bridges=[bridge("vmbr0", on) for on in HOSTS] + [bridge("vmbr1", "pve1")]),
        {},
        "capacity.host",
        ("pve2: no vmbr1",),
    ),
    "a VLAN that its host's bridge does not take": (
        vm(node="pve2", vlan=30),
        facts(
            bridges=[
                bridge("vmbr0", "pve1", vlan_aware=True, ports=["eno1"]),
                bridge("vmbr0", "pve2", ports=[]),
            ]
        ),
        {},
        "capacity.host",
        ("pve2: no vmbr0 with VLAN 30",),
    ),
    "all hosts of the site in maintenance": (
        vm(),
        facts(resting=HOSTS),
        {},
        "capacity.host",
        ("in maintenance",),
    ),
    "the site's hosts are away": (
        vm(),
        facts(away=["pve2", "pve3"]),
        {"nodes": ["pve2", "pve3"]},
        "capacity.host",
        ("pve2", "offline"),
    ),
    "an ISO on another host": (
        vm(node="pve2", source={"type": "iso", "name": "netinst.iso"}),
        facts(volumes=[ISO]),
        {},
        "capacity.host",
        ("pve1, pve3: another host was said", "pve2: no local:iso/netinst.iso"),
    ),
    "an ISO that may be on a host that is away": (
        FROM_ISO,
        facts(away=["pve2"]),
        {},
        "unknown.iso",
        ("What pve2 has is not known: it is offline",),
    ),
    "a container template that may be on a host that is away": (
        LXC,
        facts(away=["pve2"]),
        {"lxc_template": "debian-12"},
        "unknown.container-template",
        ("What pve2 has is not known: it is offline",),
    ),
    "a device of a host that is away": (
        vm(gpu=1),
        facts(away=["pve2"], pci_mappings=[{"id": "gpu0", "nodes": ["pve2"]}]),
        {},
        "gpu.mapping",
        ("gpu0 on pve2", "pve2 is offline"),
    ),
    "a device of a host in maintenance": (
        vm(gpu=1),
        facts(resting=["pve2"], pci_mappings=[{"id": "gpu0", "nodes": ["pve2"]}]),
        {},
        "gpu.mapping",
        ("pve2 is in maintenance",),
    ),
    "a device of a host that is not the site's": (
        vm(gpu=1),
        facts(pci_mappings=[{"id": "gpu0", "nodes": ["pve2"]}]),
        {"nodes": ["pve1"]},
        "gpu.mapping",
        ("pve2 is not one of the site's nodes",),
    ),
    "a storage of a host that is away": (
        vm(storage="fast"),
        facts(away=["pve2"], more=[storage("fast", "pve2")]),
        {},
        "storage.offline",
        ("fast is on pve2 only, which is offline",),
    ),
    "a storage that is full": (
        vm(storage="fast"),
        facts(more=[storage("fast", on, shared=True, available_gib=9.0) for on in HOSTS]),
        {},
        "capacity.disk",
        ("GiB on the storage fast, 0 GiB may be used",),
    ),
    "a full storage for cloud-init drives": (
        vm(),
        facts(more=[storage("seeds", on, shared=True, available_gib=0.0) for on in HOSTS]),
        {"storages": {"default": "tank", "cloud_init": "seeds"}},
        "capacity.disk",
        ("needs 4 MiB on the storage seeds, 0 GiB may be used, 4 MiB short",),
    ),
    "a storage that its host does not have": (
        vm(node="pve2", storage="fast"),
        facts(),
        {},
        "unknown.storage",
        ("fast", "tank"),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_host_can_take_is_said_with_the_reason_of_each_host(case: str) -> None:
    wanted, there, at, rule, words = REFUSED[case]
    result = plan(wanted, there, site(**at))
    assert result.status == "refused" and not result.machines
    found = {f.id: f.message for f in result.findings if f.severity == "error"}
    assert rule in found, found
    assert all(word in found[rule] for word in words), found[rule]
    assert "not allowed" not in result.summary


#: what is asked, of which facts, at which site -> the host
PLACED: dict[str, tuple[Request, Snapshot, dict[str, t.Any], set[str]]] = {
    "beside a host in maintenance": (vm(), facts(resting=["pve2", "pve3"]), {}, {"pve1"}),
    "where the bridge is": (
        vm(bridge="vmbr1"),
        facts(bridges=[bridge("vmbr0", on) for on in HOSTS] + [bridge("vmbr1", "pve3")]),
        {},
        {"pve3"},
    ),
    "where the bridge takes VLANs": (
        vm(vlan=30),
        facts(
            bridges=[
                bridge("vmbr0", "pve1", ports=[]),
                bridge("vmbr0", "pve2", ports=["eno1"]),
                bridge("vmbr0", "pve3", ports=[]),
            ]
        ),
        {},
        {"pve2"},
    ),
    "where the ISO is": (FROM_ISO, facts(volumes=[ISO]), {}, {"pve1"}),
    "a device of a host that works": (
        vm(gpu=1),
        facts(away=["pve2"], pci_mappings=[{"id": "gpu0", "nodes": ["pve2", "pve3"]}]),
        {},
        {"pve3"},
    ),
    "a device of a host of the site": (
        vm(gpu=1),
        facts(pci_mappings=[{"id": "gpu0", "nodes": ["pve2", "pve3"]}]),
        {"nodes": ["pve1", "pve3"]},
        {"pve3"},
    ),
    "where the storage of the disks is": (
        vm(storage="fast"),
        snapshot(storages=[storage("tank", on) for on in HOSTS] + [storage("fast", "pve1")]),
        {},
        {"pve1"},
    ),
}


@pytest.mark.parametrize("case", PLACED)
def test_a_machine_goes_where_everything_is_that_it_needs(case: str) -> None:
    wanted, there, at, hosts = PLACED[case]
    result = plan(wanted, there, site(**at))
    assert result.status == "ready", result.summary
    assert {machine.node for machine in result.machines} == hosts


SIX = {
    "subnet": "fd00:10:20::/64",
    "gateway": "fe80::1",
    "dns_servers": ["fd00:10:20::53"],
    "machine_range": None,
    "vip_range": None,
    "load_balancer_range": None,
    "reserved_ranges": [],
}


@pytest.mark.parametrize("wanted", [vm(), vm(count=2), request(), request(ha=True), LXC])
def test_a_site_of_ipv6_needs_no_ranges(wanted: Request) -> None:
    at = site(network=SIX, lxc_template="debian-12")
    result = plan(wanted, facts(volumes=[CONTAINER]), at)
    assert result.status == "ready", result.summary
    addresses = [machine.address for machine in result.machines]
    assert len(set(addresses)) == len(addresses)
    assert all(str(address).startswith("fd00:10:20::") for address in addresses)
    assert {machine.nics[0].gateway for machine in result.machines} == {"fe80::1"}
    if result.cluster is not None:
        assert result.cluster.pod_cidr.startswith("fd00:42::")
        assert result.cluster.vip not in addresses


@pytest.mark.parametrize("field", ["subnet", "gateway"])
def test_two_families_at_once_are_refused(field: str) -> None:
    both = {"subnet": "10.20.0.0/24,fd00:10:20::/64", "gateway": "10.20.0.1,fe80::1"}
    result = plan(request(), at=site(network={field: both[field]}))
    assert result.status == "refused" and "dual stack is not planned" in result.summary
