# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot work is refused in one sentence before anything is touched."""

from __future__ import annotations

import itertools
import os
import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._model.stub import (
    Stub,
)

from .conftest import ROOT, VM, LabClient, Pipeline, lab_command

WEB = VM.format(name="web")
REDIRECT = "This plans machines, clusters and applications on Proxmox VE."


def assert_untouched(pipeline: Pipeline) -> None:
    """Nothing was written on Proxmox VE and no deployment begun."""
    assert pipeline.lab.writes() == []
    folders = [path for path in pipeline.deployments.glob("*") if path.is_dir()]
    assert folders == []


def assert_unplanned(pipeline: Pipeline, deployment: str) -> None:
    """Nothing was written on Proxmox VE, and what was planned before Terraform is whole."""
    assert pipeline.lab.writes() == []
    directory = pipeline.deployments / deployment
    assert pipeline.read(deployment, "plan")["status"] == "ready"
    assert not (directory / "terraform" / "terraform.tfstate").exists()
    assert not list(directory.rglob(".*.json.*")), "a half-written file was left"


@pytest.mark.parametrize(
    ("intent", "sentence"),
    [
        ("", 'There is nothing to do: say what you need, for instance -e intent="HA cluster'),
        ("   ", "There is nothing to do"),
        ("write me a poem about the spring", REDIRECT),
        ("vm with 400 cores and 2 TB memory called big", "needs 400 host threads for one machine"),
    ],
)
def test_sentence_that_cannot_be_planned(pipeline: Pipeline, intent: str, sentence: str) -> None:
    pipeline.run("provision", intent=intent, approve="auto").refused(sentence)
    assert_untouched(pipeline)


def test_word_that_nothing_explains_is_asked_for(pipeline: Pipeline) -> None:
    intent = "dev cluster with the add-on foobar"
    run = pipeline.run("provision", intent=intent, approve="auto")
    run.refused('What should "foobar" mean?', "-e answer=")
    assert pipeline.lab.writes() == []


def without_template(site: dict[str, t.Any]) -> None:
    site["template"]["name"] = "no-such-template"


def without_storage(site: dict[str, t.Any]) -> None:
    site["storages"]["default"] = "no-such-storage"


def without_bridge(site: dict[str, t.Any]) -> None:
    site["network"]["bridge"] = "vmbr99"


def without_node(site: dict[str, t.Any]) -> None:
    site["nodes"] = ["pve1", "pve77"]


def without_addresses(site: dict[str, t.Any]) -> None:
    first = site["network"]["machine_range"].partition("-")[0]
    site["network"]["machine_range"] = f"{first}-{first}"


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        (without_template, ("no-such-template", "debian-12-cloud")),
        (without_storage, ("no-such-storage", "ceph-vm", "local-lvm")),
        (without_bridge, ("vmbr99", "vmbr0")),
        (without_node, ("pve77", "pve2", "pve3")),
        (without_addresses, ("machine_range",)),
    ],
)
def test_site_that_does_not_fit_the_cluster(
    pipeline: Pipeline,
    change: t.Callable[[dict[str, t.Any]], None],
    sentences: tuple[str, ...],
) -> None:
    site = pipeline.lab.site()
    change(site)
    run = pipeline.run("provision", "lab", intent="dev cluster", approve="auto", site=site)
    run.refused(*sentences)
    assert_untouched(pipeline)


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"proxmox_api_token_secret": "00000000-0000-0000-0000-000000000000"},
            "does not accept the API token automation@pve!lab",
        ),
        ({"proxmox_api_port": "1"}, "refuses connections: check api_host, api_port"),
        ({"provider": "no-such-provider"}, "no-such-provider"),
    ],
)
def test_connection_that_does_not_work(
    pipeline: Pipeline, variables: dict[str, str], sentence: str
) -> None:
    pipeline.run("provision", "lab", intent=WEB, approve="auto", **variables).refused(sentence)
    assert_untouched(pipeline)


def test_certificate_of_another_authority(pipeline: Pipeline, other_lab: LabClient) -> None:
    run = pipeline.run(
        "provision",
        "lab",
        intent=WEB,
        approve="auto",
        proxmox_ca_path=other_lab.document["ca_file"],
    )
    run.refused("is not trusted: set ca_path to a copy of the cluster's")
    assert_untouched(pipeline)


