# SPDX-License-Identifier: GPL-3.0-or-later
"""The one door to a plan."""

from __future__ import annotations

import sys
import types
import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Plan
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import (
    Proposal,
    ProviderError,
    decide,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._decide import REVIEW
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    group,
    plan,
    request,
    site,
    snapshot,
)


def test_without_a_provider_the_rules_decide() -> None:
    wanted = request(ha=True)
    assert decide(wanted, snapshot(), site()) == plan(wanted)


def test_a_reviewer_gets_the_checked_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def review(provider: str, *_rest: t.Any) -> Plan:
        seen.append(provider)
        planned: t.Callable[[Proposal], Plan] = _rest[-1]
        return planned(Proposal({"agent": {"count": 2}}))

    module = types.ModuleType(REVIEW)
    vars(module)["review"] = review
    monkeypatch.setitem(sys.modules, REVIEW, module)
    result = decide(request(), snapshot(), site(), provider="gemini")
    assert seen == ["gemini"]
    assert group(result, "agent")[0] == 2
    asked = decide(
        request(answer="ask", questions=[{"field": "x", "text": "What?"}]),
        snapshot(),
        site(),
        provider="gemini",
    )
    assert asked.status == "ask"
    assert seen == ["gemini"]  # a question needs no model


def test_a_provider_that_is_not_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, REVIEW, None)
    with pytest.raises(ProviderError, match="gemini cannot be used here"):
        decide(request(), snapshot(), site(), provider="gemini")
