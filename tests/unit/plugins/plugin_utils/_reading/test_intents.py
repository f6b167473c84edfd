# SPDX-License-Identifier: GPL-3.0-or-later
"""The given intents: action and facts of each, exactly."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._intents import (
    score_intents,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import load_knowledge
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading import (
    Vocabulary,
    read_request,
)

GIVEN: list[dict[str, t.Any]] = json.loads(
    (Path(__file__).parent / "given_cases.json").read_text(encoding="utf-8")
)["cases"]
VOCABULARY = Vocabulary(software=load_knowledge().vocabulary)


@pytest.mark.parametrize("case", GIVEN, ids=lambda case: str(case["id"]))
def test_given_intent(case: dict[str, t.Any]) -> None:
    row = score_intents([case], lambda text: read_request(text, VOCABULARY))["per_case"][0]
    assert (row["action"], row["wrong"], row["must_not_broken"]) == (
        case["expected_action"],
        {},
        [],
    )
