# SPDX-License-Identifier: GPL-3.0-or-later
"""Terraform's command line: few processes, secrets only in their environment."""

from __future__ import annotations

import hashlib
import json
import subprocess
import typing as t
from dataclasses import dataclass, field, replace
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.document import (
    moved_providers,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._terraform.errors import (
    TerraformError,
    explain,
)

#: What a change of makes another `init` necessary.
_INIT_INPUTS = ("versions.tf", "backend.tf.json")
_LOCAL_STATE = "terraform.tfstate"
_INIT_MARK = ".terraform/clusterwright.sha256"
_VALID_MARK = ".terraform/clusterwright-valid.sha256"


@dataclass(frozen=True)
class Completed:
    """A finished process."""

    returncode: int
    stdout: str
    stderr: str


class Run(t.Protocol):
    """Starts a process, waits for it and returns what it printed."""

    def __call__(
        self, arguments: list[str], *, directory: str, environment: dict[str, str]
    ) -> Completed:
        """Run one command.

        Raises:
            FileNotFoundError: there is no such program.
        """


def run_process(
    arguments: list[str],
    *,
    directory: str,
    environment: dict[str, str],
    keep_open: t.Sequence[int] = (),
) -> Completed:
    """Run a real process; ``keep_open`` are file descriptors that it inherits."""
    done = subprocess.run(
        arguments,
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        pass_fds=tuple(keep_open),
        umask=0o077,
    )
    return Completed(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Terraform:
    """One deployment's directory and the program that works in it.

    Attributes:
        run: starts a process.
        binary: path or name of ``terraform`` or ``tofu``.
        directory: Terraform directory of the deployment.
        environment: whole environment of each process; holds the credentials.
        secrets: texts that may appear in no message.
    """

    run: Run
    binary: str
    directory: Path
    environment: dict[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def with_run(self, run: Run) -> Terraform:
        """Return the same with another way to start processes."""
        return replace(self, run=run)

    def initialise(self, *, copy: bool = False) -> bool:
        """Install the provider and connect the backend when needed; return whether it was.

        A state that the other program made gets its provider from this program's registry; in a
        ``copy`` only when the state is a copy too.
        """
        wanted = self._digest(_INIT_INPUTS)
        mark = self.directory / _INIT_MARK
        lock = self.directory / ".terraform.lock.hcl"
        installed = (self.directory / ".terraform" / "providers").is_dir()
        if installed and lock.exists() and mark.is_file() and mark.read_text("utf-8") == wanted:
            return False
        self._call("init", "-input=false")
        if not copy or (self.directory / _LOCAL_STATE).is_file():
            self._take_over_providers()
        mark.write_text(wanted, encoding="utf-8")
        return True

    def validate(self) -> bool:
        """Check the configuration unless it was found valid before; return whether it ran."""
        names = sorted(path.name for path in self.directory.glob("*.tf*") if path.is_file())
        wanted = self._digest(name for name in names if not name.endswith((".tfstate", ".tfplan")))
        mark = self.directory / _VALID_MARK
        if mark.is_file() and mark.read_text("utf-8") == wanted:
            return False
        self._call("validate")
        mark.write_text(wanted, encoding="utf-8")
        return True

    def plan(self, file: Path, *arguments: str) -> bool:
        """Save a plan to ``file``; return whether it changes anything."""
        file.unlink(missing_ok=True)
        done = self._call(
            "plan", "-input=false", "-detailed-exitcode", f"-out={file}", *arguments, good=(0, 2)
        )
        file.chmod(0o600)
        return done.returncode == 2

    def show_plan(self, file: Path) -> dict[str, t.Any]:
        """Return a saved plan as Terraform's JSON."""
        return self._json("show", "-json", str(file))

    def show_state(self) -> dict[str, t.Any]:
        """Return the state as Terraform's JSON; empty when there is none."""
        return self._json("show", "-json")

    def pull_state(self) -> dict[str, t.Any]:
        """Return serial and lineage of the state; empty when there is none."""
        text = self._call("state", "pull", color=False).stdout.strip()
        return t.cast("dict[str, t.Any]", json.loads(text)) if text else {}

    def apply(self, file: Path) -> None:
        """Apply a saved plan."""
        self._call("apply", "-input=false", str(file))

    def import_guest(self, address: str, guest: str) -> None:
        """Take one existing guest into the state without changing it."""
        self._call("import", "-input=false", address, guest)

    def _take_over_providers(self) -> None:
        state = self.pull_state()
        if not state.get("resources"):
            return
        program = self._call("version", color=False).stdout.partition(" ")[0]
        for former, name in moved_providers(state, program).items():
            self._call("state", "replace-provider", "-auto-approve", former, name, color=False)

    def mark_unfinished(self, address: str) -> None:
        """Have one machine of the state made again by the next apply."""
        self._call("taint", address)

    def forget(self, addresses: t.Sequence[str]) -> None:
        """Take resources out of the state; what they stand for is left as it is."""
        self._call("state", "rm", *addresses, color=False)

    def _json(self, *arguments: str) -> dict[str, t.Any]:
        done = self._call(*arguments)
        try:
            return t.cast("dict[str, t.Any]", json.loads(done.stdout or "{}"))
        except ValueError:
            raise TerraformError(
                f"{self.binary} {arguments[0]} printed no JSON: check that {self.binary} is "
                "Terraform or OpenTofu 1.10 or newer."
            ) from None

    def _call(self, *arguments: str, good: tuple[int, ...] = (0,), color: bool = True) -> Completed:
        command = [self.binary, *arguments]
        if color:
            command.insert(1 + len(arguments[:1]), "-no-color")
        try:
            done = self.run(command, directory=str(self.directory), environment=self.environment)
        except (FileNotFoundError, PermissionError):
            raise TerraformError(
                f"{self.binary} cannot be started: install Terraform or OpenTofu 1.10 or newer, or "
                "name its path in binary."
            ) from None
        if done.returncode not in good:
            raise TerraformError(
                explain(
                    done.stderr if done.stderr.strip() else done.stdout,
                    step=arguments[0],
                    directory=str(self.directory),
                    secrets=self.secrets,
                )
            )
        return done

    def _digest(self, names: t.Iterable[str]) -> str:
        digest = hashlib.sha256(str(self.binary).encode())
        for name in names:
            path = self.directory / name
            digest.update(f"\0{name}\0".encode())
            digest.update(path.read_bytes() if path.is_file() else b"")
        return digest.hexdigest()
