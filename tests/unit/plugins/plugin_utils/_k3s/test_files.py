# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written to hosts, parsed again."""

from __future__ import annotations

import configparser
import re
import typing as t

import pytest
import yaml
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s import Cluster, validate
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._files import (
    CONFIG_PATH,
    KEEPALIVED_PATH,
    REGISTRATION_PATH,
    REGISTRIES_PATH,
    File,
    environment_of,
    files_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._ports import (
    opening_lines,
)
from unit.plugins.plugin_utils._k3s.builders import SERVERS, TOKEN, VIP, address, cluster

TOKEN_PATH = "/etc/rancher/k3s/cluster.token"
KUBE_VIP = "/var/lib/rancher/k3s/server/manifests/kube-vip.yaml"


def files(made: Cluster, name: str) -> dict[str, File]:
    return {file.path: file for file in files_of(made, made.host(name), TOKEN)}


def config(name: str = "s1", **own: t.Any) -> dict[str, t.Any]:
    return yaml.safe_load(files(cluster(**own), name)[CONFIG_PATH].content)


def test_first_server_starts_the_cluster() -> None:
    assert config() == {
        "cluster-cidr": ["10.42.0.0/16"],
        "cluster-init": True,
        "flannel-backend": "vxlan",
        "node-ip": ["10.77.0.11"],
        "node-name": "s1",
        "secrets-encryption": True,
        "service-cidr": ["10.43.0.0/16"],
        "tls-san": [VIP],
        "token-file": TOKEN_PATH,
        "write-kubeconfig-mode": "0600",
    }


def test_agent_gets_agent_keys_only() -> None:
    assert config("a1") == {
        "node-ip": ["10.77.0.21"],
        "node-name": "a1",
        "server": f"https://{VIP}:6443",
        "token-file": TOKEN_PATH,
    }


def test_exactly_one_server_starts_the_cluster_and_the_others_join_it() -> None:
    configs = [config(name) for name in SERVERS]
    assert [item.get("cluster-init") for item in configs] == [True, None, None]
    assert [item.get("server") for item in configs] == [None] + [f"https://{VIP}:6443"] * 2


def test_without_a_vip_agents_join_the_first_server() -> None:
    assert config("a1", vip="")["server"] == "https://10.77.0.11:6443"
    assert "tls-san" not in config(vip="")


@pytest.mark.parametrize("cni", ["flannel", "calico", "cilium"])
def test_another_network_never_runs_beside_flannel(cni: str) -> None:
    found = config(cni=cni)
    assert found["flannel-backend"] == ("vxlan" if cni == "flannel" else "none")
    assert found.get("disable-network-policy", False) is (cni != "flannel")


@pytest.mark.parametrize("spelling", [["k.example", "l.example"], "k.example,l.example"])
def test_lists_and_comma_texts_are_added_to_what_the_role_needs(spelling: t.Any) -> None:
    found = config(disable=["traefik"], server_config={"tls-san": spelling, "disable": "servicelb"})
    assert found["tls-san"] == [VIP, "k.example", "l.example"]
    assert found["disable"] == ["traefik", "servicelb"]


def test_interface_is_named_where_the_default_route_is_elsewhere() -> None:
    from unit.plugins.plugin_utils._k3s.builders import fresh

    made = cluster(facts={"s1": fresh("s1", default_route="eth9")})
    assert yaml.safe_load(files(made, "s1")[CONFIG_PATH].content)["flannel-iface"] == "eth0"


def test_ports_and_folders_of_the_user_are_used_everywhere() -> None:
    own = {"https-listen-port": 7443, "data-dir": "/data/k3s"}
    made = cluster(server_config=own, vip_provider="kube_vip")
    assert config("a1", server_config=own)["server"] == f"https://{VIP}:7443"
    assert "/data/k3s/server/manifests/kube-vip.yaml" in files(made, "s1")
    check = files(cluster(server_config=own), "s1")["/etc/keepalived/check-k3s-api"]
    assert "127.0.0.1:7443" in check.content


@pytest.mark.parametrize(
    ("name", "unit", "part"), [("s2", "k3s", "server"), ("a1", "k3s-agent", "agent")]
)
def test_unit_reports_in_and_gives_up_in_time(name: str, unit: str, part: str) -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(files(cluster(), name)[f"/etc/systemd/system/{unit}.service"].content)
    service = parser["Service"]
    assert (service["Type"], service["Delegate"], service["KillMode"]) == (
        "notify",
        "yes",
        "process",
    )
    assert service["ExecStart"] == f"/usr/local/bin/k3s {part}"
    assert service["TimeoutStartSec"] == "600"


def test_every_file_carries_the_mark_and_secrets_are_private() -> None:
    made = cluster(
        environment={"HTTPS_PROXY": "http://u:p@proxy:3128"},
        registries={"mirrors": {"docker.io": {"endpoint": ["https://mirror.example"]}}},
        server_config={"etcd-s3-secret-key": "canary"},
    )
    found = files(made, "s1")
    for path, file in found.items():
        if path != TOKEN_PATH:
            assert (
                "Written by the Ansible role clusterwright.proxmox.k3s for the cluster k3s"
                in file.content
            )
        if TOKEN in file.content or "canary" in file.content or "u:p@" in file.content:
            assert file.secret and file.mode == "0600"
    assert TOKEN not in found[CONFIG_PATH].content
    assert "etcd-s3-secret-key" in found[CONFIG_PATH].hidden_keys
    assert "mirrors" in yaml.safe_load(found[REGISTRIES_PATH].content)


def test_labels_are_not_among_what_restarts_a_node() -> None:
    found = files(
        cluster(agent_config={"node-label": "zone=a", "node-taint": ["gpu=true:NoSchedule"]}), "a1"
    )
    assert yaml.safe_load(found[REGISTRATION_PATH].content) == {
        "node-label": ["zone=a"],
        "node-taint": ["gpu=true:NoSchedule"],
    }
    assert not found[REGISTRATION_PATH].restart
    assert "node-label" not in found[CONFIG_PATH].content


def test_keepalived_speaks_to_its_peers_on_the_interface_of_the_node() -> None:
    texts = [files(cluster(), name)[KEEPALIVED_PATH].content for name in SERVERS]
    priorities = [int(re.search(r"priority (\d+)", text)[1]) for text in texts]  # type: ignore[index]
    assert len(set(priorities)) == 3 and all(0 < item < 255 for item in priorities)
    for name, text in zip(SERVERS, texts, strict=True):
        peers = re.search(r"unicast_peer \{\s+([\d.\s]+)\}", text)
        assert peers and set(peers[1].split()) == {address(n) for n in SERVERS if n != name}
        assert f"unicast_src_ip {address(name)}" in text and "virtual_router_id 100" in text
        assert "state BACKUP" in text and "nopreempt" in text and "vrrp_strict" not in text
        assert re.search(r"virtual_ipaddress \{\s+10\.77\.0\.100/32\s+\}", text)
        assert text.count("{") == text.count("}")


@pytest.mark.parametrize(
    ("provider", "name", "expected"),
    [
        ("keepalived", "s3", {KEEPALIVED_PATH}),
        ("keepalived", "a1", set()),
        ("kube_vip", "s1", {KUBE_VIP}),
        ("kube_vip", "s2", set()),
        ("external", "s1", set()),
    ],
)
def test_each_provider_writes_its_own_files(provider: str, name: str, expected: set[str]) -> None:
    assert (
        files(cluster(vip_provider=provider), name).keys() & {KEEPALIVED_PATH, KUBE_VIP} == expected
    )


def kube_vip(**own: t.Any) -> dict[str, t.Any]:
    text = files(cluster(vip_provider="kube_vip", **own), "s1")[KUBE_VIP].content
    return {document["kind"]: document for document in yaml.safe_load_all(text) if document}


def test_kube_vip_holds_the_address_on_servers_only() -> None:
    documents = kube_vip()
    pod = documents["DaemonSet"]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    env = {item["name"]: item.get("value") for item in container["env"]}
    assert env["address"] == VIP and env["vip_subnet"] == "32" and env["vip_interface"] == "eth0"
    assert env["cp_enable"] == "true" and env["svc_enable"] == "false" and env["vip_arp"] == "true"
    assert re.search(r":v\d+\.\d+\.\d+@sha256:[0-9a-f]{64}$", container["image"])
    assert pod["hostNetwork"] is True and container["imagePullPolicy"] == "IfNotPresent"
    subject = documents["ClusterRoleBinding"]["subjects"][0]
    account = documents["ServiceAccount"]["metadata"]
    assert (subject["name"], subject["namespace"]) == (account["name"], account["namespace"])
    assert (
        documents["ClusterRoleBinding"]["roleRef"]["name"]
        == documents["ClusterRole"]["metadata"]["name"]
    )


def test_kube_vip_announces_by_bgp() -> None:
    env = {
        item["name"]: item.get("value")
        for item in kube_vip(kube_vip_bgp={"as": 65001, "peers": ["10.0.0.1:65000::false"]})[
            "DaemonSet"
        ]["spec"]["template"]["spec"]["containers"][0]["env"]
    }
    assert env["bgp_enable"] == "true" and env["bgp_as"] == "65001" and env["vip_arp"] == "false"
    assert env["bgp_peers"] == "10.0.0.1:65000::false" and "bgp_routerid" in env


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "http_proxy", "CONTAINERD_HTTPS_PROXY"])
def test_a_proxy_gets_its_exceptions(name: str) -> None:
    made = cluster(
        environment={name: "http://proxy:3128"},
        tls_san=["k.example"],
        server_config={"cluster-domain": "k8s.example"},
    )
    expected = {"10.42.0.0/16", "10.43.0.0/16", "10.77.0.0/24", VIP, "k.example", ".k8s.example"}
    for host in ("s1", "a1"):
        assert expected <= set(environment_of(made.host(host))["NO_PROXY"].split(","))


