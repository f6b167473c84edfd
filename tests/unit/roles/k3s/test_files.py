# SPDX-License-Identifier: GPL-3.0-or-later
"""What the k3s role writes to hosts, rendered and parsed."""

from __future__ import annotations

import configparser
import re
import typing as t

import pytest
import yaml
from unit.roles.k3s import render
from unit.roles.k3s.render import Role

CONFIG = "/etc/rancher/k3s/config.yaml"
KEEPALIVED = "/etc/keepalived/keepalived.conf"
KUBE_VIP = "/var/lib/rancher/k3s/server/manifests/kube-vip.yaml"


def config(host: str = "host-1", **variables: t.Any) -> dict[str, t.Any]:
    return yaml.safe_load(Role(host, **variables).file(CONFIG))


def test_first_server_starts_the_cluster() -> None:
    assert config() == {
        "cluster-cidr": "10.42.0.0/16",
        "cluster-init": True,
        "flannel-backend": "vxlan",
        "node-ip": "10.77.0.21",
        "node-name": "host-1",
        "secrets-encryption": True,
        "service-cidr": "10.43.0.0/16",
        "tls-san": ["10.77.0.100"],
        "token-file": "/etc/rancher/k3s/cluster.token",
        "write-kubeconfig-mode": "0600",
    }


def test_agent_gets_agent_keys_only() -> None:
    assert config("host-4") == {
        "node-ip": "10.77.0.24",
        "node-name": "host-4",
        "server": "https://10.77.0.100:6443",
        "token-file": "/etc/rancher/k3s/cluster.token",
    }


def test_exactly_one_server_starts_the_cluster_and_the_others_join_it() -> None:
    configs = [config(host) for host in render.SERVERS]
    assert [item.get("cluster-init") for item in configs] == [True, None, None]
    assert [item.get("server") for item in configs] == [None] + ["https://10.77.0.21:6443"] * 2
    shared = [
        {
            key: value
            for key, value in item.items()
            if not key.startswith(("node-", "cluster-i", "server"))
        }
        for item in configs
    ]
    assert shared[0] == shared[1] == shared[2]


def test_without_a_vip_agents_join_the_first_server() -> None:
    assert config("host-4", k3s_vip="")["server"] == "https://10.77.0.21:6443"
    assert "tls-san" not in config(k3s_vip="")


@pytest.mark.parametrize(
    ("cni", "backend"), [("flannel", "vxlan"), ("calico", "none"), ("cilium", "none")]
)
def test_another_network_never_runs_beside_flannel(cni: str, backend: str) -> None:
    found = config(k3s_cni=cni)
    assert found["flannel-backend"] == backend
    assert found.get("disable-network-policy", False) is (cni != "flannel")


def test_own_keys_are_added_and_lists_keep_what_the_role_needs() -> None:
    found = config(
        k3s_disable=["traefik"],
        k3s_server_config={
            "tls-san": ["k.example"],
            "disable": ["servicelb"],
            "etcd-expose-metrics": True,
        },
    )
    assert found["tls-san"] == ["10.77.0.100", "k.example"]
    assert found["disable"] == ["traefik", "servicelb"]
    assert found["etcd-expose-metrics"] is True


@pytest.mark.parametrize(
    ("host", "name", "part"), [("host-2", "k3s", "server"), ("host-4", "k3s-agent", "agent")]
)
def test_unit_reports_in_and_gives_up_in_time(host: str, name: str, part: str) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(Role(host).file(f"/etc/systemd/system/{name}.service"))
    service = unit["Service"]
    assert service["Type"] == "notify"
    assert service["ExecStart"] == f"/usr/local/bin/k3s {part}"
    assert service["TimeoutStartSec"] == "600"
    assert service["KillMode"] == "process"
    assert service["Delegate"] == "yes"


def test_token_is_in_its_own_file_only() -> None:
    role = Role()
    assert role["__k3s_secrets"] == [
        {"path": "/etc/rancher/k3s/cluster.token", "content": "0123abcd"}
    ]
    assert not [item for item in role["__k3s_files"] if "0123abcd" in item["content"]]


def test_environment_and_registries_are_secrets() -> None:
    role = Role(
        k3s_environment={"HTTPS_PROXY": "http://u:p@proxy:3128"},
        k3s_registries={"mirrors": {"docker.io": {"endpoint": ["https://mirror.example"]}}},
    )
    assert "HTTPS_PROXY=http://u:p@proxy:3128" in role.file("/etc/systemd/system/k3s.service.env")
    assert yaml.safe_load(role.file("/etc/rancher/k3s/registries.yaml")) == {
        "mirrors": {"docker.io": {"endpoint": ["https://mirror.example"]}}
    }
    assert len(role["__k3s_secrets"]) == 3


def test_keepalived_speaks_to_its_peers_on_the_interface_of_the_node() -> None:
    texts = [Role(host).file(KEEPALIVED) for host in render.SERVERS]
    priorities = [int(re.search(r"priority (\d+)", text)[1]) for text in texts]  # type: ignore[index]
    assert len(set(priorities)) == 3 and all(0 < item < 255 for item in priorities)
    for host, text in zip(render.SERVERS, texts, strict=True):
        peers = re.search(r"unicast_peer \{\s+([\d.\s]+)\}", text)
        assert peers
        others = set(render.ADDRESSES[name] for name in render.SERVERS if name != host)
        assert set(peers[1].split()) == others
        assert f"unicast_src_ip {render.ADDRESSES[host]}" in text
        assert "interface ens18" in text and "virtual_router_id 100" in text
        assert "state BACKUP" in text and "nopreempt" in text and "vrrp_strict" not in text
        assert re.search(r"virtual_ipaddress \{\s+10\.77\.0\.100/32\s+\}", text)
        assert text.count("{") == text.count("}")


