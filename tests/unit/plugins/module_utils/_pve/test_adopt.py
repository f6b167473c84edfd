# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations of existing VMs become machines, value by value, or are refused by name."""

from __future__ import annotations

import typing as t
from urllib.parse import quote

import pytest
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve import errors
from ansible_collections.clusterwright.proxmox.plugins.module_utils._pve.adopt import (
    AdoptError,
    adopt,
    machine,
    unsupported,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _render
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Plan, parse
from unit.plugins.module_utils._pve.support import Answer, RecordedApi
from unit.plugins.plugin_utils._render.samples import KEY

Data = dict[str, t.Any]

PLAIN: Data = {
    "name": "web",
    "cores": 2,
    "memory": "2048",
    "ostype": "l26",
    "boot": "order=scsi0",
    "scsihw": "virtio-scsi-single",
    "scsi0": "ceph-vm:vm-104-disk-0,size=32G",
    "net0": "virtio=BC:24:11:00:00:04,bridge=vmbr0",
    "digest": "d66089ddae26eed9c3754ae8b41e4a644ba4f9db",
}
CLOUD_INIT: Data = {
    "ide2": "ceph-vm:vm-104-cloudinit,media=cdrom,size=4M",
    "ciuser": "debian",
    "sshkeys": quote(f"{KEY}\n", safe=""),
    "ipconfig0": "ip=10.77.0.40/24,gw=10.77.0.1",
}
DISK = {
    "interface": "scsi0",
    "storage": "ceph-vm",
    "size_gib": 32,
    "ssd": False,
    "discard": False,
    "iothread": False,
    "backup": True,
}
NIC = {
    "bridge": "vmbr0",
    "model": "virtio",
    "vlan": None,
    "mtu": None,
    "firewall": False,
    "mac_address": "BC:24:11:00:00:04",
    "address": "dhcp",
    "gateway": None,
}
SETTINGS = {
    "user": "debian",
    "ssh_public_keys": [KEY],
    "dns_servers": [],
    "search_domain": None,
    "storage": "ceph-vm",
    "package_upgrade": True,
}


@pytest.mark.parametrize(
    ("config", "fields"),
    [
        ({}, {"cores": 2, "sockets": 1, "numa": False, "memory_mib": 2048, "balloon_mib": 0}),
        ({}, {"cpu_type": "qemu64", "agent": False, "serial": False, "hotplug": "", "tags": []}),
        ({}, {"on_boot": False, "protection": False, "startup": None, "cloud_init": None}),
        ({}, {"disks": [DISK], "nics": [NIC], "boot_order": ["scsi0"], "bios": "seabios"}),
        ({}, {"source": {"type": "existing", "volume_id": "ceph-vm:vm-104-disk-0"}}),
        ({"machine": "pc-q35-9.0", "boot": "cdn"}, {"boot_order": []}),
        ({"boot": "order=ide2;scsi0"}, {"boot_order": ["ide2", "scsi0"]}),
        (
            {"net0": "virtio=BC:24:11:00:00:04,bridge=vmbr0,firewall=1"},
            {"nics": [{**NIC, "firewall": True}]},
        ),
        ({"sockets": 2, "numa": 1}, {"cores": 2, "sockets": 2, "numa": True}),
        ({"cpu": "host"}, {"cpu_type": "host"}),
        ({"cpu": "cputype=x86-64-v3"}, {"cpu_type": "x86-64-v3"}),
        ({"memory": "current=4096", "balloon": "1024"}, {"memory_mib": 4096, "balloon_mib": 1024}),
        ({"memory": "4096", "balloon": 0}, {"memory_mib": 4096, "balloon_mib": 0}),
        ({"agent": "1"}, {"agent": True}),
        ({"agent": "enabled=1,fstrim_cloned_disks=0,type=virtio"}, {"agent": True}),
        ({"agent": "1,fstrim_cloned_disks=1,type=isa"}, {"agent_trim": True, "agent_type": "isa"}),
        ({"cpu": "host,flags=+aes;-pcid"}, {"cpu_type": "host", "cpu_flags": ["+aes", "-pcid"]}),
        (
            {"tpmstate0": "ceph-vm:vm-104-disk-1,size=4M,version=v2.0"},
            {"tpm": {"storage": "ceph-vm", "version": "v2.0"}},
        ),
        (
            {"scsi0": "ceph-vm:vm-104-disk-0,size=32G,aio=native,cache=writeback,replicate=0"},
            {"disks": [{**DISK, "aio": "native", "cache": "writeback", "replicate": False}]},
        ),
        (
            {"net0": "virtio=BC:24:11:00:00:04,bridge=vmbr0,queues=4,rate=10,link_down=1"},
            {"nics": [{**NIC, "queues": 4, "rate_mb_per_second": 10.0, "connected": False}]},
        ),
        (
            {"net0": "virtio=BC:24:11:00:00:04,bridge=vmbr0,trunks=5;7"},
            {"nics": [{**NIC, "trunks": ["5", "7"]}]},
        ),
        (
            {"bios": "ovmf", "efidisk0": "tank:vm-104-disk-1,efitype=4m,pre-enrolled-keys=1"},
            {"efi_disk": {"storage": "tank", "type": "4m", "pre_enrolled_keys": True}},
        ),
        (
            {**CLOUD_INIT, "ide2": None, "scsi1": "ceph-vm:vm-104-cloudinit,media=cdrom"},
            {"cloud_init": {**SETTINGS, "interface": "scsi1"}},
        ),
        ({"serial0": "socket", "vga": "serial0"}, {"serial": True}),
        ({"onboot": 1, "protection": 1}, {"on_boot": True, "protection": True}),
        ({"startup": "order=2,up=30"}, {"startup": {"order": 2, "up_delay_seconds": 30}}),
        ({"startup": "2"}, {"startup": {"order": 2, "up_delay_seconds": -1}}),
        ({"hotplug": "disk,network"}, {"hotplug": "disk,network"}),
        ({"description": "Shop\nfront"}, {"description": "Shop\nfront"}),
        ({"tags": "clusterwright;cw-shop;web"}, {"tags": ["web"]}),
        (
            {"scsi0": "ceph-vm:vm-104-disk-0,backup=0,discard=on,iothread=1,size=1T,ssd=1"},
            {
                "disks": [
                    {
                        **DISK,
                        "size_gib": 1024,
                        "ssd": True,
                        "discard": True,
                        "iothread": True,
                        "backup": False,
                    }
                ]
            },
        ),
        ({"scsi0": "ceph-vm:vm-104-disk-0,size=22732M"}, {"disks": [{**DISK, "size_gib": 22}]}),
        (
            {"virtio1": "local-lvm:vm-104-disk-1,size=8G"},
            {
                "disks": [
                    DISK,
                    {**DISK, "interface": "virtio1", "storage": "local-lvm", "size_gib": 8},
                ]
            },
        ),
        ({"ide2": "none,media=cdrom", "unused0": "ceph-vm:vm-104-disk-9"}, {"disks": [DISK]}),
        (
            {"net0": "e1000=BC:24:11:00:00:04,bridge=vmbr0,tag=20,mtu=1400"},
            {"nics": [{**NIC, "model": "e1000", "vlan": 20, "mtu": 1400}]},
        ),
        (
            {f"net{n}": f"virtio=BC:24:11:00:00:{n:02},bridge=vmbr{n}" for n in range(11)},
            {
                "nics": [
                    {**NIC, "bridge": f"vmbr{n}", "mac_address": f"BC:24:11:00:00:{n:02}"}
                    for n in range(11)
                ]
            },
        ),
        (
            CLOUD_INIT,
            {
                "cloud_init": SETTINGS,
                "nics": [{**NIC, "address": "10.77.0.40/24", "gateway": "10.77.0.1"}],
            },
        ),
        (
            {
                **CLOUD_INIT,
                "ipconfig0": "ip6=2001:db8::4/64,gw6=2001:db8::1",
                "nameserver": "10.77.0.1 10.77.0.2",
                "searchdomain": "lab.example",
                "ciupgrade": 0,
            },
            {
                "cloud_init": {
                    **SETTINGS,
                    "dns_servers": ["10.77.0.1", "10.77.0.2"],
                    "search_domain": "lab.example",
                    "package_upgrade": False,
                },
                "nics": [{**NIC, "address": "2001:db8::4/64", "gateway": "2001:db8::1"}],
            },
        ),
        (
            {
                "bios": "ovmf",
                "efidisk0": "ceph-vm:vm-104-disk-1,efitype=4m,pre-enrolled-keys=0,size=4M",
            },
            {"bios": "ovmf"},
        ),
        (
            {"machine": "q35", "hostpci0": "mapping=gpu0,pcie=1"},
            {"pci_mappings": ["gpu0"]},
        ),
    ],
)
def test_values_are_carried_over(config: Data, fields: Data) -> None:
    config = {key: value for key, value in {**PLAIN, **config}.items() if value is not None}
    assert list(unsupported(config)) == []
    found = machine(config, vmid=104, node="pve1", pool="prod")
    assert {name: found[name] for name in fields} == fields
    assert (found["name"], found["vmid"], found["node"], found["pool"]) == (
        "web",
        104,
        "pve1",
        "prod",
    )
    assert _render.render(parse(Plan, plan_of([found])))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"usb0": "host=1234:5678"}, "has usb0,"),
        ({"args": "-cpu max"}, "has args,"),
        ({"numa0": "cpus=0-1,memory=2048"}, "has numa0,"),
        ({"cpulimit": "1.5"}, "has cpulimit,"),
        ({"acpi": 0}, "has acpi,"),
        ({"smbios1": "uuid=0c5f1a7e-1111-4222-8333-444455556666,serial=x"}, "has smbios1,"),
        ({"serial1": "socket"}, "has serial1,"),
        ({"cpu": "host,hidden=1"}, "the CPU host,hidden=1"),
        ({"agent": "1,freeze-fs-on-backup=0"}, "guest agent with freeze-fs-on-backup=0"),
        ({"scsi0": "ceph-vm:vm-104-disk-0,size=32G,ro=1"}, "scsi0 with ro=1"),
        (
            {**CLOUD_INIT, "ide2": None, "virtio1": "ceph-vm:vm-104-cloudinit,media=cdrom"},
            "cloud-init drive at virtio1",
        ),
        ({"serial0": "/dev/ttyS0"}, "serial0 on /dev/ttyS0"),
        ({"ostype": None}, "no ostype of its own"),
        ({"scsihw": None}, "no scsihw of its own"),
        ({"startup": "order=1,down=60"}, "delay for shutting down"),
        ({"tags": "Prod;web"}, "tags that a plan cannot say (Prod)"),
        ({"scsi0": None}, "has no disk"),
        ({"scsi0": "ceph-vm:vm-104-disk-0,size=512M"}, "scsi0 of less than 1 GiB"),
        ({"scsi0": "/dev/sdb,size=32G"}, "scsi0 outside of any storage"),
        ({"ide0": "ceph-vm:vm-104-disk-1,size=8G"}, "the disk ide0"),
        ({"ide3": "local:iso/x.iso,media=cdrom"}, "CD-ROM drive at ide3"),
        ({"bios": "ovmf"}, "OVMF without an EFI disk"),
        ({"machine": "q35", "hostpci0": "0000:01:00"}, "the PCI device hostpci0"),
        ({"net0": "virtio=BC:24:11:00:00:04"}, "net0 without a bridge"),
        ({"net0": "virtio=BC:24:11:00:00:04,bridge=vmbr0,mtu=1"}, "mtu=1"),
        ({"net2": "virtio=BC:24:11:00:00:05,bridge=vmbr0"}, "net0, net2"),
        ({"net0": "pcnet=BC:24:11:00:00:04,bridge=vmbr0"}, "net0 with pcnet="),
        ({"ciuser": "debian"}, "ciuser for cloud-init, but no cloud-init drive"),
        ({**CLOUD_INIT, "cipassword": "**********"}, "a cloud-init password"),
        ({**CLOUD_INIT, "cicustom": "user=local:snippets/x.yml"}, "cicustom"),
        ({**CLOUD_INIT, "sshkeys": None}, "without a public key"),
        ({**CLOUD_INIT, "ipconfig0": None}, "without a cloud-init address"),
        ({**CLOUD_INIT, "ipconfig0": "ip=dhcp,ip6=auto"}, "ipconfig0 ip=dhcp,ip6=auto"),
    ],
)
def test_what_a_plan_cannot_say_is_named(config: Data, said: str) -> None:
    merged = {**PLAIN, **config}
    found = list(unsupported({key: value for key, value in merged.items() if value is not None}))
    assert len(found) == 1, found
    assert said in found[0]


