# SPDX-License-Identifier: GPL-3.0-or-later
"""Every item of the Snapshot, number by number, of one cluster in both major versions."""

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve import client, collect
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Snapshot,
    parse,
)
from lab.pve import PveServer
from unit.lab.pve.conftest import Client

NOW = datetime.datetime(2026, 11, 21, 10, 0, tzinfo=datetime.UTC)


def furnish(api: Client, major: int) -> None:
    """Add what the default cluster lacks: a vnet, high availability and a disk image."""
    api.data("POST", "/cluster/sdn/zones", zone="z1", type="vlan", bridge="vmbr0")
    api.data("POST", "/cluster/sdn/vnets", vnet="lan10", zone="z1", tag=10)
    api.data("POST", "/cluster/sdn/vnets", vnet="wide", zone="z1", tag=11, vlanaware=1)
    assert api.task("PUT", "/cluster/sdn") == "OK"
    api.data("POST", "/cluster/sdn/vnets", vnet="later", zone="z1", tag=12)  # never applied
    if major == 8:
        api.data("POST", "/cluster/ha/groups", group="first", nodes="pve1:2,pve2:1")
    for sid in ("vm:100", "ct:102"):
        api.data("POST", "/cluster/ha/resources", sid=sid, state="started")
    if major == 9:
        rule = {"type": "node-affinity", "resources": "vm:100", "nodes": "pve1"}
        api.data("POST", "/cluster/ha/rules", rule="first", **rule)
    download = {"content": "import", "filename": "debian-13.qcow2"}
    url = "https://cloud.example.com/debian-13.qcow2"
    path = "/nodes/pve1/storage/local/download-url"
    assert api.task("POST", path, url=url, **download) == "OK"


@pytest.fixture(scope="module", params=["8.4", "9.1"])
def facts(request: pytest.FixtureRequest) -> t.Iterator[Snapshot]:
    """The facts of the furnished cluster, read by password."""
    with PveServer(version=request.param) as server:
        furnish(Client(server, server.make_token()), int(request.param[0]))
        options = {
            "api_host": server.endpoint,
            "api_user": "root@pam",
            "api_password": server.root_password,
            "ca_path": str(server.ca_file),
        }
        api = client.connect(client.Connection.from_options(options))
        read = parse(Snapshot, collect.collect(api, depth="addresses", now=lambda: NOW))
        api.close()
        assert read.source.endpoint == server.endpoint
        assert not server.state.crashes
        yield read


def test_source_and_cluster(facts: Snapshot) -> None:
    source = facts.source
    assert (source.collected_at, source.depth) == ("2026-11-21T10:00:00Z", "addresses")
    assert source.verified and source.seconds > 0 and source.calls > 20
    assert (facts.cluster, facts.quorate, facts.next_vmid) == ("lab", True, 103)
    assert facts.version.release == {8: "8.4", 9: "9.1"}[facts.version.major]
    assert facts.version.version.startswith(facts.version.release)


def test_nodes(facts: Snapshot) -> None:
    assert [
        (n.name, n.online, n.address, n.cpus, n.sockets, n.memory_mib, n.maintenance)
        for n in facts.nodes
    ] == [(f"pve{i}", True, f"10.77.0.1{i}", 16, 1, 65536, False) for i in (1, 2, 3)]
    assert {n.cpu_model for n in facts.nodes} == {"AMD EPYC 7302P 16-Core Processor"}
    assert all(n.uptime_seconds > 0 and 0 < n.cpu_load < 0.2 for n in facts.nodes)
    # What is promised: of the template on pve1 nothing.
    assert [
        (n.committed_cpus, n.committed_memory_mib, n.committed_disk_gib) for n in facts.nodes
    ] == [
        (4, 8192, 64.0),
        (2, 4096, 32.0),
        (1, 512, 8.0),
    ]
    # What is used: the node itself and its running guests.
    assert [n.memory_used_mib for n in facts.nodes][:2] == [2048 + 5400, 2048 + 2100]


