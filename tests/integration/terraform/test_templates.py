# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates as people build them: planned from what they are, cloned, started, and then at rest."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _render
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Plan
from integration.terraform.conftest import Lab
from lab.pve import PveServer
from lab.tools import Tools
from unit.plugins.plugin_utils._sizing import people

UEFI = {
    "bios": "ovmf",
    "machine": "q35",
    "efidisk0": "ceph-vm:base-9000-disk-1,efitype=4m,pre-enrolled-keys=1,size=1M",
    "virtio0": "ceph-vm:base-9000-disk-0,discard=on,size=3G",
    "scsi1": people.CLOUD_INIT,
    "boot": "order=virtio0",
    "vga": "serial0",
    "cicustom": "vendor=local:snippets/vendor.yml",
}
#: name -> (values of the template, keys that it lacks, parts of what its clone must have)
TEMPLATES: dict[str, tuple[dict[str, str], tuple[str, ...], dict[str, str | tuple[str, ...]]]] = {
    "system disk on virtio0": (
        {"virtio0": people.DISK, "boot": "order=virtio0"},
        ("scsi0",),
        {"boot": "order=virtio0", "virtio0": "ceph-vm:"},
    ),
    "system disk on sata1": (
        {"sata1": people.DISK, "boot": "order=sata1;net0"},
        ("scsi0",),
        {"boot": "order=sata1;net0", "sata1": "ceph-vm:"},
    ),
    "system disk on ide0": (
        {"ide0": people.DISK, "boot": "order=ide0"},
        ("scsi0",),
        {"ide0": "ceph-vm:"},
    ),
    "cloud-init drive on scsi1": (
        {"scsi1": people.CLOUD_INIT},
        ("ide2",),
        {"scsi1": "ceph-vm:vm-20000-cloudinit"},
    ),
    "UEFI": (
        UEFI,
        ("scsi0", "ide2"),
        {
            "bios": "ovmf",
            "machine": "q35",
            "efidisk0": "ceph-vm:",
            "scsi1": "ceph-vm:vm-20000-cloudinit",
            "cicustom": "vendor=local:snippets/vendor.yml",
        },
    ),
    "TPM, a data disk and another controller": (
        {
            "scsihw": "virtio-scsi-pci",
            "tpmstate0": "ceph-vm:base-9000-disk-2,size=4M,version=v2.0",
            "scsi3": "ceph-vm:base-9000-disk-3,backup=0,size=10752M",
        },
        (),
        {"scsihw": "virtio-scsi-pci", "tpmstate0": "ceph-vm:", "scsi3": "ceph-vm:"},
    ),
    "two network devices": (
        {
            "net0": "e1000=BC:24:11:00:90:00,bridge=vmbr0",
            "net1": "e1000=BC:24:11:00:90:01,bridge=vmbr0,tag=30,firewall=1",
            "net2": "virtio=BC:24:11:00:90:02,bridge=vmbr0",
            "ipconfig1": "ip=dhcp",
        },
        (),
        {"net0": "e1000=", "net1": "e1000=", "net2": "virtio=", "ipconfig1": "ip=dhcp"},
    ),
    "settings of its devices": (
        {
            "scsi0": f"{people.DISK},aio=native,cache=unsafe,queues=4,replicate=0,serial=s1,ssd=1",
            "net0": "virtio=BC:24:11:00:90:00,bridge=vmbr0,queues=4,rate=10.5,trunks=10;20",
            "net1": "virtio=BC:24:11:00:90:01,bridge=vmbr0,link_down=1,queues=2",
            "cpu": "host,flags=+aes;-pcid",
            "numa": "1",
            "agent": "enabled=1,fstrim_cloned_disks=1,type=isa",
            "tablet": "0",
            "rng0": "source=/dev/urandom",
        },
        (),
        {
            "scsi0": (
                "aio=native",
                "cache=unsafe",
                "queues=4",
                "replicate=0",
                "serial=s1",
                "ssd=1",
            ),
            "net0": ("queues=4", "rate=10.5", "trunks=10;20"),
            "net1": ("link_down=1", "queues=2"),
            "cpu": ("host", "flags=+aes;-pcid"),
            "numa": "1",
            "agent": ("fstrim_cloned_disks=1", "type=isa"),
            "tablet": "0",
            "rng0": "source=/dev/urandom",
        },
    ),
    "names of its own": (
        {"nameserver": "10.77.0.53", "searchdomain": "home.arpa"},
        (),
        {"nameserver": "10.77.0.53", "searchdomain": "home.arpa"},
    ),
}


def with_snippet(data: dict[str, t.Any]) -> None:
    """Put the file for cloud-init on the storage of each host."""
    local = next(storage for storage in data["storages"] if storage["name"] == "local")
    local["volumes"].append({"name": "snippets/vendor.yml", "size_mib": 1})


def render(lab: Lab, made: Plan) -> Path:
    """Write a plan's Terraform directory."""
    directory = lab.directory(made.deployment)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, text in {**_render.static_files("bpg"), **_render.render(made)}.items():
        (directory / name).write_text(text)
    return directory


@pytest.mark.parametrize("kind", TEMPLATES)
def test_a_machine_keeps_the_hardware_of_its_template(
    kind: str, tools: Tools, tmp_path: Path
) -> None:
    values, without, kept = TEMPLATES[kind]
    with PveServer(people.cluster(template=values, without=without, edit=with_snippet)) as server:
        lab = Lab(server, tools, tmp_path, server.make_token("apply@pve"))
        made = people.planned(server)
        assert made.status == "ready", made.summary
        render(lab, made)
        lab.apply(made.deployment)
        config = server.state.vm(20000).config
        for key, parts in kept.items():
            for part in (parts,) if isinstance(parts, str) else parts:
                assert part in str(config[key]), (key, config)
        again = people.planned(server, previous=made)
        assert [m.disks for m in again.machines] == [m.disks for m in made.machines]
        render(lab, again)
        rest = lab.run("planned", made.deployment)
        assert not rest.get("failed"), rest["msg"]
        assert sum(rest["summary"]["counts"].values()) == 0, rest["summary"]["text"]
        assert not server.state.crashes


def test_a_clone_from_a_local_storage_is_handed_over_to_its_host(
    tools: Tools, tmp_path: Path
) -> None:
    with PveServer(people.cluster(edit=people.on_local)) as server:
        lab = Lab(server, tools, tmp_path, server.make_token("apply@pve"))
        made = people.planned(server, people.VM + " on node pve2")
        assert made.status == "ready", made.summary
        render(lab, made)
        lab.apply(made.deployment)
        guest = server.state.vm(20000)
        assert guest.node == "pve2"
        assert str(guest.config["scsi0"]).startswith("ceph-vm:")
        rest = lab.run("planned", made.deployment)
        assert sum(rest["summary"]["counts"].values()) == 0, rest["summary"]["text"]
