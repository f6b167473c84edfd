# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's own commands, from the built artifact in an empty folder, as a person types them.

The default callback, no ansible.cfg, the credentials of doctor; the Proxmox VE is simulated,
Terraform and its provider are real. No machine is behind the guests, so the run ends with them.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import ssl
import stat
import subprocess
import sys
import time
import typing as t
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from integration.keyboard import talk
from lab.pve import PveServer
from lab.tools import ensure

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COLLECTION = Path(".ansible/collections/ansible_collections/clusterwright/proxmox")
#: What is asked at the terminal, and answered when nothing more is shown.
QUESTIONS = (b"(yes/no/defer)", b"(it is not kept)")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJR6j62RtMaxYhclsumW6xbhUqvcWgLC++OBaMybuTSZ you@laptop"


def typed() -> list[str]:
    """The commands of the section, in order."""
    section = README.partition("## Use it on your Proxmox VE")[2].partition("\n## ")[0]
    blocks = re.findall(r"^ *```\n(.*?)^ *```", section, re.MULTILINE | re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


def edits(pve: PveServer) -> dict[str, dict[str, str]]:
    """What a person writes over the example for this place: file → old text → new text."""
    port = pve.endpoint.rpartition(":")[2]
    return {
        "proxmox.yml": {
            "proxmox_api_host: pve1.example.com": "proxmox_api_host: 127.0.0.1",
            "proxmox_api_port: 8006": f"proxmox_api_port: {port}",
        },
        "site.yml": {
            "192.168.0.0/16": "10.77.0.0/24",
            "gateway: 192.168.0.1": "gateway: 10.77.0.1",
            "dns_servers: [192.168.0.1]": "dns_servers: [10.77.0.1]",
            "192.168.1.10-192.168.1.99": "10.77.0.20-10.77.0.99",
            "192.168.1.100-192.168.1.109": "10.77.0.100-10.77.0.109",
            "192.168.1.200-192.168.1.250": "10.77.0.200-10.77.0.250",
            "192.168.0.10-192.168.0.245": "10.77.0.2-10.77.0.19",
            "ssh-ed25519 AAAA… you@laptop": KEY,
        },
    }


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection as it is published."""
    folder = tmp_path_factory.mktemp("artifact")
    command = [str(BIN / "ansible-galaxy"), "collection", "build", "--output-path", str(folder)]
    subprocess.run([*command, str(ROOT)], check=True, capture_output=True)
    return next(folder.glob("*.tar.gz"))


@dataclass
class Person:
    """Somebody in an empty folder, who types what the README says."""

    pve: PveServer
    artifact: Path
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    output: dict[str, str] = field(default_factory=dict)
    keys: int = 0
    keys_to_plan: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Have a home and nothing in it."""
        home = self.folder / "home"
        home.mkdir()
        self.environment = {
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "TF_CLI_CONFIG_FILE": str(ensure(["provider"]).terraform_cli_config),
            "ANSIBLE_NOCOLOR": "1",
        }

    def types(self, command: str) -> None:
        """Type a command and press Enter."""
        self.keys += len(command) + 1
        word = next(word for word in shlex.split(command) if "=" not in word)
        handlers: dict[str, t.Callable[[str], None]] = {
            "ansible-galaxy": self._install,
            "ansible-playbook": self._play,
            "cp": self._shell,
            "pip": lambda _command: None,  # tests/integration/setup installs them
            "scp": self._fetch_the_ca,
        }
        handlers[word](command)
        if "clusterwright.proxmox.plan" in command:
            self.keys_to_plan = self.keys

    def edits(self) -> None:
        """Write over what is another place's in the example."""
        for name, changes in edits(self.pve).items():
            file = self.folder / "inventory/group_vars/all" / name
            text = file.read_text(encoding="utf-8")
            for old, new in changes.items():
                assert old in text, f"{old} is not in {name} of the example"
                text = text.replace(old, new)
                self.keys += 2 if new == KEY else len(new.rpartition(": ")[2])
            file.write_text(text, encoding="utf-8")
        # The test's own: nothing is behind the guests that could be logged in to.
        proxmox = self.folder / "inventory/group_vars/all/proxmox.yml"
        with proxmox.open("a", encoding="utf-8") as opened:
            opened.write("simulated_reason: no machine is behind the guests of this test.\n")

    def guests(self) -> dict[int, str]:
        """VMID and name of every guest of the cluster."""
        found = self._api("GET", "/cluster/resources?type=vm")
        return {guest["vmid"]: guest["name"] for guest in found}

    def _api(self, method: str, path: str, /, **values: t.Any) -> t.Any:
        """Call the API as root."""
        request = urllib.request.Request(  # noqa: S310  (the simulated endpoint)
            f"{self.pve.endpoint}/api2/json{path}",
            method=method,
            data=json.dumps(values).encode() if values else None,
            headers={
                "Content-Type": "application/json",
                "Authorization": f"PVEAPIToken={self.pve.make_token('root@pam', 'test')}",
            },
        )
        context = ssl.create_default_context(cafile=str(self.pve.ca_file))
        with urllib.request.urlopen(request, context=context) as answer:  # noqa: S310
            return json.load(answer)["data"]

    def _shell(self, command: str) -> None:
        subprocess.run(command, shell=True, check=True, cwd=self.folder, env=self.environment)  # noqa: S602

    def _install(self, command: str) -> None:
        self._shell(f"{command.replace('clusterwright.proxmox', str(self.artifact))} --no-deps")

    def _fetch_the_ca(self, command: str) -> None:
        _scp, source, target = shlex.split(command)
        assert source.endswith(":/etc/pve/pve-root-ca.pem")
        shutil.copy(self.pve.ca_file, self.folder / target / "pve-root-ca.pem")

    def elsewhere(self, command: str) -> str:
        """Run a command in another folder, where every file of the inventory has to be one."""
        folder = self.folder / "elsewhere"
        folder.mkdir()
        strict = {**self.environment, "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
        done = subprocess.run(
            shlex.split(command),
            cwd=folder,
            env=strict,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0 and list(folder.iterdir()) == [], done.stdout + done.stderr
        return done.stdout

    def _play(self, command: str) -> None:
        """Run a playbook at a terminal and say yes when asked."""
        before = time.monotonic()
        answers = dict(zip(QUESTIONS, ("yes", self.pve.root_password), strict=True))
        code, shown, answered = talk(["sh", "-c", command], self.environment, self.folder, answers)
        for question in answered:  # the password is pasted, which is two keys
            self.keys += 1 + (2 if question == QUESTIONS[1] else len(answers[question]))
        name = command.partition("clusterwright.proxmox.")[2].partition(" ")[0]
        self.output[name] = shown.replace("\r\n", "\n")
        self.seconds[name] = time.monotonic() - before
        assert code == 0, self.output[name]


def told(output: str) -> str:
    """Everything that tasks told, without the marks of the callback."""
    return re.sub(r'^ +"|",?$', "", output, flags=re.MULTILINE)


@pytest.mark.parametrize("version", ["8.4", "9.1"])
def test_the_quick_start_works_word_for_word(
    version: str, artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with PveServer(version=version) as pve:
        person = Person(pve, artifact, tmp_path)
        before = person.guests().keys()
        for command in typed():
            if "clusterwright.proxmox.doctor" in command:
                person.edits()
            person.types(command)
        plan = json.loads(next(tmp_path.glob("inventory/.clusterwright/*/plan.json")).read_text())
        made = {vmid: name for vmid, name in person.guests().items() if vmid not in before}
        assert made == {machine["vmid"]: machine["name"] for machine in plan["machines"]}

    listed = person.elsewhere("ansible-playbook clusterwright.proxmox.list -i ../inventory")
    assert re.search(rf"{plan['deployment']} +development +COMPLETED", listed), listed
    made_by_doctor = person.output.pop("doctor")
    assert made_by_doctor.count("can do what it should, and no more") == 2, made_by_doctor
    for purpose in ("reader", "writer"):
        file = tmp_path / f"inventory/.clusterwright/{purpose}.secret"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        secret = file.read_text().strip()
        assert all(secret not in output for output in (made_by_doctor, *person.output.values()))
    assert pve.root_password not in "".join((made_by_doctor, *person.output.values()))
    for name, output in person.output.items():
        assert "[WARNING]" not in output and "DEPRECAT" not in output, output
        assert "ansible-playbook clusterwright.proxmox." in output, f"{name} tells what is next"
        seen = told(output)
        for machine in plan["machines"]:
            size = f"{machine['cores']}     {machine['memory_mib'] // 1024} GiB"
            assert (
                machine["name"] in seen
                and size in seen
                and machine["nics"][0]["address"][:9] in seen
            )
        assert f"Cost: {plan['cost']['monthly']:.2f} EUR a month" in seen
        assert "Why agent" in seen and "source: " in seen
    prompt = (
        person.output["provision"].partition("Approve | Ask]")[2].partition("(yes/no/defer)")[0]
    )
    for machine in plan["machines"]:
        assert re.search(rf"^{machine['name']} .* GiB .* 10\.77\.0\.\d+ ", prompt, re.MULTILINE), (
            prompt
        )
        assert f"create {machine['name']}" in prompt
    assert "Cost: " in prompt

    line = (
        f"From an empty folder it is {person.keys_to_plan} keystrokes to the first plan and"
        f" {person.keys} to the first guest"
    )
    minutes = {name: f"{seconds / 60:.1f}" for name, seconds in person.seconds.items()}
    with capsys.disabled():
        print(f"\nProxmox VE {version}: {line}; minutes: {minutes}")
    assert line in README, f"the README says another number than: {line}"