def test_storages(facts: Snapshot) -> None:
    found = {(s.storage, s.node): s for s in facts.storages}
    assert set(found) == {
        (storage, node)
        for storage in ("local", "local-lvm", "ceph-vm", "nas-backup")
        for node in ("pve1", "pve2", "pve3")
    }
    ceph, local = found["ceph-vm", "pve2"], found["local", "pve1"]
    assert (ceph.type, ceph.content, ceph.shared) == ("rbd", ("images", "rootdir"), True)
    assert (local.type, local.shared, local.enabled, local.active) == ("dir", False, True, True)
    assert set(local.content) == {"iso", "vztmpl", "backup", "snippets", "import"}
    assert (ceph.total_gib, ceph.used_gib, ceph.available_gib) == (6000.0, 700.0, 5300.0)
    assert all(s.available_gib == pytest.approx(s.total_gib - s.used_gib) for s in facts.storages)


def test_guests(facts: Snapshot) -> None:
    nas, home, pihole, template = facts.guests
    assert [g.vmid for g in facts.guests] == [100, 101, 102, 9000]
    assert (nas.name, nas.type, nas.node, nas.status) == ("nas", "qemu", "pve1", "running")
    assert (nas.cpus, nas.memory_mib, nas.memory_used_mib, nas.disk_gib) == (4, 8192, 5400, 64.0)
    assert (nas.tags, nas.pool, nas.lock, nas.ha) == (("storage",), "production", None, "started")
    assert (nas.on_boot, nas.addresses, nas.address_source) == (True, ("10.77.0.5",), "agent")
    assert nas.mac_addresses == ("BC:24:11:00:01:00",)
    assert (home.on_boot, home.pool, home.ha, home.tags) == (True, None, None, ())
    assert (pihole.type, pihole.addresses) == ("lxc", ("10.77.0.7",))
    assert (pihole.memory_mib, pihole.disk_gib, pihole.ha) == (512, 8.0, "started")
    assert (template.template, template.status) == (True, "stopped")
    assert template.tags == ("cloud-init", "template")


def test_networks(facts: Snapshot) -> None:
    bridges = [b for b in facts.bridges if b.type == "bridge"]
    assert [(b.name, b.node, b.cidr, b.vlan_aware) for b in bridges] == [
        ("vmbr0", f"pve{i}", f"10.77.0.1{i}/24", True) for i in (1, 2, 3)
    ]
    assert {(b.name, b.zone, b.tag, b.vlan_aware) for b in facts.bridges if b.type == "vnet"} == {
        ("lan10", "z1", 10, False),
        ("wide", "z1", 11, True),
    }


def test_what_machines_are_made_from(facts: Snapshot) -> None:
    assert [
        (v.content, v.volume_id, v.node) for v in facts.volumes if v.node in (None, "pve1")
    ] == [
        ("import", "local:import/debian-13.qcow2", "pve1"),
        ("iso", "local:iso/debian-12.11.0-amd64-netinst.iso", "pve1"),
        ("vztmpl", "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst", "pve1"),
    ]
    assert [g.vmid for g in facts.guests if g.template] == [9000]


def test_the_rest_of_the_cluster(facts: Snapshot) -> None:
    assert facts.pools == ("lab", "production")
    (job,) = facts.backup_jobs
    assert (job.id, job.enabled, job.schedule, job.storage, job.mode, job.selection) == (
        "backup-nightly",
        True,
        "02:30",
        "nas-backup",
        "snapshot",
        "vmid:100,101",
    )
    assert [(m.id, m.nodes, m.description) for m in facts.pci_mappings] == [
        ("gpu0", ("pve1",), "Accelerator of pve1")
    ]
    assert facts.ha.resources == ("ct:102", "vm:100")
    named = (facts.ha.groups, facts.ha.rules)
    assert named == ((("first",), ()) if facts.version.major == 8 else ((), ("first",)))
    assert facts.ha.manager_status is not None
    assert set(facts.privileges["/"]) > {"Sys.Audit", "VM.Allocate", "Datastore.Audit"}
    assert [item.message for item in facts.missing] == []
