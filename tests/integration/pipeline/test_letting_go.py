# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines are let go, or their end is asked for; killed in the middle, nothing happens twice."""

from __future__ import annotations

import datetime
import json
import re
import typing as t
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger import Ledger

from .conftest import VM, LabClient, Pipeline
from .moments import Moment, called, in_stage, kill_at

PAIR = "two vms with 2 cores and 2 GB called {name}"
TODAY = datetime.datetime.now(datetime.UTC).date().isoformat()
TAGGED = called("PUT", "/nodes/.*/qemu/.*/config")


def forgotten(pipeline: Pipeline) -> bool:
    """The moment at which the Terraform state holds nothing any more."""
    state = pipeline.deployments / "pair/terraform/terraform.tfstate"
    return not json.loads(state.read_text())["resources"]


def asked(pipeline: Pipeline) -> bool:
    """The moment at which the ledger has the request for an end."""
    ledger = Ledger(str(pipeline.deployments / "ledger.sqlite"))
    try:
        return ledger.retirement("pair") is not None
    finally:
        ledger.close()


#: Playbook -> moments of it at which it is killed.
KILLS: dict[str, dict[str, Moment]] = {
    "release": {"begun": in_stage("release"), "state": forgotten, "tags": TAGGED},
    "retire": {"begun": in_stage("retire"), "tags": TAGGED, "request": asked},
}


def guests(lab: LabClient) -> list[dict[str, t.Any]]:
    """Return what the cluster says about the machines of the tests."""
    found = lab.api("GET", "/cluster/resources?type=vm")
    return [guest for guest in found if guest["name"] in ("pair-1", "pair-2")]


def config_path(guest: dict[str, t.Any]) -> str:
    """Return where the configuration of a guest is read and written."""
    return f"/nodes/{guest['node']}/qemu/{guest['vmid']}/config"


def configurations(pipeline: Pipeline) -> dict[int, dict[str, t.Any]]:
    """Return VMID to configuration, with tags as a set and without what a write changes."""
    found = {}
    for guest in guests(pipeline.lab):
        config = pipeline.lab.api("GET", config_path(guest))
        del config["digest"]
        config["tags"] = set(config.get("tags", "").split(";")) - {""}
        found[guest["vmid"]] = {**config, "status": guest["status"]}
    return found


def remove(pipeline: Pipeline, taken: t.Mapping[int, dict[str, t.Any]]) -> None:
    """Take guests over again that were let go, and destroy them."""
    names = {config["name"]: vmid for vmid, config in taken.items()}
    pipeline.run("import", "pair", imports=names).ok()
    pipeline.run("destroy", "pair", confirm="pair", consent=",".join(sorted(names))).ok()
    assert not set(taken) & set(pipeline.guests())


def outcomes(pipeline: Pipeline) -> Counter[tuple[str, str]]:
    """Return how often the tags of each guest were written, and with which outcome."""
    ledger = Ledger(str(pipeline.deployments / "ledger.sqlite"))
    try:
        rows = [r for run in ledger.runs("pair") for r in ledger.receipts(run["workflow_id"])]
        assert ledger.audit().holds
    finally:
        ledger.close()
    return Counter((row["target"], row["outcome"]) for row in rows if row["what"] == "tags")


