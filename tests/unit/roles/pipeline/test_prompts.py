# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person sees and is told to type, whatever callback runs: the tasks' own messages."""

from __future__ import annotations

import shlex
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.cli.playbook import PlaybookCLI
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.splitter import parse_kv
from ansible.template import Templar, trust_as_template
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import to_data
from unit.plugins.plugin_utils._sizing.builders import plan, request, site

TASKS = Path(__file__).resolve().parents[4] / "roles/pipeline/tasks"
PRICES = {"currency": "EUR", "core_month": 10.0, "memory_gib_month": 1.0}
PLAN = plan(request(), at=site(prices=PRICES))
CHANGES = "Terraform: 2 create"


def tasks(entry: str) -> t.Iterator[dict[str, t.Any]]:
    """Yield the tasks of a file of the pipeline, those of its blocks among them."""
    left = yaml.safe_load((TASKS / f"{entry}.yml").read_text(encoding="utf-8"))
    while left:
        task = left.pop(0)
        yield task
        left += [*task.get("block", ()), *task.get("rescue", ()), *task.get("always", ())]


def shown(text: str, **variables: t.Any) -> t.Any:
    return Templar(DataLoader(), variables=variables).template(trust_as_template(text))


@pytest.mark.parametrize(
    ("entry", "module", "key"),
    [
        ("approve", "ansible.builtin.pause", "prompt"),
        ("destroy", "ansible.builtin.pause", "prompt"),
        ("decide", "ansible.builtin.debug", "msg"),
        ("size", "ansible.builtin.debug", "msg"),
        ("sketch", "ansible.builtin.debug", "msg"),
    ],
)
def test_the_machines_are_shown_with_what_they_are(entry: str, module: str, key: str) -> None:
    said = [str(task[module][key]) for task in tasks(entry) if module in task]
    [text] = [text for text in said if "plan_table" in text]
    seen = shown(
        text,
        pipeline_plan=to_data(PLAN),
        pipeline_request=None,
        pipeline_planned={"summary": {"text": CHANGES}},
        terraform_destroyed={"summary": {"text": CHANGES}},
        pipeline_ruled={"reason": "Later: apply"},
        pipeline_said={"deployment": PLAN.deployment},
        pipeline_going=[machine.name for machine in PLAN.machines],
        __pipeline_how=[],
    )
    lines = seen if isinstance(seen, list) else str(seen).splitlines()
    for machine in PLAN.machines:
        [row] = [line for line in lines if line.startswith(f"{machine.name} ")]
        for value in (str(machine.cores), f"{machine.memory_mib // 1024} GiB", machine.address):
            assert str(value) in row.split(machine.name)[1], row
    assert any(line.startswith("Cost: ") for line in lines)


QUESTION = next(task for task in tasks("decide") if "vars" in task and "block" in task)["vars"]


@pytest.mark.parametrize(
    "choice",
    ["2 GB RAM", "d'au moins 2 Go", 'called "web"', "cores=4", "{{ x }}", "größer", "(2)", "…"],
)
def test_the_command_that_answers_survives_shell_and_ansible(choice: str) -> None:
    word = shown(QUESTION["__pipeline_answer"], __pipeline_choice=choice)
    cli = PlaybookCLI(shlex.split(f"ansible-playbook plan.yml -e {word}"))
    cli.init_parser()
    [option] = cli.parser.parse_args(cli.args[1:]).extra_vars
    if option.startswith("{"):
        assert yaml.safe_load(option) == {"answer": choice}
    else:
        assert option == f"answer={choice}"
        assert parse_kv(option).keys() <= {"answer", "_raw_params"}
