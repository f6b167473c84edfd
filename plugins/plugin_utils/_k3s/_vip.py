# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds the shared address of the API, in steps."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._files import (
    holds_vip,
    kube_vip_path,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._model import Step

if t.TYPE_CHECKING:
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._files import File
    from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._model import (
        Cluster,
        Host,
    )


def vip_steps(
    cluster: Cluster, hosts: t.Iterable[Host], written: t.Mapping[str, t.Sequence[File]]
) -> list[Step]:
    """Return the steps after which the wanted hosts hold the address and no others do.

    ``written``: by host the files that become others.
    """
    steps = []
    for host in hosts:
        steps += _drop_kube_vip(cluster, host)
        if holds_vip(cluster, host):
            steps += _keepalived(cluster, host, written[host.name])
        elif host.fact.get("keepalived_mark") in ("?", cluster.name):
            steps.append(Step("drop_vip", host.name, "it no longer holds the address of the API"))
    return steps


def _keepalived(cluster: Cluster, host: Host, written: t.Sequence[File]) -> list[Step]:
    service = host.service("keepalived")
    if not service.get("active") or not service.get("enabled"):
        reason, verb, together = f"keepalived can hold {cluster.vip}", "started", True
    elif service.get("outdated") or any(file.restart == "keepalived" for file in written):
        reason, verb, together = "keepalived has other settings", "restarted", False
    else:
        return []
    return [Step("vip", host.name, reason, arguments={"verb": verb}, together=together)]


def _drop_kube_vip(cluster: Cluster, host: Host) -> list[Step]:
    """Take kube-vip away where it no longer holds the address; its manifest is ours."""
    path = kube_vip_path(host)
    present = {line.split(" ")[0] for line in host.fact.get("files", ())}
    keeps = cluster.vip_provider == "kube_vip" and host.name == cluster.founder.name
    if path not in present or keeps:
        return []
    arguments = {"path": path, "everywhere": cluster.vip_provider != "kube_vip"}
    reason = "kube-vip no longer holds the address of the API"
    return [Step("drop_kube_vip", host.name, reason, arguments=arguments)]
