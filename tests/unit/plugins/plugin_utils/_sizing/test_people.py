# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites that look a little other than the usual one: what is planned of them, and what is said."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve import collect
from lab.pve import PveServer
from unit.plugins.plugin_utils._sizing import people

Edit = t.Callable[[dict[str, t.Any]], t.Any]
FEW = ("VM.Allocate", "VM.Audit", "VM.Clone", "Datastore.Audit", "Datastore.AllocateSpace")
FEW += ("Sys.Audit", "SDN.Audit")


def storage(data: dict[str, t.Any], name: str) -> dict[str, t.Any]:
    return next(entry for entry in data["storages"] if entry["name"] == name)


def offline(*names: str) -> Edit:
    def edit(data: dict[str, t.Any]) -> None:
        for node in data["nodes"]:
            node["online"] = node["name"] not in names

    return edit


def on_nfs(data: dict[str, t.Any]) -> None:
    """Move the template onto a shared storage of files."""
    data["storages"].append(
        {"name": "nas", "type": "nfs", "content": ["images"], "total_gib": 4000, "shared": True}
    )
    config = next(g for g in data["guests"] if g["vmid"] == people.TEMPLATE)["config"]
    config["scsi0"] = "nas:9000/base-9000-disk-0.qcow2,size=3G"
    config["ide2"] = "nas:9000/vm-9000-cloudinit.qcow2,media=cdrom,size=4M"


def with_vnets(data: dict[str, t.Any]) -> None:
    data["sdn"] = {
        "zones": [{"zone": "plain", "type": "simple", "nodes": "pve2"}],
        "vnets": [{"vnet": "inner", "zone": "plain"}],
    }


def small_host(data: dict[str, t.Any]) -> None:
    """One host of 16 GiB whose guests were promised 12.5 GiB and use 4.2."""
    data["nodes"] = data["nodes"][:1]
    data["nodes"][0] |= {"cores": 4, "memory_mib": 16384}
    data["backup_jobs"], data["pci_mappings"] = [], []
    used = {100: 2500, 101: 1500, 102: 180}
    for guest in data["guests"]:
        guest["node"] = "pve1"
        guest["memory_mib_used"] = used.get(guest["vmid"], 0)


def stopped_guests(data: dict[str, t.Any]) -> None:
    small_host(data)
    data["nodes"][0] |= {"cores": 8, "memory_mib": 32768}
    for vmid in range(110, 116):
        config = {"cores": 4, "memory": "8192", "scsi0": f"ceph-vm:vm-{vmid}-disk-0,size=8G"}
        data["guests"].append(
            {"vmid": vmid, "name": f"old-{vmid}", "node": "pve1", "config": config}
        )


