# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever add-on a sentence names: the plan has all that it needs, or says why it cannot."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.action.llm_size import (
    ActionModule as LlmSize,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils import _catalogue
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import to_data
from unit.plugins.action.conftest import _run as run_action
from unit.plugins.plugin_utils._sizing.builders import site, snapshot

SENTENCES = (
    "dev cluster",
    "HA cluster with monitoring",
    "production HA cluster with 3 workers",
    "k3s cluster with 1 server and 1 worker",
)
ENTRIES = sorted(_catalogue.load_catalogue().entries)


def sized(text: str, **of_site: t.Any) -> dict[str, t.Any]:
    result = run_action(
        LlmSize,
        intent=text,
        site=to_data(site()) | of_site,
        snapshot=to_data(snapshot()),
        deployment="lab",
    )
    return t.cast("dict[str, t.Any]", result.get("plan") or result)


@pytest.mark.parametrize("sentence", SENTENCES)
@pytest.mark.parametrize("name", ENTRIES)
def test_plan_is_complete_or_refused(sentence: str, name: str) -> None:
    plan = sized(f"{sentence} and {name}")
    if plan.get("failed"):
        assert plan["msg"], "refused without a reason"
        return
    assert plan["status"] == "ready"
    cluster, addons = plan["cluster"], [item["name"] for item in plan["addons"]]
    assert name in [*addons, cluster["cni"]], "named and dropped"
    again = _catalogue.resolve(
        addons,
        _catalogue.Given(
            servers=len(cluster["servers"]),
            agents=len(cluster["agents"]),
            cni=cluster["cni"],
            kubernetes_version=cluster["version"],
            load_balancer_range=cluster["load_balancer_range"],
        ),
    )
    assert not again.refusals
    chosen = {*again.names} - {cluster["cni"]}
    assert chosen == set(addons), "a need is found only while installing"
    assert set(again.disabled_components) <= set(cluster["disabled_components"])
    said = " ".join(finding["message"] for finding in plan["findings"])
    assert all(question.text in said for question in again.questions)


def test_settings_of_the_site_count() -> None:
    given = {"rancher": {"hostname": "rancher.example.org"}}
    asked = sized("HA cluster with rancher")
    assert "Under which name do people reach Rancher?" in str(asked["findings"])
    assert "Under which name" not in str(sized("HA cluster with rancher", addons=given)["findings"])
    wrong = sized("HA cluster with rancher", addons={"rancher": {"hostnam": "a.example.org"}})
    assert wrong["failed"] and "did you mean hostname?" in wrong["msg"]


def test_a_made_up_entry_of_the_site_is_planned(tmp_path: t.Any) -> None:
    (tmp_path / "widgets.yml").write_text(
        """\
name: widgets
title: Widgets
summary: Makes widgets.
words: [widgets]
homepage: https://example.org
stage: application
chart: {name: widgets, version: 1.0.0, repository: "https://charts.example.org"}
release: widgets
namespace: widgets
needs: [{addon: cert-manager, why: it signs their certificates}]
k3s: {disable: [local-storage]}
cost: {source: made up, confidence: 0.5}
"""
    )
    text = "k3s cluster with widgets"
    plan = sized(text, catalogue_dirs=[str(tmp_path)])
    names = [item["name"] for item in plan["addons"]]
    assert plan["status"] == "ready", plan["findings"]
    assert "widgets" in names and "cert-manager" in names
    assert "local-storage" in plan["cluster"]["disabled_components"]
