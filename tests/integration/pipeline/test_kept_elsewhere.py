# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept elsewhere: commits on a remote, pinned heads, an export, the chain's key."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from unit.plugins.plugin_utils._ledger.test_heads import TOKEN, Pinning, pinning

from .conftest import VM, Pipeline

__all__ = ["pinning"]

KEY = "canary-of-the-chain"


def git(place: Path, *words: str) -> str:
    """Return what git says about a repository."""
    done = subprocess.run(
        ["git", "-C", str(place), *words], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_each_applied_run_is_pushed_to_the_remote(pipeline: Pipeline, tmp_path: Path) -> None:
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", str(remote)], check=True)
    kept = {"deployments_git": True, "deployments_git_remote": str(remote)}
    intent = VM.format(name="shop")
    pipeline.run("plan", "shop", intent=intent, **kept).ok()
    assert not git(remote, "for-each-ref"), "what is only planned is not committed"

    pipeline.run("provision", "shop", intent=intent, approve="auto", **kept).ok()
    here = pipeline.folder / "deployments-git"
    [branch] = git(remote, "for-each-ref", "--format=%(refname:short)").split()
    assert git(remote, "rev-parse", branch) == git(here, "rev-parse", "HEAD")
    files = set(git(remote, "ls-tree", "-r", "--name-only", branch).split())
    assert {"shop/applied.json", "shop/terraform/vms.tf"} <= files
    assert not [name for name in files if "tfstate" in name or name.endswith((".token", ".tfplan"))]
    assert "changed=0" in pipeline.run("provision", "shop", approve="auto", **kept).ok().output

    moved = remote.rename(tmp_path / "away.git")
    told = pipeline.run("destroy", "shop", confirm="shop", **kept).ok().output
    assert "git push" in told, "the commit stays, and that it did not leave is said"
    moved.rename(remote)
    pipeline.run("provision", "shop", intent=intent, approve="auto", **kept).ok()
    assert git(remote, "rev-parse", branch) == git(here, "rev-parse", "HEAD")
    assert git(remote, "log", "--format=%s", branch).count("shop: run ") == 3
    token = Path(pipeline.lab.document["token_secret_file"]).read_text().strip()
    assert token not in git(remote, "log", "--patch", branch)
    pipeline.run("destroy", "shop", confirm="shop").ok()


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_the_head_is_pinned_and_exported(pipeline: Pipeline, pinning: Pinning, method: str) -> None:
    export = pipeline.folder / "export.json"
    there = {
        "pin": f"{pinning.server.url}/heads",
        "pin_method": method,
        "pin_token_file": pinning.token,
        "pin_ca_path": pinning.ca,
    }
    pipeline.run("plan", "shop", intent=VM.format(name="shop")).ok()
    pipeline.run("audit", None, "--check", export=str(export), **there).ok()
    assert pinning.server.kept == b"" and not export.exists()
    early = shutil.copytree(pipeline.deployments, pipeline.folder / "early")

    pipeline.run("forget", "shop").ok()
    told = pipeline.run("audit", export=str(export), **there).ok().output
    [head] = re.findall(r"entries, head ([0-9a-f]{64})", told)
    assert json.loads(pinning.server.kept)["hash"] == head
    exported = json.loads(export.read_text())
    assert exported["chain"][-1]["hash"] == head and TOKEN not in export.read_text() + told
    assert stat.S_IMODE(export.stat().st_mode) == 0o600

    wrong = {**there, "pin_ca_path": None}
    pipeline.run("audit", **wrong).refused("The head could not be pinned at", "certificate")
    kept = pinning.server.kept
    shutil.rmtree(pipeline.deployments)
    early.rename(pipeline.deployments)
    pipeline.run("audit", **there).refused("cut off", "-e acknowledge=")
    assert pinning.server.kept == kept


def test_a_key_makes_every_playbook_write_what_only_it_can(pipeline: Pipeline) -> None:
    keyed = replace(pipeline, environment={"CLUSTERWRIGHT_LEDGER_KEY": KEY})
    intent = VM.format(name="shop")
    output = keyed.run("provision", "shop", intent=intent, approve="auto").ok().output
    output += keyed.run("audit").ok().output
    pipeline.run("audit").refused("the key is another one")
    for stranger in (pipeline, replace(pipeline, environment={"CLUSTERWRIGHT_LEDGER_KEY": "x"})):
        stranger.run("destroy", "shop", confirm="shop").refused(
            "written with another key than CLUSTERWRIGHT_LEDGER_KEY"
        )
    assert "shop" in pipeline.guests().values()
    output += keyed.run("destroy", "shop", confirm="shop").ok().output
    output += keyed.run("audit").ok().output
    assert KEY not in output
    for path in pipeline.folder.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path
