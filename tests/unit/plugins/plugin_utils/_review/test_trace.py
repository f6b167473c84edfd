# SPDX-License-Identifier: GPL-3.0-or-later
"""The trace: one entry per cycle of reason, act and observation, with a model and without."""

from __future__ import annotations

import hashlib
import json
import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Plan,
    Site,
    Snapshot,
    digest,
    to_data,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._form import sizes_schema
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._review import review
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._model.stub import (
    agree,
    form,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._review.partners import (  # noqa: E501
    app,
    in_turn,
    reviewed,
    task,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    finding_ids,
    node,
    request,
    site,
    snapshot,
)

FACTS, SITE = snapshot(4), site()
Json = dict[str, t.Any]


def ruled(wanted: Json, facts: Snapshot | None = FACTS, place: Site = SITE) -> Plan:
    """Return the plan of the rules alone."""
    return review(task(request(**wanted), facts, place))


def told(result: Plan) -> list[tuple[int, bool, bool, bool]]:
    """Return number and whether reason, act and observation were told, of each cycle."""
    return [(r.number, bool(r.reason), bool(r.act), bool(r.observe)) for r in result.rounds]


def test_the_rules_alone_leave_their_draft_as_a_cycle() -> None:
    result = ruled({"cluster": {"servers": 1, "agents": 2}})
    assert told(result) == [(1, True, True, True)]
    [cycle] = result.rounds
    assert "2 values of it said" in cycle.reason
    assert "facts of 4 nodes" in cycle.reason
    for machine in result.machines:
        size = f"{machine.cores * machine.sockets} vCPU, {machine.memory_mib} MiB"
        assert size in cycle.act
    assert cycle.observe.startswith("Inside policy and capacity")
    assert cycle.findings == result.findings
    assert cycle.prompt is cycle.prompt_sha256 is cycle.form_sha256 is None


def test_numbers_that_a_limit_cuts_are_a_second_cycle() -> None:
    place = site(environments={"development": {"max_memory_mib_per_machine": 2048}})
    wanted = {"kind": "vm", "machines": [{"role": "vm", "count": 2}]}
    result = ruled(wanted, place=place)
    assert result.status == "ready"
    assert told(result) == [(1, True, True, True), (2, True, True, True)]
    drafted, revised = result.rounds
    assert [f.id for f in drafted.findings] == ["limit.memory_mib"]
    assert revised.reason.startswith("Findings of the last round: limit.memory_mib machines.vm")
    assert "2048 MiB" in revised.observe


def test_numbers_that_do_not_fit_are_a_second_cycle() -> None:
    small = snapshot([node("pve1", memory_mib=12288)])
    result = ruled({"cluster": {"servers": 1, "agents": 4}}, facts=small)
    assert result.status == "ready"
    assert "capacity.reduced" in finding_ids(result, "warning")
    drafted, revised = result.rounds
    assert [f.id for f in drafted.findings] == ["capacity.reduced"]
    assert "capacity.reduced" not in {f.id for f in revised.findings}
    for machine in result.machines:
        assert f"{machine.memory_mib} MiB" in revised.observe


REFUSED: dict[str, tuple[Json, Json]] = {
    "limit.memory_mib": (
        {"kind": "vm", "machines": [{"role": "vm", "memory_mib": 9000}]},
        {"environments": {"development": {"max_memory_mib_per_machine": 4096}}},
    ),
    "limit.cost": (
        {"cluster": {"agents": 3}},
        {
            "environments": {"development": {"max_monthly_cost": 1.0}},
            "prices": {"core_month": 1},
        },
    ),
}


@pytest.mark.parametrize("rule", REFUSED)
def test_a_refusal_has_a_cycle_that_says_which_rule(rule: str) -> None:
    wanted, place = REFUSED[rule]
    result = ruled(wanted, place=site(**place))
    assert result.status == "refused"
    assert result.rounds[-1].observe.startswith(f"Not allowed: {rule}")
    assert rule in {f.id for f in result.rounds[-1].findings}


def test_a_cycle_with_a_model_says_what_was_asked() -> None:
    seen: list[str] = []
    script = in_turn(lambda prompt: form(prompt, cores=0), agree)
    result = reviewed(app(), FACTS, SITE, script, prompts=seen)
    assert told(result) == [(1, True, True, True), (2, True, True, True)]
    groups = [row["id"] for row in json.loads(seen[0])["groups"]]
    for prompt, cycle in zip(seen, result.rounds, strict=True):
        assert cycle.prompt == prompt
        assert cycle.prompt_sha256 == hashlib.sha256(prompt.encode()).hexdigest()
        assert cycle.form_sha256 == digest(sizes_schema(groups))
    assert result.rounds[0].observe.startswith("The answer cannot be used: model.range")
    assert result.rounds[1].observe.startswith("Inside policy and capacity")
    assert result.rounds[1].reason == f"Findings of the last round: {named(result)}"


def named(result: Plan) -> str:
    """Return the findings of the first cycle as the second names them."""
    return ", ".join(f"{f.id} {f.field}" for f in result.rounds[0].findings)


def test_a_model_that_never_answered_leaves_the_cycle_of_the_rules() -> None:
    result = reviewed(app(), FACTS, SITE, agree, max_seconds=1e-9)
    assert "model.failed" in finding_ids(result, "warning")
    [cycle] = result.rounds
    assert cycle.prompt is None
    assert cycle.act.startswith("The rules drafted")


def test_the_trace_has_no_name_and_no_secret_of_the_site_in_its_prompts() -> None:
    wanted = app(text="HA cluster on pve2, password: hunter2-canary")
    result = reviewed(wanted, FACTS, SITE, agree)
    prompts = " ".join(cycle.prompt or "" for cycle in result.rounds)
    assert "pve2" not in prompts
    assert "hunter2" not in json.dumps([to_data(cycle) for cycle in result.rounds])
