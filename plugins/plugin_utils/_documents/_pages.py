# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages of a deployment: what there is, where, and why."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._documents._blocks import (
    Block,
    Code,
    Commands,
    Heading,
    Items,
    Line,
    Link,
    Picture,
    Table,
    Text,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._documents._given import (
    Given,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._redact import redact
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report._numbers import (
    numbers,
    totals,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report._table import gib

Data = dict[str, t.Any]
DRAWING = "architecture.svg"
SOURCES = {
    "explicit": "what you said",
    "site": "the site profile",
    "facts": "facts of the cluster",
    "model": "the model, checked by the rules",
}
#: The other pages and what a person finds there.
OTHERS = (
    ("ARCHITECTURE", "where everything is, and what may fail"),
    ("RUNBOOK", "the commands of daily work"),
    ("TROUBLESHOOTING", "what to do when a check fails"),
    ("DECISIONS", "why each number is what it is"),
)


def readme(given: Given) -> list[Block]:
    """Return what the deployment is and how it is reached."""
    plan = given.plan
    blocks: list[Block] = [Heading(given.name, 1), Text(plan["summary"])]
    if given.request.get("text"):
        blocks.append(Text(("Asked for: ", Code(redact(given.request["text"])))))
    blocks += [*_not_real(given), Heading("Machines"), _machines(given)]
    blocks.append(Text(", ".join(f"{label}: {value}" for label, value in totals(plan))))
    if given.cluster and given.kubeconfig:
        blocks += [
            Heading("Reach it"),
            Commands((f"export KUBECONFIG={given.kubeconfig}", "kubectl get nodes")),
        ]
    blocks += _addons(given)
    blocks += [
        Heading("More"),
        Items(tuple((Link(name, f"{name}.md"), f": {what}") for name, what in OTHERS)),
    ]
    return blocks


def architecture(given: Given) -> list[Block]:
    """Return where everything is, and what may fail."""
    plan, cluster = given.plan, given.cluster
    blocks: list[Block] = [
        Heading("Architecture", 1),
        Picture(DRAWING, f"Hosts and machines of {given.name}"),
        Heading("Machines and their hosts"),
        Table(
            ("machine", "host", "VMID", "storage", "network"),
            tuple(
                (
                    Code(m["name"]),
                    m["node"],
                    str(m["vmid"]),
                    ", ".join(dict.fromkeys(d.get("storage", "-") for d in m["disks"])),
                    ", ".join(_nic(nic) for nic in m.get("nics") or []) or "-",
                )
                for m in given.machines
            ),
        ),
    ]
    if cluster:
        rows: list[tuple[Line, ...]] = [
            ("k3s", Code(cluster["version"])),
            ("API", Code(cluster.get("vip") or given.address(_first_server(given)))),
            ("network of the pods", f"{cluster['cni']}, {cluster['pod_cidr']}"),
            ("services", cluster["service_cidr"]),
        ]
        if cluster.get("load_balancer_range"):
            rows.append(("addresses for services", cluster["load_balancer_range"]))
        if cluster.get("disabled_components"):
            rows.append(("switched off in k3s", ", ".join(cluster["disabled_components"])))
        blocks += [Heading("Cluster"), Table(("what", "value"), tuple(rows))]
        blocks += [Heading("What may fail"), Items(tuple(_failures(given)))]
    blocks += [Heading("Backup and high availability"), Items(tuple(_kept(plan)))]
    return blocks


def runbook(given: Given) -> list[Block]:
    """Return the commands of daily work."""
    commands = given.commands
    blocks: list[Block] = [Heading("Runbook", 1)]
    tasks = (
        ("See what is applied and whether it is sound", ("status", "validate", "drift")),
        ("Bring it back to its plan", ("apply",)),
        ("Write these pages again", ("document",)),
        ("Remove it with all its data", ("destroy",)),
    )
    for title, names in tasks:
        blocks += [Heading(title), Commands(tuple(commands[name] for name in names))]
    blocks += [
        Heading("Change it"),
        Text("Say the change; it is planned, shown and waits for approval."),
        Commands((f"{commands['size']} -e refine='more memory for {given.machines[0]['name']}'",))
        if given.machines
        else Text("There are no machines."),
    ]
    if not given.simulated_reason:
        blocks += [
            Heading("Log in to a machine"),
            Commands(
                tuple(
                    f"ssh {given.user(m)}@{given.address(m)}  # {m['name']}" for m in given.machines
                )
            ),
        ]
    if given.cluster and given.kubeconfig:
        drain = f"{given.kubectl} drain --ignore-daemonsets --delete-emptydir-data"
        name = given.machines[-1]["name"]
        blocks += [
            Heading("Look at the cluster"),
            Commands(
                (
                    f"{given.kubectl} get nodes -o wide",
                    f"{given.kubectl} get pods --all-namespaces",
                    f"{given.kubectl} get events --all-namespaces --sort-by=.lastTimestamp",
                )
            ),
            Heading("Take a node out for maintenance, and back"),
            Commands((f"{drain} {name}", f"{given.kubectl} uncordon {name}")),
        ]
    return [*blocks, *_alerts(given)]


def decisions(given: Given) -> list[Block]:
    """Return why each number is what it is."""
    plan = given.plan
    provenance = plan.get("provenance") or {}
    ruled = provenance.get("provider", "none") == "none"
    by = "the rules" if ruled else f"{provenance['provider']} ({provenance.get('model')})"
    facts = provenance.get("facts_collected_at") or "no facts"
    blocks: list[Block] = [
        Heading("Decisions", 1),
        Text(f"Decided by {by} from facts of {facts}, confidence {plan.get('confidence', 1.0):g}."),
    ]
    for group, rows in numbers(plan):
        blocks += [
            Heading(group),
            Table(
                ("number", "value", "why", "source", "confidence"),
                tuple(
                    (
                        row.label,
                        row.value or "-",
                        row.reason,
                        SOURCES.get(row.source, row.source),
                        f"{row.confidence:g}",
                    )
                    for row in rows
                ),
            ),
        ]
    if plan.get("addons"):
        blocks += [
            Heading("Add-ons"),
            Table(
                ("add-on", "why"),
                tuple((Code(item["name"]), item["why"]) for item in plan["addons"]),
            ),
        ]
    if plan.get("findings"):
        blocks += [
            Heading("What was found"),
            Items(tuple(f"{f['severity']}: {f['message']}" for f in plan["findings"])),
        ]
    if plan.get("alternatives"):
        blocks += [
            Heading("What would do as well"),
            Items(tuple(f"{a['label']}: {a['summary']}" for a in plan["alternatives"])),
        ]
    digests = [(key, provenance[key]) for key in sorted(provenance) if key.endswith("_sha256")]
    if digests:
        blocks += [
            Heading("Decided on"),
            Table(("record", "sha256"), tuple((key, Code(value)) for key, value in digests)),
        ]
    return blocks


def _not_real(given: Given) -> list[Block]:
    blocks: list[Block] = []
    if given.simulated_reason:
        blocks.append(Text(f"SIMULATED: {given.simulated_reason}"))
    if given.stand_ins:
        blocks.append(Items(tuple(f"lab stand-in: {item}" for item in given.stand_ins)))
    return blocks


def _machines(given: Given) -> Table:
    return Table(
        ("machine", "role", "vCPU", "memory", "disk", "address"),
        tuple(
            (
                Code(m["name"]),
                m["role"],
                str(m["cores"] * m["sockets"]),
                gib(m["memory_mib"]),
                f"{sum(disk['size_gib'] for disk in m['disks'])} GiB",
                Code(given.address(m) or "-"),
            )
            for m in given.machines
        ),
    )


def _addons(given: Given) -> list[Block]:
    if not given.addons:
        return []
    rows = tuple(
        (item["title"], Code(item["namespace"]), item["chart"]["version"], item["why"])
        for item in given.addons
    )
    blocks: list[Block] = [
        Heading("Add-ons"),
        Table(("add-on", "namespace", "chart", "why"), rows),
    ]
    notes = [(item["title"], note) for item in given.addons for note in item.get("notes") or ()]
    if notes:
        blocks.append(Items(tuple(f"{title}: {note}" for title, note in notes)))
    return blocks


def _alerts(given: Given) -> list[Block]:
    if not given.alerts:
        return []
    return [
        Heading("When an alert fires"),
        Table(
            ("alert", "says", "do"),
            tuple((Code(a["alert"]), a["summary"], a["mend"]) for a in given.alerts),
        ),
    ]


def _failures(given: Given) -> t.Iterator[Line]:
    servers = given.cluster["servers"]
    spare = (len(servers) - 1) // 2
    yield f"{len(servers)} servers hold the cluster's state; {spare} of them may fail."
    place = {m["name"]: m["node"] for m in given.machines}
    hosts: dict[str, list[str]] = {}
    for name in servers:
        hosts.setdefault(place.get(name, "-"), []).append(name)
    for host, names in sorted(hosts.items()):
        stays = "the cluster goes on" if len(names) <= spare else "the cluster stops"
        yield f"Without the host {host} ({', '.join(names)}) {stays}."


def _kept(plan: Data) -> t.Iterator[Line]:
    jobs = [job for job in plan.get("backups") or () if job.get("enabled", True)]
    covered = [m["name"] for m in plan["machines"] if m.get("backup")]
    for job in jobs:
        where = f"Backup {job['name']} at {job['schedule']} to {job['storage']}"
        yield f"{where}: {', '.join(covered)}."
    if not jobs:
        yield "No backup job belongs to this deployment."
    available = [m["name"] for m in plan["machines"] if (m.get("ha") or {}).get("enabled")]
    if available:
        yield f"The HA manager of Proxmox VE restarts {', '.join(available)} elsewhere."
    else:
        yield "No machine is restarted elsewhere by the HA manager of Proxmox VE."


def _first_server(given: Given) -> Data:
    first = given.cluster["servers"][0]
    return next(machine for machine in given.machines if machine["name"] == first)


def _nic(nic: Data) -> str:
    vlan = f" VLAN {nic['vlan']}" if nic.get("vlan") else ""
    return f"{nic['bridge']}{vlan} {nic['address']}"
