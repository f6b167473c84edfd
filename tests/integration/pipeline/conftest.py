# SPDX-License-Identifier: GPL-3.0-or-later
"""The real playbooks against a simulated Proxmox VE, one lab for all tests of this folder."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import ssl
import subprocess
import sys
import typing as t
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import jinja2
import pytest
import yaml
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import Ledger

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
VM = "vm with 2 cores and 2 GB called {name}"
TIMEOUT_SECONDS = 300


@dataclass(frozen=True)
class Run:
    """What a finished ansible-playbook left: exit code and everything it printed."""

    code: int
    output: str

    def ok(self) -> Run:
        """Return the run itself, which must have succeeded."""
        assert self.code == 0, self.output
        return self

    def refused(self, *sentences: str) -> Run:
        """Return the run itself, which must have failed with these words and no traceback."""
        assert self.code != 0, self.output
        assert "Traceback" not in self.output, self.output
        for sentence in sentences:
            assert sentence in self.output, self.output
        return self


@dataclass(frozen=True)
class LabClient:
    """A running lab, seen through `lab.json` and its control endpoint."""

    document: dict[str, t.Any]

    @classmethod
    def of(cls, name: str) -> LabClient:
        """Return the running lab of a name."""
        return cls(json.loads((ROOT / f"build/lab/{name}/lab.json").read_text()))

    def _ask(self, method: str, path: str, body: t.Any = None, **headers: str) -> t.Any:
        request = urllib.request.Request(  # noqa: S310  (the lab's own https endpoint)
            f"{self.document['endpoint']}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **headers},
        )
        context = ssl.create_default_context(cafile=self.document["ca_file"])
        with urllib.request.urlopen(request, context=context, timeout=30) as answer:  # noqa: S310
            return json.load(answer)

    def api(self, method: str, path: str, **values: t.Any) -> t.Any:
        """Call the Proxmox VE API as the lab's user."""
        document = self.document
        secret = Path(document["token_secret_file"]).read_text().strip()
        token = f"PVEAPIToken={document['user']}!{document['token_id']}={secret}"
        return self._ask(method, f"/api2/json{path}", values or None, Authorization=token)["data"]

    def calls(self) -> list[dict[str, t.Any]]:
        """Return the requests since `forget_calls`."""
        return t.cast("list[dict[str, t.Any]]", self._ask("GET", "/lab/calls"))

    def writes(self) -> list[str]:
        """Return the requests that were no reads, as "METHOD path"."""
        return [f"{c['method']} {c['path']}" for c in self.calls() if c["method"] != "GET"]

    def forget_calls(self) -> None:
        """Empty the log of requests."""
        self._ask("DELETE", "/lab/calls")

    def fault(self, name: str, **fields: t.Any) -> None:
        """Switch a fault on, until `heal`."""
        self._ask("POST", "/lab/faults", {"name": name, **fields})

    def heal(self) -> None:
        """Switch all faults off."""
        self._ask("DELETE", "/lab/faults")

    def site(self, **network: t.Any) -> dict[str, t.Any]:
        """Return the site profile of inventory/lab as plain data, with changes of its network."""
        folder = ROOT / "inventory/lab/group_vars/all"
        prefix = self.document["subnet"].removesuffix(".0/24")
        text = jinja2.Template((folder / "site.yml").read_text()).render(
            lab=self.document, lab_prefix=prefix
        )
        site: dict[str, t.Any] = yaml.safe_load(text)["site"]
        del site["pool"], site["credentials"]  # those of a lab with reader and writer
        site["network"].update(network)
        return site


