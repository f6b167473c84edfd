# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plug-in, run as Ansible runs it."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import connection_loader
from ansible.template import Templar
from ansible_collections.clusterwright.proxmox.plugins.action.llm_size import ActionModule
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Plan,
    Request,
    parse,
    to_data,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._model.stub import (
    Stub,
    larger,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    request,
    site,
    snapshot,
)

SITE = to_data(site())
FACTS = to_data(snapshot())


def run(**args: t.Any) -> dict[str, t.Any]:
    """Return what the task returns, as plain JSON data."""
    task = Task()
    task.args = {"site": SITE, "snapshot": FACTS, **args}
    loader, context = DataLoader(), PlayContext()
    plugin = ActionModule(
        task=task,
        connection=connection_loader.get("local", context),
        play_context=context,
        loader=loader,
        templar=Templar(loader),
        shared_loader_obj=None,
    )
    return json.loads(json.dumps(plugin.run(task_vars={})))


def test_a_sentence_becomes_a_plan() -> None:
    result = run(intent="HA cluster with monitoring", deployment="demo")
    assert "failed" not in result
    assert result["changed"] is False
    plan = parse(Plan, result["plan"])
    [cluster] = parse(Request, result["request"]).things
    assert cluster.ha is True
    assert plan.deployment == "demo"
    assert [machine.role for machine in plan.machines] == ["server"] * 3 + ["agent"] * 3
    text = "\n".join(result["table"])
    for machine in plan.machines:
        assert machine.name in text
        assert str(machine.address) in text


def test_a_read_request_and_its_previous_plan_are_taken() -> None:
    data = to_data(request(ha=True))
    first = run(request=data)
    again = run(request=data, previous_plan=first["plan"])
    assert again["plan"]["machines"] == first["plan"]["machines"]


def test_reserved_things_are_not_given_out() -> None:
    reserved = {"vmids": [20000], "addresses": ["10.20.0.10"], "names": []}
    result = run(request=to_data(request()), reserved=reserved)
    assert result["plan"]["machines"][0]["vmid"] == 20001
    assert result["plan"]["machines"][0]["nics"][0]["address"] == "10.20.0.11/24"


@pytest.mark.parametrize(
    ("intent", "status"),
    [
        ("what is the weather", "refused"),
        ("a vm with the usual settings", "ask"),
        ("cluster with 2 servers and 1 worker on k3s 1.2.3", "refused"),
    ],
)
def test_what_is_not_ready_fails_with_one_message(intent: str, status: str) -> None:
    result = run(intent=intent)
    assert result["failed"] is True
    returned = run(intent=intent, require_ready=False)
    assert "failed" not in returned
    assert returned["plan"]["status"] == status
    message = returned["plan"]["summary"]
    assert result == {"failed": True, "changed": False, "status": status, "msg": message}


def test_without_facts_the_plan_is_marked() -> None:
    result = run(intent="dev cluster", snapshot={})
    assert result["plan"]["provenance"]["verified"] is False


@pytest.mark.parametrize(
    ("args", "word"),
    [
        ({}, "intent"),
        ({"intent": "x", "request": {}}, "mutually exclusive"),
        ({"request": {"things": [{"type": "robot", "id": "t1"}]}}, "robot"),
        ({"intent": "dev cluster", "site": {"network": {}}}, "Site is not valid"),
        ({"intent": "dev cluster", "snapshot": {"nodes": 3}}, "Snapshot is not valid"),
        ({"intent": "dev cluster", "provider": "skynet"}, "provider"),
        (
            {"intent": "dev cluster", "site": {**SITE, "knowledge_dirs": ["/nowhere"]}},
            "/nowhere",
        ),
    ],
)
def test_wrong_arguments_are_one_sentence(args: dict[str, t.Any], word: str) -> None:
    try:
        result = run(**args)
    except AnsibleActionFail as error:  # an argument of the wrong type, refused by Ansible itself
        result = {"failed": True, "msg": str(error)}
    assert result["failed"]
    assert word in result["msg"]
    assert "Traceback" not in result["msg"]


@pytest.mark.parametrize(("given", "asked"), [({}, False), ({"offline": False}, True)])
def test_check_mode_asks_no_model_unless_it_is_told_to(
    run_action: t.Any, monkeypatch: pytest.MonkeyPatch, given: dict[str, t.Any], asked: bool
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    with Stub("openai", larger) as server:
        result = run_action(
            ActionModule,
            check_mode=True,
            intent="HA cluster",
            site=SITE,
            snapshot=FACTS,
            provider="openai",
            provider_settings={"base_url": server.url, "model": "gpt-4.1-mini", **given},
        )
        assert bool(server.seen) == asked
    warned = {finding["id"] for finding in result["findings"]}
    assert ("model.failed" in warned) == (not asked)
    assert result["plan"]["status"] == "ready"
