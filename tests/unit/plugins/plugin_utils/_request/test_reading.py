# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read from a sentence: given cases, phrases in three languages, platforms, add-ons."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Request,
    canonical_json,
    parse,
    to_data,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request import (
    Vocabulary,
    read_request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.facts import (
    to_intent_facts,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.score import (
    score_intents,
)

HERE = Path(__file__).parent
GIVEN: list[dict[str, t.Any]] = json.loads((HERE / "given_cases.json").read_text())["cases"]
PHRASES: list[dict[str, t.Any]] = [
    case
    for path in sorted((HERE / "phrases").glob("*.yml"))
    for case in yaml.safe_load(path.read_text())["cases"]
]


@pytest.mark.parametrize("case", [*GIVEN, *PHRASES], ids=lambda case: str(case["intent"])[:60])
def test_action_and_facts_of_a_phrase(case: dict[str, t.Any]) -> None:
    row = score_intents([case], read_request)["per_case"][0]

    assert (row["action"], row["wrong"], row["must_not_broken"]) == (
        case["expected_action"],
        {},
        [],
    )


# The reference intents that a rules-only plan must give exactly; sizes come later.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dev cluster", {"environment": "development"}),
        ("production cluster with 5 workers", {"environment": "production", "agents": 5}),
        ("ML training cluster with 16GB RAM", {"workload": "ml-training", "memory": 16384}),
        ("CI/CD runner cluster", {"workload": "ci-runner"}),
        ("HA cluster with monitoring", {"ha": True, "addons": ("prometheus",)}),
        ("minimal single-node cluster", {"servers": 1, "agents": 0}),
        (
            "staging with calico and ingress",
            {"environment": "staging", "cni": "calico", "addons": ("traefik",)},
        ),
        ("5 node cluster with 4 cores 8gb", {"total": 5, "cores": 4, "memory": 8192}),
    ],
)
def test_reference_intent(text: str, expected: dict[str, t.Any]) -> None:
    request = read_request(text)
    cluster = request.cluster
    assert cluster is not None
    machine = request.machines[0] if request.machines else None
    read = {
        "environment": request.environment,
        "workload": request.workload,
        "ha": request.ha,
        "servers": cluster.servers,
        "agents": cluster.agents,
        "total": cluster.total_nodes,
        "cni": cluster.cni,
        "addons": cluster.addons or None,
        "cores": machine.cores if machine else None,
        "memory": machine.memory_mib if machine else None,
    }
    assert {key: value for key, value in read.items() if value is not None} == expected
    assert (request.answer, request.kind) == ("plan", "cluster")


@pytest.mark.parametrize(
    ("word", "addon"),
    [
        ("monitoring", "prometheus"),
        ("observability", "prometheus"),
        ("grafana", "prometheus"),
        ("prometheus", "prometheus"),
        ("supervision", "prometheus"),
        ("Überwachung", "prometheus"),
        ("ingress", "traefik"),
        ("a load balancer", "traefik"),
        ("Lastverteiler", "traefik"),
        ("répartition de charge", "traefik"),
        ("traefik", "traefik"),
        ("ingress-nginx", "ingress-nginx"),
        ("nginx ingress", "ingress-nginx"),
        ("autoscaling", "metrics-server"),
        ("HPA", "metrics-server"),
        ("GitOps", "argocd"),
        ("ArgoCD", "argocd"),
        ("TLS", "cert-manager"),
        ("certificates", "cert-manager"),
        ("Zertifikate", "cert-manager"),
        ("persistent storage", "longhorn"),
        ("stockage persistant", "longhorn"),
        ("persistenten Speicher", "longhorn"),
        ("longhorn", "longhorn"),
        ("rancher", "rancher"),
        ("monitorign", "prometheus"),
    ],
)
@pytest.mark.parametrize(
    ("wanted", "template"),
    [
        (True, "k3s cluster with {}"),
        (True, "cluster k3s avec {}"),
        (True, "k3s-Cluster mit {}"),
        (False, "k3s cluster without {}"),
        (False, "cluster k3s sans {}"),
        (False, "k3s-Cluster ohne {}"),
    ],
)
def test_keyword_to_addon(word: str, addon: str, wanted: bool, template: str) -> None:
    cluster = read_request(template.format(word)).cluster
    assert cluster is not None
    assert (cluster.addons == (addon,)) is wanted
    assert (addon in cluster.addons_excluded) is not wanted


def test_ingress_nginx_warns_that_it_was_retired() -> None:
    request = read_request("k3s cluster with ingress-nginx")
    assert [finding.id for finding in request.findings] == ["request.retired"]
    assert "March 2026" in request.findings[0].message