@dataclass
class Pipeline:
    """Runs the playbooks with deployments in a folder of the test."""

    lab: LabClient
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    inside: tuple[str, ...] = ()
    """Command that runs the playbook, such as one that mounts a file system first."""
    first: Run = field(default_factory=lambda: Run(0, ""))
    """The run that made what the test begins with."""

    def copy(self, folder: Path) -> Pipeline:
        """Return the playbooks with a copy of these deployments in another folder."""
        copied = replace(self, folder=folder)
        shutil.copytree(self.deployments, copied.deployments, symlinks=True)
        return copied

    @property
    def deployments(self) -> Path:
        """Folder of the deployments and of the ledger."""
        return self.folder / "deployments"

    def launched_by(self, name: str) -> tuple[list[str], dict[str, str]]:
        """Return the option and the environment by which AWX says who launched a job."""
        file = self.folder / "extravars"
        file.write_text(yaml.safe_dump({"awx_user_name": name}))
        return ["-e", f"@{file}"], {"JOB_ID": "7", "AWX_PRIVATE_DATA_DIR": str(self.folder)}

    def command(
        self,
        playbook: str,
        deployment: str | None = None,
        *,
        by: str | None = None,
        **variables: t.Any,
    ) -> tuple[list[str], dict[str, str]]:
        """Return the command that runs a playbook, and its environment; ``by``: as job of AWX."""
        said = {"deployments_dir": str(self.deployments), **variables}
        if deployment:
            said["deployment"] = deployment
        intent = said.pop("intent", None)
        launched, job = self.launched_by(by) if by else ([], {})
        command = [str(BIN / "ansible-playbook"), str(ROOT / f"playbooks/{playbook}.yml")]
        command += [
            "-i",
            str(ROOT / "inventory/lab"),
            "-e",
            f"lab_name={self.lab.document['name']}",
        ]
        command += ["-e", json.dumps({k: v for k, v in said.items() if v is not None})]
        command += launched
        if intent is not None:
            command += ["-e", f"intent={intent}"]
        environment = {
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "HOME": os.environ["HOME"],
            "LANG": "C.UTF-8",
            "PATH": f"{BIN}:{os.environ['PATH']}",
            **self.environment,
            **job,
        }
        return command, environment

    def start(
        self, playbook: str, deployment: str | None = None, *options: str, **variables: t.Any
    ) -> subprocess.Popen[str]:
        """Start a playbook in a process group of its own, with nobody at the keyboard."""
        command, environment = self.command(playbook, deployment, **variables)
        return subprocess.Popen(
            [*self.inside, *command, *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            cwd=self.folder,
            start_new_session=True,
        )

    def run(
        self, playbook: str, deployment: str | None = None, *options: str, **variables: t.Any
    ) -> Run:
        """Run a playbook to its end."""
        process = self.start(playbook, deployment, *options, **variables)
        try:
            output, _ = process.communicate(timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            raise
        return Run(process.returncode, output)

    def read(self, deployment: str, name: str) -> t.Any:
        """Return a JSON file of a deployment."""
        return json.loads((self.deployments / deployment / f"{name}.json").read_text())

    def runs(
        self, deployment: str | None = None, folder: Path | None = None
    ) -> list[dict[str, t.Any]]:
        """Return the runs of one deployment or of all from the ledger, newest first."""
        path = (folder or self.deployments) / "ledger.sqlite"
        if not path.exists():
            return []
        ledger = Ledger(str(path))
        try:
            return ledger.runs(deployment)
        finally:
            ledger.close()

    def guests(self) -> dict[int, str]:
        """Return VMID and name of all guests on the simulated Proxmox VE."""
        found = self.lab.api("GET", "/cluster/resources?type=vm")
        return {int(guest["vmid"]): guest["name"] for guest in found}

    def tree(self) -> dict[str, str]:
        """Return every file below the test's folder with its mode and digest."""
        return {
            str(path.relative_to(self.folder)): (
                f"{path.stat().st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
                if path.is_file()
                else f"{path.stat().st_mode:o}"
            )
            for path in sorted(self.folder.rglob("*"))
        }


def lab_command(*arguments: str) -> None:
    """Run `python -m lab`."""
    done = subprocess.run(
        [sys.executable, "-m", "lab", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def running_lab() -> Iterator[LabClient]:
    """A lab without hosts for all tests."""
    name = f"pipeline-{os.getpid()}"
    lab_command("up", "--name", name, "--machines", "simulated")
    try:
        yield LabClient.of(name)
    finally:
        lab_command("down", "--name", name)


@pytest.fixture
def lab(running_lab: LabClient) -> Iterator[LabClient]:
    """The lab, healed and with an empty log of requests."""
    running_lab.heal()
    running_lab.forget_calls()
    yield running_lab
    running_lab.heal()


@pytest.fixture
def pipeline(lab: LabClient, tmp_path: Path) -> Pipeline:
    """The playbooks, with an empty folder for deployments."""
    return Pipeline(lab, tmp_path)