@pytest.fixture(scope="class")
def made(running_lab: LabClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """Two machines, which are destroyed after the last test."""
    running_lab.heal()
    pipeline = Pipeline(running_lab, tmp_path_factory.mktemp("letting-go"))
    pipeline.run("provision", "pair", intent=PAIR.format(name="pair"), approve="auto").ok()
    vmids = set(configurations(pipeline))
    yield pipeline
    pipeline.run("destroy", "pair", confirm="pair").ok()
    assert not vmids & set(pipeline.guests())


class TestKilled:
    """One deployment of two machines; each test has a copy of its folder and leaves its tags."""

    @pytest.fixture
    def pipeline(self, made: Pipeline, lab: LabClient, tmp_path: Path) -> Iterator[Pipeline]:
        """The deployment as it was made, for one test."""
        tags = {guest["vmid"]: guest["tags"] for guest in guests(lab)}
        yield made.copy(tmp_path)
        for guest in guests(lab):
            lab.api("PUT", config_path(guest), tags=tags[guest["vmid"]])

    @pytest.mark.parametrize(
        ("playbook", "moment"),
        [(name, moment) for name, moments in KILLS.items() for moment in moments],
    )
    def test_killed_and_run_again(self, pipeline: Pipeline, playbook: str, moment: str) -> None:
        more = {"end_of_life": TODAY} if playbook == "retire" else {}
        before = configurations(pipeline)
        kill_at(pipeline, KILLS[playbook][moment], pipeline.start(playbook, "pair", **more))
        assert "(interrupted)" in pipeline.run("status", "pair").ok().output

        if playbook == "release":
            # Half of it is let go: nothing is destroyed or made a second time in between.
            writes = pipeline.lab.writes()
            pipeline.run("provision", "pair", intent=PAIR.format(name="pair"), approve="auto")
            later = pipeline.lab.writes()[len(writes) :]
            assert [write for write in later if not write.startswith("PUT")] == []
        pipeline.run(playbook, "pair", **more).ok()

        after = configurations(pipeline)
        gone = {"clusterwright", "cw-pair"} if playbook == "release" else set()
        added = {f"eol-{TODAY}"} if playbook == "retire" else set()
        assert after == {
            vmid: {**config, "tags": config["tags"] - gone | added}
            for vmid, config in before.items()
        }
        counted = outcomes(pipeline)
        assert not [target for target, outcome in counted if outcome == "unknown"]
        written = [times for (_target, outcome), times in counted.items() if outcome == "happened"]
        assert written == [1] * len(before), counted
        if playbook == "release":
            assert "pair-1" not in pipeline.run("list").ok().output
            pipeline.run("destroy", "pair", confirm="pair").refused("pair")
            assert set(before) <= set(pipeline.guests())
        else:
            assert "No drift." in pipeline.run("drift", "pair").ok().output


def test_what_is_somebody_elses_by_now_keeps_its_tags(pipeline: Pipeline) -> None:
    pipeline.run("provision", "pair", intent=VM.format(name="pair-1"), approve="auto").ok()
    [vmid] = configurations(pipeline)
    node = pipeline.read("pair", "applied")["plan"]["machines"][0]["node"]
    path = f"/nodes/{node}/qemu/{vmid}/config"
    pipeline.lab.api("PUT", path, tags="clusterwright;cw-other")
    pipeline.lab.forget_calls()
    pipeline.run("retire", "pair", end_of_life=TODAY).refused(
        f"Nothing was changed: pair-1 (VMID {vmid}) does not carry the tag cw-pair", "/drift.yml "
    )
    pipeline.run("release", "pair").ok()
    assert pipeline.lab.writes() == []
    assert pipeline.lab.api("GET", path)["tags"] == "clusterwright;cw-other"
    pipeline.lab.api("PUT", path, delete="tags")
    remove(pipeline, configurations(pipeline))


def test_a_plan_that_deletes_is_told_with_the_consent_that_it_wants(pipeline: Pipeline) -> None:
    pipeline.run("provision", "pair", intent=PAIR.format(name="pair"), approve="auto").ok()
    planned = pipeline.run("plan", "pair", intent=VM.format(name="alone")).ok().output
    [(approve, consent)] = re.findall(r"approve=([0-9a-f]{64}) -e consent=(\S+)$", planned, re.M)
    assert consent == "pair-1,pair-2"
    pipeline.run("apply", "pair", approve=approve).refused(f"-e consent={consent}")
    pipeline.run("apply", "pair", approve=approve, consent=consent).ok()
    assert "alone" in pipeline.guests().values() and not configurations(pipeline)
    pipeline.run("destroy", "pair", confirm="pair").ok()
