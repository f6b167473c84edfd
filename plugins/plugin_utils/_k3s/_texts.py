# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of the files: unit, kernel parameters, keepalived."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._model import url
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._vrrp import (
    router_id_of,
)

if t.TYPE_CHECKING:
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._model import (
        Cluster,
        Host,
    )

_UNIT = """\
[Unit]
Description=Lightweight Kubernetes
Documentation=https://k3s.io
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
EnvironmentFile=-/etc/default/%N
EnvironmentFile=-/etc/sysconfig/%N
EnvironmentFile=-{path}.env
KillMode=process
Delegate=yes
User=root
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec={timeout}
Restart=always
RestartSec=5s
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart={binary} {part}

[Install]
WantedBy=multi-user.target
"""
_FIREWALL_UNIT = """\
[Unit]
Description=Openings of the firewall for k3s
After=nftables.service
Before=k3s.service k3s-agent.service
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={program}
ExecReload={program}

[Install]
WantedBy=multi-user.target
"""
_CHECK = """\
# Succeeds while the API server of this host answers; 401 is its answer to nobody in particular.
code=$(curl --silent --insecure --max-time 1 --output /dev/null --write-out '%{{http_code}}' \\
  {url}/readyz)
[ "$code" = 200 ] || [ "$code" = 401 ]
"""
_KEEPALIVED = """\
global_defs {{
  router_id {name}
  enable_script_security
  script_user nobody
}}

vrrp_script k3s_api {{
  script "/etc/keepalived/check-k3s-api"
  interval 1
  timeout 2
  fall 2
  rise 1
  init_fail
}}

vrrp_instance k3s {{
  state BACKUP
  nopreempt
  interface {interface}
  virtual_router_id {router_id}
  priority {priority}
  version 3
  advert_int {interval:g}
  unicast_src_ip {source}
{peers}  virtual_ipaddress {{
    {vip}/{length}
  }}
  track_script {{
    k3s_api
  }}
}}
"""


def yaml_text(value: t.Any) -> str:
    """Return YAML with keys in order and one line for each plain value."""
    import yaml  # not at the top: files below plugins/ are also read where it is missing

    text: str = yaml.safe_dump(
        value, default_flow_style=False, sort_keys=True, width=4096, allow_unicode=True
    )
    return text


def unit(host: Host) -> str:
    """Return the systemd unit."""
    return _UNIT.format(
        path=host.unit_path,
        timeout=host.options["start_timeout_seconds"],
        binary=host.binary,
        part="server" if host.is_server else "agent",
    )


def firewall_unit(program: str) -> str:
    """Return the unit that opens the firewall again after each start and reload of nftables."""
    return _FIREWALL_UNIT.format(program=program)


def sysctls(values: t.Mapping[str, str]) -> str:
    """Return a file for sysctl.d."""
    return "".join(f"{name} = {value}\n" for name, value in sorted(values.items()))


def api_check(cluster: Cluster, host: Host) -> str:
    """Return the body of the script that keepalived runs."""
    return _CHECK.format(url=url(host.loopback, cluster.port))


def router_id(cluster: Cluster) -> int:
    """Return the VRRP router id: the given one, else one that follows from the address."""
    return int(cluster.options["vip_router_id"]) or router_id_of(cluster.vip)


def keepalived(cluster: Cluster, host: Host) -> str:
    """Return keepalived.conf: unicast, no preemption, on the node's own interface."""
    others = [server.address for server in cluster.servers if server.name != host.name]
    peers = "".join(f"    {address}\n" for address in others)
    return _KEEPALIVED.format(
        name=host.name,
        interface=host.fact.get("interface", ""),
        router_id=router_id(cluster),
        priority=200 - [server.name for server in cluster.servers].index(host.name) * 10,
        interval=float(cluster.options["vip_advert_interval_seconds"]),
        source=host.address,
        peers=f"  unicast_peer {{\n{peers}  }}\n" if others else "",
        vip=cluster.vip,
        length=128 if ":" in cluster.vip else 32,
    )
