# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab with reader and writer, as `make demo` has it: made by doctor, used by every playbook."""

from __future__ import annotations

import subprocess
import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import Ledger

from .conftest import VM, Pipeline


def git(repository: Path, *words: str) -> str:
    """Return what git says about a repository."""
    done = subprocess.run(
        ["git", "-C", str(repository), *words], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_doctor_makes_the_pair_of_the_lab_and_nothing_else_writes(pipeline: Pipeline) -> None:
    document = pipeline.lab.document
    folder = Path(document["token_secret_file"]).parent
    secrets = [folder / f"{name}.secret" for name in ("reader", "writer")]
    pipeline.run("freeze", freeze="frozen", reason="holidays").ok()
    try:
        frozen = pipeline.run("doctor", lab_pair=True, make=True)
        frozen.refused("holidays", "Nothing is written until it is lifted")
        assert pipeline.lab.writes() == [] and not any(path.exists() for path in secrets)
        pipeline.run("freeze", freeze="lifted").ok()

        made = pipeline.run("doctor", lab_pair=True, make=True, renew=True).ok().output
        assert "make the token clusterwright-writer@pve!lab" in made
        assert {oct(path.stat().st_mode & 0o777) for path in secrets} == {"0o600"}
        assert not any(path.read_text().strip() in made for path in secrets)
        ledger = Ledger(str(pipeline.deployments / "ledger.sqlite"))
        receipts = ledger.receipts(pipeline.runs("credentials")[0]["workflow_id"])
        ledger.close()
        assert {receipt["outcome"] for receipt in receipts} == {"happened"}
        told = [f"{receipt['what']} {receipt['target']}" for receipt in receipts]
        assert [line.removeprefix("credential ").split(" ")[:2] for line in told] == [
            line.split(" ") for line in pipeline.lab.writes()
        ]

        pipeline.lab.forget_calls()
        shop = VM.format(name="paired")
        kept: dict[str, t.Any] = {"approve": "auto", "deployments_git": True}
        first = pipeline.run("provision", "paired", intent=shop, **kept).ok().output
        assert "could" not in first, "nobody is warned of a right that is too much"
        assert "changed=0" in pipeline.run("provision", "paired", approve="auto").ok().output
        pipeline.run("destroy", "paired", confirm="paired", deployments_git=True).ok()
        repository = pipeline.folder / "deployments-git"
        log = git(repository, "log", "--format=%s", "--patch")
        assert log.count("paired: run ") == 2 and '"machines"' in log
        assert not any(path.read_text().strip() in log for path in secrets)
        calls = pipeline.lab.calls()
        assert {call["user"] for call in calls if call["method"] != "GET"} == {
            "clusterwright-writer@pve!lab"
        }
        assert document["user"] not in " ".join(str(call["user"]) for call in calls)
    finally:
        for path in secrets:
            path.unlink(missing_ok=True)
