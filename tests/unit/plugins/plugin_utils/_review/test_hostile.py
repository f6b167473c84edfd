# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a model answers: the plan keeps policy and capacity, and no secret gets out."""

from __future__ import annotations

import json
import logging
import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Plan,
    Request,
    Snapshot,
    errors,
    to_data,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._model.stub import (
    form,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._review.hostile import (  # noqa: E501
    ANSWERS,
    STRINGS,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._review.partners import (  # noqa: E501
    Json,
    app,
    in_turn,
    reviewed,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    guest,
    plan,
    site,
    snapshot,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.rules import (  # noqa: E501
    broken,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.test_properties import (  # noqa: E501
    cluster_requests,
    clusters,
    explicit_kept,
)
from hypothesis import given, settings
from hypothesis import strategies as st

MAX_MACHINES, MAX_CORES, MAX_MEMORY = 12, 16, 32768
LIMITS = {
    "max_machines": MAX_MACHINES,
    "max_cores_per_machine": MAX_CORES,
    "max_memory_mib_per_machine": MAX_MEMORY,
}
ENVIRONMENTS = ("production", "staging", "development", "test")
SITE = site(vmid_range=(500, 600), environments=dict.fromkeys(ENVIRONMENTS, LIMITS))
CANARY = "c4n4ry-Z9x8y7w6"
SECRETS = (
    f"password: {CANARY}",
    f"PVEAPIToken=root@pam!x={CANARY}",
    f"the api key is {CANARY}",
    f"sk-ant-{CANARY}",
    f"https://admin:{CANARY}@pve.example/x",
    f"K10{'ab' * 32}::server:{CANARY}",
    f"AIza{CANARY}",
    f"-----BEGIN OPENSSH PRIVATE KEY-----\n{CANARY}\n-----END OPENSSH PRIVATE KEY-----",
    f"token={CANARY}",
    f"eyJ{CANARY}.eyJ{CANARY}.{CANARY}",
)
ENOUGH = settings(max_examples=max(500, settings.default.max_examples if settings.default else 0))


def sizes(result: Plan) -> list[tuple[t.Any, ...]]:
    """Return who and how large the machines are, without words."""
    return [
        (m.name, m.node, m.cores, m.sockets, m.memory_mib, m.disks[0].size_gib)
        for m in result.machines
    ]


@pytest.mark.fuzz
@ENOUGH
@given(cluster_requests() | st.just(app()), clusters(), st.lists(ANSWERS, min_size=1, max_size=4))
def test_a_plan_is_inside_policy_and_capacity_or_there_is_none(
    wanted: Request, facts: Snapshot, answers: list[str]
) -> None:
    seen: list[str] = []
    scripts = [lambda _prompt, text=text: text for text in answers]
    result = reviewed(wanted, facts, SITE, in_turn(*scripts), prompts=seen)
    assert len(result.rounds) <= 10
    assert len(seen) <= 10
    if result.status != "ready":
        assert result.machines == ()
        assert errors(result.findings)
        return
    assert broken(result, facts, SITE) == []
    assert wanted.things[0].type != "cluster" or explicit_kept(wanted, result)
    assert errors(result.findings) == []
    told = any(f.id == "model.chosen" and f.field.endswith(".count") for f in result.findings)
    assert told or len(result.machines) == len(plan(wanted, facts, SITE).machines)
    assert len(result.machines) <= MAX_MACHINES
    assert all(m.cores * m.sockets <= MAX_CORES for m in result.machines)
    assert all(m.memory_mib <= MAX_MEMORY for m in result.machines)
    reasons = "".join(why.reason for m in result.machines for why in m.why if why.source == "model")
    assert not set(reasons) & set('{}$`<>"\\\x1b\n\u202e\u200b')
    if not {"model", "capacity.reduced"} & {w.source for m in result.machines for w in m.why}:
        assert sizes(result) == sizes(plan(wanted, facts, SITE))


@pytest.mark.fuzz
@ENOUGH
@given(
    st.sampled_from((0.5, 1.0, 1.5, 2.0)),
    st.lists(st.sampled_from(STRINGS) | st.text(max_size=120), min_size=2, max_size=2),
    st.sampled_from(STRINGS)
    | st.text(alphabet=st.characters(exclude_characters="{["), max_size=80),
)
def test_free_text_of_a_model_never_changes_a_size(
    factor: float, reasons: list[str], prose: str
) -> None:
    facts = snapshot(3)

    def answer(reason: str, around: str) -> t.Callable[[Json], str]:
        def script(prompt: Json) -> str:
            rows = json.loads(form(prompt))
            for row in rows["groups"]:
                row["memory_mib"] = int(row["memory_mib"] * factor)
                row["reason"] = reason
            return f"<think>{around}</think>" + json.dumps(rows) if around else json.dumps(rows)

        return script

    one = reviewed(app(), facts, SITE, answer(reasons[0], ""))
    two = reviewed(app(), facts, SITE, answer(reasons[1], prose.replace("<", "")))
    assert sizes(one) == sizes(two)


@pytest.mark.fuzz
@ENOUGH
@given(
    st.lists(st.sampled_from(SECRETS), min_size=1, max_size=3),
    st.lists(ANSWERS, min_size=1, max_size=3),
    st.sampled_from(STRINGS),
)
def test_a_planted_secret_reaches_neither_prompt_nor_plan_nor_log(
    secrets: list[str], answers: list[str], noise: str
) -> None:
    facts = snapshot(
        2, guests=[guest(300, f"db-{CANARY}".lower(), "pve1", tags=[CANARY], pool=CANARY)]
    )
    wanted = app(text=f"HA cluster {noise} " + " ".join(secrets))
    seen: list[str] = []
    records: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: records.append(record.getMessage())  # type: ignore[method-assign]
    root = logging.getLogger()
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.DEBUG)
    try:
        scripts = [lambda _prompt, text=text: text for text in answers]
        result = reviewed(wanted, facts, SITE, in_turn(*scripts), prompts=seen)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    text = "\n".join([*seen, *records, json.dumps(to_data(result))])
    assert CANARY.lower() not in text.lower()
    assert "pve.example" not in text