def plan_of(machines: list[Data]) -> Data:
    """A ready plan of a deployment with these machines."""
    return {
        "schema_version": 1,
        "deployment": "shop",
        "status": "ready",
        "summary": "",
        "environment": "production",
        "kind": "vm",
        "machines": machines,
    }


def cluster(agent: Answer | None = None, config: Data | None = None, **item: t.Any) -> RecordedApi:
    """A cluster with one guest, as its list and its configuration say it."""
    guest = {
        "vmid": 104,
        "name": "web",
        "type": "qemu",
        "node": "pve1",
        "status": "running",
        "template": 0,
        "pool": "prod",
        **item,
    }
    place = "/nodes/pve1/qemu/104"
    answers: dict[str, Answer | errors.PveError] = {
        "/cluster/resources?type=vm": Answer({"data": [guest]}),
        f"{place}/config": Answer({"data": {**PLAIN, **(config or {})}}),
    }
    if agent:
        answers[f"{place}/agent/network-get-interfaces"] = agent
    return RecordedApi(answers)


def test_new_deployment_is_a_plan_that_renders() -> None:
    api = cluster(agent=Answer({"data": {"result": []}}), config={"agent": "1"})
    plan = adopt(api, {"web": 104}, "shop", None, "production")
    assert set(plan) == set(Plan.model_fields), "playbooks ask every plan for all of its parts"
    found = parse(Plan, plan)
    assert (found.deployment, found.environment, found.status) == ("shop", "production", "ready")
    assert [(m.name, m.vmid, m.pool) for m in found.machines] == [("web", 104, "prod")]
    assert "terraform.tfvars.json" in _render.render(found)


