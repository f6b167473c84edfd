# SPDX-License-Identifier: GPL-3.0-or-later
"""The one door to a plan."""

from __future__ import annotations

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import digest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import (
    Proposal,
    ProviderError,
    decide,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._decide import (
    identified,
)
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    plan,
    request,
    site,
    snapshot,
)


def test_without_a_provider_the_rules_decide() -> None:
    wanted = request(ha=True)
    decided = decide(wanted, snapshot(), site())
    assert decided.model_copy(update={"rounds": ()}) == plan(wanted)


def test_a_question_needs_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    wanted = request(answer="ask", questions=[{"id": "x", "text": "What?"}])
    assert decide(wanted, snapshot(), site(), provider="gemini").status == "ask"


@pytest.mark.parametrize(
    ("provider", "sentence"),
    [("parrot", "There is no provider parrot"), ("gemini", "set GEMINI_API_KEY")],
)
def test_a_provider_that_cannot_be_used_is_one_sentence(
    provider: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    with pytest.raises(ProviderError, match=sentence):
        decide(request(), snapshot(), site(), provider=provider)


def test_a_plan_that_breaks_a_policy_is_refused_and_holds_nothing_to_render() -> None:
    limits = {"development": {"max_memory_mib_per_machine": 1024}}
    result = decide(request(), snapshot(), site(environments=limits))
    assert result.status == "refused"
    assert result.machines == ()
    assert result.cluster is None


def test_what_a_model_takes_unknown_software_for_leaves_the_request_as_it_is() -> None:
    wanted = request(
        kind="app", apps=[{"family": "frobnicator", "known": False}], drivers={"users": 7}
    )
    before = digest(wanted)
    proposal = Proposal(
        families={"frobnicator": "postgresql"}, drivers={"users": 9.0, "data_gib": 3}
    )
    read = identified(wanted, proposal)
    [software] = read.things[0].software  # type: ignore[union-attr]
    assert (software.family, software.known) == ("postgresql", True)
    assert read.loads == {"users": 7, "data_gib": 3}  # what was said stays
    assert digest(wanted) == before
