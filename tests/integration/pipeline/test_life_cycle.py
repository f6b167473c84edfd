# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan, approve, apply, look, drift, destroy: what each playbook does and leaves alone."""

from __future__ import annotations

import datetime
import json
import re
import shutil
import stat
import typing as t
from pathlib import Path

import pytest

from .conftest import VM, LabClient, Pipeline

WEB = VM.format(name="web")
SOLO = VM.format(name="solo")


@pytest.fixture(scope="module")
def deployed(
    running_lab: LabClient, tmp_path_factory: pytest.TempPathFactory
) -> t.Iterator[Pipeline]:
    """One machine, made by provision.yml; tests that take it leave it as it was."""
    running_lab.heal()
    pipeline = Pipeline(running_lab, tmp_path_factory.mktemp("deployed"))
    pipeline.first = pipeline.run("provision", "lab", "-vvv", intent=WEB, approve="auto").ok()
    yield pipeline
    run = pipeline.run("destroy", "lab", confirm="lab").ok()
    assert "web" not in pipeline.guests().values(), run.output
    assert "web" not in pipeline.run("list").output


@pytest.fixture
def web(deployed: Pipeline, lab: LabClient) -> Pipeline:
    """The deployed machine, with an empty log of requests."""
    return deployed


def test_second_run_changes_nothing(web: Pipeline) -> None:
    before = web.guests()
    run = web.run("provision", "lab", intent=WEB, approve="auto").ok()
    assert "changed=0" in run.output
    assert web.lab.writes() == []
    assert web.guests() == before


@pytest.mark.parametrize(
    ("playbook", "deployment", "variables", "words"),
    [
        ("plan", "new", {"intent": VM.format(name="new")}, "1 to create"),
        ("provision", "new", {"intent": VM.format(name="new"), "approve": "auto"}, "1 to create"),
        ("provision", "lab", {"intent": WEB, "approve": "auto"}, "web"),
        ("plan", "lab", {"intent": WEB}, "web"),
        ("apply", "lab", {}, ""),
        ("destroy", "lab", {}, "web"),
        ("drift", "lab", {}, ""),
        ("status", "lab", {}, "COMPLETED"),
        ("list", None, {}, "web"),
    ],
)
def test_check_mode_writes_nothing(
    web: Pipeline, playbook: str, deployment: str | None, variables: dict[str, str], words: str
) -> None:
    before = web.tree()
    run = web.run(playbook, deployment, "--check", "--diff", **variables).ok()
    assert words in run.output
    assert web.lab.writes() == []
    assert web.tree() == before


def test_status_and_list(web: Pipeline) -> None:
    status = web.run("status", "lab").ok().output
    for stage in ("facts", "size", "plan", "apply", "verify", "document", "whole run"):
        assert stage in status
    assert re.search(r"whole run +COMPLETED", status)
    assert re.search(r"lab +development +COMPLETED .* web$", web.run("list").ok().output, re.M)
    web.run("status", "other").refused("There is no deployment other in the ledger; there are: lab")


def test_drift_is_found_and_told(web: Pipeline) -> None:
    assert "web" not in web.run("drift", "lab").ok().output
    [vmid] = [vmid for vmid, name in web.guests().items() if name == "web"]
    node = web.read("lab", "plan")["machines"][0]["node"]
    web.lab.api("PUT", f"/nodes/{node}/qemu/{vmid}/config", memory=4096)
    run = web.run("drift", "lab")
    assert "web" in run.output and "memory" in run.output
    web.lab.api("PUT", f"/nodes/{node}/qemu/{vmid}/config", memory=2048)
    assert "memory" not in web.run("drift", "lab").ok().output


def test_secrets_are_in_no_file_and_no_output(web: Pipeline) -> None:
    document = web.lab.document
    token = Path(document["token_secret_file"]).read_text().strip()
    key = "".join(Path(document["ssh_private_key_file"]).read_text().splitlines()[1:-1])
    for secret in (token, key, key[:60]):
        assert secret not in web.first.output
        for path in web.folder.rglob("*"):
            if path.is_file():
                assert secret.encode() not in path.read_bytes(), path


def test_files_are_private(web: Pipeline) -> None:
    private = (
        "ledger.sqlite",
        "terraform.tfstate",
        "terraform.tfvars.json",
        "plan.json",
        "request.json",
        "snapshot.json",
        "result.json",
        "inventory.json",
        "report.html",
    )
    found = {
        path.name: path
        for path in web.deployments.rglob("*")
        if path.name in private and ".terraform" not in path.parts
    }
    assert sorted(found) == sorted(private)
    assert {stat.S_IMODE(path.stat().st_mode) for path in found.values()} == {0o600}
    assert stat.S_IMODE(web.deployments.stat().st_mode) == 0o700


