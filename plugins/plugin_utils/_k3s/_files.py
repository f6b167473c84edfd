# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file the role writes to a host, with its content."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import typing as t
from dataclasses import dataclass

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s import _texts
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._cis import cis_documents
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._config import (
    TOKEN_PATH,
    config_of,
    registration_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._keys import (
    SECRET_KEYS,
    merged,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._kube_vip import (
    kube_vip_documents,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._model import (
    CONFIG_DIR,
    MARK,
    Cluster,
    Host,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._ports import (
    openings_text,
)

CONFIG_PATH = f"{CONFIG_DIR}/config.yaml"
REGISTRATION_PATH = f"{CONFIG_DIR}/config.yaml.d/50-clusterwright-node.yaml"
REGISTRIES_PATH = f"{CONFIG_DIR}/registries.yaml"
JOIN_PATH = f"{CONFIG_DIR}/config.yaml.d/99-clusterwright-join.yaml"
SYSCTL_PATH = "/etc/sysctl.d/90-k3s.conf"
KEEPALIVED_PATH = "/etc/keepalived/keepalived.conf"
KEEPALIVED_CHECK_PATH = "/etc/keepalived/check-k3s-api"
OPENINGS_PATH = f"{CONFIG_DIR}/firewall.openings"
FIREWALL_PROGRAM = f"{CONFIG_DIR}/open-firewall"
FIREWALL_UNIT = "clusterwright-k3s-firewall.service"
FIREWALL_UNIT_PATH = f"/etc/systemd/system/{FIREWALL_UNIT}"
#: kernel parameters k3s and the kubelet want, and what many pods need
SYSCTLS = {
    "fs.inotify.max_user_instances": "8192",
    "fs.inotify.max_user_watches": "524288",
    "kernel.panic": "10",
    "kernel.panic_on_oops": "1",
    "net.ipv4.ip_forward": "1",
    "vm.overcommit_memory": "1",
    "vm.panic_on_oom": "0",
}


@dataclass(frozen=True)
class File:
    """One file; ``restart`` names the unit that must start anew to read it."""

    path: str
    content: str
    mode: str = "0644"
    folder_mode: str = "0755"
    secret: bool = False
    hidden_keys: tuple[str, ...] = ()
    restart: str = ""

    def differs(self, fact: t.Mapping[str, t.Any], salt: str) -> bool:
        """Return whether the host's file is another one or has another mode."""
        digest = hashlib.sha256(self.content.encode()).hexdigest()
        if self.secret:
            digest = hmac.new(salt.encode(), digest.encode(), hashlib.sha256).hexdigest()
        return f"{self.path} {digest} {self.mode}" not in fact.get("files", ())


def environment_path(host: Host) -> str:
    """Return the path of the environment of the host's unit."""
    return f"{host.unit_path}.env"


def paths_of(host: Host) -> tuple[list[str], list[str]]:
    """Return the files to compare on a host: open ones, and those that hold secrets."""
    server = f"{host.data_dir}/server"
    opened = [host.binary, host.unit_path, SYSCTL_PATH, REGISTRATION_PATH, JOIN_PATH]
    opened += [KEEPALIVED_PATH, KEEPALIVED_CHECK_PATH, f"{server}/logs/clusterwright.yaml"]
    opened += [f"{server}/psa.yaml", f"{server}/audit.yaml"]
    opened += [kube_vip_path(host), f"{host.binary}.previous", f"{host.binary}.new"]
    opened += [OPENINGS_PATH, FIREWALL_UNIT_PATH, *image_paths(host)]
    return opened, [CONFIG_PATH, TOKEN_PATH, environment_path(host), REGISTRIES_PATH]


def kube_vip_path(host: Host) -> str:
    """Return the manifest that k3s keeps kube-vip by."""
    return f"{host.data_dir}/server/manifests/kube-vip.yaml"


def services_of(host: Host) -> dict[str, list[str]]:
    """Return what each unit reads when it starts."""
    read = [host.binary, TOKEN_PATH, CONFIG_PATH, host.unit_path]
    return {
        "k3s": [],
        "k3s-agent": [],
        host.unit: [*read, environment_path(host), REGISTRIES_PATH],
        "keepalived": [KEEPALIVED_PATH, KEEPALIVED_CHECK_PATH],
    }


def image_paths(host: Host) -> list[str]:
    """Return where the image archives lie on the host."""
    names = [str(path).rpartition("/")[2] for path in host.options["images_src"]]
    return [f"{host.data_dir}/agent/images/{name}" for name in names]


def environment_of(host: Host) -> dict[str, str]:
    """Return the environment of the service, a proxy's exceptions composed."""
    own = {str(key): str(value) for key, value in host.options["environment"].items()}
    return own | proxy_exceptions(host)


def proxy_exceptions(host: Host) -> dict[str, str]:
    """Return {NO_PROXY: what goes without the proxy}; empty without one, or if the user says it."""
    names = {str(key).upper().removeprefix("CONTAINERD_") for key in host.options["environment"]}
    if not names & {"HTTP_PROXY", "HTTPS_PROXY"} or "NO_PROXY" in names:
        return {}
    options = host.options
    domain = merged(options["server_config"]).get("cluster-domain", "cluster.local")
    local = ["127.0.0.0/8", "::1", "localhost", ".svc", f".{domain}"]
    local += [*_split(options["pod_cidr"]), *_split(options["service_cidr"])]
    local += [*map(str, networks_of(host)), options["vip"], *options["tls_san"]]
    return {"NO_PROXY": ",".join(dict.fromkeys(item for item in local if item))}


def networks_of(host: Host) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Return the networks of a host's own addresses, as far as its interfaces tell them."""
    lengths = {
        address: length
        for entry in host.fact.get("addresses", ())
        for address, _slash, length in [entry["address"].partition("/")]
    }
    return [
        ipaddress.ip_network(
            f"{part}/{lengths.get(part) or ipaddress.ip_address(part).max_prefixlen}", strict=False
        )
        for part in host.addresses
    ]


def _split(text: str) -> list[str]:
    return [part.strip() for part in str(text).split(",") if part.strip()]


def files_of(cluster: Cluster, host: Host, token: str | None) -> list[File]:
    """Return all files of ``host``.

    ``token``: the cluster's token; None leaves its file out, because it is as it has to be.
    """
    mark = f"# {MARK} for the cluster {cluster.name}\n"
    config = config_of(cluster, host)
    found = [
        File(
            CONFIG_PATH,
            mark + _texts.yaml_text(config),
            "0600",
            secret=True,
            hidden_keys=tuple(sorted(SECRET_KEYS)),
            restart=host.unit,
        ),
        File(host.unit_path, mark + _texts.unit(host), restart=host.unit),
        File(SYSCTL_PATH, mark + _texts.sysctls(sysctls_of(host))),
    ]
    if token is not None:
        found.append(File(TOKEN_PATH, token, "0600", secret=True, restart=host.unit))
    present = {line.split(" ")[0] for line in host.fact.get("files", ())}
    labels = {key: value for key, value in registration_of(host).items() if value}
    if labels or REGISTRATION_PATH in present:
        found.append(File(REGISTRATION_PATH, mark + _texts.yaml_text(labels), "0600"))
    environment = environment_of(host)
    if environment or environment_path(host) in present:
        text = mark + "".join(f"{key}={value}\n" for key, value in sorted(environment.items()))
        found.append(File(environment_path(host), text, "0600", secret=True, restart=host.unit))
    registries = host.options["registries"]
    if registries or REGISTRIES_PATH in present:
        text = mark + _texts.yaml_text(registries)
        found.append(File(REGISTRIES_PATH, text, "0600", secret=True, restart=host.unit))
    if host.options["cis_profile"]:
        for path, document in cis_documents(host).items():
            text = mark + _texts.yaml_text(document)
            found.append(File(path, text, "0600", "0700", restart=host.unit))
    return found + _firewall_files(cluster, host, mark) + _vip_files(cluster, host, mark)


def _firewall_files(cluster: Cluster, host: Host, mark: str) -> list[File]:
    """Return what opens the firewall; rules of nft are gone after a start of the host."""
    if not host.fact.get("firewall") or not host.options["firewall_manage"]:
        return []
    found = [File(OPENINGS_PATH, mark + openings_text(cluster, host), restart="firewall")]
    if host.fact["firewall"] == "nftables":
        unit = mark + _texts.firewall_unit(FIREWALL_PROGRAM)
        found.append(File(FIREWALL_UNIT_PATH, unit, restart="firewall"))
    return found


def sysctls_of(host: Host) -> dict[str, str]:
    """Return the kernel parameters of the host."""
    v6 = any(":" in part for part in _split(host.options["pod_cidr"]))
    return SYSCTLS | ({"net.ipv6.conf.all.forwarding": "1"} if v6 else {})


def holds_vip(cluster: Cluster, host: Host) -> bool:
    """Return whether keepalived on this host may hold the address."""
    return host.is_server and cluster.vip_provider == "keepalived" and bool(cluster.vip)


def _vip_files(cluster: Cluster, host: Host, mark: str) -> list[File]:
    if holds_vip(cluster, host):
        check = "#!/bin/sh\n" + mark + _texts.api_check(cluster, host)
        return [
            File(KEEPALIVED_PATH, mark + _texts.keepalived(cluster, host), restart="keepalived"),
            File(KEEPALIVED_CHECK_PATH, check, "0755", restart="keepalived"),
        ]
    if cluster.vip_provider == "kube_vip" and host.name == cluster.founder.name:
        documents = kube_vip_documents(cluster, host)
        text = mark + "".join(f"---\n{_texts.yaml_text(document)}" for document in documents)
        return [File(kube_vip_path(host), text, "0600", "0700")]
    return []
