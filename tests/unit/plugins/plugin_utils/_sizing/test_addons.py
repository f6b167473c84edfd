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
from unit.plugins.plugin_utils._sizing.builders import (
    change,
    changes,
    plan,
    request,
    site,
    snapshot,
)
from unit.plugins.plugin_utils._sizing.test_changes import applied

#: The given intents of clusters.
SENTENCES = (
    "dev cluster",
    "production cluster with 5 workers",
    "ML training cluster with 16GB RAM",
    "CI/CD runner cluster",
    "HA cluster with monitoring",
    "minimal single-node cluster",
    "staging with calico and ingress",
    "5 node cluster with 4 cores 8gb",
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
        assert name in plan["msg"], "refused for another reason"
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


def test_what_is_given_already_names_a_rival() -> None:
    plan = sized("staging with calico and ingress and cilium")
    assert plan["failed"] and "cilium" in plan["msg"] and "calico" in plan["msg"]


@pytest.mark.parametrize(
    ("sentence", "server", "node", "told"),
    [
        # Nothing to carry, or nodes that have the room: the profile's sizes stay.
        ("dev cluster", (2, 2048, 20), (2, 2048, 20), ()),
        ("HA cluster with monitoring", (4, 8192, 40), (4, 8192, 60), ()),
        ("staging with calico and ingress", (2, 4096, 30), (2, 4096, 40), ()),
        # 64 + 2048 MiB and 512 of the agent are three quarters of 3.5 GiB; a volume of 20 GiB.
        (
            "dev cluster with monitoring",
            (2, 2304, 20),
            (2, 3584, 35),
            ("prometheus may take 2112 MiB", "a quarter stays free: 3.5 GiB", "20 GiB of disk"),
        ),
        # The only node carries everything beside what k3s documents for a server.
        ("minimal single-node cluster with monitoring", (2, 6144, 40), None, ("6 GiB",)),
        # What each node has is on the servers as well.
        ("dev cluster with calico", (2, 2560, 20), (2, 2048, 20), ()),
        # Documents count instead of allowances.
        ("dev cluster with longhorn", (2, 2048, 20), (4, 4096, 20), ("longhorn documents 4 vCPU",)),
        # What comes along counts: loki brings alloy.
        ("dev cluster with loki", (2, 2304, 20), (2, 2304, 35), ("loki, alloy may take 1152",)),
    ],
)
def test_addons_size_the_nodes_that_carry_them(
    sentence: str,
    server: tuple[int, ...],
    node: tuple[int, ...] | None,
    told: tuple[str, ...],
) -> None:
    machines = sized(sentence)["machines"]
    for role, wanted in (("server", server), ("agent", node)):
        found = {
            (m["cores"], m["memory_mib"], m["disks"][0]["size_gib"])
            for m in machines
            if m["role"] == role
        }
        assert found == ({wanted} if wanted else set())
    why = " ".join(w["reason"] for w in machines[-1]["why"])
    assert all(words in why for words in told), why
    if told:
        assert [w["source"] for w in machines[-1]["why"] if told[0] in w["reason"]] != [""]


def test_what_a_cluster_cannot_hold_as_asked_is_said() -> None:
    plan = sized("dev cluster with monitoring, 2 GB each")
    assert {machine["memory_mib"] for machine in plan["machines"]} == {2048}
    assert "prometheus may take 2112 MiB of a node" in str(plan["findings"])


def test_settings_of_the_site_count() -> None:
    given = {"rancher": {"hostname": "rancher.example.org"}}
    asked = sized("HA cluster with rancher")
    assert "Under which name do people reach Rancher?" in str(asked["findings"])
    assert "Under which name" not in str(sized("HA cluster with rancher", addons=given)["findings"])
    wrong = sized("HA cluster with rancher", addons={"rancher": {"hostnam": "a.example.org"}})
    assert wrong["failed"] and "did you mean hostname?" in wrong["msg"]


@pytest.mark.parametrize(
    ("said", "disk_gib", "told"),
    [
        ({}, 35, "prometheus (storage_gib 20) may take 20 GiB of disk of a node"),
        ({"prometheus": {"storage_gib": "200"}}, 215, "prometheus (storage_gib 200)"),
        ({"prometheus": {"storage_gib": 0}}, 20, ""),
        (
            {"prometheus": {"storage_gib": 200}, "loki": {"storage_gib": 500}},
            515,
            "loki (storage_gib 500), prometheus (storage_gib 200) may take 500 GiB",
        ),
    ],
)
def test_a_larger_volume_shows_in_the_sizes(
    said: dict[str, t.Any], disk_gib: int, told: str
) -> None:
    text = "dev cluster with monitoring" + (" and loki" if "loki" in said else "")
    machine = sized(text, addons=said)["machines"][-1]
    assert machine["disks"][0]["size_gib"] == disk_gib
    assert told in " ".join(why["reason"] for why in machine["why"])


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


LITTLE = request(environment="development")


def _orders(*orders: tuple[str, str], before: t.Any = LITTLE) -> t.Any:
    made = plan(before, snapshot(2), deployment="lab")
    asked = [
        change(verb, "cni" if name == "calico" else "addons", value=name) for verb, name in orders
    ]
    return made, plan(changes(*asked), applied(made), deployment="lab", previous=made)


@pytest.mark.parametrize(
    ("orders", "installed", "told"),
    [
        # What the new one needs comes with it, and what only the site can say is named.
        ([("add", "rancher")], ["traefik", "cert-manager", "rancher"], "addons.rancher.hostname"),
        ([("add", "loki")], ["loki", "alloy"], "agent keeps the 2 GiB"),
        ([("add", "longhorn")], ["longhorn"], "longhorn documents 4 vCPU"),
        ([("add", "longhorn")], ["longhorn"], "ask for 1 more worker(s)"),
        ([("add", "metrics-server")], ["metrics-server"], ""),
    ],
)
def test_an_added_one_brings_its_needs(
    orders: list[tuple[str, str]], installed: list[str], told: str
) -> None:
    before, after = _orders(*orders)
    assert [addon.name for addon in after.addons] == installed
    assert told in " ".join(finding.message for finding in after.findings)
    sizes = [(m.name, m.cores, m.memory_mib, m.disks) for m in before.machines]
    assert [(m.name, m.cores, m.memory_mib, m.disks) for m in after.machines] == sizes


@pytest.mark.parametrize(
    ("had", "name", "told"),
    [
        ([], "rancher", ["traefik", "cert-manager"]),
        (["rancher"], "longhorn", []),
        (["rancher"], "loki", ["alloy"]),
    ],
)
def test_what_comes_for_another_one_is_told_once(
    had: list[str], name: str, told: list[str]
) -> None:
    before = request(environment="development", cluster={"addons": had})
    _made, after = _orders(("add", name), before=before)
    comes = [f.message.partition(" comes as well")[0] for f in after.findings]
    assert [n for n in comes if n in ENTRIES] == told


@pytest.mark.parametrize(
    ("had", "order", "why"),
    [
        (["rancher"], ("remove", "cert-manager"), "rancher needs cert-manager"),
        (["traefik"], ("add", "ingress-nginx"), "ingress-nginx and traefik"),
        ([], ("set", "calico"), "cannot become calico: the cluster is there with flannel"),
    ],
)
def test_an_order_that_breaks_the_others_is_refused(
    had: list[str], order: tuple[str, str], why: str
) -> None:
    before = request(environment="development", cluster={"addons": had})
    _made, after = _orders(order, before=before)
    assert after.status == "refused"
    assert why in after.summary


@pytest.mark.parametrize(
    ("sentence", "agents", "told"),
    [
        ("k3s cluster with longhorn", 2, ""),
        ("HA cluster with longhorn", 3, ""),
        ("1 master and 1 worker with longhorn", 1, "ask for 1 more worker(s)"),
        ("single node k3s with longhorn", 0, "ask for 2 more worker(s)"),
    ],
)
def test_nodes_that_an_addon_documents_are_there_or_named(
    sentence: str, agents: int, told: str
) -> None:
    made = sized(sentence)
    assert len(made["cluster"]["agents"]) == agents
    said = " ".join(finding["message"] for finding in made["findings"])
    assert told in said if told else "more worker(s)" not in said
