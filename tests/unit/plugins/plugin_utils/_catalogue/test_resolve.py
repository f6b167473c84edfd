# SPDX-License-Identifier: GPL-3.0-or-later
"""Names come to something complete, to questions, or to refusals; never to less than was said."""

from __future__ import annotations

import itertools
import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._catalogue import (
    STAGES,
    Given,
    load_catalogue,
    resolve,
)
from hypothesis import given as draw
from hypothesis import strategies as st

NAMES = sorted(load_catalogue().entries)
RANCHER: dict[str, t.Any] = {"rancher": {"hostname": "r.example.org"}}

ROUTER: dict[str, t.Any] = {"my_asn": 1, "peer_asn": 2, "peer_address": "192.0.2.1"}
MAIL: dict[str, t.Any] = {
    "name": "ops",
    "type": "mail",
    "to": "ops@example.org",
    "from": "alerts@example.org",
    "smarthost": "mail.example.org:25",
}


@pytest.mark.parametrize(
    ("names", "settings", "wanted"),
    [
        (["rancher"], RANCHER, ("cert-manager", "traefik", "rancher")),
        (["rancher", "ingress-nginx"], RANCHER, ("cert-manager", "ingress-nginx", "rancher")),
        (
            ["rancher"],
            {"rancher": {"hostname": "r.example.org", "tls_source": "secret"}},
            ("traefik", "rancher"),
        ),
        (["loki"], {}, ("alloy", "loki")),
        (["cert-manager"], {}, ("cert-manager",)),
        (
            ["cert-manager"],
            {"cert-manager": {"letsencrypt_email": "a@example.org"}},
            ("cert-manager", "traefik"),
        ),
        (["argo-cd"], {"argocd": {"hostname": "a.example.org"}}, ("traefik", "argocd")),
        (["Kube_Prometheus_Stack"], {}, ("prometheus",)),
        (["prometheus", "longhorn"], {}, ("longhorn", "prometheus")),
        (["argocd", "calico"], {}, ("calico", "argocd")),
    ],
)
def test_needs_are_completed_in_order(
    names: list[str], settings: dict[str, t.Any], wanted: tuple[str, ...]
) -> None:
    result = resolve(names, Given(settings=settings))
    assert sorted(result.names) == sorted(wanted)
    assert [n for n in result.names if n in wanted] == list(result.names)
    assert not result.questions and not result.refusals


@pytest.mark.parametrize(
    ("names", "place", "sentence"),
    [
        (["headlam"], {}, "There is no add-on headlam (did you mean headlamp?)"),
        (["istio"], {}, "There is no add-on istio; there are alloy,"),
        (["traefik", "ingress-nginx"], {}, "choose one: ingress-nginx and traefik"),
        (["cilium"], {"cni": "calico"}, "choose one: calico and cilium"),
        (
            ["rancher"],
            {"settings": RANCHER, "excluded": ("cert-manager",)},
            "rancher needs cert-manager (it signs Rancher's certificate), but cert-manager was",
        ),
        (
            ["rancher"],
            {"settings": RANCHER, "excluded": ("traefik", "ingress-nginx")},
            "needs an ingress controller",
        ),
        (
            ["rancher"],
            {"settings": RANCHER, "kubernetes_version": "v1.37.1+k3s1"},
            "from 1.34 to below 1.37, not on v1.37.1+k3s1",
        ),
        (["traefik"], {"settings": {"treafik": {}}}, "treafik, which is no add-on (did you mean"),
        (["traefik"], {"values": {"treafik": {}}}, "treafik, which is no add-on (did you mean"),
        (
            ["prometheus"],
            {"settings": {"prometheus": {"storage_gib": "-5"}}},
            "storage_gib has to be at least 0, not '-5'",
        ),
        (
            ["longhorn"],
            {"settings": {"longhorn": {"replica": 2}}},
            "no setting replica (did you mean replicas?)",
        ),
        (["longhorn"], {"settings": {"longhorn": {"replicas": "two"}}}, "replicas has to be a"),
        (["metallb"], {"settings": {"metallb": {"addresses": "10.0.0.9-10.0.0.1"}}}, "ends before"),
        (["rancher"], {"settings": {"rancher": {"hostname": "rancher"}}}, "full host name"),
        (["metallb"], {"settings": {"metallb": {"mode": "arp"}}}, "choose one of l2, bgp"),
        *(
            (["metallb"], {"settings": {"metallb": {"mode": "bgp", "peers": peers}}}, sentence)
            for peers, sentence in (
                (["192.0.2.1"], "peers number 1 has to be a mapping of my_asn, peer_asn"),
                ([{"my_asn": 1, "peer_asn": 2}], "peers number 1 needs peer_address: Address of"),
                ([ROUTER | {"my_asn": "AS1"}], "number 1: my_asn has to be a whole number"),
                ([ROUTER, ROUTER | {"port": 1}], "peers number 2 has port; it can have my_asn"),
                ([ROUTER | {"peer_address": "router"}], "peer_address has to be an IP address"),
            )
        ),
        *(
            (["prometheus"], {"settings": {"prometheus": {"receivers": [said]}}}, sentence)
            for said, sentence in (
                ({"name": "ops", "type": "pager"}, "(ops): type is 'pager'; choose one of slack"),
                ({"type": "slack"}, "receivers number 1 needs name: Name of the receiver"),
                ({"name": "ops", "type": "webhook"}, "(ops) needs url: Address that alerts"),
                (MAIL | {"smarthost": ""}, "(ops) needs smarthost: Mail server as host:port"),
                (MAIL | {"tls": "maybe"}, "(ops): tls has to be true or false, not 'maybe'"),
                (MAIL | {"smart_host": "x"}, "has smart_host (did you mean smarthost?)"),
            )
        ),
    ],
)
def test_what_cannot_be_is_refused(
    names: list[str], place: dict[str, t.Any], sentence: str
) -> None:
    result = resolve(names, Given(**place))
    assert any(sentence in finding.message for finding in result.refusals), result.findings
    asked = {question.id for question in result.questions}
    assert asked.isdisjoint(finding.field for finding in result.refusals), "asked and refused"


