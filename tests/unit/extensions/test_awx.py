# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX is given fits the documented options of the awx.awx modules and our playbooks."""

from __future__ import annotations

import importlib
import re
import typing as t
from pathlib import Path

import jinja2
import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._ledger._store import (
    KEY_VARIABLE,
)

ROOT = Path(__file__).resolve().parents[3]
AWX = ROOT / "extensions/awx"
PVE = "ansible_collections.clusterwright.proxmox.plugins.module_utils._pve"
LISTS = {
    "controller_credential_types": "credential_type",
    "controller_templates": "job_template",
    "controller_workflows": "workflow_job_template",
}
#: Types of questions and their fields, as the API of AWX documents them.
QUESTION_TYPES = {
    "text",
    "textarea",
    "password",
    "integer",
    "float",
    "multiplechoice",
    "multiselect",
}
QUESTION_FIELDS = {
    "question_name",
    "question_description",
    "required",
    "type",
    "variable",
    "min",
    "max",
    "default",
    "choices",
    "new_question",
}


@pytest.fixture(scope="module")
def given() -> dict[str, t.Any]:
    """The variables of the file."""
    return t.cast("dict[str, t.Any]", DataLoader().load_from_file(str(AWX / "controller.yml")))


def documented(module: str) -> dict[str, t.Any]:
    """Return the documented options of a module as an argument spec."""
    specs = yaml.safe_load(Path(__file__).with_name("awx_options.yml").read_text(encoding="utf-8"))
    return t.cast("dict[str, t.Any]", specs[module])


@pytest.mark.parametrize("name", sorted(LISTS))
def test_items_fit_the_documented_options(given: dict[str, t.Any], name: str) -> None:
    validator = ArgumentSpecValidator(documented(LISTS[name]))
    assert given[name]
    for item in given[name]:
        assert validator.validate(item).error_messages == [], item["name"]


@pytest.mark.parametrize("name", sorted(LISTS))
def test_the_import_leaves_out_nothing(given: dict[str, t.Any], name: str) -> None:
    [play] = yaml.safe_load((AWX / "import.yml").read_text())
    module = f"awx.awx.{LISTS[name]}"
    [task] = [task for task in play["tasks"] if module in task]
    assert task["loop"] == f"{{{{ {name} }}}}"
    for item in given[name]:
        assert set(item) <= set(task[module]), item["name"]


def test_survey_asks_for_variables_that_the_playbooks_read(given: dict[str, t.Any]) -> None:
    [workflow] = given["controller_workflows"]
    defaults = (ROOT / "roles/pipeline/defaults/main.yml").read_text()
    for question in workflow["survey_spec"]["spec"]:
        assert set(question) <= QUESTION_FIELDS
        assert question["type"] in QUESTION_TYPES
        variable = question["variable"]
        assert variable in ("intent", "answer") or re.search(rf"{{{{ {variable}\b", defaults), (
            variable
        )


def test_nobody_applies_without_the_approval_node(given: dict[str, t.Any]) -> None:
    [workflow] = given["controller_workflows"]
    nodes = {node["identifier"]: node for node in workflow["workflow_nodes"]}
    after = {
        name: [n["identifier"] for n in node.get("related", {}).get("success_nodes", [])]
        for name, node in nodes.items()
    }
    assert after == {
        "plan": ["approve"],
        "approve": ["apply"],
        "apply": ["provision"],
        "provision": [],
    }
    assert nodes["approve"]["unified_job_template"]["type"] == "workflow_approval"
    assert not workflow["ask_variables_on_launch"], "a launcher could set approve himself"
    limit = yaml.safe_load((ROOT / "roles/terraform/defaults/main.yml").read_text())
    waits = nodes["approve"]["unified_job_template"]["timeout"]
    assert 0 < waits < limit["terraform_max_plan_age_seconds"]
    templates = {template["name"]: template for template in given["controller_templates"]}
    for name in ("plan", "apply", "provision"):
        template = templates[nodes[name]["unified_job_template"]["name"]]
        assert (ROOT / template["playbook"]).is_file()
        assert template["ask_variables_on_launch"], "artifacts arrive as variables"


def injected(kind: dict[str, t.Any], folder: Path) -> dict[str, str]:
    """Return the environment of a job, its files written as AWX does."""
    fields = kind["inputs"]["fields"]
    values = {field["id"]: f"value of {field['id']}" for field in fields}
    values |= {name: f"{name[:6]}@pve!job" for name in values if name.endswith("_token_id")}
    names = {}
    for name, template in kind["injectors"]["file"].items():
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(jinja2.Template(template).render(values).replace(" ", "-"))
        names[name.removeprefix("template.")] = str(path)
    given = {**values, "tower": {"filename": names}}
    environment = kind["injectors"]["env"]
    return {name: jinja2.Template(text).render(given) for name, text in environment.items()}


def test_credentials_reach_the_jobs_by_environment_and_private_files_only(
    given: dict[str, t.Any], tmp_path: Path
) -> None:
    pair, single = given["controller_credential_types"]
    options = importlib.import_module(f"{PVE}.options").argument_spec()
    read = {name for spec in options.values() if "fallback" in spec for name in spec["fallback"][1]}
    secrets = {}
    for kind in (pair, single):
        assert set(kind["injectors"]) == {"env", "file"}
        fields = kind["inputs"]["fields"]
        assert [*kind["inputs"]["required"], "ledger_key"] == [field["id"] for field in fields]
        secrets[kind["name"]] = [field["id"] for field in fields if field.get("secret")]
    assert list(secrets.values()) == [
        ["reader_secret", "writer_secret", "ledger_key"],
        ["token_secret", "ledger_key"],
    ]
    assert set(single["injectors"]["env"]) <= {*read, KEY_VARIABLE}

    environment = injected(pair, tmp_path)
    assert not any("secret" in value.replace(str(tmp_path), "") for value in environment.values())
    [text] = re.findall(r"```yaml\n(site:\n.*?)```", (AWX / "README.md").read_text(), re.DOTALL)
    named = jinja2.Template(text).render(lookup=lambda _plugin, name: environment[name])
    options_of = importlib.import_module(f"{PVE}.credential").options_of
    for purpose, held in yaml.safe_load(named)["site"]["credentials"].items():
        found = options_of(purpose, held)
        assert found["api_user"] == f"{purpose}@pve" and found["api_token_id"] == "job"
        assert found["api_token_secret"] == f"value-of-{purpose}_secret"
