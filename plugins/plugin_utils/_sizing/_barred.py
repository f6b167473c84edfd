# SPDX-License-Identifier: GPL-3.0-or-later
"""Why no host can take a machine at all, one reason for each host."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Snapshot
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._placement import Host
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._absent import listed
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import Context

#: What is wrong with a host, and the hosts of which that is not true; None: true of none.
Barred = t.Mapping[str, frozenset[str] | None]


def why_not(context: Context, name: str) -> str:
    """Return what keeps a host from taking machines."""
    return _out(context, name) or "without the bridge that the machines use"


def takes_machines(context: Context, name: str) -> bool:
    """Tell whether a host is online, of the site and not in maintenance."""
    return not _out(context, name)


def _out(context: Context, name: str) -> str:
    """Return why a host takes no machine of anybody, empty where it does."""
    nodes = {node.name: node for node in context.snapshot.nodes} if context.snapshot else {}
    node = nodes.get(name)
    if node is None or not node.online:
        return "offline"
    if node.maintenance:
        return "in maintenance"
    if context.site.nodes and name not in context.site.nodes:
        return "not one of the site's nodes"
    return ""


def check_hosts(
    context: Context, group: str, barred: Barred, hosts: t.Iterable[Host], why: str
) -> None:
    """Report a group that no host can take, however much room there is.

    Args:
        context: findings go there.
        group: name of the group.
        barred: what keeps hosts out.
        hosts: those that take machines.
        why: a sentence that tells more.
    """
    able = {host.name for host in hosts}
    reasons = {
        node.name: _reason(context, node.name, able, barred)
        for node in t.cast(Snapshot, context.snapshot).nodes
    }
    if not all(reasons.values()):
        return
    by_reason: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        by_reason.setdefault(reason, []).append(name)
    told = "; ".join(f"{listed(names)}: {reason}" for reason, names in by_reason.items())
    context.report(
        "capacity.host",
        "error",
        f"machines.{group}.node",
        f"No host can take {group}: {told}.{f' {why}' if why else ''}",
        "facts",
    )


def _reason(context: Context, name: str, able: t.Collection[str], barred: Barred) -> str:
    """Return what keeps a host out, empty for one that can take the group."""
    said = [(text, hosts) for text, hosts in barred.items() if hosts is not None]
    if name in able or takes_machines(context, name):
        return next((text for text, hosts in said if name not in hosts), "")
    return why_not(context, name)
