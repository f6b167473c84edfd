# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot become, or must not be touched by, one cluster is refused in words."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s import (
    plan_cluster,
    validate,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._changes import GOALS
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._guard import guard
from unit.plugins.plugin_utils._k3s.builders import (
    AGENTS,
    SERVERS,
    SHA,
    TOKEN,
    changed,
    cluster,
    fresh,
    running,
)

EVERYONE = [*SERVERS, *AGENTS]
FOREIGN = {"path": "/etc/systemd/system/k3s.service", "mark": "", "arguments": [], "drop_ins": []}


def said(**own: t.Any) -> str:
    return " ".join(validate(cluster(**own), EVERYONE))


def test_sound_clusters_are_not_refused() -> None:
    assert said() == "" and guard(cluster()) == [] and guard(running()) == []


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        ({"servers": ["s1", "s2"]}, "lists 2 servers; etcd needs 1, 3 or 5"),
        ({"agents": ["s1"]}, "name a host twice"),
        ({"agents": ["a9"]}, "Not in this play: a9"),
        ({"binary_sha256": "", "version": "v9.9.9+k3s1"}, "v9.9.9+k3s1 is not pinned; choose one"),
        ({"binary_sha256": "latest"}, "is not a sha256 checksum"),
        ({"binary_sha256": "", "binary_url": "https://m/k3s"}, "k3s_binary_url needs"),
        ({"vip": "", "vip_provider": "kube_vip"}, "k3s_vip is empty"),
        ({"vip": "api.example"}, "api.example is no IP address"),
        ({"vip": "999.1.1.300"}, "999.1.1.300 is no IP address"),
        ({"vip": "10.77.0.12"}, "k3s_vip 10.77.0.12 is the address of s2"),
        ({"vip": "10.42.0.9"}, "k3s_vip 10.42.0.9 lies in 10.42.0.0/16"),
        ({"pod_cidr": "10.77.0.0/16"}, "its address 10.77.0.11 lies in 10.77.0.0/16"),
        ({"pod_cidr": "10.43.0.0/17"}, "k3s_pod_cidr 10.43.0.0/17 and k3s_service_cidr"),
        ({"pod_cidr": "10.42.0.0/33"}, "k3s_pod_cidr 10.42.0.0/33"),
        ({"pod_cidr": "banana"}, "k3s_pod_cidr banana"),
        ({"pod_cidr": "10.42.0.0/24"}, "too small: each node takes a /24 of it"),
        ({"pod_cidr": "fd42::/64"}, "too small: each node takes a /64 of it"),
        ({"pod_cidr": "10.42.0.0/16,fd42::/40"}, "larger than Kubernetes can share out (/48)"),
        ({"pod_cidr": "10.42.0.0/16,fd00:42::/56"}, "the same IP versions in the same order"),
        ({"server_config": {"token": "x"}}, "Leave token in k3s_server_config to the role"),
        (
            {"server_config": {"tls-sna": "x"}},
            "does not know tls-sna of k3s_server_config (did you mean tls-san?)",
        ),
        ({"server_config": {"datastore-endpoint": "mysql://x"}}, "embedded etcd here"),
        ({"server_config": {"datastore-cafile": "/ca"}}, "embedded etcd here"),
        ({"environment": {"K3S_DATASTORE_ENDPOINT": "mysql://x"}}, "embedded etcd here"),
        ({"environment": {"K3S_URL": "https://x"}}, "Leave K3S_URL in k3s_environment to the role"),
        ({"environment": {"K3S_DATA_DIR": "/x"}}, "as data-dir in the configuration"),
        (
            {"host_options": {"a1": {"environment": {"K3S_TOKEN": "x"}}}},
            "a1: Leave K3S_TOKEN in k3s_environment",
        ),
        ({"host_options": {"s2": {"binary_sha256": "latest"}}}, "is not a sha256 checksum"),
        (
            {"host_options": {"a2": {"binary_sha256": "", "binary_url": "https://m/k3s"}}},
            "k3s_binary_url needs",
        ),
        ({"agent_config": {"tls-san": ["x"]}}, "An agent does not know tls-san"),
        (
            {"host_options": {"a2": {"agent_config": {"nodelabel": "x"}}}},
            "a2: An agent does not know nodelabel",
        ),
        ({"host_options": {"s2": {"pod_cidr": "10.44.0.0/16"}}}, "k3s_pod_cidr differs between"),
        (
            {"host_options": {"s2": {"server_config": {"cluster-domain": "x"}}}},
            "all servers must share it",
        ),
        ({"host_options": {"a1": {"node_name": "Web.Example"}}}, "give a1 a k3s_node_name"),
        ({"host_options": {"a1": {"node_name": "a2"}}}, "Two hosts have the node name a2"),
        (
            {"host_options": {"a1": {"node_address": "host.example"}}},
            "host.example is no IP address",
        ),
    ],
)
def test_bad_wishes(own: dict[str, t.Any], sentence: str) -> None:
    assert sentence in said(**own)


