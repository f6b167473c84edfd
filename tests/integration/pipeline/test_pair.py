# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab with reader and writer, as `make demo` has it: made by doctor, used by every playbook."""

from __future__ import annotations

import re
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
        assert "changed=0" in pipeline.run("provision", "paired", **kept).ok().output
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

        _takes_over(pipeline)
    finally:
        for path in secrets:
            path.unlink(missing_ok=True)


def _takes_over(pipeline: Pipeline) -> None:
    """A guest outside of the pool is refused with the command that puts it there, then taken."""
    lab = pipeline.lab
    [(vmid, path)] = [
        (guest["vmid"], f"/nodes/{guest['node']}/qemu/{guest['vmid']}")
        for guest in lab.api("GET", "/cluster/resources?type=vm")
        if guest["name"] == "homeassistant"
    ]
    lab.api("PUT", f"{path}/config", ostype="l26")
    before = lab.api("GET", f"{path}/config")
    lab.forget_calls()
    imports = {"imports": {"homeassistant": vmid}}
    refused = pipeline.run("import", "house", **imports).refused("Nothing was taken over.").output
    [told] = set(re.findall(r"pvesh set (\S+) --poolid (\S+) --vms (\d+), then run this", refused))
    assert lab.writes() == [] and told == ("/pools", "clusterwright", str(vmid))
    lab.api("PUT", told[0], poolid=told[1], vms=told[2])
    try:
        pipeline.run("import", "house", **imports).ok()
        assert "No drift." in pipeline.run("drift", "house").ok().output
        pipeline.run("destroy", "house", confirm="house").refused("was only taken over")
        pipeline.run("release", "house").ok()
        assert lab.api("GET", f"{path}/config").get("tags") == before.get("tags")
        assert vmid in pipeline.guests()
    finally:
        lab.api("PUT", told[0], poolid=told[1], vms=told[2], delete=1)
