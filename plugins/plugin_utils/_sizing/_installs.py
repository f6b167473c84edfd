# SPDX-License-Identifier: GPL-3.0-or-later
"""Who installs the software that machines are made for: the site's role or playbook, or nobody."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import Machine
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._request import (
    MachinesThing,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._targets import (
    CLUSTER_ROLES,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._model import Context
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._sizing._units import slug


def software_of(machine: Machine, families: t.Container[str]) -> str | None:
    """Return the software whose documents gave the machine its numbers."""
    for why in machine.why:
        family = why.source.partition(".")[0]
        if family in families:
            return family
    return None


def with_software(context: Context, machines: tuple[Machine, ...]) -> tuple[Machine, ...]:
    """Return the machines with the software that they are for, and say who installs it."""
    families = context.knowledge.named
    made = tuple(
        machine.model_copy(update={"software": software_of(machine, families) or machine.software})
        if machine.role not in CLUSTER_ROLES  # k3s and add-ons are installed by the collection
        else machine
        for machine in machines
    )
    named: dict[str, list[str]] = {}
    for machine in made:
        if machine.software:
            named.setdefault(machine.software, []).append(machine.name)
    for family in _unknown(context):
        names = [machine.name for machine in made if machine.role == slug(family)]
        if names:
            named[family] = names
    for family, names in named.items():
        known = context.knowledge.get(family)
        title = known.title if known is not None else family
        _say(context, family, title, ", ".join(names))
    return made


def _unknown(context: Context) -> t.Iterator[str]:
    """Yield the words for software that no file of the knowledge knows."""
    for thing in context.request.things:
        if isinstance(thing, MachinesThing):
            yield from (own.family for own in thing.runs if not own.known)


def _say(context: Context, family: str, title: str, names: str) -> None:
    where = f"site.software.{family}"
    entry = context.site.software.get(family)
    if entry is None:
        context.report(
            "software.not-installed",
            "info",
            where,
            f"{title} is not installed: {names} will be made with the operating system only. A"
            f" role or playbook that {where} names is run on them.",
            "site",
        )
        return
    context.report(
        "software.installed",
        "info",
        where,
        f"{title} is installed on {names} by {entry.role or entry.playbook} of the site, after"
        " they are made.",
        "site",
    )
