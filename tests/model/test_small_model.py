# SPDX-License-Identifier: GPL-3.0-or-later
"""A real, small language model behind the real client: whatever it answers, plans are safe.

It is far too weak to read well, which makes it an honest adversary. Nothing here asserts what it
says; what is asserted holds for every model.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Plan,
    Request,
    to_data,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._sentences import (
    SITE,
    facts_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import size_data
from lab.ports import free_port
from model.prepare import prepared, supported

HERE = Path(__file__).parent
#: One request may fail by these; that is a case of its own, not a fault.
LIMITS: dict[str, t.Any] = {
    "timeout_seconds": 25,
    "max_seconds": 28,
    "max_output_tokens": 512,
    "max_rounds": 1,
    "temperature": 0,
}
BASE = "k3s cluster with 3 servers and 2 workers with 4 cores and 8 GB each"
#: A wish with sizes, and a change of what exists.
CASES = (
    ("two debian VMs with 2 cores, 4 GB of memory and 40 GB of disk", None),
    ("give the workers 16 GB", BASE),
)


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Return where the model is served."""
    reason = supported()
    if reason is not None:
        pytest.fail(f"{reason}; leave the target test-model out there")
    server = subprocess.Popen(
        [sys.executable, str(HERE / "server.py"), str(prepared()), str(free_port())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
    finally:
        server.kill()
        server.wait()


def planned(text: str, base: str | None, **more: t.Any) -> tuple[Request, Plan]:
    given: dict[str, t.Any] = {"site": SITE, "snapshot": facts_of({"nodes": 3}), "deployment": "t"}
    if base is not None:
        request, plan = size_data(intent=base, **given)
        given |= {"previous_request": to_data(request), "previous_plan": to_data(plan)}
    return size_data(intent=text, **given, **more)


def test_the_model_answers_over_http(address: str) -> None:
    body = {
        "model": "smollm2",
        "messages": [{"role": "user", "content": "Say hello."}],
        "max_tokens": 8,
    }
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=300)
    headers = {"content-type": "application/json"}
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    assert answer["choices"][0]["message"]["content"].strip()
    assert answer["usage"]["completion_tokens"] > 0


@pytest.mark.parametrize(("text", "base"), CASES, ids=[text for text, _base in CASES])
def test_no_plan_changes_in_silence_and_no_good_plan_is_lost(
    address: str, text: str, base: str | None
) -> None:
    _request, rules = planned(text, base)
    assert rules.status == "ready"
    settings = {"base_url": address, "model": "smollm2", **LIMITS}
    request, plan = planned(text, base, provider="openai", provider_settings=settings)
    assert plan.rounds, "what the model did is in the report"
    assert "smollm2" in plan.rounds[0].act
    assert " s, " in plan.rounds[0].act
    if plan.status != "ready":
        differ = [question for question in request.questions if question.id == "reading.differ"]
        assert (plan.status, len(differ)) == ("ask", 1), plan.summary
        return
    assert plan.machines == rules.machines
    assert [addon.name for addon in plan.addons] == [addon.name for addon in rules.addons]
