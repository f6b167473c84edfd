# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated files of a deployment in a git repository, a commit for each applied run; no secret."""

from __future__ import annotations

import os
import subprocess
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._folder import (
    RecordError,
)

#: What of a deployment's folder says what is applied: no state, key, token or password.
APPLIED = "applied.json"
KEPT = (
    APPLIED,
    "inventory.json",
    "charts.lock.json",
    "docs/**/*",
    "terraform/*.tf",
    "terraform/backend.tf.json",
    "terraform/applied-variables.json",
)
#: Files beside them whose values must be in none of them.
_SECRET_FILES = ("kubeconfig", "*.token", "*.password")
_LEAST_SECRET = 8
TIMEOUT_SECONDS = 120


@dataclass(frozen=True)
class Repository:
    """A git repository of the user's choice; only the deployment's own folder in it is touched.

    ``remote`` is the name of a remote or an address; empty never pushes.
    """

    path: Path
    remote: str = ""

    def commit(self, folder: Path, message: str, *, by: str, secrets: t.Iterable[str] = ()) -> bool:
        """Commit what is applied of a deployment; return whether that made a commit.

        Args:
            folder: of the deployment.
            message: of the commit.
            by: author where git itself knows none.
            secrets: values that may be in no file.

        Raises:
            RecordError: a file holds a secret, or git refuses; nothing was committed then.
        """
        wanted = _wanted(folder)
        _refuse_secrets(wanted, {*secrets, *_secrets_beside(folder)})
        self._open()
        place = self.path / folder.name
        kept = [name for name in self._git("ls-files", "-z", "--", folder.name).split("\0") if name]
        if not self._changes_applied(place, kept, wanted):
            return False
        for name in kept:
            if Path(name).relative_to(folder.name).as_posix() not in wanted:
                (self.path / name).unlink(missing_ok=True)
        for name, content in wanted.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)
        self._git("add", "--all", "--force", "--", folder.name)
        if not self._git("status", "--porcelain", "--", folder.name):
            return False
        self._git("commit", "--quiet", "--only", "-m", message, "--", folder.name, by=by)
        return True

    def _changes_applied(self, place: Path, kept: list[str], wanted: dict[str, bytes]) -> bool:
        """Tell whether another plan is applied than the one kept; what is only planned waits."""
        applied = place / APPLIED
        name = applied.relative_to(self.path).as_posix()
        before = applied.read_bytes() if name in kept and applied.is_file() else None
        return wanted.get(APPLIED) != before

    def push(self) -> None:
        """Send the commits to the remote, when one is named.

        Raises:
            RecordError: git could not, with its own last words.
        """
        if self.remote:
            self._git("push", "--quiet", "--", self.remote, "HEAD")

    def _open(self) -> None:
        """Make the repository where nothing is there; refuse a folder of something else."""
        if "://" in self.remote and "@" in self.remote.partition("://")[2].partition("/")[0]:
            raise RecordError(
                "The remote of the repository holds a login: let git ask a credential helper."
            )
        if (self.path / ".git").exists():
            return
        if self.path.is_dir() and any(self.path.iterdir()):
            raise RecordError(f"{self.path} is no git repository, and something else is in it.")
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._git("init", "--quiet")

    def _git(self, *arguments: str, by: str = "") -> str:
        environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        if by:
            for role in ("AUTHOR", "COMMITTER"):
                environment.setdefault(f"GIT_{role}_NAME", self._known("user.name") or by)
                email = self._known("user.email") or f"{by}@localhost"
                environment.setdefault(f"GIT_{role}_EMAIL", email)
        try:
            done = subprocess.run(
                ["git", "-C", str(self.path), *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=TIMEOUT_SECONDS,
                check=False,
            )
        except FileNotFoundError:
            raise RecordError("deployments_git needs git on the controller.") from None
        except subprocess.TimeoutExpired:
            raise RecordError(f"git {arguments[0]} in {self.path} did not end in time.") from None
        if done.returncode:
            words = (done.stderr or done.stdout).strip().splitlines() or ["it says nothing"]
            # What git advises comes after what happened.
            why = [word for word in words if word.startswith(("fatal: ", "error: "))] or words[-1:]
            raise RecordError(f"git {arguments[0]} in {self.path} failed: {why[0].strip()}")
        return done.stdout

    def _known(self, setting: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.path), "config", "--get", setting],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.strip()


def _wanted(folder: Path) -> dict[str, bytes]:
    """Return the files to keep by their path below the folder."""
    found = {path for pattern in KEPT for path in folder.glob(pattern) if path.is_file()}
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(found)}


def _secrets_beside(folder: Path) -> set[str]:
    """Return the values of the files that give access: each word of them that is long enough."""
    words: set[str] = set()
    for pattern in _SECRET_FILES:
        for path in folder.glob(pattern):
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                name, colon, value = line.strip().partition(": ")
                if path.name != "kubeconfig" or name in ("token", "client-key-data", "password"):
                    words.add((value if colon else name).strip().strip("\"'"))
    return words


def _refuse_secrets(wanted: t.Mapping[str, bytes], secrets: t.Iterable[str]) -> None:
    for secret in secrets:
        if len(secret) < _LEAST_SECRET:
            continue
        for name, content in wanted.items():
            if secret.encode() in content:
                raise RecordError(f"{name} holds a secret: nothing was committed.")
