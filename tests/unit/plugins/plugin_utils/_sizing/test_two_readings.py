# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules and a model read a sentence differently: one question, and an answer that decides."""

from __future__ import annotations

import json

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._sentences import (
    SITE,
    facts_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._by_model import (
    form_row,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import size_data
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._model.stub import (
    Json,
    Stub,
    agree,
)

TEXT = "two redis VMs with 4 GB of memory and 2 cores"
ROWS = (
    ["wish", "t1", "thing", "", "container", "none", "", "VMs"],
    ["wish", "t1", "count", "", "2", "none", "", "two"],
    ["wish", "t1", "software", "", "redis", "none", "", "redis"],
    ["wish", "t1", "memory_mib", "", "4 GB", "none", "", "4 GB of memory"],
    ["wish", "t1", "cores", "", "2", "none", "", "2 cores"],
)


def script(prompt: Json) -> str:
    if "sentence" not in prompt:
        return agree(prompt)
    return json.dumps({"statements": [form_row(row) for row in ROWS]})


@pytest.mark.parametrize(
    ("answers", "reading", "status", "kinds"),
    [
        ((), "strict", "ask", set()),
        ((), "accept", "ask", set()),  # what contradicts is never accepted
        (("first",), "strict", "ready", {"vm"}),
        (("second",), "strict", "ready", {"lxc"}),
    ],
)
def test_a_difference_is_one_question_that_an_answer_decides(
    answers: tuple[str, ...],
    reading: str,
    status: str,
    kinds: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    with Stub("openai", script) as server:
        request, plan = size_data(
            intent=TEXT,
            site=SITE,
            snapshot=facts_of({"nodes": 3}),
            provider="openai",
            provider_settings={"base_url": server.url, "model": "gpt-4.1-mini"},
            answers=answers,
            reading=reading,
        )
    assert plan.status == status, plan.summary
    assert {machine.kind for machine in plan.machines} == kinds
    assert len(request.questions) == (status == "ask")
