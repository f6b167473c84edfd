# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that ours are compared with: one constant size, the category table, a model on it."""

from __future__ import annotations

import re

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Site, parse
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    MachinesThing,
    Software,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._evaluate._answer import (
    OPEN_SITE,
    Answer,
    Per,
    Provider,
    of_plan,
    read,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._knowledge import (
    load_knowledge,
    needs,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing import decide

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
    request = read(statement, accept=True)
    family = _row(statement)
    wish = Software(family=family)
    knowledge, environment = load_knowledge(), request.environment or "production"
    need = needs([wish], {}, environment, False, knowledge, scale=request.scale)[0]
    values = {
        "vcpu": need.vcpu,
        "memory_mib": need.memory_mib,
        "disk_gib": need.disk_gib,
        "nodes": float(need.count),
    }
    return Answer(values, family)


def model_on_table(statement: str, per: Per, provider: Provider) -> Answer:
    """Return what a model makes of the category table: the ablation of the knowledge."""
    request = read(statement, accept=True).model_copy(
        update={
            "answer": "plan",
            "things": (MachinesThing(id="t1", software=(Software(family=_row(statement)),)),),
            **dict.fromkeys(("changes", "questions", "findings"), ()),
        }
    )
    site = parse(Site, OPEN_SITE)
    plan = decide(request, None, site, provider=provider.name, settings=provider.settings)
    return of_plan(plan, per)


def _row(statement: str) -> str:
    folded = statement.lower()
    category = next((name for name, words in ROWS if re.search(words, folded)), "application")
    return f"table-{category}"
