# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run leaves for people: the closing table and the self-contained HTML report."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._model._redact import redact
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading import understood_of
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report._difference import (
    differences,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report._numbers import (
    numbers,
    totals,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report._picture import (
    MAX_NODES,
    pictures,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._report._table import (
    gib,
    table,
)

Data = dict[str, t.Any]

TEMPLATES = Path(__file__).parent / "templates"
MACHINE_HEADERS = ("machine", "node", "vCPU", "memory", "disk", "address", "why")


def machine_rows(plan: Data) -> list[tuple[str, ...]]:
    """Return a row per machine of the plan, in the order of ``MACHINE_HEADERS``."""
    return [
        (
            machine["name"],
            machine["node"],
            str(machine["cores"] * machine["sockets"]),
            gib(machine["memory_mib"]),
            f"{sum(disk['size_gib'] for disk in machine['disks'])} GiB",
            machine["nics"][0]["address"].partition("/")[0] if machine["nics"] else "-",
            main_reason(machine),
        )
        for machine in plan["machines"]
    ]


def main_reason(machine: Data) -> str:
    """Return the reasons of memory and cores, the two numbers people ask about first."""
    reasons = [why["reason"] for why in machine["why"] if why["field"] in ("cores", "memory_mib")]
    return " ".join(dict.fromkeys(reasons))


def _node(node: Data) -> tuple[str, ...]:
    roles = node["roles"]
    shown = roles if isinstance(roles, str) else ",".join(roles)
    return node["name"], shown or "agent", "yes" if node["ready"] else "NO", node["version"]


def closing_table(run: Data) -> str:
    """Return the table at the end of a run.

    ``run``: ``plan``, ``difference`` (lines, None without an earlier plan), ``terraform`` (counts),
    ``nodes`` of the cluster, ``checks``, ``advice`` and ``verified`` (may be empty), ``files``
    (label → path), ``stand_ins``, ``simulated_reason`` and ``machines`` (False leaves machines
    and add-ons out).
    """
    plan = run["plan"]
    machines = run.get("machines", True)
    parts = [table(MACHINE_HEADERS, machine_rows(plan))] if machines else []
    if run.get("difference"):
        parts.append("\n".join(["Changed:", *run["difference"]]))
    elif run.get("difference") is not None:
        parts.append("Changed: nothing")
    counts = run.get("terraform")
    if counts:  # empty: Terraform was not asked
        changes = ", ".join(f"{number} {kind}" for kind, number in counts.items() if number)
        parts.append(f"Terraform: {changes or 'No changes'}")
    if run.get("nodes"):
        parts.append(
            table(("cluster node", "roles", "ready", "version"), [_node(n) for n in run["nodes"]])
        )
    if machines and plan["addons"]:
        parts.append(
            table(("add-on", "why"), [(item["name"], item["why"]) for item in plan["addons"]])
        )
    verified = run.get("verified") or {}
    if verified.get("status"):
        score = verified.get("score")
        parts.append(f"{verified['status']}, {'no score' if score is None else f'score {score}'}")
    if run.get("checks"):
        parts.append(
            table(
                ("check", "result", "detail"),
                [(item["name"], item["status"], item["detail"]) for item in run["checks"]],
            )
        )
    parts.extend(
        f"{item['check']}: {item['cause']}\n  mend: {item['mend']}"
        for item in run.get("advice") or []
    )
    parts.extend(f"Lab stand-in: {item}" for item in run.get("stand_ins") or [])
    if run.get("simulated_reason"):
        parts.append(f"SIMULATED from the applied Terraform on: {run['simulated_reason']}")
    parts.append("\n".join(f"{label}: {path}" for label, path in run["files"].items()))
    return "\n\n".join(parts)


def html_report(run: Data) -> str:
    """Return the self-contained page about a run; its texts are escaped.

    What looks like a secret in the sentence is not shown.

    ``run``: as for ``closing_table`` plus ``request``, ``snapshot``, ``result`` (stages).
    """
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["gib"] = gib
    environment.filters["redact"] = redact
    template = environment.get_template("report.html.j2")
    drawn = pictures(run["plan"], run.get("snapshot") or {})
    return template.render(
        **run,
        understood=understood_of(run.get("request") or {}),
        totals=totals(run["plan"]),
        numbers=numbers(run["plan"]),
        pictures=drawn[:MAX_NODES],
        more_nodes=len(drawn) - MAX_NODES,
    )


__all__ = ["closing_table", "differences", "html_report", "machine_rows", "main_reason"]
