# SPDX-License-Identifier: GPL-3.0-or-later
"""One planner for the whole life of a k3s cluster.

Facts of all hosts, the API's nodes, what is wanted and what is ours become ordered ``Step``s; the
role's task files carry them out and decide nothing.
"""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._model import (
    Cluster,
    Host,
    Plan,
    Step,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._steps import Planner
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._k3s._validate import validate


def plan_cluster(
    cluster: Cluster,
    sources: t.Mapping[str, str],
    token: str | None,
    only: t.Collection[str] = (),
) -> Plan:
    """Return the steps to the cluster that is wanted.

    Args:
        cluster: hosts with options and facts.
        sources: {file on the controller: its sha256}.
        token: the cluster's token, None when the one on the hosts is right.
        only: hosts that may change; empty for all.
    """
    return Planner(cluster, sources, token, only).plan()


__all__ = ["Cluster", "Host", "Plan", "Step", "plan_cluster", "validate"]
