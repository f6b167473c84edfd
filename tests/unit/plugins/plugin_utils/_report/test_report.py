# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t
from html.parser import HTMLParser

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report import (
    closing_table,
    html_report,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report._picture import bars
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report._table import (
    gib,
    table,
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
            {"field": "count", "reason": "said", "source": "explicit", "confidence": 1.0},
        ],
    }


@pytest.fixture
def run() -> dict[str, t.Any]:
    return {
        "plan": {
            "deployment": "demo",
            "environment": "production",
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
                },
                {"name": "pve3", "online": False, "memory_mib": 0},
            ],
            "guests": [{"vmid": 20000, "node": "pve1", "memory_mib": 4096}],
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


class Scripts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: t.Any) -> None:
        self.tags.append(tag)


def test_text_of_others_stays_text(run: dict[str, t.Any]) -> None:
    page = html_report(run)
    parser = Scripts()
    parser.feed(page)
    assert "script" not in parser.tags
    assert "{{ 7 * 7 }}" in page
    assert "http" not in page.replace("http-equiv", "")


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


def test_own_guests_are_not_counted_twice(run: dict[str, t.Any]) -> None:
    (bar,) = bars(run["plan"], run["snapshot"])
    assert (bar.node, bar.before_percent, bar.planned_percent) == ("pve1", 12.5, 6.2)


@pytest.mark.parametrize(
    ("mib", "shown"), [(512, "512 MiB"), (1024, "1 GiB"), (2560, "2.5 GiB"), (3000, "3000 MiB")]
)
def test_memory_is_shown_as_people_say_it(mib: int, shown: str) -> None:
    assert gib(mib) == shown


def test_the_last_column_wraps_and_the_others_stay_aligned() -> None:
    lines = table(("a", "b"), [("x", "word " * 20)], last_width=20).splitlines()
    assert len({line.index("w") for line in lines[2:]}) == 1
    assert max(len(line) for line in lines) <= 3 + 20
