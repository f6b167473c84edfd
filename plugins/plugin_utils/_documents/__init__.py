# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents of a deployment, from its records alone: text by name of the file."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.machines import (
    names_of,
)
from ansible_collections.clusterwright.proxmox.plugins.module_utils._kubernetes.weights import (
    WEIGHTS,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._documents._blocks import (
    Block,
    Code,
    Heading,
    Table,
    anchor,
    markdown,
    page,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._documents._given import (
    Given,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._documents._pages import (
    DRAWING,
    architecture,
    decisions,
    readme,
    runbook,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._documents._picture import (
    drawing,
)

TEMPLATES = Path(__file__).parents[1] / "_report" / "templates"
PAGE = "index.html"
#: Checks that only a cluster has.
OF_MACHINES = ("machine", "guests", "high availability", "backup")


def troubleshooting(given: Given) -> list[Block]:
    """Return cause and mend of each check that this deployment has, worth most first."""
    addresses = {machine["name"]: given.address(machine) for machine in given.machines}
    names = names_of(given.machines, addresses, given.kubeconfig, given.commands)
    found = [
        (weight.points, (kind, weight.cause, Code(names.filled(weight.mend, kind))))
        for kind, weight in WEIGHTS.items()
        if given.cluster or kind in OF_MACHINES
    ]
    rows = [row for _points, row in sorted(found, key=lambda item: -item[0])]
    rows += [
        (
            f"add-on {addon['name']}: {check['name']}",
            check["cause"],
            Code(names.filled(check["mend"], "add-on")),
        )
        for addon in given.addons
        for check in addon.get("checks") or ()
    ]
    return [Heading("Troubleshooting", 1), Table(("check", "cause", "mend"), tuple(rows))]


def documents(given: Given) -> dict[str, str]:
    """Return every document; the same records give the same text."""
    from jinja2 import Environment, FileSystemLoader

    pages = {
        "README": readme(given),
        "ARCHITECTURE": architecture(given),
        "RUNBOOK": runbook(given),
        "TROUBLESHOOTING": troubleshooting(given),
        "DECISIONS": decisions(given),
    }
    pictures = {DRAWING: drawing(given.plan, given.snapshot)}
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    sections = [
        (anchor(name), name.title(), page(blocks, pictures)) for name, blocks in pages.items()
    ]
    whole = environment.get_template("deployment.html.j2").render(
        name=given.name, environment=given.plan["environment"], sections=sections
    )
    texts = {f"{name}.md": markdown(blocks) for name, blocks in pages.items()}
    if given.inventory:
        texts["inventory.yml"] = yaml_of([given.inventory])
    return {**texts, **pictures, PAGE: whole}


def yaml_of(items: t.Iterable[t.Any]) -> str:
    """Return a YAML file with one document for each item."""
    import yaml

    return yaml.safe_dump_all(items, sort_keys=False)


__all__ = ["PAGE", "Given", "documents", "yaml_of"]
