# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that are no sentence: JSON and the entry point of applications."""

from __future__ import annotations

import json

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request import read_request

REPOSITORY = 'git_repo: "https://github.com/myorg/supermarket-inventory"'
DESCRIPTION = (
    'app_description: "Supermarket inventory service, zero downtime, 2000 QPS peak, strong'
    ' consistency, React frontend + Go/Gin API + PostgreSQL backend"'
)


def test_an_entry_is_read_by_its_description() -> None:
    request = read_request(f"/ai-provision\n{REPOSITORY}\n{DESCRIPTION}")
    assert (request.answer, request.kind) == ("plan", "app")
    assert request.drivers["qps_peak"] == 2000
    assert request.sla == {"zero_downtime": True}
    assert {"react", "go", "postgresql"} <= set(request.components)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"/ai-provision\n{REPOSITORY}", "exactly git_repo and then app_description"),
        (f"/ai-provision\n{DESCRIPTION}\n{REPOSITORY}", "exactly git_repo and then"),
        (f"/ai-provision\n{REPOSITORY}\n{DESCRIPTION}\nbranch: main", "exactly git_repo"),
        (f"/ai-provision\n{REPOSITORY.replace('https', 'http')}\n{DESCRIPTION}", "HTTPS"),
        (f"/ai-provision\n{REPOSITORY}\napp_description: ", "app_description is empty"),
        ("/ai-provision\nplease deploy my shop", "is no field"),
        ("/ai-provision", "exactly git_repo"),
    ],
)
def test_another_form_is_refused_with_the_reason(text: str, reason: str) -> None:
    request = read_request(text)
    assert request.answer == "refuse_invalid"
    assert reason in request.findings[-1].message


def test_a_json_object_is_read_as_structured_input() -> None:
    data = {
        "app_metadata": {"name": "billing-service", "language": "Go", "expected_qps": 300},
        "deployment_context": {"environment": "prod"},
    }
    request = read_request(json.dumps(data))
    assert (request.answer, request.deployment, request.environment) == (
        "plan",
        "billing-service",
        "production",
    )


@pytest.mark.parametrize(
    "data",
    [{"app_metadata": {"name": "Not A Name!"}}, {"app_metadata": {}}, {"something": "else"}],
)
def test_a_json_object_of_another_form_is_refused(data: dict[str, object]) -> None:
    request = read_request(json.dumps(data))
    assert request.answer == "refuse_invalid"
    assert request.findings[-1].id == "request.json"
