# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that ours are compared with: one constant size, and the category table alone."""

from __future__ import annotations

import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    AppWish,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._answer import (
    Answer,
    Per,
    read,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import (
    load_knowledge,
    needs,
)

#: Words that choose a row of the category table; the first that is found wins.
ROWS = (
    (
        "container-host",
        r"kubernetes|k8s|k3s|rke2|openshift|rancher|cluster|docker|container|worker",
    ),
    ("database", r"database|sql|db\b|redis|mongo|cassandra|scylla|etcd|elastic|datastore"),
    ("monitoring", r"monitor|metric|prometheus|grafana|mimir|loki|tempo|log(s|ging)\b|zabbix"),
    ("file", r"storage|nas\b|file|backup|minio|ceph|longhorn|s3\b"),
    ("load-balancer", r"load balancer|proxy|ingress|gateway|haproxy|traefik"),
    ("development", r"developer|gitlab|jenkins|\bci\b|build|git\b"),
    ("web", r"web|site|frontend|wordpress|shop"),
)


def constant_4_8(statement: str, per: Per) -> Answer:
    """Return always the same machine: 4 vCPU and 8 GiB."""
    values = {"vcpu": 4.0, "memory_mib": 8192.0, "disk_gib": 50.0, "nodes": 1.0}
    return Answer(values, "constant")


def category_table(statement: str, per: Per) -> Answer:
    """Return the row of the category table that the words name, nothing else being known."""
    request = read(statement)
    folded = statement.lower()
    category = next((name for name, words in ROWS if re.search(words, folded)), "application")
    wish = AppWish(family=f"table-{category}")
    knowledge, environment = load_knowledge(), request.environment or "production"
    need = needs([wish], {}, environment, bool(request.ha), knowledge, scale=request.scale)[0]
    values = {
        "vcpu": need.vcpu,
        "memory_mib": need.memory_mib,
        "disk_gib": need.disk_gib,
        "nodes": float(need.count),
    }
    return Answer(values, f"table-{category}")
