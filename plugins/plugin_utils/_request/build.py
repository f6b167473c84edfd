# SPDX-License-Identifier: GPL-3.0-or-later
"""From the facts of a sentence to a Request."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    ClusterWish,
    MachineWish,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request import checks
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.apps import (
    app_wishes,
    component_names,
    workload_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.backups import (
    backup_jobs,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.clusters import (
    cluster_wish,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.kinds import (
    Target,
    decide,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.leftovers import (
    name_leftovers,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.lexicon import (
    Vocabulary,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.machines import (
    machine_wishes,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.missing import (
    ask_missing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.operations import (
    operation_of,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.reader import (
    Reading,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.remarks import remark
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._request.sizes import values

REPLY = {
    "en": "I can plan machines, containers, k3s clusters and named software on Proxmox VE. Say what"
    " you need, for example: HA cluster with monitoring.",
    "fr": "Je peux préparer des machines, des conteneurs, des clusters k3s et des logiciels sur"
    " Proxmox VE. Dites ce qu'il vous faut, par exemple : cluster HA avec supervision.",
    "de": "Ich plane Maschinen, Container, k3s-Cluster und bekannte Software auf Proxmox VE. Sagen"
    " Sie, was Sie brauchen, zum Beispiel: hochverfügbarer Cluster mit Monitoring.",
}


def build(reading: Reading, vocabulary: Vocabulary, target: Target | None = None) -> Request:
    """Return the Request of one sentence; ``target`` is known when it follows up another."""
    target = target or decide(reading)
    verdict = checks.Verdict(findings=list(reading.findings))
    _hostile(reading, verdict)
    cluster = cluster_wish(reading, target, verdict)
    machines = machine_wishes(reading, target, cluster, verdict)
    request = Request(
        text=reading.text,
        language=reading.language,
        answer="plan",
        operation=operation_of(reading, target),
        kind=target.kind,
        deployment=_deployment(reading, target, cluster, machines),
        environment=t.cast("t.Any", reading.meaning.environment),
        ha=reading.meaning.ha,
        workload=workload_of(reading, target),
        cluster=cluster,
        machines=tuple(machines),
        apps=tuple(app_wishes(reading, target)),
        drivers=reading.drivers,
        totals=dict(values(reading.total_runs)),
        components=component_names(reading, target),
        platform=target.platform,
        platform_tier=target.tier,
        image=reading.entities.image,
        port=reading.entities.port,
        hosts=_hosts(reading),
        backups=backup_jobs(reading.entities.backups, vocabulary),
        scale=t.cast("t.Any", reading.meaning.scale),
        sla=reading.levels,
    )
    remark(reading, target, request, verdict, vocabulary)
    _capacity(reading, request, verdict)
    ask_missing(reading, target, request, verdict)
    name_leftovers(reading, request, verdict)
    answer = verdict.answer
    return request.model_copy(
        update={
            "answer": answer,
            "findings": tuple(verdict.findings),
            "questions": tuple(verdict.questions),
            "reply": REPLY[reading.language] if answer == "redirect" else None,
            "explicit": explicit_paths(request),
        }
    )


def _hostile(reading: Reading, verdict: checks.Verdict) -> None:
    if reading.template is not None:
        verdict.refuse(
            "template_syntax",
            "text",
            f"Template, HCL or shell syntax ({reading.template}) is not accepted; write plain"
            " words and names of a-z, 0-9 and hyphens.",
        )
    for clause in reading.injected:
        verdict.warn(
            "injection",
            "text",
            f"This part was left out because it gives orders to the tool: {clause[:120]}",
        )
    for name in reading.entities.bad_names:
        verdict.refuse(
            "name",
            "name",
            f"The name {name[:80]} is not valid; names have a-z, 0-9 and hyphens, begin and end"
            " with a letter or digit and have at most 63 characters.",
        )
    for field, problem in reading.entities.problems:
        verdict.refuse(field, field, f"{problem}.")
    if any(finding.severity == "error" for finding in reading.findings):
        verdict.invalid = True


def _deployment(
    reading: Reading, target: Target, cluster: ClusterWish | None, machines: list[MachineWish]
) -> str | None:
    if cluster is not None:
        return cluster.name
    if target.platform == "kubernetes" and reading.entities.names:
        return reading.entities.names[0]
    names = [machine.name for machine in machines if machine.name]
    return names[0] if len(names) == 1 else None


def _hosts(reading: Reading) -> int | None:
    counts = [head.count for head in reading.heads if head.host and head.count]
    return int(counts[0]) if counts and 0 < counts[0] <= 10000 else None


def _capacity(reading: Reading, request: Request, verdict: checks.Verdict) -> None:
    groups: list[tuple[int, MachineWish]] = []
    for machine in request.machines:
        count = machine.count or 1
        if request.cluster is not None and machine.role == "node" and machine.count is None:
            count = (request.cluster.servers or 0) + (request.cluster.agents or 0) or 1
        groups.append((count, machine))
    small = any(head.small for head in reading.heads)
    checks.check_hosts(verdict, request.hosts, groups, small=small)


def explicit_paths(request: Request) -> tuple[str, ...]:
    """Return the dotted path of everything the person said."""
    paths: list[str] = []
    for name in ("kind", "environment", "ha", "workload", "image", "port", "hosts", "deployment"):
        if getattr(request, name) is not None:
            paths.append(name)
    if request.cluster is not None:
        data = request.cluster.model_dump()
        paths += [
            f"cluster.{key}" for key, value in data.items() if value not in (None, (), "kubernetes")
        ]
    for machine in request.machines:
        label = machine.name or machine.role
        for key, value in machine.model_dump().items():
            if key != "role" and value not in (None, ()):
                paths.append(f"machines.{label}.{key}")
    for app in request.apps:
        paths.append(f"apps.{app.family}")
    paths += [f"drivers.{key}" for key in request.drivers]
    paths += [f"sla.{key}" for key in request.sla]
    paths += [f"totals.{key}" for key in request.totals]
    return tuple(dict.fromkeys(paths))