#: what was asked -> (changes of the cluster, of the template, of the site, sentence, id, words)
REFUSED: dict[str, tuple[Edit | None, dict[str, t.Any], dict[str, t.Any], str, str, str]] = {
    "a storage that is not there": (
        None,
        {},
        {"storages": {"default": "nope"}},
        people.VM,
        "unknown.storage",
        "does not exist; there is: ceph-vm",
    ),
    "a storage whose server is down": (
        lambda data: storage(data, "ceph-vm"),
        {},
        {},
        people.VM,
        "storage.down",
        "does not answer",
    ),
    "a VMID that is no template": (
        None,
        {},
        {"template": {"vmid": 100}},
        people.VM,
        "source.not-template",
        "100 (nas) on pve1 is no template",
    ),
    "a container as template": (
        None,
        {},
        {"template": {"vmid": 102}},
        people.VM,
        "source.kind",
        "is a container",
    ),
    "a template on a host that is offline, by name": (
        offline("pve1"),
        {},
        {},
        people.VM,
        "source.offline",
        "pve1 is offline",
    ),
    "a template on a host that is offline, by id": (
        offline("pve1"),
        {},
        {"template": {"vmid": 9000}},
        people.VM,
        "source.offline",
        "9000 is on pve1, which is offline",
    ),
    "a cloud-init storage without images": (
        None,
        {},
        {"storages": {"cloud_init": "local"}},
        people.VM,
        "storage.content",
        "local does not hold images",
    ),
    "a VLAN on a vnet that is not VLAN aware": (
        with_vnets,
        {},
        {"network": {"bridge": "inner", "vlan": 30}},
        people.VM,
        "vlan.impossible",
        "vnet inner",
    ),
    "user data of its own": (
        None,
        {"cicustom": "user=local:snippets/u.yml"},
        {},
        people.VM,
        "template.hardware",
        "9000 (debian-12-cloud)",
    ),
    "a device of its host": (
        None,
        {"hostpci0": "0000:01:00.0"},
        {},
        people.VM,
        "template.hardware",
        "hostpci0",
    ),
    "a fixed address on a second network device": (
        None,
        {"net1": "virtio=BC:24:11:00:90:01,bridge=vmbr0", "ipconfig1": "ip=10.9.9.9/24"},
        {},
        people.VM,
        "template.hardware",
        "10.9.9.9/24",
    ),
    "a file for cloud-init that is not on its host": (
        None,
        {"cicustom": "vendor=local:snippets/gone.yml"},
        {},
        people.VM,
        "template.hardware",
        "that is not there, local:snippets/gone.yml",
    ),
    "a watchdog, which Terraform takes off": (
        None,
        {"watchdog": "model=i6300esb,action=reset"},
        {},
        people.VM,
        "template.hardware",
        "watchdog",
    ),
    "a limit of its disk, which Terraform takes off": (
        None,
        {"scsi0": f"{people.DISK},mbps_rd=50"},
        {},
        people.VM,
        "template.hardware",
        "scsi0 with mbps_rd=50",
    ),
    "a first network device without a cable": (
        None,
        {"net0": "virtio=BC:24:11:00:90:00,bridge=vmbr0,link_down=1"},
        {},
        people.VM,
        "template.hardware",
        "net0 disconnected",
    ),
    "a range of VLANs as trunks": (
        None,
        {"net0": "virtio=BC:24:11:00:90:00,bridge=vmbr0,trunks=10;20-22"},
        {},
        people.VM,
        "template.hardware",
        "net0 with trunks 20-22",
    ),
    "a processor that hides its hypervisor": (
        None,
        {"cpu": "host,hidden=1"},
        {},
        people.VM,
        "template.hardware",
        "cpu with hidden=1",
    ),
    "a second network device on a bridge that no host has": (
        None,
        {"net1": "virtio=BC:24:11:00:90:01,bridge=vmbr7"},
        {},
        people.VM,
        "unknown.bridge",
        "vmbr7",
    ),
    "clones onto local storages from a shared one, on two hosts": (
        on_nfs,
        {},
        {"storages": {"default": "local-lvm"}},
        "vm with 2 cores and 2 GB called web1 on node pve2",
        "capacity.host",
        "keep a template of the same name on each host",
    ),
    "clones onto local storages from a local one, on another host": (
        people.on_local,
        {},
        {"storages": {"default": "local-lvm"}},
        "vm with 2 cores and 2 GB called web1 on node pve2",
        "capacity.host",
        "the template 9000 (debian-12-cloud) on pve1 to another host only onto a shared storage,"
        " and local-lvm is local",
    ),
    "IPv4 pods on IPv6 machines": (
        None,
        {},
        {
            "network": {
                "subnet": "fd00:10:77::/64",
                "gateway": "fe80::1",
                "machine_range": "fd00:10:77::20-fd00:10:77::99",
                "vip_range": None,
                "load_balancer_range": None,
                "reserved_ranges": [],
            },
            "cluster": {"pod_cidr": "10.42.0.0/16"},
        },
        "dev cluster",
        "cluster.network",
        "one family",
    ),
    "dual stack": (
        None,
        {},
        {"cluster": {"pod_cidr": "10.42.0.0/16,fd00:42::/56"}},
        "dev cluster",
        "cluster.network",
        "dual stack",
    ),
    "a key that was cut": (
        None,
        {},
        {"ssh_public_keys": [people.KEY.replace("c+WKDJF you", "c you")]},
        people.VM,
        "site.ssh_public_keys",
        "site.ssh_public_keys[0]",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_with_its_own_sentence(case: str) -> None:
    edit, template, at, intent, rule, words = REFUSED[case]
    with PveServer(people.cluster(template=template, edit=edit)) as server:
        if rule == "storage.down":
            server.faults.set("storage_offline", storage="ceph-vm")
        plan = people.planned(server, intent, at=people.site(**at))
    assert plan.status == "refused"
    found = {f.id: f.message for f in plan.findings if f.severity == "error"}
    assert rule in found, people.messages(plan)
    assert words in people.messages(plan, "error")


def test_a_storage_that_is_disabled_is_said_so() -> None:
    with PveServer() as server:
        server.state.storages["ceph-vm"]["disable"] = 1
        plan = people.planned(server)
    assert "ceph-vm is disabled" in people.messages(plan, "error")


@pytest.mark.parametrize(
    ("privileges", "words"),
    [
        (("VM.Allocate", "VM.Audit", "VM.Clone"), "Datastore.Audit"),
        ((), "-privsep 0"),
        (FEW, "SDN.Use on /sdn/zones/localnetwork/vmbr0"),
        (FEW, "VM.PowerMgmt on /vms/20000"),
    ],
)
def test_what_the_credentials_lack_is_said_before_anything(
    privileges: tuple[str, ...], words: str
) -> None:
    with PveServer() as server:
        token = server.make_token("few@pve", privileges=privileges)
        plan = people.planned(server, token=token)
    assert plan.status == "refused"
    assert words in people.messages(plan, "error")


@pytest.mark.parametrize(("ends", "soon"), [("2026-12-01", True), ("2096-10-02", False)])
def test_a_credential_that_ends_soon_is_a_warning(ends: str, *, soon: bool) -> None:
    held = {"identity": "cw@pve!provision", "ends": f"{ends}T00:00:00Z"}
    with PveServer() as server:
        plan = people.planned(server, credentials=[held])
    assert plan.status == "ready"
    assert (f"cw@pve!provision ends on {ends}" in people.messages(plan, "warning")) is soon


def test_a_file_for_cloud_init_that_nobody_may_see_is_told() -> None:
    """Proxmox VE leaves such files out of its lists without Datastore.Allocate."""
    privileges = (*FEW, "SDN.Use", "VM.PowerMgmt", "VM.Config.CPU", "VM.Config.Memory")
    template = {"cicustom": "vendor=local:snippets/vendor.yml"}
    with PveServer(people.cluster(template=template)) as server:
        token = server.make_token("few@pve", privileges=privileges)
        plan = people.planned(server, token=token)
    assert "template.hardware" not in people.messages(plan)
    assert "local:snippets/vendor.yml for cloud-init; whether" in people.messages(plan, "warning")


@pytest.mark.parametrize("lies", [on_nfs, people.on_local])
@pytest.mark.parametrize(
    ("intent", "status"),
    [(people.VM, "ready"), ("dev cluster", "ready"), ("HA cluster", "refused")],
)
def test_machines_go_where_their_template_can_be_cloned(
    lies: Edit, intent: str, status: str
) -> None:
    with PveServer(people.cluster(edit=lies)) as server:
        at = people.site(storages={"default": "local-lvm"})
        plan = people.planned(server, intent, at=at)
    assert plan.status == status, people.messages(plan)
    assert {machine.node for machine in plan.machines} <= {"pve1"}
    if status == "refused":
        assert "keep a template of the same name on each host" in people.messages(plan, "warning")


def test_a_template_of_each_host_serves_its_host() -> None:
    def copies(data: dict[str, t.Any]) -> None:
        people.on_local(data)
        first = next(g for g in data["guests"] if g["vmid"] == people.TEMPLATE)
        for vmid, node in ((9001, "pve2"), (9002, "pve3")):
            text = yaml.safe_dump(first).replace("9000", str(vmid))
            data["guests"].append({**yaml.safe_load(text), "node": node})

    with PveServer(people.cluster(edit=copies)) as server:
        plan = people.planned(
            server, "HA cluster", at=people.site(storages={"default": "local-lvm"})
        )
    served = {machine.node: (machine.source.vmid, machine.source.node) for machine in plan.machines}
    assert served == {"pve1": (9000, "pve1"), "pve2": (9001, "pve2"), "pve3": (9002, "pve3")}
    assert "placement.spread" not in people.messages(plan)


def test_a_clone_onto_a_shared_storage_is_handed_over() -> None:
    with PveServer(people.cluster(edit=people.on_local)) as server:
        plan = people.planned(server, people.VM + " on node pve2")
        token = server.make_token("few@pve", privileges=(*FEW, "SDN.Use"))
        few = people.planned(server, people.VM + " on node pve2", token=token)
    [machine] = plan.machines
    assert (machine.node, machine.source.node) == ("pve2", "pve1"), people.messages(plan)
    assert "lies on local-lvm of pve1: web1 will be cloned there onto ceph-vm" in people.messages(
        plan, "info"
    )
    assert "VM.Migrate on /vms/20000" in people.messages(few, "error")


def test_a_vnet_is_only_on_the_hosts_of_its_zone() -> None:
    with PveServer(people.cluster(edit=with_vnets)) as server:
        plan = people.planned(server, at=people.site(network={"bridge": "inner"}))
    assert [machine.node for machine in plan.machines] == ["pve2"], people.messages(plan)


@pytest.mark.parametrize("edit", [small_host, stopped_guests])
def test_a_home_host_breathes_and_production_holds_back(edit: Edit) -> None:
    with PveServer(people.cluster(edit=edit)) as server:
        assert people.planned(server).status == "ready"
        held = people.planned(server, "production " + people.VM)
        rules = {"promised_running_percent": 0, "promised_stopped_percent": 0}
        at = people.site(environments={"production": {**rules, "max_memory_percent": 90}})
        freed = people.planned(server, "production " + people.VM, at=at)
    assert held.status == "refused"
    text = people.messages(held, "error")
    assert "were promised" in text and "promised_running_percent" in text
    assert freed.status == "ready", people.messages(freed)


def test_guests_of_a_host_that_is_offline_stay_ours() -> None:
    with PveServer(people.cluster()) as server:
        made = people.planned(server, people.VM + " on node pve3")
        [machine] = made.machines
        body = {
            "vmid": machine.vmid,
            "name": machine.name,
            "node": "pve3",
            "config": {"cores": 2, "memory": "2048", "tags": ";".join(machine.tags)},
        }

    def both(data: dict[str, t.Any]) -> None:
        data["guests"].append(body)
        offline("pve3")(data)

    with PveServer(people.cluster(edit=both)) as server:
        again = people.planned(server, previous=made)
    assert again.status == "refused"
    assert f"pve3 is offline, and web1 ({machine.vmid}) is there" in people.messages(again)


def test_a_disk_that_was_grown_or_added_is_taken_over() -> None:
    with PveServer(people.cluster()) as server:
        made = people.planned(server)
        [machine] = made.machines
        body = {
            "vmid": machine.vmid,
            "name": machine.name,
            "node": machine.node,
            "config": {
                "cores": 2,
                "memory": "2048",
                "tags": ";".join(machine.tags),
                "scsihw": "virtio-scsi-single",
                "boot": "order=scsi0",
                "scsi0": f"ceph-vm:vm-{machine.vmid}-disk-0,size=80G",
                "scsi4": f"ceph-vm:vm-{machine.vmid}-disk-1,size=100G",
                "ide2": f"ceph-vm:vm-{machine.vmid}-cloudinit,media=cdrom,size=4M",
                "net0": "virtio=BC:24:11:00:01:77,bridge=vmbr0",
            },
        }
    with PveServer(people.cluster(edit=lambda data: data["guests"].append(body))) as server:
        again = people.planned(server, previous=made)
    assert again.status == "ready", people.messages(again)
    sizes = {disk.interface: disk.size_gib for disk in again.machines[0].disks}
    assert sizes == {"scsi0": 80, "scsi4": 100}
    assert "keeps its disk of 80 GiB" in people.messages(again)


def test_an_ipv6_cluster_has_ranges_of_its_family() -> None:
    network = {
        "subnet": "fd00:10:77::/64",
        "gateway": "fd00:10:77::1",
        "machine_range": "fd00:10:77::20-fd00:10:77::99",
        "vip_range": "fd00:10:77::200-fd00:10:77::210",
        "load_balancer_range": None,
        "reserved_ranges": [],
    }
    with PveServer() as server:
        plan = people.planned(server, "HA cluster", at=people.site(network=network))
    assert plan.cluster is not None
    assert (plan.cluster.pod_cidr, plan.cluster.service_cidr) == ("fd00:42::/56", "fd00:43::/112")
    assert plan.cluster.vip == "fd00:10:77::200"
    assert {machine.nics[0].gateway for machine in plan.machines} == {"fd00:10:77::1"}


def test_hardware_costs_no_call() -> None:
    """The pass over the guests reads each configuration once, templates among them."""
    with PveServer() as server:
        api = people.connect(server)
        server.clear_calls()
        facts = collect.collect(api, depth="addresses")
        configs = [call for call in server.calls if call.path.endswith("/9000/config")]
    assert len(configs) == 1
    template = next(guest for guest in facts["guests"] if guest["vmid"] == people.TEMPLATE)
    assert template["hardware"]["disks"][0]["interface"] == "scsi0"


@pytest.mark.parametrize(
    ("template", "at", "cpu", "told"),
    [
        ({}, {}, "x86-64-v2-AES", None),
        ({"cpu": "host,flags=+aes"}, {}, "host", None),
        ({"cpu": "cputype=custom-own"}, {}, "custom-own", None),
        ({"cpu": ""}, {}, "x86-64-v2-AES", None),
        ({"cpu": ""}, {"cpu_type": "host"}, "host", None),
        ({"cpu": "x86-64-v3"}, {"cpu_type": "x86-64-v3"}, "x86-64-v3", None),
        ({"cpu": "x86-64-v3"}, {"cpu_type": "host"}, "host", "has the CPU type x86-64-v3; its"),
        ({"hotplug": "usb,network,disk"}, {}, "x86-64-v2-AES", None),
        ({"hotplug": "1"}, {}, "x86-64-v2-AES", None),
        ({"hotplug": "network,disk,memory"}, {}, "x86-64-v2-AES", "has hotplug network,disk,memo"),
    ],
)
def test_what_the_template_has_stays_or_is_said(
    template: dict[str, str], at: dict[str, str], cpu: str, told: str | None
) -> None:
    with PveServer(people.cluster(template=template)) as server:
        plan = people.planned(server, at=people.site(**at))
    assert plan.status == "ready", people.messages(plan)
    assert [machine.cpu_type for machine in plan.machines] == [cpu]
    said = people.messages(plan, "info")
    assert told in said if told else "template.overridden" not in said