@pytest.mark.parametrize(
    ("provider", "host", "expected"),
    [
        ("keepalived", "host-3", {KEEPALIVED}),
        ("keepalived", "host-4", set()),
        ("kube_vip", "host-1", {KUBE_VIP}),
        ("kube_vip", "host-2", set()),
        ("external", "host-1", set()),
    ],
)
def test_each_provider_writes_its_own_files(provider: str, host: str, expected: set[str]) -> None:
    assert Role(host, k3s_vip_provider=provider).paths() & {KEEPALIVED, KUBE_VIP} == expected


def kube_vip(**variables: t.Any) -> dict[str, t.Any]:
    text = Role(k3s_vip_provider="kube_vip", **variables).file(KUBE_VIP)
    return {document["kind"]: document for document in yaml.safe_load_all(text)}


def test_kube_vip_holds_the_address_on_servers_only() -> None:
    documents = kube_vip()
    pod = documents["DaemonSet"]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    env = {item["name"]: item.get("value") for item in container["env"]}
    assert env["address"] == "10.77.0.100" and env["vip_subnet"] == "32"
    assert env["cp_enable"] == "true" and env["svc_enable"] == "false" and env["vip_arp"] == "true"
    assert env["vip_interface"] == "ens18"
    assert all(isinstance(value, str) for name, value in env.items() if name != "vip_nodename")
    assert re.search(r":v\d+\.\d+\.\d+@sha256:[0-9a-f]{64}$", container["image"])
    assert container["imagePullPolicy"] == "IfNotPresent"
    assert pod["hostNetwork"] is True
    term = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    key = term["nodeSelectorTerms"][0]["matchExpressions"][0]
    assert key == {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}
    assert {item["effect"] for item in pod["tolerations"]} == {"NoSchedule", "NoExecute"}
    assert container["securityContext"]["capabilities"] == {
        "add": ["NET_ADMIN", "NET_RAW"],
        "drop": ["ALL"],
    }


def test_kube_vip_may_use_what_it_needs() -> None:
    documents = kube_vip()
    account = documents["ServiceAccount"]["metadata"]
    subject = documents["ClusterRoleBinding"]["subjects"][0]
    assert (subject["name"], subject["namespace"]) == (account["name"], account["namespace"])
    assert (
        documents["ClusterRoleBinding"]["roleRef"]["name"]
        == documents["ClusterRole"]["metadata"]["name"]
    )
    leases = [rule for rule in documents["ClusterRole"]["rules"] if "leases" in rule["resources"]]
    assert set(leases[0]["verbs"]) == {"list", "get", "watch", "update", "create"}


def test_kube_vip_finds_the_interface_itself_where_servers_differ() -> None:
    facts = {
        name: {"__k3s_host": render.found(address)} for name, address in render.ADDRESSES.items()
    }
    facts["host-2"]["__k3s_host"]["interface"] = "eth0"
    container = kube_vip(hostvars=facts)["DaemonSet"]["spec"]["template"]["spec"]["containers"][0]
    assert "vip_interface" not in {item["name"] for item in container["env"]}


SHA = "ab" * 32


@pytest.mark.parametrize(
    ("variables", "found", "checksum", "wanted"),
    [
        (
            {},
            {},
            "https://github.com/k3s-io/k3s/releases/download/v1.34.12%2Bk3s1/sha256sum-amd64.txt",
            False,
        ),
        ({}, {"k3s_version": "k3s version v1.34.12+k3s1 (0123abcd)"}, None, True),
        ({}, {"k3s_version": "k3s version v1.34.1+k3s1 (0123abcd)"}, None, False),
        ({"k3s_binary_sha256": SHA}, {"files": [f"/usr/local/bin/k3s {SHA} 0755"]}, SHA, True),
        (
            {"k3s_binary_sha256": SHA},
            {"files": [f"/usr/local/bin/k3s {'cd' * 32} 0755"]},
            SHA,
            False,
        ),
        ({}, {"architecture": "aarch64"}, "sha256sum-arm64.txt", False),
    ],
)
def test_binary_is_checked(
    variables: dict[str, t.Any], found: dict[str, t.Any], checksum: str | None, wanted: bool
) -> None:
    role = Role(
        k3s_version="v1.34.12+k3s1", __k3s_host=render.found("10.77.0.21", **found), **variables
    )
    assert role["__k3s_binary_is_wanted"] is wanted
    if checksum:
        assert role["__k3s_checksum"].startswith("sha256:") and role["__k3s_checksum"].endswith(
            checksum
        )


def test_binary_of_the_controller_is_compared_by_its_own_checksum() -> None:
    stats = {"results": [{"item": "/srv/k3s", "stat": {"checksum": SHA}}]}
    role = Role(k3s_binary_src="/srv/k3s", __k3s_source_stats=stats)
    assert role["__k3s_sha256"] == SHA and role["__k3s_binary_is_wanted"] is False


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("UUID=1-2 none swap sw 0 0", "# UUID=1-2 none swap sw 0 0"),
        ("/swap.img\tnone\tswap\tsw\t0\t0", "# /swap.img\tnone\tswap\tsw\t0\t0"),
        ("# /swap.img none swap sw 0 0", "# /swap.img none swap sw 0 0"),
        ("UUID=3-4 /swap ext4 defaults 0 1", "UUID=3-4 /swap ext4 defaults 0 1"),
    ],
)
def test_swap_is_commented_out_and_nothing_else(line: str, expected: str) -> None:
    assert (
        re.sub(Role()["__k3s_fstab_swap"], r"# \1", f"a\n{line}\nb", flags=re.M)
        == f"a\n{expected}\nb"
    )
