# SPDX-License-Identifier: GPL-3.0-or-later
"""The static HCL: in Terraform's own format, every variable described and validated."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from integration.terraform.conftest import Lab
from lab.tools import Tools
from unit.plugins.plugin_utils._render.samples import machine

FILES = Path(__file__).parents[3] / "roles/terraform/files"
_BLOCK = re.compile(r'^variable "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
VARIABLES = dict(_BLOCK.findall((FILES / "common/variables.tf").read_text(encoding="utf-8")))


def test_format(tools: Tools) -> None:
    checked = subprocess.run(
        [str(tools.terraform), "fmt", "-check", "-diff", "-recursive", str(FILES)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("name", VARIABLES)
def test_every_variable_is_described_and_validated(name: str) -> None:
    body = VARIABLES[name]
    assert re.search(r"^  description\s+= \"", body, re.MULTILINE)
    assert re.search(r"^  type\s+= ", body, re.MULTILINE)
    assert re.search(r"^  validation \{", body, re.MULTILINE)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('"deployment": "demo"', '"deployment": "../x"', "A deployment is named by"),
        ('"pve_major": 9', '"pve_major": 7', "pve_major is 8 or 9"),
        ('"agent_timeout_seconds": 120', '"agent_timeout_seconds": 4', "is between 5 and 3600"),
        ('"vmid": 20001', '"vmid": 20001.5', "A VMID is a whole number"),
        ('"node": "pve1"', '"node": "pve1/../pve2"', "A node is named by"),
        ('"cores": 2', '"cores": 0', "A machine has 1 to 1024 cores"),
        ('"balloon_mib": 0', '"balloon_mib": 4096', "its balloon is no larger"),
        ('"bios": "seabios"', '"bios": "uefi"', "The firmware of a machine"),
        ('"cw-demo"', '"cw-other"', "carries the tags clusterwright and"),
        ('"web"', '"Web;x"', "A tag holds"),
        ('"size_gib": 20', '"size_gib": 0', "A disk has an interface"),
        ('"interface": "scsi0"', '"interface": "ide4"', "A disk has an interface"),
        ('"model": "virtio"', '"model": "tulip"', "A network interface has a bridge"),
        ('"vlan": null', '"vlan": 4095', "A network interface has a bridge"),
        ('"address": "10.77.0.21/24"', '"address": "here"', "an address in CIDR notation"),
        ('"scsi_hardware": "virtio-scsi-single"', '"scsi_hardware": "x"', "The SCSI controller"),
        ('"hotplug": "network,', '"hotplug": "fans,', "Hotplug is a list"),
        ('"boot_order": [', '"boot_order": ["floppy",', "A machine boots from"),
        ('"pci_mappings": []', '"pci_mappings": ["0000:01:00.0"]', "resource mapping"),
        ('"max_restart": 1', '"max_restart": -1', "The limits of HA"),
        ('"user": "debian"', '"user": "Root;x"', "Cloud-init has a user"),
        ('"dns_servers": [', '"dns_servers": ["dns.example",', "Cloud-init has a user"),
        ('"replication": []', '"replication": [{"target": "pve1"}]', "replication"),
        ('"backups": {}', '"backups": {"x": {"guests": "mine"}}', "backups"),
        ('"apart": {}', '"apart": {"server": ["demo-web-1"]}', "Machines apart from each other"),
    ],
)
def test_wrong_data_is_refused(lab: Lab, before: str, after: str, words: str) -> None:
    data = lab.render(machine()) / "terraform.tfvars.json"
    text = data.read_text(encoding="utf-8")
    assert before in text
    data.write_text(text.replace(before, after, 1), encoding="utf-8")
    refused = lab.run("planned")
    assert refused["failed"] and words in refused["msg"], refused["msg"]