@pytest.mark.parametrize(
    "own", [{"HTTPS_PROXY": "http://proxy", "no_proxy": "mine"}, {"GOGC": "50"}]
)
def test_what_the_user_says_of_a_proxy_stays(own: dict[str, str]) -> None:
    assert environment_of(cluster(environment=own).host("s1")) == own


def test_hardening_writes_what_the_api_server_reads() -> None:
    found = files(cluster(cis_profile=True, cis_exempt_namespaces=["longhorn-system"]), "s1")
    settings = yaml.safe_load(found[CONFIG_PATH].content)
    arguments = dict(text.split("=", 1) for text in settings["kube-apiserver-arg"])
    admission = yaml.safe_load(found[arguments["admission-control-config-file"]].content)
    plugins = {plugin["name"]: plugin["configuration"] for plugin in admission["plugins"]}
    assert plugins["PodSecurity"]["defaults"]["enforce"] == "restricted"
    assert "longhorn-system" in plugins["PodSecurity"]["exemptions"]["namespaces"]
    assert plugins["EventRateLimit"]["limits"]
    assert yaml.safe_load(found[arguments["audit-policy-file"]].content)["kind"] == "Policy"
    assert settings["protect-kernel-defaults"] is True
    agent = yaml.safe_load(files(cluster(cis_profile=True), "a1")[CONFIG_PATH].content)
    assert agent["protect-kernel-defaults"] is True and "kube-apiserver-arg" not in agent


