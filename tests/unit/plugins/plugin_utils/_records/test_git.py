# SPDX-License-Identifier: GPL-3.0-or-later
"""What is applied goes to a real git repository: one commit a change, no secret, nothing else."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.action.deployment_commit import ActionModule
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records import RecordError
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._git import (
    Repository,
)
from unit.plugins.action.conftest import _run as run_action

TOKEN = "canary-0123456789"
FILES = {
    "applied.json": '{"deployment": "shop"}',
    "inventory.json": "{}",
    "docs/README.md": "# shop",
    "terraform/main.tf": "# root module",
    "terraform/applied-variables.json": "{}",
    "terraform/terraform.tfstate": '{"secret": "state"}',
    "terraform/plan.tfplan": "binary",
    "k3s.token": f"{TOKEN}\n",
    "kubeconfig": f"users:\n- user:\n    token: {TOKEN}-kube\n",
    "grafana.password": f"{TOKEN}-grafana",
}
KEPT = {name for name in FILES if name.startswith(("applied", "inventory", "docs"))}
KEPT |= {"terraform/main.tf", "terraform/applied-variables.json"}


@pytest.fixture(autouse=True)
def _no_own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "deployments/shop"
    for name, content in FILES.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(content)
    return place


def git(place: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(place), *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout


def in_commit(place: Path) -> set[str]:
    return set(git(place, "ls-tree", "-r", "--name-only", "HEAD").split())


def test_each_change_is_one_commit_of_what_is_applied(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "git"
    repository = Repository(place)
    assert repository.commit(folder, "shop: run 1", by="ada")
    assert in_commit(place) == {f"shop/{name}" for name in KEPT}
    assert git(place, "log", "--format=%an %s") == "ada shop: run 1\n"
    (folder / "terraform/main.tf").write_text("# only planned")
    assert not repository.commit(folder, "shop: run 2", by="ada")
    (folder / "applied.json").write_text('{"deployment": "shop", "more": 1}')
    (folder / "docs/README.md").unlink()
    assert repository.commit(folder, "shop: run 3", by="ada")
    assert in_commit(place) == {f"shop/{name}" for name in KEPT - {"docs/README.md"}}
    for name in KEPT:
        (folder / name).unlink(missing_ok=True)
    assert repository.commit(folder, "shop: destroyed", by="ada")
    assert in_commit(place) == set()
    assert git(place, "log", "--format=%s").split("\n")[:2] == ["shop: destroyed", "shop: run 3"]


def test_what_else_is_in_the_repository_is_left_alone(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "git"
    git(tmp_path, "init", "-q", str(place))
    (place / ".gitignore").write_text("*.json\n")
    (place / "own.txt").write_text("mine")
    git(place, "add", "own.txt")
    (place / "other").mkdir()
    Repository(place).commit(folder, "shop: run 1", by="ada")
    assert in_commit(place) == {f"shop/{name}" for name in KEPT}
    assert git(place, "diff", "--cached", "--name-only") == "own.txt\n"


#: file -> what is in it though it is in no file that may be kept
LEAKS = {
    "docs/README.md": f"token {TOKEN}",
    "applied.json": f"{TOKEN}-kube",
    "inventory.json": f"{TOKEN}-grafana",
    "terraform/main.tf": "the secret of the API",
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_secret_stops_it(folder: Path, tmp_path: Path, name: str) -> None:
    (folder / name).write_text(LEAKS[name])
    with pytest.raises(RecordError, match="holds a secret: nothing was committed") as error:
        Repository(tmp_path / "git").commit(
            folder, "shop: run 1", by="ada", secrets=["the secret of the API"]
        )
    assert TOKEN not in str(error.value)
    assert not (tmp_path / "git").exists()


def test_only_a_named_remote_is_pushed_to(folder: Path, tmp_path: Path) -> None:
    bare, place = tmp_path / "bare", tmp_path / "git"
    git(tmp_path, "init", "-q", "--bare", str(bare))
    git(tmp_path, "init", "-q", str(place))
    git(place, "remote", "add", "origin", str(bare))
    options = {"directory": str(folder), "repository": str(place), "message": "shop: run 1"}
    assert run_action(ActionModule, **options)["committed"]
    assert git(bare, "branch", "--list") == ""
    (folder / "applied.json").write_text("{}")
    assert run_action(ActionModule, remote="origin", **options)["committed"]
    assert len(git(bare, "log", "--all", "--format=%s").splitlines()) == 2
    (folder / "applied.json").write_text("[]")
    lost = run_action(ActionModule, remote="nowhere", **options)
    assert lost["committed"] and re.search(
        r"git push in .* failed: fatal: 'nowhere' .*The commit stays", lost["warnings"][0]
    )


def test_check_mode_and_refusals(folder: Path, tmp_path: Path) -> None:
    options = {"directory": str(folder), "message": "shop: run 1"}
    place = tmp_path / "git"
    dry = run_action(ActionModule, check_mode=True, repository=str(place), **options)
    assert not dry["changed"] and not place.exists()
    full = run_action(ActionModule, repository=str(folder.parent), **options)
    assert full["failed"] and "something else is in it" in full["msg"]
    login = run_action(
        ActionModule, repository=str(place), remote="https://ada:pw@example.org/x", **options
    )
    assert login["failed"] and "holds a login" in login["msg"] and "pw" not in login["msg"]
    secret = tmp_path / "writer.secret"
    secret.write_text("the secret of the writer\n")
    (folder / "docs" / "README.md").write_text("the secret of the writer")
    files = [str(secret), str(tmp_path / "not there")]
    held = run_action(ActionModule, repository=str(place), secret_files=files, **options)
    assert held["failed"] and "holds a secret" in held["msg"] and not place.exists()
