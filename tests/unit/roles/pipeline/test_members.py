# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks of k3s work on a deployment or on the inventory, never on nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.clusterwright.proxmox.plugins.action.llm_size import (
    ActionModule as LlmSize,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import to_data
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._records._folder import Folder
from unit.plugins.action.conftest import _run as run_action
from unit.plugins.plugin_utils._sizing.builders import site, snapshot

ROOT = Path(__file__).resolve().parents[4]
PLAYBOOKS = sorted((ROOT / "playbooks").glob("k3s_*.yml"))
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
GIVEN = {"ansible_host": "192.0.2.1", "k3s_servers": ["plain-1"]}
PLAIN = {"k3s_server": {"hosts": {"plain-1": GIVEN}}, "k3s_agent": {"hosts": {"plain-2": GIVEN}}}


def own_play(path: Path) -> dict[str, t.Any]:
    """Return the play that calls the role."""
    [found] = [play for play in yaml.safe_load(path.read_text()) if "hosts" in play]
    return t.cast("dict[str, t.Any]", found)


def applied(folder: Path) -> None:
    """Keep an applied deployment "lab" whose machines DHCP gave other addresses."""
    facts = to_data(snapshot())
    sized = run_action(
        LlmSize,
        intent="k3s cluster with 1 server and 1 worker",
        site=to_data(site()),
        snapshot=facts,
        deployment="lab",
    )
    plan = sized["plan"]
    own = folder / "lab"
    own.mkdir(parents=True)
    Folder(own).apply(
        plan=plan,
        request=sized["request"],
        snapshot=facts,
        by="me",
        run="r1",
        how="apply",
        plan_sha256="",
    )
    groups = {
        f"{m['role']}s": {"hosts": {m["name"]: {"ansible_host": f"192.0.2.{number}"}}}
        for number, m in enumerate(plan["machines"], 11)
    }
    inventory = {"all": {"children": {"cw_lab": {"children": groups}}}}
    (own / "inventory.json").write_text(json.dumps(inventory))


def play(folder: Path, groups: dict[str, t.Any], *options: str) -> tuple[int, str]:
    """Run the first play of the k3s playbooks, then tell what the next one would work on."""
    inventory = {"all": {"hosts": {"localhost": LOCAL}, "children": groups}}
    (folder / "hosts.json").write_text(json.dumps(inventory))
    second = own_play(PLAYBOOKS[0])
    tell = {"msg": "{{ inventory_hostname }} {{ ansible_host }} {{ k3s_servers }}"}
    plays = [
        {"ansible.builtin.import_playbook": f"{ROOT}/playbooks/parts/members.yml"},
        {
            "hosts": second["hosts"],
            "gather_facts": False,
            "tasks": [{"ansible.builtin.debug": tell}],
        },
    ]
    (folder / "play.json").write_text(json.dumps(plays))
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "ansible-playbook"),
            "-i",
            "hosts.json",
            "play.json",
            *options,
        ],
        cwd=folder,
        env=os.environ
        | {
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build/collections"),
            "ANSIBLE_STDOUT_CALLBACK": "clusterwright.proxmox.stages",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_every_playbook_of_k3s_takes_its_machines_so(path: Path) -> None:
    first = yaml.safe_load(path.read_text())[0]
    assert first["ansible.builtin.import_playbook"] == "parts/members.yml"
    assert own_play(path)["hosts"] == own_play(PLAYBOOKS[0])["hosts"]


def test_a_named_deployment_is_worked_on_and_nothing_else(tmp_path: Path) -> None:
    applied(tmp_path)
    named = ("-e", "deployment=lab", "-e", f"deployments_dir={tmp_path}")
    code, told = play(tmp_path, PLAIN, *named)
    assert code == 0, told
    assert "lab-server-1 192.0.2.11 ['lab-server-1']" in told
    assert "lab-agent-1 192.0.2.12 ['lab-server-1']" in told
    assert "plain-1" not in told


def test_without_a_name_the_groups_count(tmp_path: Path) -> None:
    code, told = play(tmp_path, PLAIN)
    assert code == 0, told
    assert "plain-1" in told and "plain-2" in told


@pytest.mark.parametrize(
    ("groups", "options", "sentence"),
    [
        ({}, (), "There are no machines to work on. Name a deployment with -e deployment=NAME"),
        ({"cw_my_lab": {"hosts": {"x-1": {}}}}, (), "add -e deployment=my-lab"),
        ({}, ("-e", "deployment=lap"), "Nothing is applied of a deployment lap"),
    ],
    ids=("nothing", "inventory of a deployment", "no such deployment"),
)
def test_no_machines_are_a_failure(
    tmp_path: Path, groups: dict[str, t.Any], options: tuple[str, ...], sentence: str
) -> None:
    code, told = play(tmp_path, groups, "-e", f"deployments_dir={tmp_path}", *options)
    assert code != 0
    assert sentence in told