def test_both_ip_versions_are_told_to_k3s_and_others_come_by_the_first() -> None:
    own = {
        name: {"node_address": f"{address(name)},fd00:77::{number}"}
        for number, name in enumerate(["s1", "s2", "s3", "a1", "a2"], 1)
    }
    both: dict[str, t.Any] = {
        "host_options": own,
        "vip": "",
        "pod_cidr": "10.42.0.0/16,fd00:42::/56",
        "service_cidr": "10.43.0.0/16,fd00:43::/112",
    }
    made = cluster(**both)
    assert config("s2", **both)["node-ip"] == ["10.77.0.12,fd00:77::2"]
    assert config("a1", **both)["server"] == "https://10.77.0.11:6443"
    assert {line.rpartition(" ")[2] for line in opening_lines(made, made.host("s1"))} >= {
        "10.77.0.12",
        "fd00:77::2",
        "fd00:42::/56",
    }


def test_keepalived_names_one_address_of_each_peer() -> None:
    own = {name: {"node_address": f"{address(name)},fd00:77::1"} for name in ("s1", "s2", "s3")}
    text = files(cluster(host_options=own), "s1")["/etc/keepalived/keepalived.conf"].content
    assert "    10.77.0.12\n" in text and "fd00:77" not in text


def test_an_address_of_its_own_is_where_a_server_asks_itself() -> None:
    own = {"server_config": {"bind-address": "10.77.0.11", "https-listen-port": 7443}}
    made = cluster(["s1"], [], **own)
    check = files(made, "s1")["/etc/keepalived/check-k3s-api"].content
    assert "https://10.77.0.11:7443/readyz" in check


def test_a_cluster_of_ipv6_alone_is_reached_in_brackets() -> None:
    own: dict[str, t.Any] = {
        "host_options": {
            name: {"node_address": f"fd00:77::{number}"}
            for number, name in enumerate(["s1", "s2", "s3", "a1", "a2"], 1)
        },
        "pod_cidr": "fd00:42::/56",
        "service_cidr": "fd00:43::/112",
    }
    made = cluster(vip="fd00:77::100", **own)
    assert validate(made, [host.name for host in made.hosts]) == []
    assert config("s1", vip="fd00:77::100", **own)["node-ip"] == ["fd00:77::1"]
    assert config("a1", vip="fd00:77::100", **own)["server"] == "https://[fd00:77::100]:6443"
    assert config("a1", vip="", **own)["server"] == "https://[fd00:77::1]:6443"
    assert "https://[::1]:6443/readyz" in files(made, "s1")["/etc/keepalived/check-k3s-api"].content
    assert "fd00:77::100/128" in files(made, "s1")[KEEPALIVED_PATH].content
