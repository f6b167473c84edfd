# SPDX-License-Identifier: GPL-3.0-or-later
"""The root module for Telmate/proxmox, validated and planned against its published schema."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _render
from integration.terraform.conftest import Lab
from integration.terraform.test_values import value_at
from lab.terraform_schema import telmate_cli_config
from lab.tools import Tools, ensure
from unit.plugins.plugin_utils._render.samples import (
    KEY,
    container,
    iso_vm,
    machine,
    plan,
    plan_data,
)

ROOT = Path(__file__).resolve().parents[3]
V, C = "proxmox_vm_qemu", "proxmox_lxc"
VM = machine(
    description='Hostile ${file("/etc/hostname")} {{ 7 * 7 }}',
    cores=3,
    sockets=2,
    numa=True,
    memory_mib=4096,
    balloon_mib=1024,
    bios="ovmf",
    pool="lab",
    tags=["zebra"],
    on_boot=False,
    protection=True,
    hotplug="network,usb",
    pci_mappings=["gpu0"],
    startup={"order": 3, "up_delay_seconds": 20},
    source={"type": "template", "vmid": 9000, "node": "pve2", "full_clone": False},
    disks=[
        {"interface": "scsi0", "storage": "ceph-vm", "size_gib": 20, "ssd": True, "backup": False},
        {"interface": "virtio1", "storage": "local-lvm", "size_gib": 5, "discard": False},
        {"interface": "sata0", "storage": "local-lvm", "size_gib": 6},
    ],
    nics=[
        {"bridge": "vmbr0", "vlan": 10, "mtu": 1450, "address": "10.77.0.50/24"}
        | {"gateway": "10.77.0.1", "mac_address": "BC:24:11:AA:00:01"},
        {"bridge": "vmbr1", "model": "e1000", "address": "fd00::5/64", "gateway": "fd00::1"},
        {"bridge": "vmbr2"},
    ],
    cloud_init={**machine()["cloud_init"], "package_upgrade": True},
)
VM_ROWS: dict[str, t.Any] = {
    "name": "demo-web-1",
    "vmid": 20001,
    "target_node": "pve1",
    "description": 'Hostile ${file("/etc/hostname")} {{ 7 * 7 }}',
    "tags": "clusterwright,cw-demo,zebra",
    "pool": "lab",
    "clone_id": 9000,
    "full_clone": False,
    "force_create": True,
    "bios": "ovmf",
    "efidisk.0.storage": "ceph-vm",
    "efidisk.0.efitype": "4m",
    "machine": "q35",
    "scsihw": "virtio-scsi-single",
    "boot": "order=scsi0",
    "hotplug": "network,usb",
    "qemu_os": "l26",
    "start_at_node_boot": False,
    "protection": True,
    "vm_state": "running",
    "memory": 4096,
    "balloon": 1024,
    "cpu.0.cores": 3,
    "cpu.0.sockets": 2,
    "cpu.0.type": "x86-64-v2-AES",
    "cpu.0.numa": True,
    "agent": 1,
    "serial.0.type": "socket",
    "startup_shutdown.0.order": 3,
    "startup_shutdown.0.startup_delay": 20,
    "pci.0.mapping_id": "gpu0",
    "pci.0.pcie": True,
    "disk.0.slot": "scsi0",
    "disk.0.storage": "ceph-vm",
    "disk.0.size": "20G",
    "disk.0.emulatessd": True,
    "disk.0.discard": True,
    "disk.0.iothread": True,
    "disk.0.backup": False,
    "disk.1.slot": "virtio1",
    "disk.1.emulatessd": None,
    "disk.1.discard": False,
    "disk.2.iothread": None,
    "disk.3.slot": "ide2",
    "disk.3.type": "cloudinit",
    "disk.3.storage": "ceph-vm",
    "network.0.id": 0,
    "network.0.model": "virtio",
    "network.0.bridge": "vmbr0",
    "network.0.tag": 10,
    "network.0.mtu": 1450,
    "network.0.firewall": False,
    "network.0.macaddr": "BC:24:11:AA:00:01",
    "network.1.model": "e1000",
    "ciuser": "debian",
    "sshkeys": KEY,
    "cipassword": None,
    "ciupgrade": True,
    "nameserver": "10.77.0.1",
    "searchdomain": "lab.example",
    "ipconfig0": "ip=10.77.0.50/24,gw=10.77.0.1",
    "ipconfig1": "ip6=fd00::5/64,gw6=fd00::1",
    "ipconfig2": "ip=dhcp",
    "ipconfig3": None,
    "timeouts.0.create": "1800s",
}
CT = container(
    nesting=True,
    startup={"order": 4},
    nics=[{"bridge": "vmbr0", "address": "fd00::9/64", "gateway": "fd00::1", "vlan": 9}],
)
CT_ROWS: dict[str, t.Any] = {
    "hostname": "demo-ct-1",
    "vmid": 20011,
    "target_node": "pve1",
    "tags": "clusterwright;cw-demo;web",
    "ostemplate": "local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst",
    "ostype": "debian",
    "cores": 2,
    "memory": 2048,
    "swap": 256,
    "unprivileged": True,
    "onboot": True,
    "start": True,
    "startup": "order=4,up=0",
    "rootfs.0.storage": "local-lvm",
    "rootfs.0.size": "8G",
    "mountpoint.0.key": "0",
    "mountpoint.0.slot": 0,
    "mountpoint.0.mp": "/srv/data",
    "mountpoint.0.size": "20G",
    "mountpoint.0.backup": True,
    "network.0.name": "eth0",
    "network.0.ip6": "fd00::9/64",
    "network.0.gw6": "fd00::1",
    "network.0.ip": None,
    "network.0.tag": 9,
    "features.0.nesting": True,
    "ssh_public_keys": KEY,
    "nameserver": "10.77.0.1",
    "password": None,
}
ISO_ROWS: dict[str, t.Any] = {
    "boot": "order=scsi0;ide2",
    "clone_id": None,
    "disk.1.slot": "ide2",
    "disk.1.type": "cdrom",
    "disk.1.iso": "local:iso/debian-12.11.0-amd64-netinst.iso",
    "agent": 0,
}

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def terraform() -> Tools:
    """Terraform itself."""
    return ensure(["terraform"])


@pytest.fixture
def run(terraform: Tools, tmp_path: Path) -> Run:
    """Runs Terraform in the directory of a rendered plan."""
    config = telmate_cli_config()

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(terraform.terraform), *arguments],
            cwd=tmp_path,
            env={**os.environ, "TF_CLI_CONFIG_FILE": str(config), "TF_INPUT": "0"},
            capture_output=True,
            text=True,
            check=False,
        )

    return command


def render(directory: Path, *machines: dict[str, t.Any]) -> None:
    """Write the root module and the data of a plan."""
    files = {
        **_render.static_files("telmate"),
        **_render.render(plan(*machines), provider="telmate"),
    }
    for name, text in files.items():
        (directory / name).write_text(text, encoding="utf-8")


def test_every_value_is_planned_where_it_belongs(run: Run, tmp_path: Path) -> None:
    render(tmp_path, VM, CT, iso_vm())
    for arguments in (("init",), ("validate",), ("plan", "-out=plan.tfplan")):
        done = run(*arguments, "-no-color")
        assert done.returncode == 0, done.stdout + done.stderr
    shown = json.loads(run("show", "-json", "plan.tfplan").stdout)
    values = {
        f"{change['type']}.{change['index']}": change["change"]["after"]
        for change in shown["resource_changes"]
    }
    rows = {f"{V}.demo-web-1": VM_ROWS, f"{C}.demo-ct-1": CT_ROWS, f"{V}.demo-iso-1": ISO_ROWS}
    assert set(values) == set(rows)
    wrong = {
        (name, path): (found, wanted)
        for name, wanted_values in rows.items()
        for path, wanted in wanted_values.items()
        if (found := value_at(values[name], path)) != wanted
    }
    assert not wrong
    outputs = shown["planned_values"]["outputs"]["machines"]["value"]
    assert outputs["demo-web-1"] == {
        "kind": "vm",
        "vmid": 20001,
        "node": "pve1",
        "address": "10.77.0.50",
        "tags": ["clusterwright", "cw-demo", "zebra"],
    }


def test_the_schema_refuses_what_the_provider_would(run: Run, tmp_path: Path) -> None:
    render(tmp_path, machine())
    assert run("init").returncode == 0
    for line in ('  bios = "coreboot"', "  memory = []", "  unheard_of = 1", "  network {}"):
        broken = f'resource "proxmox_vm_qemu" "broken" {{\n  name = "x"\n{line}\n}}\n'
        (tmp_path / "broken.tf").write_text(broken, encoding="utf-8")
        assert run("validate").returncode == 1, line
    (tmp_path / "broken.tf").unlink()
    assert run("validate").returncode == 0


def test_the_stand_in_never_applies(run: Run, tmp_path: Path) -> None:
    render(tmp_path, machine())
    assert run("init").returncode == 0
    applied = run("apply", "-auto-approve", "-no-color")
    assert applied.returncode == 1 and "never applies" in applied.stdout + applied.stderr


def role(lab: Lab, entry: str, **variables: t.Any) -> subprocess.CompletedProcess[str]:
    """Run an entry point of the role with a plan for Telmate/proxmox."""
    identity, _, secret = lab.token.partition("=")
    task = {
        "ansible.builtin.include_role": {"name": "clusterwright.proxmox.terraform"}
        | {"tasks_from": entry},
        "vars": {
            "ansible_python_interpreter": sys.executable,
            "terraform_provider": "telmate",
            "terraform_plan": plan_data(machine()),
            "terraform_directory": str(lab.directory()),
            "terraform_cli_config": str(telmate_cli_config()),
            "terraform_api_host": lab.pve.endpoint,
            "terraform_api_token_id": identity,
            "terraform_ca_path": str(lab.pve.ca_file),
            **variables,
        },
    }
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}
    playbook = lab.folder / f"{entry}.yml"
    playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
    return subprocess.run(
        [
            str(Path(sys.executable).with_name("ansible-playbook")),
            "-i",
            "localhost,",
            str(playbook),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "PROXMOX_TOKEN_SECRET": secret,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_role_plans_and_never_applies(lab: Lab) -> None:
    planned = role(lab, "main")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert (lab.directory() / "plan.tfplan").exists()
    before = lab.guests()
    for entry in ("apply", "import"):
        refused = role(lab, entry, terraform_imports={})
        assert refused.returncode != 0
        assert "but never applied: set terraform_provider to bpg" in refused.stdout + refused.stderr
    lab.environment["TF_CLI_CONFIG_FILE"] = str(telmate_cli_config())
    sha256 = hashlib.sha256((lab.directory() / "plan.tfplan").read_bytes()).hexdigest()
    direct = lab.run("applied", approved_sha256=sha256)
    assert direct["failed"] and "for which a plan is only shown" in direct["msg"]
    assert lab.guests() == before and not (lab.directory() / "terraform.tfstate").exists()