def test_managed_vm_stays_managed_outside_of_the_plan() -> None:
    (found,) = parse(
        Plan, adopt(cluster(hastate="started"), {"web": 104}, "shop", None, "test")
    ).machines
    assert (found.name, found.ha.enabled) == ("web", False)


@pytest.mark.parametrize(
    ("tags", "environment"),
    [
        ("clusterwright;cw-shop;env-production", "production"),
        ("env-staging", "staging"),
        ("env-qa", "test"),
        (None, "test"),
    ],
)
def test_guests_keep_the_environment_that_their_tags_name(
    tags: str | None, environment: str
) -> None:
    api = cluster(tags=tags, config={"tags": tags} if tags else {})
    assert adopt(api, {"web": 104}, "shop", None, "test")["environment"] == environment


def test_machines_of_the_stored_plan_stay() -> None:
    other = machine({**PLAIN, "name": "db"}, vmid=20001, node="pve2", pool=None)
    stored = {**plan_of([other]), "summary": "Two databases."}
    found = adopt(cluster(), {"web": 104}, "shop", stored, "test")
    assert found["machines"][0] == other
    assert [m["name"] for m in found["machines"]] == ["db", "web"]
    assert (found["summary"], found["environment"]) == ("Two databases.", "production")
    again = cluster(config={"args": "-changed since"})
    assert adopt(again, {"web": 104}, "shop", found, "test") == found
    assert again.asked == ["/cluster/resources?type=vm"]


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"template": 1}, "is a template"),
        ({"name": "nas"}, "is named nas"),
        ({"vmid": 105}, "does not exist"),
        ({"lock": "backup"}, "is locked (backup)"),
        ({"status": "stopped"}, "is not running"),
        ({"hastate": "error"}, "is held by high availability in the state error"),
        ({"tags": "clusterwright;cw-other"}, "belongs to the deployment other"),
        ({"config": {"usb0": "host=1", "args": "-x"}}, "has args, which a plan cannot say; web"),
        ({"config": {"agent": "1"}}, "its guest agent switched on, but it does not answer"),
    ],
)
def test_other_guests_are_refused(item: Data, said: str) -> None:
    with pytest.raises(AdoptError, match=r"^Nothing was taken over: [^\n]*[.]$") as refused:
        adopt(cluster(**item), {"web": 104}, "shop", None, "test")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("imports", "said"),
    [
        ({"db": 104}, "shop has a machine db already, with the VMID 20001"),
        ({"web": 20001}, "shop has a machine db already, with the VMID 20001"),
        ({"web": 104, "www": 104}, "VMID 104 is given more than one name"),
    ],
)
def test_names_and_ids_are_used_once(imports: dict[str, int], said: str) -> None:
    stored = plan_of([machine({**PLAIN, "name": "db"}, vmid=20001, node="pve2", pool=None)])
    with pytest.raises(AdoptError) as refused:
        adopt(cluster(), imports, "shop", stored, "test")
    assert said in str(refused.value)
