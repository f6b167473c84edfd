# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t
from html.parser import HTMLParser

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import to_data
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report import (
    closing_table,
    html_report,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report._numbers import (
    numbers,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report._picture import (
    MAX_NODES,
    pictures,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report._table import (
    gib,
    table,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import request_of
from ansible_collections.clusterwright.proxmox.tests.unit.plugins.plugin_utils._sizing.builders import (  # noqa: E501
    site,
)

HOSTILE = '<script>alert(1)</script>"{{ 7 * 7 }}'


def machine(name: str, vmid: int, node: str, memory_mib: int = 4096) -> dict[str, t.Any]:
    return {
        "name": name,
        "vmid": vmid,
        "node": node,
        "role": "server",
        "group": "servers",
        "cores": 2,
        "sockets": 2,
        "memory_mib": memory_mib,
        "disks": [{"size_gib": 40}, {"size_gib": 10}],
        "nics": [{"address": "192.0.2.10/24"}],
        "why": [
            {"field": "cores", "reason": HOSTILE, "source": "rule", "confidence": 0.9},
            {"field": "count", "reason": "said", "source": "explicit", "confidence": 0.4},
            {
                "field": "node",
                "reason": f"{node} has the lowest load.",
                "source": "placement",
                "confidence": 1.0,
            },
        ],
    }


@pytest.fixture
def run() -> dict[str, t.Any]:
    return {
        "plan": {
            "deployment": "demo",
            "environment": "production",
            "kind": "vm",
            "status": "ready",
            "cost": {"monthly": 20.5, "currency": "EUR", "by_machine": {"a": 10.25, "b": 10.25}},
            "rounds": [
                {
                    "number": 1,
                    "reason": "Draft.",
                    "act": HOSTILE,
                    "observe": "Inside policy.",
                    "findings": [],
                    "prompt": HOSTILE,
                    "prompt_sha256": "ab" * 32,
                }
            ],
            "summary": "Three servers.",
            "confidence": 0.9,
            "machines": [machine("a", 20000, "pve1"), machine("b", 20001, "pve2")],
            "addons": [{"name": "prometheus", "why": "monitoring was asked for"}],
            "findings": [
                {"id": "x", "severity": "warning", "field": "ha", "message": HOSTILE, "source": ""}
            ],
            "alternatives": [],
            "provenance": {"provider": "none", "model": None, "facts_collected_at": "2026-01-01"},
        },
        "request": {"text": HOSTILE},
        "snapshot": {
            "nodes": [
                {
                    "name": "pve1",
                    "online": True,
                    "memory_mib": 65536,
                    "committed_memory_mib": 8192 + 4096,
                    "memory_used_mib": 2048,
                    "cpus": 16,
                    "committed_cpus": 6,
                },
                {"name": "pve3", "online": False, "memory_mib": 0},
            ],
            "guests": [{"vmid": 20000, "node": "pve1", "memory_mib": 4096, "cpus": 4}],
        },
        "result": {
            "stages": [
                {"stage": "facts", "status": "COMPLETED", "seconds": 1.5, "changed": {"create": 2}}
            ]
        },
        "terraform": {"create": 2, "update": 0},
        "nodes": [{"name": "a", "roles": ["control-plane"], "ready": True, "version": "v1"}],
        "checks": [{"name": "nodes", "status": "passed", "detail": "2 of 2", "seconds": 0.2}],
        "files": {"kubeconfig": "deployments/demo/kubeconfig"},
        "stand_ins": ["k3s: a stand-in"],
        "simulated_reason": "",
    }


class Page(HTMLParser):
    """Collects the tags of a page and what a reader of the screen is told."""

    VOID = ("meta", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: t.Any) -> None:
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_text_of_others_stays_text(run: dict[str, t.Any]) -> None:
    page = html_report(run)
    parsed = Page(page)
    assert "script" not in parsed.tags
    assert parsed.open == []
    assert "{{ 7 * 7 }}" in page
    assert "{#" not in page


def test_the_page_loads_nothing_and_can_be_read_aloud(run: dict[str, t.Any]) -> None:
    page = html_report(run)
    parsed = Page(page)
    assert "http" not in page and "url(" not in page and "@import" not in page
    assert not {"link", "img", "iframe", "object"} & set(parsed.tags)
    assert parsed.tags.index("h1") < parsed.tags.index("h2")
    assert parsed.tags.count("h1") == 1
    by_tag = [(tag, attributes) for tag, attributes in parsed.attributes]
    assert all("scope" in attributes for tag, attributes in by_tag if tag == "th")
    images = [attributes for _tag, attributes in by_tag if attributes.get("role") == "img"]
    assert images and all(attributes.get("aria-label") for attributes in images)
    assert "prefers-color-scheme: dark" in page and "@media print" in page


def test_the_page_has_each_number_beside_its_source(run: dict[str, t.Any]) -> None:
    page = html_report(run)
    for wanted in ("4 GiB", "what you said", "20.50 EUR", "10.25", "look at it", "pve1, pve2"):
        assert wanted in page
    (group, rows), *_others = numbers(run["plan"])
    assert group == "servers"
    assert [(row.label, row.value, row.guessed) for row in rows] == [
        ("vCPU", "4", False),
        ("machines", "2", True),
        ("node", "pve1, pve2", False),
    ]
    assert rows[2].reason == "Each has the lowest load."


def test_a_refusal_is_a_page_too(run: dict[str, t.Any]) -> None:
    run["plan"] |= {"status": "refused", "machines": [], "summary": "Too large.", "cost": None}
    run["plan"]["findings"] += [{"severity": "error", "field": "machines", "message": "Too large."}]
    page = html_report(run)
    assert page.count("Too large.") == 1
    assert ">refused<" in page
    assert "What the nodes hold" in page and "Why each number" not in page


def test_the_table_names_what_a_person_asks(run: dict[str, t.Any]) -> None:
    shown = closing_table(run)
    for wanted in ("pve1", "4 GiB", "50 GiB", "192.0.2.10", "2 create", "prometheus", "stand-in"):
        assert wanted in shown
    assert "SIMULATED" not in shown


def test_simulated_machines_are_labelled(run: dict[str, t.Any]) -> None:
    run["simulated_reason"] = "not root"
    assert "SIMULATED" in closing_table(run)
    assert "SIMULATED" in html_report(run)


def test_no_change_is_said(run: dict[str, t.Any]) -> None:
    run["terraform"] = {"create": 0, "update": 0}
    assert "Terraform: No changes" in closing_table(run)


def test_the_machines_can_be_left_out_of_the_table(run: dict[str, t.Any]) -> None:
    run["machines"] = False
    shown = closing_table(run)
    assert "192.0.2.10" not in shown and "prometheus" not in shown
    assert "2 create" in shown


@pytest.mark.parametrize(
    ("difference", "line"),
    [(None, None), ([], "Changed: nothing"), (["~ a vCPU: 1 -> 2"], "~ a vCPU: 1 -> 2")],
)
def test_what_changed_is_said_when_there_was_a_plan(
    run: dict[str, t.Any], difference: list[str] | None, line: str | None
) -> None:
    run["difference"] = difference
    shown = closing_table(run)
    assert ("Changed:" in shown) == (difference is not None)
    assert line is None or line in shown


def test_own_guests_are_not_counted_twice(run: dict[str, t.Any]) -> None:
    (picture,) = pictures(run["plan"], run["snapshot"])
    assert (picture.node, picture.machines) == ("pve1", ("a",))
    memory, cpus = picture.bars
    assert (memory.before, memory.after, memory.total) == (8, 12, 64)
    assert (memory.before_percent, memory.after_percent) == (12.5, 18.8)
    assert [(part.name, part.percent, part.shown) for part in memory.parts] == [("a", 6.2, "4 GiB")]
    assert (cpus.before, cpus.after, cpus.total) == (2, 6, 16)


def test_a_bar_stays_in_its_frame(run: dict[str, t.Any]) -> None:
    run["snapshot"]["nodes"][0]["cpus"] = 4
    (picture,) = pictures(run["plan"], run["snapshot"])
    bar = picture.bars[1]
    assert bar.after_percent == 150.0
    assert bar.before_percent + sum(part.percent for part in bar.parts) <= 100.1


def test_of_many_nodes_those_with_machines_are_drawn(run: dict[str, t.Any]) -> None:
    first = run["snapshot"]["nodes"][0]
    run["snapshot"]["nodes"] = [{**first, "name": f"n{index:03}"} for index in range(100)] + [first]
    page = html_report(run)
    assert page.count("<figure>") == MAX_NODES
    assert "77 further nodes" in page
    assert page.index(">pve1") < page.index(">n000")


def test_without_facts_there_is_no_picture(run: dict[str, t.Any]) -> None:
    run["snapshot"] = None
    assert "<figure>" not in html_report(run)


@pytest.mark.parametrize(
    ("mib", "shown"), [(512, "512 MiB"), (1024, "1 GiB"), (2560, "2.5 GiB"), (3000, "3000 MiB")]
)
def test_memory_is_shown_as_people_say_it(mib: int, shown: str) -> None:
    assert gib(mib) == shown


def test_the_last_column_wraps_and_the_others_stay_aligned() -> None:
    lines = table(("a", "b"), [("x", "word " * 40)]).splitlines()
    assert len({line.index("w") for line in lines[2:]}) == 1
    assert 80 < max(len(line) for line in lines) <= 100


def test_the_report_shows_what_was_understood_and_what_was_set_aside(run: dict[str, t.Any]) -> None:
    text = "Hello, a VM with 4 GB RAM. My password is hunter2hunter2. Thanks"
    request, _rounds = request_of(text, site(), None)
    data = to_data(request)
    page = html_report({**run, "request": data})
    shown = page[page.index("<h2>Understood</h2>") :]
    shown = shown[: shown.index("</section>")]
    assert "4 GB RAM" in shown and "memory 4 GiB" in shown
    assert "Set aside" in shown
    assert "hunter2" not in page