@pytest.mark.parametrize("name", ["Web.Example.COM", "10.0.0.1"])
def test_inventory_names_need_not_be_node_names(name: str) -> None:
    made = cluster()
    agents = ["a1", name]
    hosts = [
        dataclasses.replace(host, options={**host.options, "agents": agents}) for host in made.hosts
    ]
    hosts[-1] = dataclasses.replace(
        hosts[-1], name=name, options={**hosts[-1].options, "node_name": "web"}
    )
    assert validate(dataclasses.replace(made, hosts=tuple(hosts)), [*SERVERS, *agents]) == []


@pytest.mark.parametrize(
    "more",
    [
        {},
        {
            "pod_cidr": "10.42.0.0/16,fd42::/40",
            "server_config": {"kube-controller-manager-arg": ["node-cidr-mask-size-ipv6=56"]},
        },
    ],
)
def test_dual_stack_is_planned(more: dict[str, t.Any]) -> None:
    both = {
        f"{name}": {"node_address": f"10.77.0.{n},fd00::{n}"} for n, name in enumerate(EVERYONE, 11)
    }
    own = {
        "pod_cidr": "10.42.0.0/16,2001:db8:42::/56",
        "service_cidr": "10.43.0.0/16,2001:db8:43::/112",
    }
    assert said(host_options=both, **(own | more)) == ""


def refusal(name: str = "s1", **facts: t.Any) -> str:
    found = plan_cluster(cluster(facts={name: fresh(name, **facts)}), {}, TOKEN)
    assert not found.steps
    return " ".join(found.problems)


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"addresses": []}, "s1: no interface carries 10.77.0.11"),
        ({"machine_id": "id-s2"}, "s1, s2 have the same machine id"),
        ({"hostname": "s2"}, "s1, s2 have the same host name s2"),
        ({"clock_offset_seconds": -95.2}, "its clock is -95.2 s off"),
        ({"firewall": "ufw"}, "the firewall ufw is active. Open"),
        ({"cloud_init": "running"}, "cloud-init has not finished"),
        ({"architecture": "riscv64"}, "no k3s is released for the architecture riscv64"),
        ({"init": "openrc-init"}, "it runs openrc-init; this role needs systemd"),
        ({"memory_cgroup": False}, "cgroup_memory=1"),
        ({"container": True, "kmsg": False}, "a container without /dev/kmsg"),
        ({"selinux": "enforcing"}, "install k3s-selinux"),
        ({"default_route": ""}, "no default route"),
        ({"units": {"k3s.service": FOREIGN}}, "adopt it by name: k3s_adopt: [s1]"),
        ({"config_mark": ""}, "config.yaml was not written by this role"),
        ({"datastore": "sqlite"}, "data of a cluster that is not ours"),
        ({"keepalived_mark": ""}, "keepalived.conf was not written by this role"),
        ({"units": {"k3s.service": FOREIGN | {"mark": "other"}}}, "belongs to the cluster other"),
        (
            {"units": {"k3s-agent.service": FOREIGN | {"mark": "k3s"}}},
            "it is an agent of k3s and listed as a server",
        ),
        ({"foreign_binaries": ["/opt/bin/k3s"]}, "another k3s is installed as /opt/bin/k3s"),
        (
            {"routes": [{"network": "10.42.7.0/24", "interface": "eth1"}]},
            "overlaps 10.42.7.0/24 on eth1",
        ),
        (
            {"vip_holder": "aa:bb:cc:00:11:22"},
            "already answers in the network of s1 (aa:bb:cc:00:11:22)",
        ),
        (
            {"space": {"/var/lib/rancher/k3s": {"free_mib": 30, "writable": True}}},
            "has 30 MiB free",
        ),
        (
            {"space": {"/usr/local/bin": {"free_mib": 999, "writable": False}}},
            "choose another k3s_binary_dir",
        ),
        (
            {
                "config_drop_ins": {
                    "/etc/rancher/k3s/config.yaml.d/x.yaml": {"mark": "", "config": {"tls-san": []}}
                }
            },
            "sets tls-san and wins over the role's configuration",
        ),
        (
            {"units": {"k3s.service": FOREIGN | {"mark": "k3s", "drop_ins": ["/etc/x.conf"]}}},
            "/etc/x.conf changes the unit",
        ),
    ],
)
def test_hosts_that_cannot_be_part(facts: dict[str, t.Any], sentence: str) -> None:
    assert sentence in refusal(**facts)