def test_second_deployment_beside_the_first(web: Pipeline) -> None:
    state = web.deployments / "lab/terraform/terraform.tfstate"
    before = state.read_bytes()
    web.run("provision", "second", intent=VM.format(name="mail"), approve="auto").ok()
    first, second = (web.read(name, "plan")["machines"][0] for name in ("lab", "second"))
    assert first["vmid"] != second["vmid"]
    assert first["nics"][0]["address"] != second["nics"][0]["address"]
    assert state.read_bytes() == before
    assert web.guests()[first["vmid"]] == first["name"]
    assert web.guests()[second["vmid"]] == second["name"]
    web.run("destroy", "second", confirm="second").ok()
    assert first["vmid"] in web.guests() and second["vmid"] not in web.guests()


def test_plan_of_what_nobody_asked_for_in_words(web: Pipeline) -> None:
    """Guests that were taken over have a plan and a state but no request."""
    folder = web.deployments / "lab"
    kept = shutil.copytree(folder, web.folder / "kept")
    applied = folder / "applied.json"
    applied.write_text(json.dumps({**json.loads(applied.read_text()), "request": None}))
    shutil.rmtree(folder / "proposed")
    (folder / "request.json").unlink()
    before = web.read("lab", "plan")
    try:
        run = web.run("plan", "lab").ok()
        assert "to create" not in run.output and "approve=" not in run.output
        after = web.read("lab", "plan")
        assert {**after, "provenance": None} == {**before, "provenance": None}
        assert web.lab.writes() == [] and not (folder / "request.json").exists()
    finally:
        for name in ("proposed", "applied.json", "request.json"):
            shutil.rmtree(folder / name) if (folder / name).is_dir() else None
            shutil.move(kept / name, folder / name)
        shutil.rmtree(kept)


def test_destroy_wants_the_name(web: Pipeline) -> None:
    web.run("destroy", "lab").refused("Nothing was destroyed: confirm it with", "-e confirm=lab")
    web.run("destroy", "lab", confirm="other").refused("Nothing was destroyed")
    assert web.lab.writes() == []


def test_apply_takes_the_plan_that_was_approved(pipeline: Pipeline) -> None:
    planned = pipeline.run("plan", "solo", intent=SOLO).ok().output
    assert "+ create solo" in planned and pipeline.lab.writes() == []
    assert re.search(r"approve=[0-9a-f]{64}$", planned, re.M)

    asked = pipeline.run("apply", "solo").refused("is approved and applied by: ansible-playbook")
    [shown] = set(re.findall(r"approve=([0-9a-f]{64})", asked.output))
    wrong = shown[:-1] + ("0" if shown[-1] != "0" else "1")
    other = pipeline.run("apply", "solo", approve=wrong).refused("is not the sha256 of this plan")
    [sha256] = set(re.findall(r"[0-9a-f]{64}", other.output)) - {wrong}
    assert f"approve={sha256}" in planned and sha256 == shown, "an unchanged plan keeps its sha256"
    [stored] = (pipeline.deployments / "solo/proposed").glob("*.json")
    record = json.loads(stored.read_text())
    plan = record["plan"]
    fresh = stored.read_text()
    hour = (datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)).isoformat()
    plan["provenance"]["facts_collected_at"] = hour
    stored.write_text(json.dumps(record))
    pipeline.run("apply", "solo", approve=sha256).refused("facts behind the plan", "is 900 s")
    stored.write_text(fresh)
    assert pipeline.lab.writes() == []

    pipeline.run("apply", "solo", approve=sha256).ok()
    assert "solo" in pipeline.guests().values()
    pipeline.run("destroy", "solo", confirm="solo").ok()


def test_automatic_approval_only_where_the_site_says(pipeline: Pipeline) -> None:
    site = {**pipeline.lab.site(), "environments": {}}
    run = pipeline.run("provision", "solo", intent=SOLO, approve="auto", site=site)
    run.refused("approve=auto is not allowed in environment development")
    assert pipeline.lab.writes() == []


def test_apply_needs_a_plan(pipeline: Pipeline) -> None:
    for playbook in ("apply", "drift", "destroy"):
        pipeline.run(playbook, "nothing").refused("name a planned deployment")
    assert not (pipeline.deployments / "nothing").exists()