@pytest.fixture
def other_lab(tmp_path: Path) -> t.Iterator[LabClient]:
    """A cluster with a certificate authority of its own."""
    name = f"other-{tmp_path.parent.name[-12:].strip('-')}".lower().replace("_", "-")
    lab_command("up", "--name", name, "--machines", "simulated")
    try:
        yield LabClient.of(name)
    finally:
        lab_command("down", "--name", name)


def test_gemini_without_a_key(pipeline: Pipeline) -> None:
    run = pipeline.run("provision", "lab", intent=WEB, approve="auto", provider="gemini")
    run.refused("GEMINI_API_KEY")
    assert_untouched(pipeline)


def test_terraform_is_missing(pipeline: Pipeline) -> None:
    run = pipeline.run(
        "provision", "lab", intent=WEB, approve="auto", terraform_binary="/nonexistent/terraform"
    )
    run.refused("/nonexistent/terraform")
    assert_unplanned(pipeline, "lab")


def test_no_terraform_in_the_path(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.environment["PATH"] = str(tools_but(tmp_path, "terraform", "tofu"))
    pipeline.run("provision", "lab", intent=WEB, approve="auto").refused("terraform", "tofu")
    assert_unplanned(pipeline, "lab")


def tools_but(folder: Path, *missing: str) -> Path:
    """Return a folder with links to the programs of the system, without some."""
    tools = folder / "bin"
    tools.mkdir()
    for place in (Path("/usr/bin"), Path("/bin")):
        for program in place.iterdir():
            if program.name not in missing and not (tools / program.name).is_symlink():
                (tools / program.name).symlink_to(program)
    return tools


def test_provider_is_missing(pipeline: Pipeline, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    settings = tmp_path / "terraformrc"
    settings.write_text(f'provider_installation {{ filesystem_mirror {{ path = "{mirror}" }} }}\n')
    run = pipeline.run(
        "provision", "lab", intent=WEB, approve="auto", terraform_cli_config=str(settings)
    )
    run.refused("bpg/proxmox")
    assert_unplanned(pipeline, "lab")


@pytest.mark.parametrize("way", ["option", "environment"])
def test_braces_in_the_sentence_are_text(pipeline: Pipeline, tmp_path: Path, way: str) -> None:
    planted = tmp_path / "planted"
    intent = f"vm named {{{{ lookup('pipe', 'touch {planted}') }}}} from template 9000"
    if way == "environment":
        pipeline.environment["CLUSTERWRIGHT_INTENT"] = intent
        run = pipeline.run("provision", "lab", approve="auto")
    else:
        run = pipeline.run("provision", "lab", intent=intent, approve="auto")
    assert "Traceback" not in run.output
    assert not planted.exists()
    if run.code == 0:
        stored = "".join(path.read_text() for path in pipeline.deployments.glob("lab/*.json"))
        assert "touch" in stored, "the sentence is kept as it was said"


def test_machine_that_never_starts(pipeline: Pipeline) -> None:
    pipeline.lab.fault("start_fails")
    before = pipeline.guests()
    run = pipeline.run("provision", "lab", intent=WEB, approve="auto")
    run.refused("web")
    assert pipeline.guests() == before, "what the failed run made is gone again"
    assert pipeline.read("lab", "result")["status"] == "ROLLED_BACK"
    pipeline.lab.heal()
    pipeline.run("provision", "lab", intent=WEB, approve="auto").ok()
    assert sorted(pipeline.guests().values()) == sorted([*before.values(), "web"])
    pipeline.run("destroy", "lab", confirm="lab").ok()


def test_machine_that_does_not_tell_its_address(pipeline: Pipeline) -> None:
    """It runs and is in the state, so it is told and nothing else is said of it."""
    pipeline.lab.fault("agent_silent")
    soon = {"terraform_agent_timeout_seconds": 5}
    run = pipeline.run("provision", "lab", intent=f"{WEB} with dhcp", approve="auto", **soon)
    [machine] = pipeline.read("lab", "plan")["machines"]
    there = f"web (VMID {machine['vmid']} on {machine['node']}) is there"
    run.refused("web", f"nothing to roll back: the last run came to its end, and {there}")
    assert "not applied" not in run.output
    assert pipeline.guests()[machine["vmid"]] == "web"
    assert pipeline.read("lab", "result")["status"] == "FAILED"
    again = pipeline.run("plan", "lab", **soon).ok().output
    assert "Deployment lab (applied 20" in again
    assert "The machines are as planned; there is nothing to approve." in again, again
    assert "No drift." in pipeline.run("drift", "lab", **soon).ok().output
    assert "applied   nothing" not in pipeline.run("status", "lab").ok().output
    pipeline.run("destroy", "lab", confirm="lab").ok()
    assert "nothing of it is applied" in pipeline.run("plan", "lab", intent=WEB).ok().output


def test_apply_that_stops_half_way_is_told_until_it_is_resumed(pipeline: Pipeline) -> None:
    pipeline.lab.fault("start_fails")
    failed = pipeline.run("provision", "lab", intent=WEB, approve="auto", rollback=False)
    failed.refused("half made: web", "Nothing was rolled back.")
    told = "an apply of it did not come to its end"
    assert told in pipeline.run("plan", "lab").ok().output
    assert f"applied   {told}" in pipeline.run("status", "lab").ok().output
    pipeline.lab.heal()
    pipeline.run("provision", "lab", approve="auto").ok()
    done = pipeline.run("plan", "lab").ok().output
    assert told not in done and "Deployment lab (applied 20" in done
    pipeline.run("destroy", "lab", confirm="lab").ok()


def test_rubbish_of_a_deployment_name(pipeline: Pipeline) -> None:
    pipeline.run("provision", "../evil", intent=WEB).refused("'../evil' is not valid")
    assert not (ROOT / "evil").exists()
    assert_untouched(pipeline)


@pytest.mark.parametrize("size_kib", [32, 64, 112, 160])
def test_full_disk(pipeline: Pipeline, size_kib: int) -> None:
    """The deployments are on a file system that fills up: ledger, plan or Terraform's files."""
    pipeline.deployments.mkdir()
    pipeline.inside = (
        *("unshare", "--mount", *(() if os.geteuid() == 0 else ("--user", "--map-root-user"))),
        *("sh", "-c", MOUNTED, str(pipeline.deployments), f"{size_kib}k"),
    )
    run = pipeline.run("plan", "lab", intent=WEB)
    run.refused(str(pipeline.deployments))
    assert re.search("disk is full|[Nn]o space left on device", run.output), run.output
    assert "sqlalche.me" not in run.output
    assert pipeline.lab.writes() == []
    _, _, listing = run.output.partition("LEFT\n")
    assert not [line for line in listing.splitlines() if "/." in line and ".json." in line]


MOUNTED = """
mount -t tmpfs -o "size=$1,mode=0700" tmpfs "$0" && at=$0 && shift && "$@"; code=$?
echo LEFT; find "$at" -type f; exit $code
"""


RUBBISH = ("no JSON at all", "null", '{"machines": "rm -rf /"}', "```json\n[1, 2")


@pytest.mark.parametrize("required", [True, False], ids=["model wanted", "rules may take over"])
def test_model_that_answers_rubbish(pipeline: Pipeline, required: bool) -> None:
    answers = itertools.cycle(RUBBISH)
    pipeline.environment["GEMINI_API_KEY"] = CANARY
    with Stub("gemini", lambda _prompt: next(answers)) as model:
        run = pipeline.run(
            *("plan", "rubbish"),
            intent="HA cluster with monitoring",
            provider="gemini",
            provider_settings={"base_url": model.url, "required": required},
        )
        assert model.seen, "the model was asked"
    assert CANARY not in run.output and pipeline.lab.writes() == []
    if required:
        run.refused("gave no usable answer")
        assert_untouched(pipeline)
    else:
        run.ok()
        plan = pipeline.read("rubbish", "plan")
        assert "model" in " ".join(finding["message"] for finding in plan["findings"]), "told"
        assert [machine["cores"] for machine in plan["machines"]] == [4] * 6, "as the rules say"


CANARY = "AIzaSyCanary-of-the-pipeline-test-0000000"