@pytest.mark.parametrize(("own", "refused"), [({}, True), ({"NO_PROXY": "10.0.0.0/8"}, False)])
def test_nodes_behind_the_proxy_are_refused(own: dict[str, str], refused: bool) -> None:
    made = cluster(
        environment={"HTTPS_PROXY": "http://proxy"} | own,
        facts={"a1": fresh("a1", addresses=[{"interface": "eth0", "address": "10.99.0.1/24"}])},
        host_options={"a1": {"node_address": "10.99.0.1"}},
        vip="",
    )
    said = " ".join(guard(made))
    assert ("s1: in another network, and reached through the proxy: a1;" in said) is refused


@pytest.mark.parametrize(
    ("facts", "own"),
    [
        ({"selinux": "enforcing"}, {"packages": ["k3s-selinux"]}),
        ({"selinux": "enforcing", "selinux_policy": True}, {}),
        ({"selinux": "permissive"}, {}),
        (
            {"container": True, "kmsg": False},
            {"server_config": {"kubelet-arg": "feature-gates=KubeletInUserNamespace=true"}},
        ),
        ({"container": True}, {}),
    ],
)
def test_confined_hosts_that_can_be_part(facts: dict[str, t.Any], own: dict[str, t.Any]) -> None:
    assert guard(cluster(facts={"s1": fresh("s1", **facts)}, **own)) == []


def test_a_vip_outside_the_servers_network_is_refused() -> None:
    found = plan_cluster(cluster(vip="10.99.0.1"), {}, TOKEN)
    assert "k3s_vip 10.99.0.1 is not in 10.77.0.0/24" in found.problems[0]


def test_what_was_adopted_by_name_is_taken() -> None:
    facts = fresh("s1", units={"k3s.service": FOREIGN}, datastore="sqlite", config_mark="")
    made = cluster(["s1"], [], facts={"s1": facts | {"token": "fits"}}, vip="", adopt=["s1"])
    found = plan_cluster(made, {}, TOKEN)
    assert not found.problems and {step.action for step in found.steps} >= {"write", "start"}


def test_a_token_that_does_not_fit_changes_nothing() -> None:
    found = plan_cluster(dataclasses.replace(running(), token="other"), {}, TOKEN)
    assert not found.steps and "is read back from s1" in found.problems[0]


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        ({"pod_cidr": "10.50.0.0/16"}, "the cluster was made with cluster-cidr 10.42.0.0/16"),
        ({"cni": "cilium"}, "the network of a running cluster cannot be switched"),
    ],
)
def test_what_is_fixed_stays(own: dict[str, t.Any], sentence: str) -> None:
    assert sentence in " ".join(plan_cluster(changed(running(), **own), {}, TOKEN).problems)