@pytest.mark.parametrize(
    ("text", "platform", "tier", "kind"),
    [
        ("a Proxmox VM with 2 cores", "proxmox", "explicit", "vm"),
        ("VM with 4 GB on proxmox", "proxmox", "explicit", "vm"),
        ("virtual machine for jenkins", "proxmox", "explicit", "vm"),
        ("une machine virtuelle avec 2 cœurs", "proxmox", "explicit", "vm"),
        ("eine virtuelle Maschine mit 2 Kernen", "proxmox", "explicit", "vm"),
        ("LXC for pihole", "proxmox", "explicit", "lxc"),
        ("conteneur LXC pour pihole", "proxmox", "explicit", "lxc"),
        ("k3s cluster", "proxmox", "explicit", "cluster"),
        ("kubernetes with 3 workers", "proxmox", "explicit", "cluster"),
        ("un cluster k8s", "proxmox", "explicit", "cluster"),
        ("Kubernetes-Cluster für die Entwicklung", "proxmox", "explicit", "cluster"),
        ("cluster with 3 nodes", "proxmox", "explicit", "cluster"),
        ("staging with calico", "proxmox", "implied", "cluster"),
        ("3 masters and 2 workers", "proxmox", "implied", "cluster"),
        ("PostgreSQL for 50 users", "proxmox", "implied", "vm"),
        ("GitLab for 100 developers", "proxmox", "implied", "app"),
        ("4 cores, 8 GB, 40 GB disk", "proxmox", "implied", "vm"),
        ("web application with load balancing", "proxmox", "implied", "app"),
        (
            "deploy image ghcr.io/acme/shop:1.4 port 8080 named shop",
            "kubernetes",
            "explicit",
            "app",
        ),
        ("deploy my app to kubernetes", "kubernetes", "explicit", "app"),
        ("run the docker image acme/api:2.0 on k3s", "kubernetes", "explicit", "app"),
        ("helm chart for nextcloud", "kubernetes", "explicit", "app"),
        ("something nice for my aunt", None, "unknown", None),
        ("deploy nginx:1.27 image on a Proxmox VM", None, "explicit", None),
    ],
)
def test_platform(text: str, platform: str | None, tier: str, kind: str | None) -> None:
    request = read_request(text)
    assert (request.platform, request.platform_tier) == (platform, tier)
    if kind is not None:
        assert request.kind == kind


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("a vm with the usual settings", ["purpose or size, name, template"]),
        ("a vm named web-07", ["purpose or size, template"]),
        ("a vm from template 9001", ["purpose or size, name"]),
        ("deploy my app to kubernetes", ["name, image, port"]),
        ("deploy my app to kubernetes, port 80", ["name, image"]),
        ("deploy nginx:1.27 image on a Proxmox VM", ["platform"]),
        ("scale cluster k3s-prod", ["cluster.agents"]),
        ("resize vm db-01", ["cores, memory or disk"]),
        ("5 nodes: 3 masters and 4 workers", ["cluster.total_nodes"]),
        ("k3s with 3 workers and 4 workers", ["cluster.agents"]),
        ("k3s, 2 workers with 1 MB each", ["machines.agent.memory_mib"]),
        ("delete a vm", ["name"]),
    ],
)
def test_question_names_what_is_missing(text: str, fields: list[str]) -> None:
    request = read_request(text)
    assert request.answer == "ask"
    assert [question.field for question in request.questions] == fields


@pytest.mark.parametrize(
    "text",
    ["", "   ", "\u200b", "what is the weather today?", "raconte-moi une blague", "hello", "42"],
)
def test_off_topic_gets_a_polite_redirect(text: str) -> None:
    request = read_request(text)
    assert request.answer == "redirect"
    assert request.reply
    assert (request.kind, request.cluster, request.machines, request.apps) == (None, None, (), ())


def test_unknown_addon_is_refused_with_the_known_ones() -> None:
    request = read_request("k3s cluster with add-ons monitoring, bogus and longhorn")
    assert request.answer == "refuse_invalid"
    message = request.findings[0].message
    assert "bogus" in message
    assert "longhorn" in message and "traefik" in message


def test_names_that_exist_are_recognised() -> None:
    vocabulary = Vocabulary(
        software={"acme erp": ("acme-erp", None), "acme db": ("acme-erp", "database")},
        nodes=("alpha",),
        storages=("bigpool",),
        guests=("legacy box",),
    )
    request = read_request(
        "Acme ERP for 40 users, a vm with 2 cores on alpha, 60 GB on bigpool", vocabulary=vocabulary
    )
    machine = request.machines[0]
    assert (machine.node, machine.storage, machine.disk_gib) == ("alpha", "bigpool", 60)
    assert [(app.family, app.drivers["users"]) for app in request.apps] == [("acme-erp", 40)]
    part = read_request("Acme DB for 40 users", vocabulary=vocabulary).apps[0]
    assert (part.family, part.component) == ("acme-erp", "database")


def test_everything_said_is_explicit() -> None:
    request = read_request("production k3s named blue with 3 workers with 8 GB each and monitoring")
    assert {
        "environment",
        "cluster.name",
        "cluster.agents",
        "cluster.addons",
        "machines.agent.memory_mib",
    } <= set(request.explicit)
    assert "cluster.servers" not in request.explicit


@pytest.mark.parametrize(
    "text",
    [
        "VMs: web-01 with 2 cores and 4 GB and db-01 with 4 cores and 16 GB",
        "VM web-01 2 cores 4 GB and VM db-01 4 cores 16 GB",
        "2 VMs: web-01 (2c/4g) and db-01 (4c/16g)",
    ],
)
def test_named_machines_keep_their_own_sizes(text: str) -> None:
    request = read_request(text)
    assert [(m.name, m.cores, m.memory_mib) for m in request.machines] == [
        ("web-01", 2, 4096),
        ("db-01", 4, 16384),
    ]


def test_what_no_stated_hosts_can_hold_is_refused() -> None:
    request = read_request("400 workers with 64 cores and 512 GB each on my 3-node homelab")
    assert to_intent_facts(request)[0] == "refuse_capacity"
    assert request.hosts == 3


def test_a_request_survives_json() -> None:
    request = read_request("3 masters (2c/4g), 5 workers (8c/32g), k3s 1.31, calico, no ingress")
    assert parse(Request, to_data(request)) == request
    again = read_request("3 masters (2c/4g), 5 workers (8c/32g), k3s 1.31, calico, no ingress")
    assert canonical_json(again) == canonical_json(request)
