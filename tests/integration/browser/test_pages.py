# SPDX-License-Identifier: GPL-3.0-or-later
"""Report and deployment page as a person sees them, on a desktop and on a phone."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.clusterwright.proxmox.plugins.action.documents import (
    ActionModule as Documents,
)
from ansible_collections.clusterwright.proxmox.plugins.action.llm_size import (
    ActionModule as LlmSize,
)
from ansible_collections.clusterwright.proxmox.plugins.action.report import ActionModule as Report
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.machines import (
    names_of,
    summarise,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.weights import (
    WEIGHTS,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._commands import commands
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import to_data
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report._table import gib
from integration.browser.chromium import Chromium
from unit.plugins.action.conftest import run_action
from unit.plugins.plugin_utils._sizing.builders import site, snapshot

SHOTS = Path(__file__).parents[3] / "build" / "screenshots"
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
BROKEN = ("dns", "load balancers")
#: How far content reaches beyond the window, what is too small to read, and what overlaps the edge.
WIDER = "document.documentElement.scrollWidth - window.innerWidth"
SMALL = """[...document.querySelectorAll('body *')].filter(e => e.children.length === 0
  && e.textContent.trim() && !e.closest('svg') && e.getClientRects().length
  && parseFloat(getComputedStyle(e).fontSize) < 11).length"""


@pytest.fixture(scope="module")
def browser() -> t.Iterator[Chromium]:
    with Chromium() as started:
        yield started


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, t.Any]:
    """A deployment with its plan, a verification in which two checks failed, and both pages."""
    run: t.Any = run_action.__wrapped__()  # type: ignore[attr-defined]
    folder = tmp_path_factory.mktemp("deployment")
    facts = to_data(snapshot())
    sized = run(
        LlmSize,
        intent="HA cluster with monitoring",
        site=to_data(site()),
        snapshot=facts,
        deployment="lab",
    )
    plan = sized["plan"]
    applied = {"plan": plan, "request": sized["request"], "snapshot": facts}
    (folder / "applied.json").write_text(json.dumps(applied))
    checks = [
        {
            "name": name,
            "status": "failed" if name in BROKEN else "passed",
            "detail": "Nothing answers." if name in BROKEN else "As planned.",
            "critical": True,
            "seconds": 0.4,
        }
        for name in WEIGHTS
    ]
    addresses = {m["name"]: m["nics"][0]["address"].partition("/")[0] for m in plan["machines"]}
    names = names_of(plan["machines"], addresses, "deployments/lab/kubeconfig", {})
    found = summarise(checks, "", names) | {"checks": checks, "nodes": []}
    report = run(Report, directory=str(folder), applied=True, verified=found)
    written = run(
        Documents,
        directory=str(folder),
        commands=commands({"args": ["clusterwright.proxmox.provision"]}, (), "lab"),
        kubeconfig="deployments/lab/kubeconfig",
    )
    return {
        "report": Path(report["report"]),
        "deployment": Path(written["page"]),
        "machines": plan["machines"],
        "found": found,
    }


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("page", ["report", "deployment"])
def test_readable_without_a_complaint(
    browser: Chromium, pages: dict[str, t.Any], page: str, size: str
) -> None:
    browser.open(pages[page], *SIZES[size])
    assert browser.complaints() == []
    assert browser.requests() == {pages[page].as_uri()}
    assert browser.value(WIDER) <= 0
    assert browser.value(SMALL) == 0
    said = browser.value("document.body.innerText")
    for machine in pages["machines"]:
        assert machine["name"] in said
        assert gib(machine["memory_mib"]) in said
        assert machine["nics"][0]["address"].partition("/")[0] in said
    browser.screenshot(SHOTS / f"{page}-{size}.png")


@pytest.mark.parametrize("size", SIZES)
def test_verification_shows_score_causes_and_mends(
    browser: Chromium, pages: dict[str, t.Any], size: str
) -> None:
    browser.open(pages["report"], *SIZES[size])
    shown = browser.value("document.querySelector('#verification').innerText")
    assert f"score {pages['found']['score']} of 100" in shown
    mends = browser.value(
        "[...document.querySelectorAll('#verification pre')].map(e => e.textContent)"
    )
    assert mends == [item["mend"] for item in pages["found"]["advice"]]
    browser.value("document.querySelector('#verification').scrollIntoView()")
    browser.screenshot(SHOTS / f"verification-{size}.png")


def test_links_of_the_page_lead_to_its_sections(browser: Chromium, pages: dict[str, t.Any]) -> None:
    browser.open(pages["deployment"], *SIZES["phone"])
    lost = browser.value(
        "[...document.querySelectorAll('a')].filter(a => !document.querySelector(a.hash)).length"
    )
    assert browser.value("document.querySelectorAll('a').length") > 5 and lost == 0
    assert (
        browser.value("document.querySelector('.drawing svg').getBoundingClientRect().width") > 300
    )