def test_hosts_of_two_clusters_are_never_joined() -> None:
    made = running(changes={"s2": {"ca_sha256": "another"}})
    assert "different clusters: s1, s3, a1, a2 and s2" in " ".join(guard(made))


def test_expired_credentials_are_named() -> None:
    made = running(
        changes={name: {"api": "error: You must be logged in (Unauthorized)"} for name in SERVERS}
    )
    assert "certificates have expired" in " ".join(plan_cluster(made, {}, TOKEN).problems)


def test_reset_needs_consent() -> None:
    assert "k3s_reset_confirmed" in GOALS["reset"](running(), {}, TOKEN).problems[0]


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"units": {"k3s.service": FOREIGN}}, "a2: /etc/systemd/system/k3s.service was not"),
        ({"units": {"k3s-agent.service": FOREIGN | {"mark": "other"}}}, "a2: it belongs to"),
        ({"units": {"k3s-b.service": FOREIGN}}, "a2: another unit of k3s"),
        ({"units": {}}, "a2: /var/lib/rancher/k3s holds data of a cluster that is not ours"),
        ({"ca_sha256": "another"}, "different clusters: s1, s2, s3, a1 and a2"),
        ({"keepalived_mark": "other"}, "a2: its keepalived holds the address of cluster other"),
    ],
)
@pytest.mark.parametrize("goal", ["cluster", *GOALS])
def test_nobody_touches_a_stranger(goal: str, facts: dict[str, t.Any], sentence: str) -> None:
    wishes = {
        "remove": ["a2"],
        "replace": ["a2"],
        "version": "v1.34.13+k3s1",
        "binary_sha256": "cd" * 32,
        "rotate": "token",
        "snapshot": "/srv/one",
        "reset_confirmed": True,
    }
    kept = {"s1": {"files": ["/usr/local/bin/k3s.previous aa 0755", "/srv/one aa 0600"]}}
    made = changed(running(changes=kept | {"a2": facts}), **wishes)
    plan = GOALS.get(goal, plan_cluster)(made, {}, TOKEN)
    assert sentence in " ".join(plan.problems) and not plan.steps


@pytest.mark.parametrize("goal", ["cluster", "upgrade"])
@pytest.mark.parametrize(
    ("version", "architecture", "given", "sentence"),
    [
        ("v1.36.5+k3s1", "x86_64", "", "s1: /srv/k3s is not k3s v1.36.5+k3s1 for x86_64"),
        ("v1.36.5+k3s1", "x86_64", SHA, ""),
        ("v1.36.5+k3s1", "armv7l", "", ""),
        ("v1.34.12+k3s1", "x86_64", "", ""),
    ],
)
def test_a_file_stands_for_a_pinned_release_only_when_it_is_that(
    goal: str, version: str, architecture: str, given: str, sentence: str
) -> None:
    own = {"version": version, "binary_src": "/srv/k3s", "binary_sha256": given}
    made = changed(running(["s1"], [], {"s1": {"architecture": architecture}}), **own)
    sources = {"/srv/k3s": SHA}
    found = GOALS.get(goal, plan_cluster)
    said = [text for text in found(made, sources, TOKEN).problems if "/srv/k3s" in text]
    assert [text[: len(sentence)] for text in said] == [sentence] * bool(sentence)


def test_ways_to_the_pods_of_other_nodes_are_no_foreign_networks() -> None:
    left = {"network": "10.42.1.0/24", "interface": "eth0", "via": "10.77.0.12"}
    assert guard(cluster(facts={"s1": fresh("s1", routes=[left])})) == []
    foreign = left | {"via": "10.77.0.254"}
    assert "overlaps" in guard(cluster(facts={"s1": fresh("s1", routes=[foreign])}))[0]