@pytest.mark.parametrize(
    ("names", "settings", "fields"),
    [
        (["rancher"], {}, ["addons.rancher.hostname"]),
        (["metallb"], {}, ["addons.metallb.addresses"]),
        (
            ["metallb"],
            {"metallb": {"addresses": "10.0.0.0/28", "mode": "bgp"}},
            ["addons.metallb.peers"],
        ),
        (
            ["velero"],
            {},
            ["addons.velero.bucket", "addons.velero.endpoint", "addons.velero.access_key_id"],
        ),
        (
            ["rancher"],
            {"rancher": {"hostname": "r.example.org", "tls_source": "letsEncrypt"}},
            ["addons.rancher.letsencrypt_email"],
        ),
    ],
)
def test_what_is_missing_is_asked(
    names: list[str], settings: dict[str, t.Any], fields: list[str]
) -> None:
    result = resolve(names, Given(settings=settings))
    assert [question.id for question in result.questions] == fields
    assert all(question.text.endswith(("?", ".")) for question in result.questions)


def test_a_default_yields_to_what_was_asked() -> None:
    result = resolve(["ingress-nginx"], defaults={"traefik": "Profile.", "metrics-server": "P."})
    assert sorted(result.names) == ["ingress-nginx", "metrics-server"]
    assert [f.severity for f in result.findings] == ["warning"]
    assert "retired in March 2026" in result.findings[0].message


def test_what_was_declined_is_not_planned() -> None:
    result = resolve(
        ["traefik", "headlamp"],
        Given(excluded=("traefik", "metrics-server")),
        defaults={"metrics-server": "Profile."},
    )
    assert result.names == ("headlamp",)
    assert "both asked for and declined" in result.findings[0].message


def test_options_may_be_text() -> None:
    settings = {
        "prometheus": {"storage_gib": "40", "grafana": "no", "machines": '["10.0.0.9:9100"]'}
    }
    [chosen] = resolve(["prometheus"], Given(settings=settings)).entries
    found = chosen.settings
    assert (found["storage_gib"], found["grafana"], found["machines"]) == (
        40,
        False,
        ["10.0.0.9:9100"],
    )


@pytest.mark.parametrize(
    ("tls", "warned"), [({}, []), ({"tls": "yes"}, []), ({"tls": "no"}, ["ops: alerts go"])]
)
def test_a_relay_without_tls_is_warned_of(tls: dict[str, str], warned: list[str]) -> None:
    settings = {"prometheus": {"receivers": [MAIL | tls]}}
    result = resolve(["prometheus"], Given(settings=settings))
    assert [f.severity for f in result.findings] == ["warning"] * len(warned)
    assert all(text in f.message for text, f in zip(warned, result.findings, strict=True))


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(NAMES, 2)))
def test_every_pair_is_complete_or_refused(first: str, second: str) -> None:
    settings = RANCHER | {"velero": {"bucket": "b", "endpoint": "https://s", "access_key_id": "k"}}
    place = Given(servers=3, agents=2, settings=settings, load_balancer_range="192.0.2.1-192.0.2.9")
    result = resolve([first, second], place)
    assert not result.questions
    if result.refusals:
        shared = {"ingress", "network"} & {
            ability
            for name in (first, second)
            for ability in load_catalogue().entries[name].provides
        }
        assert shared
        return
    assert {first, second} <= set(result.names)
    seen: set[str] = set()
    for chosen in result.entries:
        for need in chosen.entry.needs:
            if need.addon in result.names and need.addon not in seen:
                assert chosen.entry.stage == load_catalogue().entries[need.addon or ""].stage
        seen.add(chosen.name)
    stages = [STAGES.index(chosen.entry.stage) for chosen in result.entries]
    assert stages[0] == min(stages) and "network" not in [c.entry.stage for c in result.entries[1:]]


@draw(
    names=st.lists(st.sampled_from(NAMES), unique=True),
    declined=st.lists(st.sampled_from(NAMES), unique=True),
)
def test_resolving_what_came_out_changes_nothing(names: list[str], declined: list[str]) -> None:
    place = Given(excluded=tuple(declined), load_balancer_range="192.0.2.1-192.0.2.9")
    result = resolve(names, place)
    assert set(result.names).isdisjoint(declined)
    again = resolve(result.names, place)
    assert again.names == result.names
    assert set(names) - set(declined) <= set(result.names)
