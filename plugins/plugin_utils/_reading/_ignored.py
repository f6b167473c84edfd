# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request does not hold of its reading: each such statement is named, none is lost."""

from __future__ import annotations

import typing as t

from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts import (
    Finding,
    Request,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._contracts._reading import (
    Reading,
    Statement,
)
from ansible_collections.clusterwright.proxmox.plugins.plugin_utils._reading._understood import (
    meaning,
)

ORDERS = ("wish", "change", "exclude", "load")
#: What a machine has not unless it is asked for: leaving it out needs nothing.
ABSENT = frozenset({"software", "thing", "addon", "gpu", "backup", "address", "data_disk_gib"})
ABSENT |= {"image", "iso", "link", "name", "port", "vip", "vmid"}
#: Said of what other statements hold: the thing itself, the target of a change.
BARE = frozenset({"thing", "text"})
#: What of a request comes of its statements.
HELD: tuple[str, ...] = ("things", "changes", "exists", "loads", "scale", "sla", "backups")
HELD += ("workload", "destroy", "environment", "insist", "deployment")

Making = t.Callable[[Reading], Request]


def ignored(reading: Reading, made: Making) -> list[Finding]:
    """Return a warning for each order without which the request would be the same.

    ``made`` makes the request of a reading. What is said twice counts as said once.
    """
    whole = _held(made(reading))
    findings = []
    for group in _alike(reading.statements):
        rest = tuple(s for s in reading.statements if s not in group)
        if _held(made(reading.model_copy(update={"statements": rest}))) != whole:
            continue
        said = group[0]
        message = (
            f'"{said.quote.text}" was read as {meaning(said)}, and nothing in this plan follows'
            " from it: say it another way, or see to it by hand."
        )
        findings.append(
            Finding(id="reading.ignored", severity="warning", field="text", message=message)
        )
    return findings


def _alike(statements: t.Iterable[Statement]) -> list[list[Statement]]:
    """Return the orders that have to show in a request, those of the same meaning together."""
    groups: dict[tuple[t.Any, ...], list[Statement]] = {}
    for said in statements:
        bare = said.topic in BARE or (said.topic == "whole" and said.kind == "change")
        absent = said.kind == "exclude" and said.topic in ABSENT
        if said.kind in ORDERS and not bare and not absent and said.value is not None:
            key = (said.kind, said.thing, said.topic, said.about, str(said.value), said.verb)
            groups.setdefault(key, []).append(said)
    return list(groups.values())


def _held(request: Request) -> tuple[t.Any, ...]:
    return tuple(getattr(request, name) for name in HELD)
