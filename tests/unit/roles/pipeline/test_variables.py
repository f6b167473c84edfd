# SPDX-License-Identifier: GPL-3.0-or-later
"""What the variables of the role make of plans, site profile and folders."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]


def made(folder: Path, names: t.Sequence[str], **variables: t.Any) -> list[t.Any]:
    """Return what variables of the role come to in a play with these other variables."""
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "connection": "local",
        "vars": {"ansible_python_interpreter": sys.executable, **variables},
        "tasks": [
            {"ansible.builtin.include_vars": str(ROOT / "roles/pipeline/vars/main.yml")},
            {
                "ansible.builtin.copy": {
                    "content": f"{{{{ [{', '.join(names)}] | to_json }}}}",
                    "dest": str(folder / "found.json"),
                }
            },
        ],
    }
    (folder / "play.yml").write_text(json.dumps([play]))
    program = Path(sys.executable).parent / "ansible-playbook"
    done = subprocess.run(
        [str(program), "-i", "localhost,", "play.yml"],
        cwd=folder,
        env=os.environ | {"ANSIBLE_STDOUT_CALLBACK": "default"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return t.cast("list[t.Any]", json.loads((folder / "found.json").read_text()))


def test_settings_and_values_of_the_site_stand_below_those_of_the_plan(tmp_path: Path) -> None:
    asked = {"name": "traefik", "settings": {"replicas": 2}, "values": {"b": 2}, "why": "x"}
    values, settings = made(
        tmp_path,
        ["pipeline_addon_values", "pipeline_addon_settings"],
        pipeline_site={
            "addons": {"prometheus": {"grafana": False}, "traefik": {"values": {"a": 1}}}
        },
        pipeline_size={"plan": {"addons": [asked]}},
    )
    assert values == {"prometheus": {}, "traefik": {"a": 1, "b": 2}}
    assert settings == {"prometheus": {"grafana": False}, "traefik": {"replicas": 2}}


def plan(environment: str, *tags: list[str]) -> dict[str, t.Any]:
    """A plan with a machine for each list of tags."""
    return {"environment": environment, "machines": [{"tags": own} for own in tags]}


@pytest.mark.parametrize(
    ("planned", "applied", "touched"),
    [
        (plan("test", ["env-test"]), None, ["test"]),
        (plan("test", ["env-test"]), plan("production"), ["production", "test"]),
        (plan("test", ["env-production"], ["x"], []), None, ["production", "test"]),
        (plan("test"), plan("test", ["env-staging"]), ["staging", "test"]),
        (plan("test", ["env-qa", "my-env-production"]), None, ["test"]),
    ],
)
def test_every_environment_that_is_touched_is_named(
    tmp_path: Path, planned: t.Any, applied: t.Any, touched: list[str]
) -> None:
    [found] = made(
        tmp_path,
        ["pipeline_environments"],
        pipeline_size={"plan": planned},
        pipeline_said={"applied": {"plan": applied} if applied else None},
    )
    assert sorted(found) == touched


@pytest.mark.parametrize("folder", ["/srv/shop", "/srv/my own/shop", "/srv/o'hara/shop"])
def test_ssh_knows_the_hosts_of_a_folder_of_any_name(tmp_path: Path, folder: str) -> None:
    [found] = made(tmp_path, ["pipeline_ssh_args"], pipeline_said={"directory": folder})
    shown = subprocess.run(
        ["ssh", "-G", *shlex.split(found), "localhost"], capture_output=True, text=True, check=True
    )
    lines = dict(line.split(" ", 1) for line in shown.stdout.splitlines() if " " in line)
    assert lines["userknownhostsfile"] == f"{folder}/known_hosts"
    assert '"' in shlex.split(found)[1], "ssh takes each word of an option for a file of its own"
